"""From the password to the session on screen: a code, setting up a second factor, a password of one's own."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pyotp
import pytest
import sqlalchemy as sa
from sqlmodel import col
from streamlit.testing.v1 import AppTest

from data_access import accounts, settings, store
from data_access.accounts import passwords
from data_access.store.models import SignInTicket, UserSession
from pages.ui import session as page_session
from tests.web.conftest import TestClient, open_client
from web.house import House

PASSWORD = "bốn từ bất kỳ nào"
NEW_PASSWORD = "năm từ khác hẳn nhau"
MARK = "the browser's own"
BROWSER = accounts.hash_token(MARK)


def form() -> None:
    from pages.sign_in import password

    password.show(address="/audit?lang=vi")


@pytest.fixture
def led_to(engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Where the screen sends the browser; the store it reads has a coordinator, and a second factor is required."""
    monkeypatch.setenv("DATABASE_URL", engine.url.render_as_string(hide_password=False))
    monkeypatch.setenv("SECOND_FACTOR", "required")
    monkeypatch.setattr(page_session, "session_id", lambda: None)
    monkeypatch.setattr(page_session, "browser", lambda: BROWSER)
    monkeypatch.setattr(passwords, "ROUNDS", 4)
    addresses: list[str] = []
    monkeypatch.setattr(page_session, "go_to", addresses.append)
    with store.session(engine) as session:
        accounts.add_user(session, actor="system", username="dieuphoi", password=PASSWORD, role="coordinator")
    return addresses


@pytest.fixture
def client(engine: sa.Engine) -> TestClient:
    return open_client(House(settings.load({}), engine))


def give_password(password: str = PASSWORD) -> AppTest:
    shown = AppTest.from_function(form, default_timeout=20).run()
    shown.text_input[0].set_value("dieuphoi")
    shown.text_input[1].set_value(password)
    return shown.button[0].click().run()


def give(shown: AppTest, *texts: str) -> AppTest:
    """Fill in the step's form and send it."""
    for field, text in zip(shown.text_input, texts, strict=True):
        field.set_value(text)
    return shown.button[0].click().run()


def secret_of(shown: AppTest) -> str:
    return shown.code[0].value.replace(" ", "")


def exchange(client: TestClient, address: str) -> Any:
    """What the route says to an address the screen led to."""
    client.cookies.clear()
    return client.get(address, headers={"cookie": f'kpi_browser="{MARK}"'})


def test_the_password_alone_leads_nowhere(engine: sa.Engine, led_to: list[str], client: TestClient) -> None:
    shown = give_password()

    assert led_to == []
    assert shown.header[0].value == "Thiết lập xác thực hai lớp"
    proof = shown.session_state["sign_in_step"].step.proof
    for ticket in (proof, f"enrol\n{proof}", f"open\n{proof}"):
        answer = exchange(client, f"/session/start?{urlencode({'ticket': ticket})}")
        assert "kpi_session=" not in answer.headers.get("set-cookie", "")
    with store.session(engine, read_only=True) as session:
        assert session.execute(sa.select(col(UserSession.token_hash))).all() == []


def test_from_the_password_by_qr_code_and_recovery_codes_to_the_session(led_to: list[str], client: TestClient) -> None:
    shown = give_password()
    assert not shown.exception

    shown = give(shown, pyotp.TOTP(secret_of(shown)).now())
    assert shown.header[0].value == "Cất giữ mã dự phòng"
    assert len(shown.code[0].value.split()) == 10
    assert led_to == []
    shown = shown.button[0].click().run()

    (address,) = led_to
    assert parse_qs(urlsplit(address).query)["next"] == ["/audit?lang=vi"]
    assert "kpi_session=" in exchange(client, address).headers["set-cookie"]
    assert "sign_in_step" not in shown.session_state


def test_who_has_one_is_asked_for_it_even_where_it_is_optional(
    engine: sa.Engine, led_to: list[str], client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = give_password()
    shown = give(shown, pyotp.TOTP(secret_of(shown)).now())
    recovery = shown.code[0].value.split()[3]
    monkeypatch.setenv("SECOND_FACTOR", "optional")

    shown = give_password()
    assert shown.header[0].value == "Xác thực hai lớp"
    shown = give(shown, "000000")
    assert [error.value for error in shown.error] == [
        "Mã không đúng hoặc đã dùng rồi. Hãy đợi ứng dụng hiện mã mới rồi nhập lại."
    ]
    assert led_to == []
    give(shown, recovery)

    (address,) = led_to
    assert "kpi_session=" in exchange(client, address).headers["set-cookie"]


def test_a_password_made_by_others_is_changed_first(
    engine: sa.Engine, led_to: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECOND_FACTOR", "optional")
    with store.session(engine) as session:
        made = accounts.reset_password(session, actor="system", username="dieuphoi")

    shown = give_password(made)
    assert shown.header[0].value == "Đặt mật khẩu của riêng bạn"
    shown = give(shown, NEW_PASSWORD, "khác")
    assert [error.value for error in shown.error] == ["Hai lần nhập mật khẩu mới không giống nhau."]
    shown = give(shown, made, made)
    assert [error.value for error in shown.error] == ["Mật khẩu mới trùng mật khẩu cũ. Hãy chọn mật khẩu khác."]
    assert led_to == []
    give(shown, NEW_PASSWORD, NEW_PASSWORD)

    assert len(led_to) == 1


def test_what_a_session_remembers_of_a_step_opens_nothing(engine: sa.Engine, led_to: list[str]) -> None:
    """The store says whether a step can be taken: with the proof void there is the form again."""
    shown = give_password()
    with store.session(engine) as session:
        session.execute(sa.delete(SignInTicket))

    shown.run()

    assert [message.value for message in shown.warning] == ["Bước vừa rồi đã hết hạn. Hãy đăng nhập lại."]
    assert [field.label for field in shown.text_input] == ["Tên đăng nhập", "Mật khẩu"]


def test_one_can_begin_again(led_to: list[str]) -> None:
    shown = give_password()

    shown.button[-1].click().run()

    assert [field.label for field in shown.text_input] == ["Tên đăng nhập", "Mật khẩu"]
    assert led_to == []
