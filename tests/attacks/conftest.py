"""The application as it is started, on a register in which every text tells whose it is."""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import datetime as dt
import io
import pathlib
import re
import shutil
from collections.abc import Callable, Iterator

import httpx
import pytest
import sqlalchemy as sa
from sqlmodel import SQLModel, col

from data_access import accounts, store, updates
from data_access.accounts import Person, passwords
from data_access.store import models
from data_access.store.arrow import table_of
from kpi.facts import REPORT_FIELDS
from kpi.update import Checked, Table, check_rows, compare, read_table
from tests.attacks.wire import Answer, Tab, tab
from tests.pages import stores
from tests.serving import Served, served

AGREEMENTS = 60
MARKED: dict[type[SQLModel], tuple[str, ...]] = {
    models.Agreement: ("ref", "title_vi", "title_en", "deliverable_vi", "deliverable_en", "notes_vi", "evidence_url"),
    models.StatusEvent: ("note",),
    models.TargetDate: ("reason",),
    models.ProgressReport: ("content", "progress", "difficulties", "recommendations"),
    models.Blocker: ("description",),
}
"""The columns in which an agency writes about its own agreements."""


BAIT = (
    "![zx](http://evil.test/a.png) <img src=http://evil.test/b onerror=alert(1)><script>alert(1)</script> "
    "[bấm](javascript:alert(1)) http://evil.test/c :material/bug_report: :red[đỏ] $\\frac{1}{2}$ <b>đậm</b> -> `mã` "
    "{{7*7}} {0} %s &lt;i&gt; | ~~gạch~~ # \u202etxt.exe"
)
"""Text of a kind nobody should be able to make anything of."""

FORMULA = '=HYPERLINK("http://evil.test/d","bấm")'


def mark(agency: str | None) -> str:
    """What stands in every text about this agency's agreements, and nowhere else."""
    return f"ZQ{agency or 'NOBODY'}QZ"


MARKS = re.compile(rb"(?:ZQ([A-Z0-9-]+?)QZ|RF([A-Z0-9-]+?)FR\\?-(\d+))")
"""A mark as it may appear in an answer: of a text, or of a reference, whose number comes with it."""


def marked(content: bytes, *, typed: str = "") -> set[str]:
    """Whose texts are in an answer; a reference that was typed in the address comes back in words and does not count."""
    found = (match.groups() for match in MARKS.finditer(content))
    return {
        (text or whose).decode()
        for text, whose, number in found
        if text or f"RF{whose.decode()}FR-{number.decode()}" != typed
    }


def fill(engine: sa.Engine, *, count: int = AGREEMENTS) -> None:
    """The tests' register with its texts marked, a batch of each agency that has an account, and the demo accounts."""
    stores.fill(engine, count=count)
    agency = sa.func.coalesce(col(models.Agreement.responsible_agency), "NOBODY")
    with store.session(engine) as session:
        for model, columns in MARKED.items():
            table = table_of(model)
            owner = "id" if model is models.Agreement else "agreement_id"
            whose = (
                agency
                if model is models.Agreement
                else sa.select(agency).where(col(models.Agreement.id) == table.c[owner]).scalar_subquery()
            )
            link = "https://example.org/" if model is models.Agreement else ""
            for name in columns:
                start, end = ("RF", "FR-") if name == "ref" else (f"{link if name == 'evidence_url' else ''}ZQ", "QZ-")
                text = sa.literal(start).concat(whose).concat(end).concat(sa.cast(table.c[owner], sa.String))
                if name in ("title_vi", "title_en"):
                    text = text.concat(f" {BAIT}")
                elif name not in ("ref", "evidence_url"):
                    text = sa.literal(FORMULA).concat(text).concat(f" {BAIT}")
                session.execute(sa.update(table).values({name: text}))
        session.execute(
            sa.update(models.Agreement).values(responsible_as_given=f"{FORMULA} {BAIT}", responsible_office=BAIT)
        )
        long = sa.func.coalesce(col(models.Agreement.title_vi), "").concat("rất dài " * 400)
        session.execute(sa.update(models.Agreement).where(col(models.Agreement.id) == 3).values(title_vi=long))
        renamed = dict.fromkeys(("name_vi", "name_en", "abbr_vi", "abbr_en"), f"Bộ {BAIT}")
        session.execute(sa.update(models.Agency).where(col(models.Agency.key) == "BXD").values(**renamed))
        session.add(models.AgencyAlias(alias=f"{FORMULA} {BAIT}", agency="BXD", source=BAIT))
        for key in ("BCT", "T20"):
            session.add_all(
                models.Explanation(
                    agency=key, kpi=kpi, text_vi=f"{FORMULA} {BAIT}", text_en=BAIT, given_on=stores.AS_OF
                )
                for kpi in ("K02", "K05", "K08")
            )
        accounts.ensure_demo_accounts(session)
        session.execute(sa.update(models.User).values(office=f"{FORMULA} {BAIT}"))
        for account in accounts.DEMO_ACCOUNTS:
            if account.role == "agency":
                session.add(
                    models.UploadBatch(
                        username=account.username,
                        agency=account.agency,
                        file_name=f"{mark(account.agency)} {BAIT}.csv",
                        reason=f"{FORMULA} {BAIT}",
                        file_sha256="0" * 64,
                        rows=1,
                        changes=0,
                        status="applied",
                        applied_at=models.utc_now(),
                    )
                )


def hand_in(engine: sa.Engine) -> None:
    """A batch of BCT that waits for review, with bait in every text an agency can send."""
    coordinator = Person("dieuphoi", "coordinator", "BNG", "")
    with store.session(engine) as session:
        updates.write_routes(session, actor=coordinator, routes=dict.fromkeys(updates.read_routes(engine), "review"))
    current = updates.current_rows(engine, "BCT")
    names = ["ref", "report_period", "report_date", "progress_pct", "deliverable_vi", *REPORT_FIELDS]
    texts = {name: f"{mark('BCT')} mới {BAIT}".replace("\u202e", "") for name in ("deliverable_vi", *REPORT_FIELDS)}
    row = {"ref": "RFBCTFR-3", "report_period": "2025-Q4", "report_date": "2026-01-09", "progress_pct": "51", **texts}
    written = io.StringIO(newline="")
    writer = csv.DictWriter(written, names)
    writer.writeheader()
    writer.writerow(row)
    table = read_table(written.getvalue().encode(), f"{mark('BCT')} {BAIT}.csv".replace("/", "").replace("\u202e", ""))
    assert isinstance(table, Table), table
    checked = check_rows(table, current, today=dt.date(2026, 1, 14))
    assert isinstance(checked, Checked), checked
    preview = compare(checked, current)
    with store.session(engine) as session:
        handed_in = updates.hand_in(
            session,
            actor=Person("bct", "agency", "BCT", ""),
            table=table,
            preview=preview.decided(preview.conflicts),
            acknowledged=True,
        )
    assert handed_in.waiting is not None


def everything(engine: sa.Engine) -> dict[str, list[tuple[object, ...]]]:
    """All rows of the tables that hold data, for saying that nothing has changed."""
    people = {"usersession", "signinticket", "signinattempt", "knownbrowser", "auditentry", "rowseal"}
    with engine.connect() as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(sa.select(table))), key=repr)
            for table in SQLModel.metadata.sorted_tables
            if table.name not in people
        }


@pytest.fixture(scope="session")
def house(sqlite_migrated: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The application, started once."""
    path = tmp_path_factory.mktemp("attacked") / "store.sqlite"
    shutil.copy(sqlite_migrated, path)
    engine = store.get_engine(f"sqlite:///{path}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "ROUNDS", 4)
        fill(engine)
        hand_in(engine)
    with served(engine) as running:
        yield running
    store.close(engine)


@dataclasses.dataclass(frozen=True)
class SignedIn:
    """A session somebody has, and a way to have it ended."""

    house: Served
    username: str
    token: str

    @property
    def cookie(self) -> str:
        return f"kpi_session={self.token}; kpi_browser=mark-of-{self.username}"

    def end(self) -> None:
        with store.session(self.house.engine) as session:
            accounts.end_session(session, actor=self.username, token_hash=accounts.hash_token(self.token))

    def tab(self, **claimed: object) -> contextlib.AbstractContextManager[Tab]:
        return tab(self.house.address, cookie=self.cookie, **claimed)  # type: ignore[arg-type]


SignIn = Callable[[str], SignedIn]


@pytest.fixture(scope="session")
def sign_in(house: Served) -> SignIn:
    """`sign_in(username)`: a new session of that account."""

    def start(username: str) -> SignedIn:
        with store.session(house.engine) as session:
            return SignedIn(house, username, accounts.start_session(session, username=username))

    return start


@pytest.fixture
def http(house: Served) -> Iterator[httpx.Client]:
    """Plain HTTP to the application."""
    with httpx.Client(base_url=house.address, timeout=30) as client:
        yield client


@pytest.fixture
def attempts(record_property: Callable[[str, object], None]) -> Callable[[int], None]:
    """Say how many attempts a test made; with `--junitxml` they can be added up."""
    return lambda number: record_property("attempts", number)


Attempts = Callable[[int], None]


class Refusals:
    """What the application has said about refusals since the last look."""

    def __init__(self, house: Served) -> None:
        self._house = house
        self._read = len(house.logged())

    def new(self) -> list[str]:
        text = self._house.logged()[self._read :]
        self._read += len(text)
        return [line for line in text.splitlines() if "refused" in line or "denied" in line]


@pytest.fixture
def refusals(house: Served) -> Refusals:
    """The log from now on."""
    return Refusals(house)


def is_sign_in(answer: Answer) -> bool:
    """Whether the sign-in was shown, which in demo mode names the password, and no page."""
    kinds = {kind for kind, _ in answer.elements()}
    return answer.says(accounts.DEMO_PASSWORD) and not {"dataframe", "metric", "vega_lite_chart"} & kinds
