"""What the environment may say, what is made of it, and that all of it is written down."""

from __future__ import annotations

import ast
import dataclasses
import re

import pytest

from data_access import settings

GOOD_SECRET = "k3J9-mQ2x_Zt7Lw0Rb5Vc8Ny1Hs4Gd6F"


def test_nothing_set_is_the_demo_on_a_file_of_its_own() -> None:
    found = settings.load({})

    assert found.database_url == f"sqlite:///{settings.ROOT}/var/demo.sqlite"
    assert (found.app_mode, found.host, found.port) == ("demo", "127.0.0.1", 8501)
    assert (found.session_idle_minutes, found.session_hours) == (30, 8)
    assert (found.upload_max_mb, found.upload_max_rows, found.cookie_secure) == (5, 20_000, False)


def test_a_register_has_a_file_of_its_own() -> None:
    assert settings.load({"REGISTER": "worldbank"}).database_url.endswith("/var/worldbank.sqlite")


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_spelling_of_postgresql_is_one(scheme: str) -> None:
    url = settings.load(
        {"DATABASE_URL": f"{scheme}://clerk:p%40ss@db.example:5433/register?sslmode=require"}
    ).database_url

    assert url == "postgresql+psycopg://clerk:p%40ss@db.example:5433/register?sslmode=require"


def test_a_relative_file_starts_at_the_root_and_an_absolute_one_stays() -> None:
    assert settings.normalise_url("sqlite:///var/x.sqlite") == f"sqlite:///{settings.ROOT}/var/x.sqlite"
    assert settings.normalise_url("sqlite:////srv/x.sqlite") == "sqlite:////srv/x.sqlite"


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"DATABASE_URL": "mysql://host/db"}, "Use sqlite:///"),
        ({"DATABASE_URL": "not an address"}, "Write sqlite:"),
        ({"DATABASE_URL": "sqlite://"}, "must name a SQLite file"),
        ({"DATABASE_URL": "sqlite:///:memory:"}, "must name a SQLite file"),
        ({"REGISTER": "../etc/passwd"}, "Use lower-case letters"),
        ({"APP_MODE": "live"}, "Write one of: demo, production"),
        ({"PORT": "80a"}, "Write a whole number from 1 to 65535"),
        ({"PORT": "70000"}, "Write a whole number from 1 to 65535"),
        ({"SESSION_HOURS": "0"}, "Write a whole number"),
        ({"UPLOAD_MAX_ROWS": "-1"}, "Write a whole number"),
        ({"COOKIE_SECURE": "perhaps"}, "Write true or false"),
    ],
)
def test_a_value_that_will_not_do_is_refused_with_the_way_out(environ: dict[str, str], expected: str) -> None:
    with pytest.raises(settings.SettingsError, match=re.escape(expected)) as refusal:
        settings.load(environ)

    assert str(refusal.value).startswith(next(iter(environ)))


@pytest.mark.parametrize(
    ("secret", "said"),
    [
        ("", "APP_SECRET is missing"),
        ("short", "APP_SECRET .*openssl rand"),
        ("a" * 40, "APP_SECRET"),
        ("change-me-change-me-change-me-0123456789", "APP_SECRET is an example"),
    ],
)
def test_production_refuses_a_secret_anyone_could_guess(secret: str, said: str) -> None:
    with pytest.raises(settings.SettingsError, match=said):
        settings.load({"APP_MODE": "production", "APP_SECRET": secret})


def test_production_takes_a_good_secret_and_keeps_cookies_on_tls() -> None:
    found = settings.load({"APP_MODE": "production", "APP_SECRET": GOOD_SECRET})

    assert found.is_production
    assert found.app_secret == GOOD_SECRET
    assert found.cookie_secure


def test_the_demo_makes_a_secret_and_keeps_it() -> None:
    first, second = settings.load({}).app_secret, settings.load({}).app_secret

    assert first == second
    assert len(first) >= settings.SECRET_MIN_LENGTH


def test_a_secret_is_not_shown() -> None:
    assert GOOD_SECRET not in repr(settings.load({"APP_SECRET": GOOD_SECRET}))


def test_every_variable_is_documented_and_every_documented_one_exists() -> None:
    page = (settings.ROOT / "docs" / "settings.md").read_text(encoding="utf-8")

    documented = set(re.findall(r"^\| `([A-Z_]+)` \|", page, flags=re.MULTILINE))

    assert documented == {field.name.upper() for field in dataclasses.fields(settings.Settings)}
    assert documented == _variables_read()


def _variables_read() -> set[str]:
    """The names in capitals that `settings.py` asks the environment for."""
    tree = ast.parse((settings.ROOT / "data_access" / "settings.py").read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    texts = {arg.value for call in calls for arg in call.args[:2] if isinstance(arg, ast.Constant)}
    return {text for text in texts if isinstance(text, str) and re.fullmatch(r"[A-Z_]{4,}", text)}
