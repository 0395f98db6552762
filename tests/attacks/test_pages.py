"""Agencies that ask every page for what belongs to others, by every parameter an address can have."""

from __future__ import annotations

import io
import pathlib
import re
import zipfile
from collections.abc import Iterator
from urllib.parse import urlencode

import httpx
import pytest
import sqlalchemy as sa
from sqlmodel import col

from data_access import accounts, store
from data_access.store import models
from pages.ui.view_codes import names
from tests.attacks.conftest import Attempts, Refusals, SignIn, mark, marked
from tests.attacks.test_messages import PAGES, _file
from tests.attacks.wire import Answer
from tests.serving import Served
from tests.web.test_frame import PAGES as PAGES_FOLDER

AGENCIES = {account.username: account.agency for account in accounts.DEMO_ACCOUNTS if account.role == "agency"}
HOSTILE = ("' OR 1=1 --", "ALL")
_READ = re.compile(r'(?:query_params(?:\.get(?:_all)?\(|\.pop\(|\[)|(?:choice|typed)\()\s*"(\w+)"')
_LED_TO = re.compile(r"links\.(?:go|to|page_link)\(([^()]*(?:\([^()]*\)[^()]*)*)\)")


def parameters() -> list[str]:
    """Every parameter some page reads from its address, or hands on to another."""
    found = {*names()}
    for path in pathlib.Path(PAGES_FOLDER).rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        found |= {*_READ.findall(source)}
        for arguments in _LED_TO.findall(source):
            found |= {*re.findall(r"\b(\w+)=", arguments)} - {"icon", "help"}
    return sorted(found)


def test_the_parameters_are_found() -> None:
    assert {"ref", "agency", "q", "flag", "as_of", "lang", "sector"} <= {*parameters()}


def foreign(house: Served, agency: str | None) -> dict[str, list[str]]:
    """What belongs to others, by kind: references, numbers, batches, agencies, accounts."""
    with store.session(house.engine, read_only=True) as session:
        responsible = col(models.Agreement.responsible_agency)
        others = responsible.is_(None) | (responsible != agency)
        refs = session.execute(sa.select(col(models.Agreement.ref), col(models.Agreement.id)).where(others)).all()
        batches = session.execute(
            sa.select(col(models.UploadBatch.id)).where(col(models.UploadBatch.agency) != agency)
        ).scalars()
        return {
            "ref": [row.ref for row in refs],
            "id": [str(row.id) for row in refs],
            "batch": [str(number) for number in batches],
            "agency": [key for key in ("BCT", "T20", "BTC", "BXD", "UNASSIGNED") if key != agency],
            "account": [name for name in AGENCIES if AGENCIES[name] != agency] + ["quantri"],
        }


def queries(house: Served, agency: str | None) -> Iterator[dict[str, str]]:
    """Addresses in which every parameter names something foreign, or something no page ever wrote."""
    names = parameters()
    for values in foreign(house, agency).values():
        yield from (dict.fromkeys(names, value) for value in values[:1])
    for value in HOSTILE:
        yield dict.fromkeys(names, value)
    yield {"agency": "BCT" if agency != "BCT" else "T20", "as_of": "2025-06-30", "scope": "ALL"}


@pytest.mark.parametrize("username", ["langson"])
def test_no_address_shows_an_agency_what_belongs_to_others(
    house: Served, sign_in: SignIn, attempts: Attempts, username: str
) -> None:
    agency = AGENCIES[username]
    asked = list(queries(house, agency))
    tried = 0
    found: dict[str, set[str]] = {}
    own = False
    with sign_in(username).tab() as opened:
        for page in PAGES:
            for query in asked:
                named = {name: value for name, value in query.items() if name != "lang"}
                answer = opened.rerun(page, urlencode(named))
                own = own or answer.says(mark(agency))
                leaked = marked(answer.content, typed=named.get("ref", "")) - {agency}
                if leaked:
                    found.setdefault(f"{page} {query}", set()).update(leaked)
                tried += len(named)
    attempts(tried)
    assert found == {}
    assert tried > 2000
    assert own


def told(answer: Answer) -> list[tuple[str, str]]:
    """What a reader sees of a page besides the filters: kinds and words."""
    return [
        (kind, element.body) for kind, element in answer.elements() if kind in ("markdown", "text", "alert", "heading")
    ]


@pytest.mark.parametrize("username", sorted(AGENCIES))
def test_foreign_agreements_are_not_shown_and_the_attempt_is_written_down(
    house: Served, sign_in: SignIn, refusals: Refusals, attempts: Attempts, username: str
) -> None:
    """One page for one that is somebody else's and one there is not: word for word the same."""
    agency = AGENCIES[username]
    refs = foreign(house, agency)["ref"]
    with sign_in(username).tab() as opened:
        nothing = told(opened.rerun("agreement", "ref=RF-1"))
        for ref in refs:
            answer = opened.rerun("agreement", urlencode({"ref": ref}))
            assert marked(answer.content, typed=ref) == set()
            assert told(answer) == nothing
    attempts(len(refs))
    assert len(refusals.new()) == len(refs)


@pytest.mark.parametrize("username", sorted(AGENCIES))
def test_no_file_gives_an_agency_what_belongs_to_others(
    house: Served, sign_in: SignIn, http: httpx.Client, username: str
) -> None:
    """Every file that every page offers, CSV and workbook."""
    agency = AGENCIES[username]
    person = sign_in(username)
    fetched = 0
    with person.tab() as opened:
        for page in PAGES:
            answer = opened.rerun(page, "scope=ALL")
            for kind, element in answer.elements():
                if kind != "download_button":
                    continue
                address = element.url
                if element.deferred_file_id:
                    wish = _file(answer.session_id, element.deferred_file_id)
                    made = opened.ask_and_wait(wish, "backend_operation_response").backend_operation_response
                    assert not made.error_msg, (page, element.label)
                    address = made.deferred_file.url
                content = http.get(address, headers={"Cookie": person.cookie}).content
                assert marked(unpacked(content)) <= {agency}, (page, element.label)
                fetched += 1
    assert fetched >= 4


def unpacked(content: bytes) -> bytes:
    """A file with the parts of a workbook laid open."""
    if not content.startswith(b"PK"):
        return content
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        return b"".join(book.read(name) for name in book.namelist())
