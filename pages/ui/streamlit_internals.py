"""All that is used of Streamlit beyond what it promises to keep, in one place, each with its reason.

`tests/web/test_streamlit_internals.py` says what is relied on, and fails when another version is installed: go through
this file then, and write its number here.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from typing import Any, Final

from streamlit import config, error_util
from streamlit import logger as streamlit_logger
from streamlit.logger import get_logger

# What a browser says over its websocket: read before Streamlit reads it, as some messages are answered without a page.
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.scriptrunner_utils import script_run_context

__all__ = ["VERSION", "BackMsg", "go_to", "is_running", "log_as_we_do", "quiet_imports", "running_page", "set_option"]

VERSION: Final = "1.67.0"


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


def go_to(address: str) -> None:
    """Send this browser to an address, with the redirect message of `st.login` and `st.logout`.

    No element does this: links open a new tab, `st.switch_page` knows pages only, and `st.html` drops redirects.
    """
    context = get_script_run_ctx()
    if context is not None:
        message = ForwardMsg()
        message.auth_redirect.url = address
        context.enqueue(message)


def log_as_we_do() -> None:
    """Streamlit's log lines go where ours go, in our form; its loggers, and those it makes of uvicorn's, write to a handler of their
    own otherwise, one line of a traceback after the other. What ends a page is told by us, once (`broken_page`)."""
    streamlit_logger.setup_formatter = _hand_on
    streamlit_logger.update_formatter()
    get_logger(error_util.__name__).addFilter(lambda record: record.msg != "Uncaught app execution")


def _hand_on(log: logging.Logger) -> None:
    if hasattr(log, "streamlit_console_handler"):
        log.removeHandler(log.streamlit_console_handler)
        del log.streamlit_console_handler
    log.propagate = True


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
