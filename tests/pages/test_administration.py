"""The administrator's pages and one's own account, as each role sees them."""

from __future__ import annotations

import json

import pyotp
import pytest
import sqlalchemy as sa
from streamlit.testing.v1 import AppTest

from data_access import accounts, audit, store
from data_access.accounts import Person
from data_access.audit import journal
from pages.audit import told
from pages.ui import session as page_session
from tests.pages.conftest import Visit

ADMINISTRATOR = Person("quantri", "administrator", None, "")
HOSTILE = "![x](https://example.org/x.png) **đậm** <b> :material/home:"
OTHERS = ("lanhdao", "bct", "dieuphoi")


def press(shown: AppTest, key: str) -> AppTest:
    return shown.button(key=key).click().run()


def choose(shown: AppTest, label: str, value: str) -> None:
    next(box for box in shown.selectbox if box.label == label).set_value(value)


def said(shown: AppTest) -> list[str]:
    return [message.value for message in (*shown.success, *shown.error)]


# --- Who may ---------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("shown_store")
@pytest.mark.parametrize("username", OTHERS)
@pytest.mark.parametrize("page", ["accounts", "audit"])
def test_others_get_a_refusal_and_nothing_else(visit: Visit, page: str, username: str) -> None:
    shown = visit(page, username)

    assert "Trang này không dành cho vai trò" in shown.warning[0].value
    assert not shown.dataframe
    assert not shown.title


# --- Accounts --------------------------------------------------------------------------------------------------------


def test_an_account_is_made_with_a_password_shown_once(shown_store: sa.Engine, visit: Visit) -> None:
    shown = visit("accounts", "quantri")
    shown.session_state["accounts_new"] = True
    shown.run()
    fields = {field.label: field for field in shown.text_input}
    fields["Tên đăng nhập"].set_value("btc.htqt")
    fields["Đơn vị sử dụng"].set_value(HOSTILE)
    choose(shown, "Vai trò", "agency")
    choose(shown, "Cơ quan", "BTC")
    next(button for button in shown.button if button.label == "Tạo tài khoản").click().run()

    found = accounts.read_accounts(shown_store, actor=ADMINISTRATOR).filter(username="btc.htqt").row(0, named=True)
    assert (found["role"], found["agency"], found["must_change_password"]) == ("agency", "BTC", True)
    assert not shown.exception
    password = shown.code[0].value
    assert accounts.check_password(
        shown_store, username="btc.htqt", password=password, address="10.0.0.1"
    ).username == ("btc.htqt")
    assert not shown.run().code


@pytest.mark.usefixtures("shown_store")
@pytest.mark.parametrize(
    ("username", "role", "message"),
    [
        ("a b", "leader", "Tên đăng nhập gồm"),
        ("bct", "leader", "đã có"),
        ("moi", "agency", "phải gắn với một cơ quan"),
    ],
)
def test_an_account_that_will_not_do_is_refused_in_words(visit: Visit, username: str, role: str, message: str) -> None:
    shown = visit("accounts", "quantri")
    shown.session_state["accounts_new"] = True
    shown.run()
    next(field for field in shown.text_input if field.label == "Tên đăng nhập").set_value(username)
    choose(shown, "Vai trò", role)
    next(button for button in shown.button if button.label == "Tạo tài khoản").click().run()

    assert len(shown.error) == 1
    assert message in shown.error[0].value


def test_everything_an_administrator_does_to_an_account(shown_store: sa.Engine, visit: Visit) -> None:
    with store.session(shown_store) as session:
        token = accounts.start_session(session, username="bct")
    for _ in range(5):
        accounts.check_password(shown_store, username="bct", password="sai sai sai", address="10.0.0.1")

    shown = visit("accounts", "quantri", account="bct")
    for number, what in enumerate(("sign_out", "unlock", "password", "disable", "enable")):
        press(shown, f"accounts_yes_{what}_bct_{number}")
        assert not shown.exception, what
        assert len(shown.success) == 1, what
        if what == "password":
            assert len(shown.code) == 1

    assert accounts.read_session(shown_store, accounts.hash_token(token)) is None
    done = journal.search(shown_store, actor=ADMINISTRATOR, sought=journal.Sought(about="bct", actor="quantri"))
    assert done.entries["action"].to_list() == [
        "user.enable",
        "user.disable",
        "password.reset",
        "user.unlock",
        "session.end",
    ]


@pytest.mark.usefixtures("shown_store")
@pytest.mark.parametrize(
    "parameters", [{"account": "bct"}, {"list": "agencies"}, {"list": "agencies", "agency": "T20"}]
)
def test_each_view_opens_in_english_too(visit: Visit, parameters: dict[str, str]) -> None:
    shown = visit("accounts", "quantri", "en", **parameters)

    assert not shown.exception
    assert shown.title[0].value == "Accounts"


def test_a_role_is_changed_and_refusals_are_said(shown_store: sa.Engine, visit: Visit) -> None:
    shown = visit("accounts", "quantri", account="lanhdao")
    choose(shown, "Vai trò", "agency")
    save = next(button for button in shown.button if button.label == "Lưu thay đổi")
    save.click().run()
    assert said(shown) == ["Vai trò “Cơ quan, địa phương” phải gắn với một cơ quan."]

    choose(shown, "Cơ quan", "BYT")
    next(button for button in shown.button if button.label == "Lưu thay đổi").click().run()

    assert said(shown) == ["Đã lưu thay đổi của lanhdao."]
    users = accounts.list_users(shown_store).filter(username="lanhdao")
    assert users.row(0) == ("lanhdao", "agency", "BYT", True)


@pytest.mark.usefixtures("shown_store")
def test_one_s_own_account_offers_nothing_that_shuts_oneself_out(visit: Visit) -> None:
    shown = visit("accounts", "quantri", account="quantri")

    keys = [button.key or "" for button in shown.button]
    offered = {key.rsplit("_", 2)[0] for key in keys if key.startswith("accounts_yes")}
    assert offered == {"accounts_yes_sign_out"}
    assert all(box.disabled for box in shown.selectbox if box.label in ("Vai trò", "Cơ quan"))


@pytest.mark.usefixtures("shown_store")
def test_an_administrator_who_was_one_does_nothing_more(
    shown_store: sa.Engine, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The function asks the store, whatever the page was told at its beginning."""
    shown = visit("accounts", "quantri", account="bct")
    monkeypatch.setattr(page_session, "current", lambda: ADMINISTRATOR)
    with store.session(shown_store) as session:
        session.execute(sa.text("UPDATE account SET role = 'leader' WHERE username = 'quantri'"))

    shown.button(key="accounts_yes_disable_bct_0").click().run()

    assert accounts.list_users(shown_store).filter(username="bct")["active"].to_list() == [True]


@pytest.mark.usefixtures("shown_store")
def test_an_unknown_name_in_the_address_is_said_as_it_is(visit: Visit) -> None:
    shown = visit("accounts", "quantri", account=HOSTILE)

    assert not shown.exception
    assert "\\!\\[x\\]" in shown.warning[0].value
    assert shown.dataframe


def test_an_agency_is_renamed(shown_store: sa.Engine, visit: Visit) -> None:
    shown = visit("accounts", "quantri", list="agencies", agency="BCT")
    names = {field.label: field for field in shown.text_input}
    names["Viết tắt tiếng Anh"].set_value("MOIT2")

    next(button for button in shown.button if button.label == "Lưu thay đổi").click().run()

    agencies = accounts.read_agencies(shown_store, actor=ADMINISTRATOR)
    assert said(shown) == ["Đã lưu tên cơ quan."]
    assert agencies.filter(key="BCT")["abbr_en"].to_list() == ["MOIT2"]


# --- The audit -------------------------------------------------------------------------------------------------------


def test_the_chain_is_verified_on_the_page(shown_store: sa.Engine, visit: Visit) -> None:
    shown = visit("audit", "quantri")
    assert any("chưa được kiểm tra" in text.value for text in shown.text)
    verify = next(button for button in shown.button if button.label == "Kiểm tra chuỗi")

    verify.click().run()
    assert any("nối đúng nhau" in text.value for text in shown.text)
    with store.session(shown_store) as session:
        session.execute(sa.text("UPDATE auditentry SET actor = 'x' WHERE id = 2"))
    next(button for button in shown.button if button.label == "Kiểm tra chuỗi").click().run()

    assert "mục 2" in shown.error[0].value


def test_entries_are_searched_and_paged(shown_store: sa.Engine, visit: Visit) -> None:
    for number in range(60):
        with store.session(shown_store) as session:
            audit.write(session, actor="bct", action="upload.apply", subject=f"batch {number}", detail={"tệp": HOSTILE})

    shown = visit("audit", "quantri")
    first = shown.dataframe[0].value
    shown.session_state["audit_page"] = 2  # the test client does not know the pager
    shown.run()
    second = shown.dataframe[0].value
    shown.text_input(key="audit_text").set_value("batch 59").run()
    found = shown.dataframe[0].value

    assert first.iloc[:, 0].min() == second.iloc[:, 0].max() + 1
    assert found["subject"].to_list() == ["batch 59"]
    shown.text_input(key="audit_text").set_value("không có gì như thế").run()
    assert not shown.dataframe
    assert "Không có mục nào phù hợp" in shown.info[0].value


def test_what_an_entry_tells_is_written_in_words() -> None:
    detail = {
        "role": ["leader", "agency"],
        "client": "10.0.0.7 Mozilla/5.0 (Windows NT 10.0) Chrome/131.0 Safari/537.36",
    }

    assert told.detail_text(json.dumps(detail)) == (
        "Vai trò: Lãnh đạo → Cơ quan, địa phương; Trình duyệt: Chrome 131 · Windows · 10.0.0.7"
    )


# --- One's own account -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("username", [*OTHERS, "quantri"])
def test_one_changes_one_s_password(
    shown_store: sa.Engine, visit: Visit, monkeypatch: pytest.MonkeyPatch, username: str
) -> None:
    led_to: list[str] = []
    monkeypatch.setattr(page_session, "go_to", led_to.append)
    shown = visit("account", username)
    current, new, again = (field for field in shown.text_input if field.proto.type == 1)
    change = next(button for button in shown.button if button.label == "Đổi mật khẩu")

    for texts, message in (
        (("sai sai sai sai", "năm từ khác hẳn nhau", "năm từ khác hẳn nhau"), "Mật khẩu hiện tại không đúng."),
        ((accounts.DEMO_PASSWORD, "năm từ khác hẳn nhau", "khác"), "Hai lần nhập mật khẩu mới không giống nhau."),
        ((accounts.DEMO_PASSWORD, "ngắn", "ngắn"), "Mật khẩu quá ngắn. Cần ít nhất 12 ký tự."),
    ):
        for field, text in zip((current, new, again), texts, strict=True):
            field.set_value(text)
        change.click().run()
        assert said(shown) == [message]
        assert led_to == []
    for field, text in zip(
        (current, new, again), (accounts.DEMO_PASSWORD, "năm từ khác hẳn nhau", "năm từ khác hẳn nhau"), strict=True
    ):
        field.set_value(text)
    change.click().run()

    assert led_to[0].startswith("/session/start?ticket=")
    assert "next=%2Faccount" in led_to[0]


def test_one_ends_one_s_other_sessions(shown_store: sa.Engine, visit: Visit) -> None:
    with store.session(shown_store) as session:
        tokens = [accounts.start_session(session, username="bct", client="10.0.0.7 x") for _ in range(3)]
    shown = visit("account", "bct")
    marks = [accounts.hash_token(token)[:12] for token in tokens]

    press(shown, f"account_end_{marks[0]}")
    alive = [accounts.read_session(shown_store, accounts.hash_token(token)) is not None for token in tokens]
    next(button for button in shown.button if button.label == "Kết thúc các phiên khác").click().run()

    assert alive == [False, True, True]
    assert not any(accounts.read_session(shown_store, accounts.hash_token(token)) for token in tokens)
    assert said(shown) == ["Đã kết thúc các phiên khác: 2."]


def test_one_sets_up_a_second_factor(shown_store: sa.Engine, visit: Visit) -> None:
    shown = visit("account", "dieuphoi")
    shown.session_state["account_factor_set_up"] = True
    shown.run()
    secret = shown.code[0].value.replace(" ", "")
    fields = {field.label: field for field in shown.text_input}
    fields["Mã 6 số ứng dụng đang hiện"].set_value(pyotp.TOTP(secret).now())
    [field for field in shown.text_input if field.label == "Mật khẩu hiện tại"][1].set_value(accounts.DEMO_PASSWORD)
    next(button for button in shown.button if button.label == "Bật").click().run()

    assert accounts.read_second_factor(shown_store, "dieuphoi").codes_left == 10
    assert len(shown.code[0].value.split()) == 10
    next(button for button in shown.button if button.label == "Tôi đã cất giữ").click().run()
    assert not shown.code


@pytest.mark.usefixtures("shown_store")
def test_with_single_sign_on_passwords_belong_to_the_provider(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (
        ("AUTH_MODE", "oidc"),
        ("PUBLIC_ADDRESS", "https://dashboard.test"),
        ("OIDC_ISSUER", "https://provider.test"),
        ("OIDC_CLIENT_ID", "id"),
        ("OIDC_CLIENT_SECRET", "secret"),
    ):
        monkeypatch.setenv(name, value)

    mine = visit("account", "bct")
    one = visit("accounts", "quantri", account="bct")

    assert not mine.exception
    assert not [field for field in mine.text_input if field.proto.type == 1]
    assert not one.exception
    assert "accounts_yes_password_bct_0" not in {button.key for button in one.button}
    assert "Định danh đăng nhập một lần" in [field.label for field in one.text_input]
