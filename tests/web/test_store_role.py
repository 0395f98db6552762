"""In production the application does not work as a superuser, whom PostgreSQL's row-level security would not hold."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from cli.main import main
from data_access import settings, store
from web.house import House, StartUpError

PRODUCTION = {"APP_MODE": "production", "APP_SECRET": "Zk3vQ8wLr5TnXy7BdHs2JmFc9PgAu4EO"}


@pytest.fixture
def superuser(postgresql_engine: sa.Engine) -> Iterator[sa.Engine]:
    """The same store, opened as the server's superuser."""
    url = postgresql_engine.url.set(username="postgres").render_as_string(hide_password=False)
    engine = store.get_engine(url)
    yield engine
    store.close(engine)


def test_production_does_not_start_as_a_superuser(superuser: sa.Engine, postgresql_engine: sa.Engine) -> None:
    with pytest.raises(StartUpError, match="names a superuser"):
        House(settings.load(PRODUCTION), superuser).prepare()
    House(settings.load(PRODUCTION), postgresql_engine).prepare()
    House(settings.load({}), superuser).prepare()


def test_the_command_refuses_in_production_and_says_so_otherwise(
    superuser: sa.Engine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", superuser.url.render_as_string(hide_password=False))
    assert main(["init"]) == 0
    assert "production will not start like this" in capsys.readouterr().out

    for name, value in PRODUCTION.items():
        monkeypatch.setenv(name, value)

    assert main(["init"]) == 2
    assert "Connect as a role of the application's own" in capsys.readouterr().err
