"""What no page of ours says over a websocket: somebody else's buttons, single fragments, developers' messages."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg

from data_access import accounts, store
from data_access.store.models import User
from pages.screen import screens
from tests.attacks.conftest import Attempts, Refusals, SignedIn, SignIn, everything, is_sign_in
from tests.attacks.wire import Answer, Refused, tab, wish_for
from tests.serving import Served

ROLES = {account.username: account.role for account in accounts.DEMO_ACCOUNTS}
OPEN_TO = {"" if screen.name == "overview" else screen.name: screen.roles for screen in screens()}
PAGES = [*OPEN_TO]
FROM_THE_REGISTER = {"dataframe", "vega_lite_chart", "metric", "download_button"}


def kinds(answer: Answer) -> set[str]:
    return {kind for kind, _ in answer.elements()}


@pytest.fixture(scope="module")
def shown(house: Served, sign_in: SignIn) -> dict[str, dict[str, Answer]]:
    """Every page as every account sees it."""
    found: dict[str, dict[str, Answer]] = {}
    for username in ROLES:
        with sign_in(username).tab() as opened:
            found[username] = {page: opened.rerun(page) for page in PAGES}
    return found


# --- Messages for developers -----------------------------------------------------------------------------------------


def developer_messages(session_id: str) -> dict[str, BackMsg]:
    """Everything Streamlit understands besides what our pages send."""
    install, dismiss = BackMsg(), BackMsg()
    for message, kind in ((install, "install_skills"), (dismiss, "dismiss_skills_nudge")):
        request = message.backend_operation_request
        request.request_id, request.session_id = "1", session_id
        getattr(request, kind).SetInParent()
    return {
        "clear_cache": BackMsg(clear_cache=True),
        "load_git_info": BackMsg(load_git_info=True),
        "set_run_on_save": BackMsg(set_run_on_save=True),
        "debug_disconnect_websocket": BackMsg(debug_disconnect_websocket=True),
        "debug_shutdown_runtime": BackMsg(debug_shutdown_runtime=True),
        "install_skills": install,
        "dismiss_skills_nudge": dismiss,
        "nothing": BackMsg(),
    }


@pytest.mark.parametrize("username", [None, "lanhdao", "quantri"])
def test_messages_for_developers_are_not_read(
    house: Served, sign_in: SignIn, refusals: Refusals, username: str | None
) -> None:
    """Signed in or not: nobody empties the caches of all, reads the state of the repository, or writes files."""
    cookie = sign_in(username).cookie if username else ""
    with tab(house.address, cookie=cookie) as visited:
        session_id = visited.rerun("ranking").session_id
        messages = developer_messages(session_id)
        for name, message in messages.items():
            assert visited.ask(message, "git_info_changed") is None, name
            assert visited.ask(message, "backend_operation_response") is None, name
            assert visited.ask(message, "session_status_changed") is None, name
        assert visited.rerun("ranking").session_id == session_id
    assert len(refusals.new()) == 3 * len(messages)


def test_the_list_of_developers_messages_is_complete() -> None:
    """A new version of Streamlit with a message we have not judged fails here."""
    ours = {"rerun_script", "stop_script", "app_heartbeat", "file_urls_request", "backend_operation_request"}
    operations = {"deferred_file", "dataframe_chunk", "install_skills", "dismiss_skills_nudge"}
    fields = BackMsg.DESCRIPTOR.oneofs_by_name["type"].fields
    request = BackMsg.DESCRIPTOR.fields_by_name["backend_operation_request"].message_type

    assert {field.name for field in fields} == ours | {*developer_messages("x")} - operations - {"nothing"}
    assert {field.name for field in request.oneofs_by_name["payload"].fields} == operations


@pytest.mark.parametrize("data", [b"", b"\xff" * 100, b"x", b"\x00", b"A" * 100_000, "text"])
def test_what_is_no_message_does_no_harm(house: Served, data: bytes | str) -> None:
    with tab(house.address) as visited:
        visited.rerun("")
        visited.send(data)
        with contextlib.suppress(Refused):
            visited.rerun("")
    with tab(house.address) as again:
        assert again.rerun("").kinds


# --- After the session has ended -------------------------------------------------------------------------------------


def end_in(house: Served, way: str, victim: SignedIn) -> None:
    """Take a session away in one of the ways there are."""
    with store.session(house.engine) as session:
        if way == "signed out":
            accounts.end_session(session, actor="test", token_hash=accounts.hash_token(victim.token))
        elif way == "ended everywhere":
            accounts.end_all_sessions(session, actor="test", username=victim.username)
        else:
            user = session.get_one(User, victim.username)
            user.active = False
            session.add(user)


def reopen(house: Served, username: str) -> None:
    with store.session(house.engine) as session:
        user = session.get_one(User, username)
        user.active = True
        session.add(user)


@pytest.mark.parametrize("way", ["signed out", "ended everywhere", "closed"])
def test_an_open_page_of_an_ended_session_gives_nothing_more(
    house: Served, sign_in: SignIn, refusals: Refusals, way: str
) -> None:
    """Single fragments, files on demand and upload addresses are answered without a run of the page: not any more."""
    pages = ["reliability", "scorecard", "stalled"]
    victim = sign_in("lanhdao")
    with victim.tab() as opened:
        shown = {page: opened.rerun(page) for page in pages}
        session_id = shown["reliability"].session_id
        files = [element.deferred_file_id for kind, element in shown["stalled"].elements() if kind == "download_button"]
        fragments = [(page, fragment) for page in pages for fragment in shown[page].fragments]
        assert fragments
        assert files
        end_in(house, way, victim)
        try:
            wishes = [*(_file(session_id, file_id) for file_id in files), _upload()]
            for wish in wishes:
                assert opened.ask(wish, "backend_operation_response") is None
                assert opened.ask(wish, "file_urls_response") is None
            for page, fragment in fragments:
                answer = opened.rerun(page, fragment=fragment)
                assert is_sign_in(answer), (page, fragment)
            for page in PAGES:
                assert is_sign_in(opened.rerun(page)), page
        finally:
            reopen(house, victim.username)
    assert len(refusals.new()) >= 2 * len(wishes) + len(fragments)


def _file(session_id: str, file_id: str) -> BackMsg:
    message = BackMsg()
    request = message.backend_operation_request
    request.request_id, request.session_id, request.deferred_file.file_id = "1", session_id, file_id
    return message


def _upload() -> BackMsg:
    message = BackMsg()
    message.file_urls_request.request_id = "1"
    message.file_urls_request.file_names.append("a.csv")
    return message


@pytest.mark.parametrize("username", ["bct", "dieuphoi", "quantri"])
def test_buttons_pressed_after_the_session_has_ended_change_nothing(
    house: Served, sign_in: SignIn, username: str
) -> None:
    victim = sign_in(username)
    with victim.tab() as opened:
        pressed = {page: triggers(opened.rerun(page)) for page in PAGES}
        victim.end()
        before = everything(house.engine)
        for page, widgets in pressed.items():
            assert not kinds(opened.rerun(page, widgets=widgets)) & FROM_THE_REGISTER, page
        assert everything(house.engine) == before


def triggers(answer: Answer) -> list[dict[str, Any]]:
    """Every widget of a page, pressed, ticked or filled in."""
    states: list[dict[str, Any]] = []
    for widget_id, kind in answer.widgets.items():
        if kind in ("button", "download_button"):
            states.append({"id": widget_id, "trigger_value": True})
        elif kind == "checkbox":
            states.append({"id": widget_id, "bool_value": True})
        elif kind in ("text_input", "text_area", "selectbox"):
            states.append({"id": widget_id, "string_value": "ZQZ"})
    return states


# --- Pages and buttons of other roles --------------------------------------------------------------------------------


@pytest.mark.parametrize("username", sorted(ROLES))
def test_pages_of_other_roles_show_nothing_however_they_are_asked_for(
    house: Served, sign_in: SignIn, refusals: Refusals, shown: dict[str, dict[str, Answer]], username: str
) -> None:
    """By address, by hash, with the buttons of those who may, and with their fragments."""
    forbidden = [page for page in PAGES if ROLES[username] not in OPEN_TO[page]]
    before = everything(house.engine)
    tried = 0
    with sign_in(username).tab() as own:
        hashes = own.rerun("").pages
        for page in forbidden:
            theirs = shown[next(name for name, role in ROLES.items() if role in OPEN_TO[page])][page]
            first = own.rerun(page)
            pressed = [state for state in triggers(theirs) if state["id"] not in first.widgets]  # the frame's do work
            answers = [
                first,
                own.rerun(page_hash=hashes[page]),
                own.rerun(page, widgets=pressed),
                own.rerun(page_hash=hashes[page], widgets=pressed, query="batch=1&id=1&agency=BCT"),
            ]
            assert [kinds(answer) & FROM_THE_REGISTER for answer in answers] == [set()] * len(answers), page
            tried += 4
    assert everything(house.engine) == before
    assert len(refusals.new()) >= tried


def test_fragments_of_another_conversation_are_not_ours(sign_in: SignIn, shown: dict[str, dict[str, Answer]]) -> None:
    with sign_in("langson").tab() as own:
        name = own.rerun("agreement").session_id
        for answer in shown["lanhdao"].values():
            for fragment in answer.fragments:
                own.send(wish_for("agreement", fragment=fragment))
                found = own.rerun("agreement")
                assert found.session_id == name
                assert not kinds(found) & FROM_THE_REGISTER


@pytest.mark.parametrize("username", sorted(ROLES))
def test_buttons_of_others_pressed_on_every_page_change_nothing(
    house: Served, sign_in: SignIn, shown: dict[str, dict[str, Answer]], attempts: Attempts, username: str
) -> None:
    """All ids of all widgets of all roles, sent to every page: what is not on one's own page is nobody's button."""
    foreign = {
        state["id"]: state
        for other, pages in shown.items()
        for answer in pages.values()
        for state in triggers(answer)
        if other != username
    }
    before = everything(house.engine)
    pressed = 0
    with sign_in(username).tab() as own:
        for page, mine in shown[username].items():
            widgets = [state for widget_id, state in foreign.items() if widget_id not in mine.widgets]
            assert "script_finished" in own.rerun(page, widgets=widgets).kinds
            pressed += len(widgets)
    attempts(pressed)
    assert everything(house.engine) == before


# --- Values no widget sends ------------------------------------------------------------------------------------------

VALUES: dict[str, Any] = {
    "trigger_value": True,
    "bool_value": True,
    "double_value": 1e308,
    "int_value": -7,
    "string_value": '{"selection": [7], "edited_rows": {"x": 1}}',
    "int_array_value": {"data": [10**6, -1]},
    "double_array_value": {"data": [float("nan"), 3.0]},
    "string_array_value": {"data": ["ZQZ", ""]},
    "json_value": "{",
    "bytes_value": b"\xff",
    "file_uploader_state_value": {"uploaded_file_info": [{"file_id": "ZQZ", "name": "a.csv"}]},
    "string_trigger_value": {"data": "ZQZ"},
    "arrow_value": {"data": b"ZQZ"},
}


FORGERS = ("bct", "dieuphoi", "quantri")


def unlike(shown: dict[str, dict[str, Answer]], username: str) -> list[str]:
    """The pages on which somebody has a widget that none of those who forge before them has there, and the first page."""
    before = FORGERS[: FORGERS.index(username)]
    everywhere = set.intersection(*({*answer.widgets} for answer in shown[username].values()))
    return [
        page
        for number, (page, answer) in enumerate(shown[username].items())
        if number == 0 or {*answer.widgets} - everywhere - {one for name in before for one in shown[name][page].widgets}
    ]


@pytest.mark.parametrize("username", FORGERS)
def test_values_of_a_kind_that_a_widget_does_not_send_end_in_a_page_and_not_in_an_incident(
    house: Served,
    sign_in: SignIn,
    shown: dict[str, dict[str, Answer]],
    refusals: Refusals,
    attempts: Attempts,
    username: str,
) -> None:
    """Every widget of every page with a value of every kind, one in each run; buttons alone are not pressed."""
    began = len(house.logged())
    names, runs, forged = [*VALUES], 0, 0
    for page in unlike(shown, username):
        widgets = shown[username][page].widgets
        with sign_in(username).tab() as own:
            own.rerun(page)
            for turn in range(len(names)):
                said = [
                    {"id": widget, name: VALUES[name]}
                    for place, (widget, kind) in enumerate(widgets.items())
                    if (name := names[(place + turn) % len(names)]) != "trigger_value" or not kind.endswith("button")
                ]
                assert own.rerun(page, widgets=said).kinds >= {"delta", "script_finished"}, (page, turn)
                runs, forged = runs + 1, forged + len(said)
    attempts(forged)
    logged = house.logged()[began:]
    assert "agreements.incident" not in logged
    assert "Traceback" not in logged
    said_so = [line for line in refusals.new() if "refused: a value of the kind" in line]
    assert len(said_so) > runs / 2
    assert all(f"by {username!r}" in line and len(line) < 400 for line in said_so)
