"""What is relied on of Streamlit beyond its promises is as it was when `pages/ui/streamlit_internals.py` was written."""

from __future__ import annotations

import dataclasses
import importlib
import importlib.metadata
import logging
import types
from collections.abc import Callable
from typing import Any

import pytest
import streamlit as st
from streamlit.elements.lib import policies
from streamlit.logger import get_logger
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.Common_pb2 import FileURLs
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.NewSession_pb2 import CustomThemeConfig
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.runtime import Runtime, app_session
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner_utils.script_run_context import ScriptRunContext, get_script_run_ctx
from streamlit.runtime.state.common import WidgetMetadata
from streamlit.runtime.state.session_state import WStates
from streamlit.runtime.uploaded_file_manager import UploadedFile, UploadedFileRec
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Block, Text

from pages.ui import streamlit_internals
from web import file_addresses, websocket


def test_it_was_written_for_the_version_that_is_installed() -> None:
    assert importlib.metadata.version("streamlit") == streamlit_internals.VERSION


def test_messages_of_a_browser_are_of_the_kinds_that_are_told_apart() -> None:
    """A kind that is new is not read until somebody has looked at it; one that is gone need not be named."""
    kinds = streamlit_internals.BackMsg.DESCRIPTOR.oneofs_by_name["type"].fields
    operations = streamlit_internals.BackMsg().backend_operation_request.DESCRIPTOR.oneofs_by_name["payload"].fields

    assert {field.name for field in kinds} >= websocket._HARMLESS | websocket._WITH_SESSION
    assert {field.name for field in operations} >= websocket._OPERATIONS
    assert streamlit_internals.BackMsg.FromString(b"").WhichOneof("type") is None


def test_a_page_knows_that_it_runs_and_which_it_is_and_a_module_does_not() -> None:
    def page() -> None:
        import streamlit as st

        from pages.ui import streamlit_internals

        st.text(repr(streamlit_internals.is_running()))
        st.text(repr(streamlit_internals.running_page()))

    shown = AppTest.from_function(page).run()

    assert shown.text[0].value == "True"
    assert shown.text[1].value != "('', False)"
    assert shown.text[1].value.endswith("', False)")
    assert not streamlit_internals.is_running()
    assert streamlit_internals.running_page() == ("", False)


def test_a_browser_is_sent_to_an_address_by_the_message_of_a_sign_in(monkeypatch: pytest.MonkeyPatch) -> None:
    sent = []
    context = type("Context", (), {"enqueue": lambda _, message: sent.append(message)})()
    monkeypatch.setattr(streamlit_internals, "get_script_run_ctx", lambda: context)

    streamlit_internals.go_to("/ranking")

    (message,) = sent
    assert message.WhichOneof("type") == "auth_redirect"
    assert message.auth_redirect.url == "/ranking"
    assert {"enqueue", "is_history_navigation", "page_script_hash"} <= set(dir(ScriptRunContext)) | {
        field.name for field in dataclasses.fields(ScriptRunContext)
    }


def test_scripts_that_are_fetched_early_are_there_once_each() -> None:
    named = [address.removeprefix("static/js/").partition(".")[0] for address in streamlit_internals.late_scripts()]

    assert named == [*streamlit_internals._LATE_SCRIPTS]


def test_options_of_the_server_are_set_there_and_nowhere_public(monkeypatch: pytest.MonkeyPatch) -> None:
    before = st.get_option("server.maxUploadSize")

    with pytest.raises(st.errors.StreamlitAPIException):
        st.set_option("server.maxUploadSize", 7)
    streamlit_internals.set_option("server.maxUploadSize", 7)
    try:
        assert st.get_option("server.maxUploadSize") == 7
    finally:
        streamlit_internals.set_option("server.maxUploadSize", before)


def test_a_theme_read_once_is_the_one_that_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    sections = ("theme", "theme.light", "theme.dark", "theme.sidebar", "theme.light.sidebar", "theme.dark.sidebar")
    asked: list[str] = []
    read = app_session._populate_theme_msg

    def noted(message: CustomThemeConfig, section: str) -> None:
        asked.append(section)
        read(message, section)

    monkeypatch.setattr(app_session, "_populate_theme_msg", noted)
    streamlit_internals.read_theme_once()

    def sent(put: Callable[[CustomThemeConfig, str], object]) -> tuple[bytes, bool]:
        message = CustomThemeConfig()
        for section in sections:
            part = message
            for name in section.split(".")[1:]:
                part = getattr(part, name)
            put(part, section)
        return message.SerializeToString(deterministic=True), message.HasField("sidebar")

    assert sent(app_session._populate_theme_msg) == sent(app_session._populate_theme_msg) == sent(read)
    assert len(sent(read)[0]) > 300
    assert asked == [*sections]


def test_a_file_of_a_tab_is_kept_until_it_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = MemoryUploadedFileManager("/upload")
    kept.add_file("tab", UploadedFileRec("1", "a.csv", "text/csv", b"abc"))
    kept.add_file("tab", UploadedFileRec("2", "b.csv", "text/csv", b"defg"))
    assert streamlit_internals.uploaded_bytes("tab") == 0
    monkeypatch.setattr(Runtime, "_instance", types.SimpleNamespace(uploaded_file_mgr=kept))
    context = types.SimpleNamespace(uploaded_file_mgr=kept, session_id="tab")
    monkeypatch.setattr(streamlit_internals, "get_script_run_ctx", lambda: context)
    (given,) = (UploadedFile(file, FileURLs()) for file in kept.get_files("tab", ["1"]))

    assert streamlit_internals.uploaded_bytes("tab") == 7
    streamlit_internals.drop_upload(given)

    assert streamlit_internals.uploaded_bytes("tab") == 4
    assert streamlit_internals.uploaded_bytes("another") == 0


def test_inside_the_block_streamlit_does_not_complain_of_being_called_outside_a_page() -> None:
    said: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: said.append(record.getMessage())  # type: ignore[method-assign]
    log = get_logger(get_script_run_ctx.__module__)
    log.addHandler(handler)

    with streamlit_internals.quiet_imports():
        get_script_run_ctx()
    within = list(said)
    get_script_run_ctx()
    log.removeHandler(handler)

    assert within == []
    assert ["missing ScriptRunContext" in line for line in said] == [True]


def test_a_value_a_widget_does_not_send_is_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(WStates, "__getitem__", WStates.__getitem__)  # so that it is as before afterwards
    streamlit_internals.refuse_foreign_values(lambda *_said: None)
    states = WStates()
    for name, said in (("right", {"string_value": "b"}), ("kind", {"bool_value": True}), ("cleared", {})):
        metadata = WidgetMetadata(name, lambda value: "a" if value is None else value.lower(), str, "string_value")
        states.set_widget_metadata(metadata)
        states.set_widget_from_proto(WidgetState(id=name, **said))
    states.set_widget_metadata(
        WidgetMetadata("unreadable", lambda value: 1 if value is None else 1 / 0, str, "int_value")
    )
    states.set_widget_from_proto(WidgetState(id="unreadable", int_value=3))

    read = {name: states[name] for name in states}
    again = {name: states[name] for name in states}

    assert read == again == {"right": "b", "kind": "a", "cleared": "a", "unreadable": 1}


def test_addresses_of_files_have_the_form_that_is_looked_for() -> None:
    storage = importlib.import_module("streamlit.runtime.memory_media_file_storage").MemoryMediaFileStorage("/media")
    address = storage.get_url(storage.load_and_get_id(b"x", "text/csv", "downloadable", "x.csv"))

    assert file_addresses._ADDRESS.match(address)


def page_of_finished_elements() -> None:
    import streamlit as st

    from pages.ui.streamlit_internals import draw_and_note, send_again

    def draw() -> None:
        st.text("first")
        with st.container(border=True):
            st.text("inside")

    st.text("before")
    finished = draw_and_note(draw)
    assert finished is not None
    with st.container(border=True):
        st.text("before")
        send_again(finished)
        st.text("after")

    def stray() -> None:
        elsewhere.text("elsewhere")

    elsewhere = st.container()
    try:
        with st.container():
            draw_and_note(stray)
    except RuntimeError as error:
        st.text(str(error))


def test_finished_elements_stand_where_the_page_has_got_to() -> None:
    shown = AppTest.from_function(page_of_finished_elements).run()

    assert not shown.exception
    assert [text.value for text in shown.text[:3]] == ["before", "first", "inside"]
    again = shown.main.children[3]
    assert isinstance(again, Block)
    assert [text.value for text in again.text] == ["before", "first", "inside", "after"]
    assert [type(child) for child in again.children.values()] == [Text, Text, Block, Text]
    assert shown.text[-1].value.startswith("drawn at (0, 4, 0), outside the container at ")


def test_a_widget_among_finished_elements_is_complained_of(monkeypatch: pytest.MonkeyPatch) -> None:
    def page() -> None:
        import streamlit as st

        from pages.ui.streamlit_internals import draw_and_note

        def draw() -> None:
            st.button("Press")

        draw_and_note(draw)

    monkeypatch.setattr(policies._LOGGER, "warning", lambda *_, **__: None)  # it has the whole stack

    assert AppTest.from_function(page).run().exception[0].proto.type == "CachedWidgetWarning"


@pytest.mark.parametrize(
    ("page", "address", "pixels"),
    [
        ("briefing", "", 24),
        ("briefing", "lang=en&size=32", 32),
        ("briefing", "size=9999", 24),
        ("ranking", "size=32", 0),
    ],
)
def test_pages_for_a_room_are_shown_larger_and_others_are_not(
    monkeypatch: pytest.MonkeyPatch, page: str, address: str, pixels: int
) -> None:
    monkeypatch.setattr(AppSession, "_create_new_session_message", lambda *_: ForwardMsg())
    monkeypatch.setattr(AppSession, "request_rerun", lambda *_: None)
    streamlit_internals.show_larger(["briefing"], parameter="size", sizes=("24", "32"), usual=0)
    manager = types.SimpleNamespace(
        intended_page_script_hash="abc", intended_page_name=None, get_pages=lambda: {"abc": {"url_pathname": page}}
    )
    tab: Any = type("Tab", (), {"_pages_manager": manager})()

    AppSession.request_rerun(tab, ClientState(query_string=address))
    message = AppSession._create_new_session_message(tab, "abc", None)  # type: ignore[arg-type]

    assert message.new_session.custom_theme.base_font_size == pixels
