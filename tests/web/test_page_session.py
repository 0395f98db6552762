"""Who a page believes to be looking at it."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlmodel import col
from streamlit.testing.v1 import AppTest

from data_access import accounts, store
from data_access.accounts import passwords, rate_limits
from data_access.store.models import SignInTicket, User
from pages.ui import session as page_session
from tests.web.conftest import SignedIn

PASSWORD = "bốn từ bất kỳ nào"
BROWSER = accounts.hash_token("mark")


def guarded() -> None:
    import dataclasses

    import streamlit as st

    from data_access.accounts import May
    from pages import overview
    from pages.ui import session

    person = session.require(dataclasses.replace(overview.SCREEN, needs=May.REMIND))
    st.text(f"{person.username} {person.role} {person.agency} {person.office}")


def open_to_all() -> None:
    import streamlit as st

    from pages import overview
    from pages.ui import session

    st.text(session.require(overview.SCREEN).username)


def form() -> None:
    from pages.sign_in import password as sign_in

    sign_in.show(address="/ranking?sector=EDU")


@pytest.fixture(autouse=True)
def account(engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The account `nga`, in the store that pages read, seen from a browser that is not signed in."""
    monkeypatch.setenv("DATABASE_URL", engine.url.render_as_string(hide_password=False))
    monkeypatch.setattr(page_session, "session_id", lambda: None)
    monkeypatch.setattr(page_session, "browser", lambda: BROWSER)
    monkeypatch.setattr(passwords, "ROUNDS", 4)
    with store.session(engine) as session:
        accounts.add_user(session, actor="test", username="nga", password=PASSWORD, role="leader", office="Văn phòng")


@pytest.fixture
def signed_in(engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> SignedIn:
    with store.session(engine) as session:
        found = SignedIn(accounts.start_session(session, username="nga"))
    monkeypatch.setattr(page_session, "session_id", lambda: found.token_hash)
    return found


@pytest.mark.usefixtures("signed_in")
def test_a_page_knows_who_is_signed_in() -> None:
    shown = AppTest.from_function(guarded).run()

    assert [text.value for text in shown.text] == ["nga leader None Văn phòng"]


def test_signed_out_a_page_says_so_and_shows_nothing() -> None:
    shown = AppTest.from_function(guarded).run()

    assert [message.value for message in shown.info] == [
        "Bạn chưa đăng nhập hoặc phiên làm việc đã kết thúc. Hãy tải lại trang để đăng nhập."
    ]
    assert not shown.text
    assert not shown.exception


@pytest.mark.usefixtures("signed_in")
def test_a_change_of_role_takes_effect_at_the_next_run(engine: sa.Engine) -> None:
    shown = AppTest.from_function(guarded).run()
    with store.session(engine) as session:
        session.execute(sa.update(User).values(role="administrator"))

    shown.run()

    assert not shown.text
    assert "Quản trị hệ thống" in shown.warning[0].value


@pytest.mark.usefixtures("signed_in")
def test_a_page_that_asks_for_nothing_is_for_everybody_signed_in(engine: sa.Engine) -> None:
    with store.session(engine) as session:
        session.execute(sa.update(User).values(role="administrator"))

    assert [text.value for text in AppTest.from_function(open_to_all).run().text] == ["nga"]


def test_a_session_that_ends_takes_effect_at_the_next_run(engine: sa.Engine, signed_in: SignedIn) -> None:
    shown = AppTest.from_function(open_to_all).run()
    with store.session(engine) as session:
        accounts.end_session(session, actor="test", token_hash=signed_in.token_hash)

    shown.run()

    assert not shown.text
    assert len(shown.info) == 1


def test_what_a_session_remembers_opens_nothing() -> None:
    page = AppTest.from_function(guarded)
    for key in ("authentication_status", "username", "name", "roles", "person", "role", "session"):
        page.session_state[key] = "leader"

    assert not page.run().text


def test_outside_the_gate_nobody_is_anybody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no header arrived, `st.user` has nothing, whatever the name of the machine's user."""
    monkeypatch.undo()

    def page() -> None:
        import streamlit as st

        from pages.ui import session

        st.text(f"{session.session_id()} {session.browser()} {session.current()}")

    assert AppTest.from_function(page).run().text[0].value == "None None None"


# --- The form --------------------------------------------------------------------------------------------------------


def submit(shown: AppTest, username: str, password: str) -> AppTest:
    """Fill in the form and send it."""
    shown.text_input[0].set_value(username)
    shown.text_input[1].set_value(password)
    return shown.button[0].click().run()


def test_the_right_password_leads_to_the_route_with_a_ticket_for_this_browser(
    engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    led_to: list[str] = []
    monkeypatch.setattr(page_session, "go_to", led_to.append)

    shown = submit(AppTest.from_function(form).run(), " Nga ", PASSWORD)

    (address,) = led_to
    ticket = address.removeprefix("/session/start?ticket=").partition("&")[0]
    assert not shown.error
    assert address.endswith("&next=%2Franking%3Fsector%3DEDU")
    with store.session(engine) as session:
        assert accounts.redeem_ticket(session, ticket=ticket, browser=BROWSER) == "nga"


@pytest.mark.parametrize(
    ("username", "password"), [("nga", "wrong wrong wrong"), ("nobody", PASSWORD), ("' OR 1=1", "x")]
)
def test_anything_else_leads_nowhere(
    engine: sa.Engine, monkeypatch: pytest.MonkeyPatch, username: str, password: str
) -> None:
    led_to: list[str] = []
    monkeypatch.setattr(page_session, "go_to", led_to.append)

    shown = submit(AppTest.from_function(form).run(), username, password)

    assert led_to == []
    assert [error.value for error in shown.error] == ["Tên đăng nhập hoặc mật khẩu không đúng."]
    with store.session(engine, read_only=True) as session:
        assert session.execute(sa.select(col(SignInTicket.username))).all() == []


def test_a_long_password_in_vietnamese_works_though_the_package_could_not_check_it(
    engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_session, "go_to", lambda _: None)
    long = "ữ" * 60 + "đủ"
    with store.session(engine) as session:
        accounts.add_user(session, actor="test", username="dai", password=long, role="leader")

    assert submit(AppTest.from_function(form).run(), "dai", long).success


def test_the_form_comes_back_after_a_success_that_led_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_session, "go_to", lambda _: None)
    shown = submit(AppTest.from_function(form).run(), "nga", PASSWORD)

    shown.run()

    assert len(shown.text_input) == 2


def test_who_failed_too_often_is_told_how_long_to_wait() -> None:
    shown = AppTest.from_function(form).run()
    for _ in range(rate_limits.BY_ACCOUNT.free):
        submit(shown, "nga", "wrong wrong wrong")

    submit(shown, "nga", PASSWORD)

    assert [message.value for message in shown.warning] == ["Đã thử quá nhiều lần. Hãy đợi 15 giây rồi thử lại."]


def test_without_cookies_there_is_no_form(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_session, "browser", lambda: None)

    shown = AppTest.from_function(form).run()

    assert not shown.text_input
    assert "cookie" in shown.error[0].value


def test_demo_accounts_are_shown_in_demo_mode_only(engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    with store.session(engine) as session:
        accounts.ensure_demo_accounts(session)
    demo = AppTest.from_function(form).run()
    monkeypatch.setenv("APP_MODE", "production")
    monkeypatch.setenv("APP_SECRET", "Zk3vQ8wLr5TnXy7BdHs2JmFc9PgAu4EO")
    real = AppTest.from_function(form).run()

    assert demo.table[0].value.iloc[:, 0].to_list() == ["lanhdao", "quantri"]
    assert [code.value for code in demo.code] == [accounts.DEMO_PASSWORD]
    assert not real.table
    assert not real.code
