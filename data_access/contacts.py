"""Whom to turn to at each agency: an office with its addresses, kept by the coordinator, or by the agency for itself.

Until a contact is kept, the office of the agency's accounts stands in for it (`coordination.read_contacts`).
"""

from __future__ import annotations

import dataclasses
import re
from typing import Final

import polars as pl
import sqlalchemy as sa
from sqlmodel import Session

from data_access import audit, store
from data_access.acting import Person, Refused, account_of, logged, tidy
from data_access.roles import May, may
from data_access.store import models
from data_access.store.arrow import table_of

OFFICE_MAX: Final = 200
EMAIL_MAX: Final = 400
PHONE_MAX: Final = 60
MOST_ADDRESSES: Final = 5

_PART: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS: Final = re.compile(
    rf"[A-Za-z0-9!#$%&'*+/=?^_`{{|}}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{{|}}~-]+)*@{_PART}(?:\.{_PART})+"
)
_PHONE: Final = re.compile(r"\+?[0-9][0-9 .()/;,-]*(?: ?(?:ext|máy lẻ)\.? ?[0-9]{1,6})?")


@dataclasses.dataclass(frozen=True)
class Contact:
    """An agency's office, its addresses for mail (apart by "; ") and telephone; what is not known is empty."""

    office: str = ""
    email: str = ""
    phone: str = ""


def addresses_in(email: str) -> tuple[str, ...]:
    """The addresses of a contact, as they were typed: apart by semicolons, commas or spaces."""
    return tuple(dict.fromkeys(filter(None, re.split(r"[;,\s]+", email))))


def is_address(text: str) -> bool:
    """Whether this can be an address for mail: ASCII, one @, a domain with a dot."""
    return len(text) <= 254 and len(text.partition("@")[0]) <= 64 and _ADDRESS.fullmatch(text) is not None


def read(engine: sa.Engine, *, agency: str | None = None) -> pl.DataFrame:
    """One row per agency that exists today, by its key: agency, name_vi, name_en, office, email, phone, updated_at, updated_by
    (empty and null where none is kept). `agency`: only this one's."""
    held, kept = table_of(models.Agency).c, table_of(models.AgencyContact)
    statement = (
        sa.select(
            held.key.label("agency"),
            *(held.name_vi, held.name_en),
            *(sa.func.coalesce(kept.c[name], "").label(name) for name in ("office", "email", "phone")),
            *(kept.c.updated_at, sa.func.coalesce(kept.c.updated_by, "").label("updated_by")),
        )
        .outerjoin(kept, kept.c.agency == held.key)
        .where(held.valid_to.is_(None))
        .order_by(held.key)
    )
    if agency is not None:
        statement = statement.where(held.key == agency)
    return store.read_frame(engine, statement, agency=agency)


def write(session: Session, *, actor: Person, agency: str, contact: Contact, seen: Contact) -> bool:
    """Keep a contact in place of the one that was `seen`; whether anything changed. For the coordinator, and for an agency about
    itself. Raises `Refused`: `not_allowed`, `not_as_seen`, `agency_unknown`, `email_invalid`, `phone_invalid`, `text_too_long`."""
    with logged("contact.keep", actor, agency):
        account = account_of(session, actor, May.KEEP_CONTACTS)
        if not may(account.role, May.SETTLE) and account.agency != agency:
            raise Refused("not_allowed")
        given = checked(contact)
        if session.get(models.Agency, agency) is None:
            raise Refused("agency_unknown")
        row = session.get(models.AgencyContact, agency, with_for_update=True, populate_existing=True)
        before = Contact() if row is None else Contact(row.office, row.email, row.phone)
        if before == given:
            return False
        if before != seen:
            raise Refused("not_as_seen")
        row = row or models.AgencyContact(agency=agency)
        row.office, row.email, row.phone = given.office, given.email, given.phone
        row.updated_at, row.updated_by = models.utc_now(), actor.username
        session.add(row)
        session.flush()
        old, new = dataclasses.asdict(before), dataclasses.asdict(given)
        changed = {name: [old[name], new[name]] for name in old if old[name] != new[name]}
        audit.write(session, actor=actor.username, action="contact.keep", subject=agency, detail=changed)
        return True


def checked(contact: Contact) -> Contact:
    """The contact as it is kept. Raises `Refused` for what no mail and no call would reach."""
    office, phone = tidy(contact.office, OFFICE_MAX), tidy(contact.phone, PHONE_MAX)
    addresses = addresses_in(tidy(contact.email, EMAIL_MAX))
    if len(addresses) > MOST_ADDRESSES or not all(map(is_address, addresses)):
        raise Refused("email_invalid", most=MOST_ADDRESSES)
    if phone and not (_PHONE.fullmatch(phone) and sum(sign.isdigit() for sign in phone) >= 3):
        raise Refused("phone_invalid")
    return Contact(" ".join(office.split()), "; ".join(addresses), phone)
