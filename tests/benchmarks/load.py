"""How long a leader waits for the overview while others do what they should not, or all come at once.

Run by `make load`: everything on this machine and the loopback interface, each assault for a few seconds; prints a table. The
clients need the processor too, so that on two cores these are upper bounds. Networks cannot be told apart here: what is
signed out shares the limits of one.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
import itertools
import multiprocessing
import pathlib
import statistics
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urljoin

import httpx
from streamlit.proto.BackMsg_pb2 import BackMsg

from data_access import accounts, store
from tests.attacks.wire import Answer, Refused, Tab, tab
from tests.benchmarks.crowd import Crowd, cookies
from tests.benchmarks.measured import Measured, table
from tests.benchmarks.screens import READER, SMALLEST, cookie_of, demo_store
from tests.serving import served

FOR_SECONDS = 20.0
LOOKS_EVERY = 0.5

Assault = Callable[["Siege"], None]


@dataclasses.dataclass(frozen=True)
class Siege:
    """Which application is assaulted, where its store is, and until when (as `time.monotonic` counts)."""

    address: str
    database: str
    until: float

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self.until

    def cookie_of(self, username: str) -> str:
        """The cookie of a new session of this account."""
        engine = store.get_engine(self.database)
        found = cookie_of(engine, username)
        store.close(engine)
        return found


# --- Assaults --------------------------------------------------------------------------------------------------------


def nothing(siege: Siege) -> None:
    """Nobody else is there."""


def anonymous_sockets(siege: Siege) -> None:
    """500 websockets without a session, as many as are let in; 20 at a time have the sign-in drawn."""
    with contextlib.ExitStack() as stack:
        held: list[Tab] = []
        for _ in range(500):
            with contextlib.suppress(Refused):
                held.append(stack.enter_context(tab(siege.address)))
        _each(siege, [held[place::20] for place in range(20)], lambda own: own.rerun())


def sign_ins(siege: Siege) -> None:
    """200 people send name and password at once."""
    marks = []
    with httpx.Client(base_url=siege.address) as client:
        for _ in range(200):
            client.cookies.clear()
            marks.append("; ".join(f"{name}={value}" for name, value in client.get("/").cookies.items()))

    def one(mark: str) -> None:
        with contextlib.suppress(Refused, TimeoutError), tab(siege.address, cookie=mark) as opened:
            opened.rerun(widgets=_filled_in(opened.rerun(), READER, "sai mật khẩu này"))

    with ThreadPoolExecutor(200) as people:
        list(people.map(one, marks))


def tabs_of_an_agency(siege: Siege) -> None:
    """40 tabs of one account ask for the ranking without a pause."""
    cookie = siege.cookie_of("bct")
    with contextlib.ExitStack() as stack:
        tabs = [[stack.enter_context(tab(siege.address, cookie=cookie))] for _ in range(40)]
        _each(siege, tabs, lambda own: own.rerun("ranking"))


def slow_workbooks(siege: Siege) -> None:
    """Four agencies' accounts hand in small workbooks that turn into millions of elements, again and again."""
    content = workbook()
    agencies = [account.username for account in accounts.DEMO_ACCOUNTS if account.role == "agency"]

    def one(username: str) -> None:
        cookie = siege.cookie_of(username)
        while not siege.is_over:
            with contextlib.suppress(Refused, TimeoutError), tab(siege.address, cookie=cookie) as opened:
                _hand_in(siege.address, opened, cookie, content)

    with ThreadPoolExecutor(4) as senders:
        list(senders.map(one, itertools.islice(itertools.cycle(agencies), 4)))


def people_at_work(siege: Siege) -> None:
    """100 people who read a page for two seconds and open the next."""
    engine = store.get_engine(siege.database)
    with_sessions = cookies(engine, 100)
    store.close(engine)
    Crowd(siege.address, with_sessions).at_work(max(siege.until - time.monotonic(), 1.0))


ASSAULTS: Sequence[tuple[str, Assault, float | None]] = (
    ("nothing", nothing, None),
    ("500 anonymous sockets, 20 drawing the sign-in", anonymous_sockets, 2.0),
    ("200 sign-ins at once", sign_ins, 2.0),
    ("40 tabs of one agency rerunning the ranking", tabs_of_an_agency, 2.0),
    ("four slow workbooks at once", slow_workbooks, 1.0),
    ("100 people at work", people_at_work, 1.0),
)
"""What is done, and within how many seconds a leader's overview must come nevertheless."""


def _each(siege: Siege, groups: Sequence[Sequence[Tab]], ask: Callable[[Tab], Answer]) -> None:
    """A thread for each group goes round its websockets without a pause until it is over."""

    def round_and_round(own: Sequence[Tab]) -> None:
        for opened in itertools.cycle(own):
            if siege.is_over:
                return
            with contextlib.suppress(Refused, TimeoutError):
                ask(opened)

    with ThreadPoolExecutor(len(groups)) as pool:
        list(pool.map(round_and_round, groups))


def _filled_in(form: Answer, username: str, password: str) -> list[dict[str, object]]:
    """The sign-in with its fields filled in and its button pressed."""
    texts = iter((username, password))
    filled: list[dict[str, object]] = []
    for kind, element in form.elements():
        if kind == "text_input":
            filled.append({"id": element.id, "string_value": next(texts)})
        elif kind == "button" and element.is_form_submitter:
            filled.append({"id": element.id, "trigger_value": True})
    assert len(filled) == 3, "the sign-in has two fields and a button"
    return filled


def _hand_in(address: str, opened: Tab, cookie: str, content: bytes) -> None:
    """Put a file into the upload page's field, and have it checked."""
    field = next(element for kind, element in opened.rerun("upload").elements() if kind == "file_uploader")
    wish = BackMsg()
    wish.file_urls_request.request_id = "1"
    wish.file_urls_request.file_names.append("a.xlsx")
    given = opened.ask_and_wait(wish, "file_urls_response").file_urls_response.file_urls[0]
    with httpx.Client(base_url=address, headers={"Cookie": cookie}) as client:
        token = client.get("/_stcore/health").cookies["_streamlit_xsrf"]
        sent = {"Cookie": f"{cookie}; _streamlit_xsrf={token}", "X-Xsrftoken": token}
        client.put(
            urljoin(f"{address}/", given.upload_url.lstrip("/")), files={"file": ("a.xlsx", content)}, headers=sent
        )
    state = BackMsg()
    uploaded = state.rerun_script.widget_states.widgets.add(
        id=field.id
    ).file_uploader_state_value.uploaded_file_info.add()
    uploaded.file_id, uploaded.name, uploaded.size = given.file_id, "a.xlsx", len(content)
    uploaded.file_urls.CopyFrom(given)
    state.rerun_script.page_name = "upload"
    opened.send(state)
    opened.answer()


def workbook() -> bytes:
    """A workbook of some kilobytes whose one sheet has five million empty rows."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr(
            "[Content_Types].xml", '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
        )
        parts.writestr(
            "xl/workbook.xml",
            '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/'
            'officeDocument/2006/relationships"><sheets><sheet name="a" sheetId="1" r:id="rId1"/></sheets></workbook>',
        )
        parts.writestr(
            "xl/_rels/workbook.xml.rels",
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Target='
            '"worksheets/sheet1.xml" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"/>'
            "</Relationships>",
        )
        sheet = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        parts.writestr("xl/worksheets/sheet1.xml", f"{sheet}{'<row/>' * 5_000_000}</sheetData></worksheet>")
    return written.getvalue()


# --- The leader ------------------------------------------------------------------------------------------------------


def waits_during(assault: Assault, siege: Siege) -> list[float]:
    """What a leader waits for the overview, every half second while the assault goes on, in seconds.

    The assault comes from a process of its own: what its clients need must not be mistaken for what the leader waits.
    """
    found: list[float] = []
    others = multiprocessing.get_context("spawn").Process(target=assault, args=(siege,))
    with tab(siege.address, cookie=siege.cookie_of(READER)) as leader:
        leader.rerun()
        others.start()
        while not siege.is_over:
            begun = time.perf_counter()
            leader.rerun()
            found.append(time.perf_counter() - begun)
            time.sleep(LOOKS_EVERY)
        others.join()
    assert others.exitcode == 0, "the assault did not go as it was meant to"
    return found


def measure(folder: pathlib.Path) -> Iterator[Measured]:
    """An application of its own for each assault, with the limits it has in earnest."""
    with demo_store(SMALLEST, folder) as engine:
        database = engine.url.render_as_string(hide_password=False)
        for name, assault, budget in ASSAULTS:
            with served(engine, environ={"RUNS_PER_SECOND": "4"}) as running:
                waits = waits_during(assault, Siege(running.address, database, time.monotonic() + FOR_SECONDS))
            yield Measured(name, SMALLEST, statistics.quantiles(waits, n=20)[-1], 1.0, budget, "s, p95")


def main() -> None:
    """Print what is found, each line as soon as it is."""
    with tempfile.TemporaryDirectory(prefix="load") as folder:
        for line in table(measure(pathlib.Path(folder))):
            print(line, flush=True)


if __name__ == "__main__":
    main()
