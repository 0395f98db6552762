"""Reminding agencies of reports: letters handed over by mail or in a file, and the log of them.

Each letter is noted before it leaves and once more when it has left, in a transaction of its own: a fault in between leaves a row
that says `under_way`, and what was sent before it stays known. Whoever asks again sends only what has not gone out that day.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import io
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

import polars as pl
import sqlalchemy as sa
from sqlmodel import Session, col, select

from data_access import audit, contacts, store
from data_access.acting import Person, account_of, logged
from data_access.clock import end_of, local_time
from data_access.mail import Mail, Mailer, NotSentError
from data_access.roles import May
from data_access.store import models
from data_access.store.arrow import table_of
from files import letter_file
from kpi.facts import Facts
from kpi.reporting import reminders
from kpi.reporting.calendar import Period
from kpi.vocabulary import ReminderOutcome, ReminderWay

MOST_SHOWN: Final = 1000
MOST_LOST: Final = 2
"""After so many letters in a row for which the server could not be reached the others are not tried."""

NO_ADDRESS: Final = "no_address"
"""Why a letter did not leave whose agency has no address; the other reasons are `mail.Failure`."""


@dataclasses.dataclass(frozen=True)
class ToSend:
    """A letter to an agency, ready to go: `missing` is how many reports it names."""

    agency: str
    missing: int
    subject: str
    text: str
    file_name: str
    letter: bytes


@dataclasses.dataclass(frozen=True)
class Sent:
    """What became of one letter: its agency, the addresses, and why it did not go (empty: it went)."""

    agency: str
    address: str
    failed: str = ""


def local_today() -> dt.date:
    """The day a letter written now bears."""
    return local_time(models.utc_now()).date()


def read_agencies(engine: sa.Engine) -> pl.DataFrame:
    """key, name_vi, name_en of every agency there is or was."""
    held = table_of(models.Agency).c
    return store.read_frame(engine, sa.select(held.key, held.name_vi, held.name_en))


def compose(
    engine: sa.Engine, facts: Facts, period: Period, *, sender: str, known_on: dt.date | None, is_demo: bool
) -> Iterator[ToSend]:
    """A letter to every agency that owes reports for a period, in the reader's language and in the order of their keys; made one by
    one, as they are asked for. `sender` is what the office that writes is called."""
    names = reminders.names_in(read_agencies(engine))
    notes = reminders.notes_of(known_on=known_on, is_demo=is_demo)
    day = local_today()
    for owes in reminders.owing(facts, period, read_offices(engine)):
        called = names.get(owes.agency, owes.agency)
        letter = reminders.letter(owes, agency=called, sender=sender, written_on=day, notes=notes)
        yield ToSend(
            agency=owes.agency,
            missing=owes.missing.height,
            subject=letter.subject,
            text=letter_file.plain(letter),
            file_name=reminders.file_name(owes),
            letter=letter_file.written(letter),
        )


def zipped(letters: Iterable[ToSend]) -> bytes:
    """The letters as files in one zip."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as opened:  # they are packed already
        for letter in letters:
            opened.writestr(letter.file_name, letter.letter)
    return packed.getvalue()


def read_offices(engine: sa.Engine) -> pl.DataFrame:
    """The office in charge of each agreement, where one is named: agreement_id, office."""
    agreement = table_of(models.Agreement).c
    statement = sa.select(agreement.id.label("agreement_id"), agreement.responsible_office.label("office"))
    return store.read_frame(engine, statement.where(agreement.responsible_office != ""))


def read_log(engine: sa.Engine, *, period: str | None = None, most: int = MOST_SHOWN) -> pl.DataFrame:
    """The letters, the latest first: all columns of `reminder`. For whoever may remind."""
    reminder = table_of(models.Reminder)
    statement = sa.select(reminder).order_by(reminder.c.id.desc()).limit(most)
    return store.read_frame(engine, statement if period is None else statement.where(reminder.c.period == period))


def note_file(session: Session, *, actor: Person, period: str, letters: Sequence[tuple[str, int]]) -> None:
    """Note that letters were taken along in a file: agencies, each with how many reports are missing. The caller commits."""
    with logged("reminder.file", actor, period):
        account_of(session, actor, May.REMIND)
    session.add_all(
        models.Reminder(
            period=period,
            agency=agency,
            missing=missing,
            way=ReminderWay.IN_FILE,
            outcome=ReminderOutcome.DELIVERED,
            by=actor.username,
        )
        for agency, missing in letters
    )
    session.flush()
    detail = {"letters": len(letters)}
    audit.write(session, actor=actor.username, action="reminder.file", subject=period, detail=detail)


def already_sent(engine: sa.Engine, *, period: str) -> frozenset[str]:
    """The agencies to which a letter about this period went by mail today, or is on its way."""
    with store.session(engine, read_only=True) as session:
        return _sent_today(session, period)


def send(
    engine: sa.Engine,
    *,
    actor: Person,
    period: str,
    letters: Iterable[ToSend],
    mailer: Mailer,
    told: Callable[[Sent], None] = lambda _: None,
) -> list[Sent]:
    """Send letters by mail, one after the other, to the addresses the contacts have; what became of each, in their order.

    `told` hears of each as it is done. A letter that fails stops no other; after `MOST_LOST` in a row for which the server could
    not be reached, the rest is not tried and counts as failed. An agency reminded today already is left out. Raises `Refused`
    before anything is sent.
    """
    with logged("reminder.send", actor, period), store.session(engine, read_only=True) as session:
        account_of(session, actor, May.REMIND)
    known = dict(contacts.read(engine).select("agency", "email").iter_rows())
    done: list[Sent] = []
    lost: list[str] = []
    for letter in letters:
        to = contacts.addresses_in(known.get(letter.agency, ""))
        number = _begin(engine, actor, period, letter, to)
        if number is None:
            continue
        code = NO_ADDRESS if not to else lost[-1] if len(lost) >= MOST_LOST else ""
        if not code:
            try:
                mailer.send(Mail(to, letter.subject, letter.text, letter.file_name, letter.letter))
                lost = []
            except NotSentError as failed:
                code = str(failed.code)
                lost = [*lost, code] if failed.is_lasting else []
        _finish(engine, number, code)
        done.append(Sent(letter.agency, "; ".join(to), code))
        told(done[-1])
    _tell(engine, actor, period, done)
    return done


def _begin(engine: sa.Engine, actor: Person, period: str, letter: ToSend, to: Sequence[str]) -> int | None:
    """Note a letter before it leaves; None where one went today, also from another place at this very moment."""
    with store.session(engine) as session:
        account_of(session, actor, May.REMIND)
        store.take_turn(session, "register")
        if letter.agency in _sent_today(session, period):
            return None
        row = models.Reminder(
            period=period,
            agency=letter.agency,
            missing=letter.missing,
            way=ReminderWay.BY_MAIL,
            address="; ".join(to),
            outcome=ReminderOutcome.UNDER_WAY,
            by=actor.username,
        )
        session.add(row)
        session.flush()
        return row.id


def _finish(engine: sa.Engine, number: int, code: str) -> None:
    with store.session(engine) as session:
        row = session.get_one(models.Reminder, number)
        row.outcome = ReminderOutcome.FAILED if code else ReminderOutcome.DELIVERED
        row.reason = code
        session.add(row)


def _tell(engine: sa.Engine, actor: Person, period: str, done: Sequence[Sent]) -> None:
    if not done:
        return
    failed = [sent.agency for sent in done if sent.failed]
    detail = {"letters": len(done) - len(failed), "failed": ", ".join(failed)}
    with store.session(engine) as session:
        audit.write(session, actor=actor.username, action="reminder.send", subject=period, detail=detail)


def _sent_today(session: Session, period: str) -> frozenset[str]:
    day = local_today()
    reminder = models.Reminder
    statement = select(reminder.agency).where(
        reminder.period == period,
        reminder.way == ReminderWay.BY_MAIL,
        reminder.outcome != ReminderOutcome.FAILED,
        col(reminder.at) >= end_of(day - dt.timedelta(days=1)),
    )
    return frozenset(session.exec(statement))
