"""All that is used of Streamlit beyond what it promises to keep, in one place, each with its reason.

`tests/web/test_streamlit_internals.py` says what is relied on, and fails when another version is installed: go through
this file then, and write its number here.
"""

from __future__ import annotations

import contextlib
import contextvars
import dataclasses
import logging
import pathlib
import weakref
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import parse_qs

import streamlit
from streamlit import config, error_util
from streamlit import logger as streamlit_logger
from streamlit.delta_generator_singletons import get_dg_singleton_instance
from streamlit.logger import get_logger

# What a browser says over its websocket: read before Streamlit reads it, as some messages are answered without a page.
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.NewSession_pb2 import CustomThemeConfig
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.runtime import Runtime, app_session
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.scriptrunner_utils import script_run_context
from streamlit.runtime.scriptrunner_utils.script_run_context import ScriptRunContext, ThreadState, in_cached_function

# What a browser says of a widget, before the page's widget reads it.
from streamlit.runtime.state.common import WidgetMetadata, unpack_widget_state_value
from streamlit.runtime.state.session_state import Serialized, Value, WStates
from streamlit.runtime.uploaded_file_manager import UploadedFile

__all__ = [
    "VERSION",
    "AppSession",
    "BackMsg",
    "Finished",
    "UploadedFile",
    "addresses_of_files",
    "draw_and_note",
    "drop_upload",
    "go_to",
    "is_at_rest",
    "is_running",
    "late_scripts",
    "log_as_we_do",
    "notes_of_run",
    "open_tabs",
    "page_asked",
    "quiet_imports",
    "read_theme_once",
    "refuse_foreign_values",
    "run_again",
    "running_fragment",
    "running_page",
    "send_again",
    "set_option",
    "show_larger",
    "static_files",
    "uploaded_bytes",
]

VERSION: Final = "1.67.0"
_READ_ANY: Final = WStates.__getitem__
_TOLD: Final = "told_of_a_foreign_value"
_NOTES: Final = "notes_of_run"

_OFFERS_OF_FILES: Final = frozenset(
    {
        ("DownloadButton", "url"),
        ("DeferredFileResponsePayload", "url"),
        ("FileURLs", "upload_url"),
        ("FileURLs", "delete_url"),
    }
)
"""The fields of messages in which Streamlit, and nobody else, writes the address of a file."""


_STATIC: Final = pathlib.Path(streamlit.__file__).parent / "static"

_LATE_SCRIPTS: Final = (
    *("ArrowVegaLiteChart", "embed", "recordbatch", "serialization"),
    *("DataFrame", "arrowFormatUtils", "moment", "reactJsonViewCompat"),
    *("DateInput", "DateField", "ReorderedSegments", "Selectbox", "useSyncComboBoxEnterTargetFocus", "useMenuTrigger"),
    *("TextInput", "Metric", "numbro", "PageLink", "DownloadButton"),
)
"""The larger scripts of charts, tables and widgets that nearly every page has."""


def late_scripts() -> list[str]:
    """Where the scripts lie which a browser would ask for only when it meets the first chart, table or widget: to be fetched and
    read while it waits for the page. Addresses as in the page's shell, relative to it.
    """
    return [
        str(found.relative_to(_STATIC)) for name in _LATE_SCRIPTS for found in _STATIC.glob(f"static/js/{name}.*.js")
    ]


def static_files() -> Iterator[tuple[str, pathlib.Path]]:
    """The files that the page's shell names or fetches later, each with its address relative to the shell; their names say what is
    in them, so that each may be kept for ever.
    """
    return ((str(found.relative_to(_STATIC)), found) for found in _STATIC.glob("static/*/*"))


def set_option(name: str, value: object) -> None:
    """Set an option of the server. `st.set_option` refuses those, and variables are not read under uvicorn."""
    config.set_option(name, value)


def is_running() -> bool:
    """Whether this is a run of a page; `st.session_state` would complain anywhere else."""
    return get_script_run_ctx(suppress_warning=True) is not None


def running_page() -> tuple[str, bool]:
    """The page that runs, and whether the person came to it by going back or forward, which no public call tells."""
    context = get_script_run_ctx(suppress_warning=True)
    return ("", False) if context is None else (context.page_script_hash, context.is_history_navigation)


def notes_of_run() -> dict[str, Any] | None:
    """What the page that runs keeps for itself, fragments and threads included; None outside a run.

    `st.session_state` takes locks and looks every name up among the widgets, which is felt where something is asked for a
    thousand times.
    """
    context = get_script_run_ctx(suppress_warning=True)
    return None if context is None else vars(context).setdefault(_NOTES, {})


def go_to(address: str) -> None:
    """Send this browser to an address, with the redirect message of `st.login` and `st.logout`.

    No element does this: links open a new tab, `st.switch_page` knows pages only, and `st.html` drops redirects.
    """
    context = get_script_run_ctx()
    if context is not None:
        message = ForwardMsg()
        message.auth_redirect.url = address
        context.enqueue(message)


def open_tabs() -> list[AppSession]:
    """The tabs that are open in this process. No public call lists them, nor has the page in one run again: with
    `st.fragment(run_every=...)` every browser would ask all the time.
    """
    return (
        [found.session for found in Runtime.instance()._session_mgr.list_active_sessions()] if Runtime.exists() else []
    )


def is_at_rest(tab: AppSession) -> bool:
    """Whether the page in this tab is not being run, and the browser has all of it. On the server's event loop only."""
    tab.track_settling()
    return tab.is_settled


async def run_again(tab: AppSession) -> None:
    """Run the page in a tab at rest as it stands, as if its source had changed; returns when the browser has it."""
    tab.request_rerun(tab._client_state)
    await tab.wait_until_settled()


def log_as_we_do() -> None:
    """Streamlit's log lines go where ours go, in our form. Its loggers, and those it makes of uvicorn's, write to handlers of their
    own otherwise, in another form. What ends a page is told by us, once (`broken_page`).
    """
    set_option("logger.enableRich", False)  # it would print a frame of many lines beside the log
    streamlit_logger.setup_formatter = _hand_on
    streamlit_logger.update_formatter()
    get_logger(error_util.__name__).addFilter(lambda record: record.msg != "Uncaught app execution")


def _hand_on(logger: logging.Logger) -> None:
    if hasattr(logger, "streamlit_console_handler"):
        logger.removeHandler(logger.streamlit_console_handler)
        del logger.streamlit_console_handler
    logger.propagate = True


def refuse_foreign_values(tell: Callable[[str, str], None]) -> None:
    """A widget has its default where a browser says a value of a kind that this widget does not send, or that it cannot read.

    Streamlit hands such a value to the widget's own reader, which raises anything, or to the page, which expects a text and gets
    a number. `tell` is given the widget's id and the kind of value, once in a run: a message may hold thousands.
    """

    def read(states: WStates, key: str) -> Any:
        held, metadata = states.states.get(key), states.widget_metadata.get(key)
        if isinstance(held, Serialized) and metadata is not None:
            states.states[key] = Value(_read_value(held.value, metadata, tell))
        return _READ_ANY(states, key)

    setattr(WStates, "__getitem__", read)  # noqa: B010  (mypy does not let methods be assigned)


def _read_value(said: WidgetState, metadata: WidgetMetadata[Any], tell: Callable[[str, str], None]) -> Any:
    kind: str | None = said.WhichOneof("value")
    if kind in (None, metadata.value_type):
        try:
            return metadata.deserializer(unpack_widget_state_value(said))
        except Exception:  # noqa: BLE001  (each kind of widget has a reader of its own)
            kind = f"{kind}, unreadable"
    context = get_script_run_ctx(suppress_warning=True)
    if context is not None and not vars(context).get(_TOLD):
        vars(context)[_TOLD] = True
        tell(metadata.id, kind or "")
    return metadata.deserializer(None)


def read_theme_once() -> None:
    """Have the theme read when it is first sent. Streamlit reads its three hundred options anew for every run, a seventh of the
    time a small page takes; they are those of `.streamlit/config.toml`, which nothing changes while the server runs.
    """
    read, known = app_session._populate_theme_msg, dict[str, CustomThemeConfig]()

    def put(msg: CustomThemeConfig, section: str = "theme") -> None:
        if section not in known:
            known[section] = CustomThemeConfig()
            read(known[section], section)
        if known[section].ByteSize():  # what is put in is there, however little it says
            msg.MergeFrom(known[section])

    app_session._populate_theme_msg = put


def page_asked() -> str:
    """The address of the page that is about to run, before `st.navigation` says it: where its menu stands depends on it."""
    context = get_script_run_ctx(suppress_warning=True)
    return "" if context is None else _page_named(context.pages_manager, context.page_script_hash)


def _page_named(pages: PagesManager, page_hash: str) -> str:
    """Streamlit knows a page by its hash, and by its name where somebody came to it by its address."""
    asked = pages.intended_page_script_hash or page_hash
    known: Mapping[str, object] = pages.get_pages().get(asked, {})
    return str(known.get("url_pathname") or pages.intended_page_name or "")


def show_larger(pages: Collection[str], *, parameter: str, sizes: Sequence[str], usual: int) -> None:
    """Have these pages (by address) shown with letters of the size, in pixels, that a parameter of the address names, one of
    `sizes`.

    A theme is sent with every run, but its sizes are those of the whole server: what a room reads at five metres is no good at a
    desk.
    """
    make, rerun = AppSession._create_new_session_message, AppSession.request_rerun
    addresses: weakref.WeakKeyDictionary[AppSession, str] = weakref.WeakKeyDictionary()

    def rerun_noted(tab: AppSession, state: ClientState | None) -> None:
        if state is not None:  # the tab itself takes note of it only when the run is over
            addresses[tab] = state.query_string
        rerun(tab, state)

    def made(tab: AppSession, page_script_hash: str, *given: Any, **named: Any) -> ForwardMsg:
        message = make(tab, page_script_hash, *given, **named)
        if _page_named(tab._pages_manager, page_script_hash) in pages:
            asked = parse_qs(addresses.get(tab, "")).get(parameter, [""])[-1]
            theme = message.new_session.custom_theme
            theme.base_font_size = int(asked if asked in sizes else sizes[usual])
            theme.padding_top, theme.padding_bottom = "0.5rem", "0.5rem"
        return message

    setattr(AppSession, "_create_new_session_message", made)  # noqa: B010  (mypy does not let methods be assigned)
    setattr(AppSession, "request_rerun", rerun_noted)  # noqa: B010


# --- Finished elements -----------------------------------------------------------------------------------------------
#
# `st.cache_resource` draws what a function drew by calling every element anew: each is copied, put in its place and hashed
# again, which takes five times as long as to send its message once more.


@dataclasses.dataclass(frozen=True)
class Finished:
    """What a part of a page has sent: each message with its place, counted from the part's first in the container it stands in,
    and how many places of that container it takes.
    """

    messages: tuple[tuple[tuple[int, ...], bytes], ...]
    places: int

    def __sizeof__(self) -> int:
        return 200 + sum(200 + len(data) for _, data in self.messages)


_noting: Final[contextvars.ContextVar[list[ForwardMsg] | None]] = contextvars.ContextVar("noting", default=None)
_ENQUEUE: Final = ScriptRunContext.enqueue


def _enqueue_and_note(context: ScriptRunContext, message: ForwardMsg) -> None:
    _ENQUEUE(context, message)
    if (noted := _noting.get()) is not None:
        noted.append(message)


setattr(ScriptRunContext, "enqueue", _enqueue_and_note)  # noqa: B010  (mypy does not let methods be assigned)


def draw_and_note(draw: Callable[[], None]) -> Finished | None:
    """Draw, and what was sent for it; None outside a run. Streamlit complains of widgets in it, which belong to one session.

    Raises RuntimeError where something was drawn outside the container one stands in: it cannot be put elsewhere.
    """
    cursor, said = _cursor(), list[ForwardMsg]()
    above: tuple[int, ...] = () if cursor is None else tuple(cursor.delta_path[:-1])
    first = 0 if cursor is None else cursor.index
    noting, cached = _noting.set(said), in_cached_function.set(True)
    try:
        draw()
    finally:
        in_cached_function.reset(cached)
        _noting.reset(noting)
    if cursor is None:
        return None
    if (around := _noting.get()) is not None:
        around.extend(said)
    depth = len(above)
    messages = list[tuple[tuple[int, ...], bytes]]()
    for message in said:
        place = tuple(message.metadata.delta_path)
        if place[:depth] != above or len(place) == depth:
            raise RuntimeError(f"drawn at {place}, outside the container at {above}")
        messages.append(((place[depth] - first, *place[depth + 1 :]), message.SerializeToString()))
    return Finished(tuple(messages), cursor.index - first)


def send_again(finished: Finished) -> None:
    """Send what was drawn before once more, from where the page has got to."""
    context, cursor = get_script_run_ctx(), _cursor()
    assert context is not None
    assert cursor is not None
    above, first = tuple(cursor.delta_path[:-1]), cursor.index
    for place, data in finished.messages:
        message = ForwardMsg.FromString(data)
        message.metadata.delta_path[:] = (*above, first + place[0], *place[1:])
        context.enqueue(message)  # its hash stands in it
    for _ in range(finished.places):
        cursor.lock_element()


def _cursor() -> Any:
    """Where the next element goes."""
    return get_dg_singleton_instance().main_dg._active_dg._cursor


def running_fragment() -> str:
    """The fragment that runs, as its elements name it; empty outside one."""
    return ThreadState.get().fragment_id or ""


def drop_upload(given: UploadedFile) -> None:
    """Let the memory go in which a file of this tab is kept. Streamlit does so when the tab is closed, and not before."""
    context = get_script_run_ctx()
    if context is not None and isinstance(context.uploaded_file_mgr, MemoryUploadedFileManager):
        context.uploaded_file_mgr.remove_file(context.session_id, given.file_id)


def uploaded_bytes(tab: str) -> int:
    """How many bytes of uploads are kept for a tab, by the name Streamlit has for it."""
    kept = Runtime.instance().uploaded_file_mgr if Runtime.exists() else None
    if not isinstance(kept, MemoryUploadedFileManager):
        return 0
    return sum(len(file.data) for file in list(kept.file_storage.get(tab, {}).values()))


def addresses_of_files(data: bytes) -> Iterator[str]:
    """The addresses of files that a message to a browser offers. What is no message offers none."""
    try:
        message = ForwardMsg.FromString(data)
    except Exception:  # noqa: BLE001  (what a parser raises depends on which of protobuf's parsers there is)
        return
    waiting: list[Any] = [message]
    while waiting:
        part = waiting.pop()
        for field, value in part.ListFields():
            if (part.DESCRIPTOR.full_name, field.name) in _OFFERS_OF_FILES:
                yield value
            elif field.message_type is not None:
                waiting.extend(_parts(value))


def _parts(value: Any) -> list[Any]:
    """The messages in a field: itself, those of a list, or the values of a map that are messages."""
    if hasattr(value, "ListFields"):
        return [value]
    found = value.values() if hasattr(value, "values") else value
    return [one for one in found if hasattr(one, "ListFields")]


@contextlib.contextmanager
def quiet_imports() -> Iterator[None]:
    """Inside the block Streamlit does not complain that it is called outside a page, as packages do while imported.

    `streamlit_authenticator` declares its components then, although its form needs none of them.
    """
    log: Any = get_logger(script_run_context.__name__)
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(level)
