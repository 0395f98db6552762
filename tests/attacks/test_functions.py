"""Everything the store offers that asks who acts, asked by people who may not, and for what belongs to others.

Functions are found, not listed: one that is new fails here until somebody has said who may use it.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import importlib
import inspect
import itertools
import logging
import pathlib
import pkgutil
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest
import sqlalchemy as sa

import data_access
from data_access import accounts, audit, drafts, lists, publications, register, settings, store, updates
from data_access.accounts import Person, passwords
from data_access.acting import Refused
from data_access.audit.journal import Sought
from data_access.contacts import Contact
from data_access.documents import Document
from data_access.mail import Mailer
from data_access.store import models
from data_access.store.arrow import table_of
from data_access.updates import applying
from data_access.verification import Claim
from files import reading
from kpi.reporting.calendar import Period
from kpi.update import Checked, Preview, Table, check_rows, compare, read_table
from tests.attacks.conftest import Attempts, everything, fill, mark
from tests.attacks.who_may import MAY, OWN, WITHIN

TODAY = dt.date(2026, 1, 20)
OWNER, OWNER_AGENCY = "bct", "BCT"
THIEF, THIEF_AGENCY = "langson", "T20"


def functions(parameter: str, *annotations: str) -> dict[str, Callable[..., Any]]:
    """Every public function of `data_access` with a parameter of this name and one of these types."""
    found: dict[str, Callable[..., Any]] = {}
    for module in pkgutil.walk_packages(data_access.__path__, "data_access."):
        if ".migrations" in module.name:
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            is_own = inspect.isfunction(value) and value.__module__ == module.name and not name.startswith("_")
            if is_own and parameter in inspect.signature(value).parameters:
                annotation = inspect.signature(value).parameters[parameter].annotation
                if str(annotation) in annotations:
                    found[f"{module.name.removeprefix('data_access.')}.{name}"] = value
    return found


ASKED = {**functions("actor", "Actor", "Person"), **functions("person", "Person")}


def test_everything_that_asks_who_acts_is_attacked() -> None:
    assert set(ASKED) == {*MAY, *WITHIN, *OWN}


# --- The store, and what the thieves hold in their hands -------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class World:
    """A store, and arguments that name what belongs to OWNER_AGENCY."""

    engine: sa.Engine
    arguments: Mapping[str, Sequence[Any]]


@pytest.fixture(scope="module")
def begun(sqlite_migrated: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> World:
    """The world on SQLite, made once; nothing is open on its file."""
    path = tmp_path_factory.mktemp("world") / "store.sqlite"
    shutil.copy(sqlite_migrated, path)
    engine = store.get_engine(f"sqlite:///{path}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "ROUNDS", 4)
        made = _made(engine)
    store.close(engine)
    return made


@pytest.fixture
def world(request: pytest.FixtureRequest, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> World:
    """A world of this test's own: on SQLite a copy of one, on PostgreSQL made anew."""
    monkeypatch.setattr(passwords, "ROUNDS", 4)
    if engine.dialect.name != "sqlite":
        return _made(engine)
    begun: World = request.getfixturevalue("begun")
    shutil.copy(str(begun.engine.url.database), str(engine.url.database))
    return dataclasses.replace(begun, engine=engine)


def _made(engine: sa.Engine) -> World:
    fill(engine)
    admin = Person("quantri", "administrator", None, "")
    with store.session(engine) as session:
        for username, role, agency in CLOSED:
            accounts.add_user(
                session, actor="test", username=username, password="bốn từ bất kỳ nào", role=role, agency=agency
            )
            accounts.disable_user(session, actor=admin, username=username)
    owner = Person(OWNER, "agency", OWNER_AGENCY, "")
    table, preview = confirmed(engine, 0)
    with store.session(engine) as session:
        applied = updates.apply(session, actor=owner, preview=preview)
    coordinator = Person("dieuphoi", "coordinator", "BNG", "")
    routes: dict[Any, Any] = dict.fromkeys(updates.read_routes(engine), "review")
    with store.session(engine) as session:
        updates.write_routes(session, actor=coordinator, routes=routes)
    table, preview = confirmed(engine, 1)
    with store.session(engine) as session:
        handed_in = updates.hand_in(session, actor=owner, table=table, preview=preview, acknowledged=True)
    assert handed_in.waiting is not None
    draft = drafts.Content("form", "A-1", "{}")
    with store.session(engine) as session:
        begun = drafts.keep(session, actor=owner, content=draft, draft_id=None)
    review = updates.review(engine, handed_in.waiting, agency=None)
    table, preview = confirmed(engine, 2)
    period = Period("2099-Q1", dt.date(2099, 1, 1), dt.date(2099, 3, 31), dt.date(2099, 4, 10))
    return World(
        engine,
        {
            "batch_id": (applied.batch_id, handed_in.waiting, 1, 999_999, -1),
            "preview": (preview,),
            "table": (table,),
            "review": (review,),
            "reason": ("lý do",),
            "text": ("Bộ nào đó",),
            "routes": (dict.fromkeys(routes, "direct"),),
            "period": ("2099-Q1",),
            "claim": (Claim(1, "COMPLETED", dt.date(2025, 5, 1)),),
            "verdict": ("confirmed",),
            "document": (Document("1/KL", "x", dt.date(2025, 5, 1)),),
            "verification_id": (1,),
            "periods": ([period],),
            "due_on": (dt.date(2099, 5, 1),),
            "day": (dt.date(2026, 1, 20),),
            "name": ("stall_days",),
            "value": (1.0,),
            "effective_on": (dt.date(2099, 1, 1),),
            "username": (OWNER, "quantri"),
            "role": ("administrator",),
            "agency": (OWNER_AGENCY,),
            "office": ("",),
            "password": ("bốn từ bất kỳ nào",),
            "key": (OWNER_AGENCY,),
            "subject": ("https://issuer.test|1",),
            "sought": (Sought(),),
            "seen": ([period],),
            "contact": (Contact("x"),),
            "kpi": ("K02",),
            "number": (1,),
            "entry": (lists.Entry("XX-1", "x", "x", "country", "Asia"),),
            "code": (OWNER_AGENCY,),
            "of": ("agency",),
            "into": (THIEF_AGENCY,),
            "refs": ([f"{OWNER_AGENCY}-2025-0001"],),
            "partners": (["JP"],),
            "tier": ("CP",),
            "name_vi": ("x",),
            "name_en": ("x",),
            "letters": ([(OWNER_AGENCY, 1)],),
            "content": (draft,),
            "draft_id": (begun.id,),
            "newer": (None,),
            "task": ("Báo cáo tiến độ",),
            "kind": ("answered", "done_accepted", "level_decided"),
            "last_step": (0, 1),
            "step": (1,),
            "ref": (f"{OWNER_AGENCY}-2025-0001",),
            "ask": ("Cho phép áp dụng cơ chế đặc thù",),
            "drafted": (publications.Draft(dt.date(2025, 5, 1), dt.date(2025, 5, 1), "", "x", "{}", 1),),
            "mailer": (Mailer(settings.load({})),),
        },
    )


def confirmed(engine: sa.Engine, which: int) -> tuple[Table, Preview]:
    """A file of OWNER_AGENCY about one of its agreements, as far as its confirmation."""
    current = updates.current_rows(engine, OWNER_AGENCY)
    ref = current.agreements["ref"].to_list()[which]
    table = read_table(
        f"ref,evidence_url\n{ref},https://example.org/{which}/new\n".encode(), f"{which}.csv", reader=reading.read
    )
    assert isinstance(table, Table)
    checked = check_rows(table, current, today=TODAY)
    assert isinstance(checked, Checked), checked
    return table, compare(checked, current)


# --- Who the thieves say they are ------------------------------------------------------------------------------------

CLOSED = (("cu-quantri", "administrator", None), ("cu-dieuphoi", "coordinator", None), ("cu-bct", "agency", "BCT"))
ACCOUNTS = {
    **{account.username: (account.role, account.agency) for account in accounts.DEMO_ACCOUNTS},
}
NAMES = (*ACCOUNTS, *(name for name, _, _ in CLOSED), "nobody", "", "BCT", "bct ", "' OR 1=1 --", "quantri ")
CLAIMED_ROLES = (*accounts.ROLES, "root")
CLAIMED_AGENCIES = (OWNER_AGENCY, THIEF_AGENCY, "BNG", "TTCP", None)


def thieves(function: str) -> Iterator[Person | str]:
    """Everybody who may not use this function on what belongs to OWNER_AGENCY: true accounts, and forged claims.

    What concerns accounts asks the store for the role of a name, whatever is claimed beside it; all else must be exactly
    as the store has it.
    """
    is_about_accounts = function.startswith(("accounts.", "audit."))
    for name, role, agency in itertools.product(NAMES, CLAIMED_ROLES, CLAIMED_AGENCIES):
        holds = ACCOUNTS.get(name)
        is_true = holds is not None if is_about_accounts else holds == (role, agency)
        rights = {holds[0] if holds is not None else ""} | ({"owner"} if name == OWNER else set())
        if not (is_true and rights & set(MAY[function])):
            yield Person(name, role, agency, "")
    if is_about_accounts:
        yield from (*ACCOUNTS, *(name for name, _, _ in CLOSED))  # names in the place of a process


def attacks(world: World, function: str) -> Iterator[tuple[Person | str, dict[str, Any]]]:
    """Every thief with every choice of arguments."""
    parameters = inspect.signature(ASKED[function]).parameters
    needed = [
        name
        for name, parameter in parameters.items()
        if parameter.default is parameter.empty
        and parameter.kind is not parameter.VAR_KEYWORD
        and name not in ("session", "engine", "actor")
    ]
    missing = [name for name in needed if name not in world.arguments]
    assert not missing, f"say in `_made` what to give {function} for {missing}"
    for actor in thieves(function):
        for values in itertools.product(*(world.arguments[name] for name in needed)):
            given = dict(zip(needed, values, strict=True))
            if not (
                isinstance(actor, Person) and function.endswith("list_sessions") and actor.username == given["username"]
            ):
                yield actor, given


class Counting(logging.Handler):
    """Counts what is written down about refusals."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@pytest.fixture
def written() -> Iterator[Counting]:
    """What the application writes to its log during a test."""
    counting = Counting()
    log = logging.getLogger("agreements")
    log.addHandler(counting)
    yield counting
    log.removeHandler(counting)


def is_denied(world: World, function: str, actor: Person | str, given: Mapping[str, Any]) -> bool:
    """Whether the store says no, and for this reason."""
    call = ASKED[function]
    try:
        if "session" in inspect.signature(call).parameters:
            with store.session(world.engine) as session:
                call(session, actor=actor, **given)
        else:
            call(world.engine, actor=actor, **given)
    except Refused as refused:
        return refused.code in ("not_allowed", "administrators_only", "draft_gone")
    return False


def test_ten_thousand_times_nobody_acts_who_may_not(world: World, written: Counting, attempts: Attempts) -> None:
    """Every other attempt there is; on PostgreSQL, where each takes longer, one in twenty."""
    step, least = (2, 10_000) if world.engine.dialect.name == "sqlite" else (20, 1_000)
    before = everything(world.engine)
    tried = 0
    got_through = []
    for function in MAY:
        for actor, given in itertools.islice(attacks(world, function), 0, None, step):
            tried += 1
            if not is_denied(world, function, actor, given):
                got_through.append((function, actor, given))

    attempts(tried)
    assert got_through == []
    assert tried >= least
    assert len(written.lines) >= tried
    assert everything(world.engine) == before
    assert audit.verify(world.engine) is None


def test_a_batch_is_carried_out_for_its_own_agency_only(world: World) -> None:
    """What `apply` and `publish` end in asks once more, whoever called it."""
    before = everything(world.engine)
    (preview,) = world.arguments["preview"]
    for username in (THIEF, "lanhdao", "dieuphoi", "quantri"):
        role, agency = ACCOUNTS[username]
        actor = Person(username, role, agency, "")
        batch = applying.batch_of(Person(OWNER, "agency", OWNER_AGENCY, ""), preview, status="applied")
        with store.session(world.engine) as session, pytest.raises(Refused, match="not_allowed"):
            applying.carry_out(session, actor=actor, preview=preview, batch=batch, action="upload.apply")
        assert everything(world.engine) == before, username


def test_those_who_may_do(world: World) -> None:
    """Else the refusals above would prove nothing."""
    owner = Person(OWNER, "agency", OWNER_AGENCY, "")
    batch, waiting = world.arguments["batch_id"][:2]
    for function, actor, given in (
        ("updates.handing_in.withdraw", owner, {"batch_id": waiting}),
        ("updates.undoing.undo", owner, {"batch_id": batch}),
        ("drafts.throw_away", owner, {"draft_id": world.arguments["draft_id"][0]}),
        ("accounts.people.read_accounts", Person("quantri", "administrator", None, ""), {}),
    ):
        assert not is_denied(world, function, actor, given)


# --- What is asked for by agency -------------------------------------------------------------------------------------


def test_what_is_read_for_an_agency_is_its_own(world: World) -> None:
    """Every batch and every agreement, asked for in the name of every agency that has any."""
    with store.session(world.engine, read_only=True) as session:
        batch = table_of(models.UploadBatch).c
        batches = {row.id: row.agency for row in session.execute(sa.select(batch.id, batch.agency))}
        agreement = table_of(models.Agreement).c
        held = {
            row.id: row.responsible_agency
            for row in session.execute(sa.select(agreement.id, agreement.responsible_agency))
        }
    tried = 0
    for agency in [*sorted({*held.values()} - {None}), "BNG", "%", "' OR 1=1 --"]:
        titles = updates.current_rows(world.engine, agency).agreements["title_vi"].to_list()
        assert all(title.startswith(mark(agency)) for title in titles)
        assert set(updates.list_batches(world.engine, agency)["agency"].to_list()) <= {agency}
        for number, owner in batches.items():
            if owner != agency:
                assert updates.read_changes(world.engine, number, agency=agency).is_empty()
                assert updates.review(world.engine, number, agency=agency) is None
                tried += 2
        for number, owner in itertools.islice(held.items(), 20):
            if owner != agency:
                assert register.read_agreement(world.engine, number, agency=agency) is None
                tried += 1
    assert tried >= 150
    assert {OWNER_AGENCY, THIEF_AGENCY} <= set(held.values())


# --- One's own account -----------------------------------------------------------------------------------------------


def test_one_s_own_account_asks_for_the_password(world: World) -> None:
    """A browser left open, or a forged person, is not enough to take an account over."""
    secret = accounts.new_secret()
    given = {
        "current": "sai sai sai sai",
        "password": "sai sai sai sai",
        "new": "bốn từ khác hẳn",
        "keep": "0" * 64,
        "browser": "b",
        "address": "192.0.2.1",
        "present_code": "",
        "secret": secret,
        "code": code_of(secret),
    }
    before = everything(world.engine)
    harmless = {
        "audit.journal.read_recent",
        "accounts.sessions.end_marked_session",
        "drafts.read_own",
        "headings.remember",
        "publications.comment",
    }
    for name in sorted(OWN - harmless):
        wanted = inspect.signature(ASKED[name]).parameters
        for username, (role, agency) in ACCOUNTS.items():
            with pytest.raises(Refused):
                ASKED[name](
                    world.engine,
                    person=Person(username, role, agency, ""),
                    **{key: value for key, value in given.items() if key in wanted},
                )
        assert everything(world.engine) == before, name


def code_of(secret: str) -> str:
    import pyotp

    return pyotp.TOTP(secret).now()


def test_a_session_is_ended_by_its_owner_only(world: World) -> None:
    with store.session(world.engine) as session:
        token = accounts.start_session(session, username=OWNER)
    digest = accounts.hash_token(token)
    for length in (8, 12, 16, 64):
        with store.session(world.engine) as session:
            assert not accounts.end_marked_session(
                session, person=Person(THIEF, "agency", THIEF_AGENCY, ""), mark=digest[:length]
            )
    assert accounts.read_session(world.engine, digest) is not None
