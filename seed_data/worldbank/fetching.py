"""The World Bank's current list of operations in a country, asked of its public projects API.

The API (https://search.worldbank.org/api/v3/projects) takes `format=json`, `countrycode_exact` (ISO 3166, capitals; a name
it does not know it ignores without a word), `fl` (fields wanted), `rows` (at most 1,000) and `os` (how many to leave out),
and answers `{"total": "327", "projects": {"P004825": {...}}}`. Nothing of an answer is believed before it was looked at.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

import httpx
import polars as pl

COLUMNS: Final = (
    *("id", "regionname", "countryshortname", "status", "last_stage_reached_name", "project_name", "pdo", "impagency"),
    *("boardapprovaldate", "loan_effective_date", "closingdate", "curr_project_cost", "curr_ibrd_commitment"),
    *("idacommamt", "grantamt", "curr_total_commitment", "lendinginstr", "envassesmentcategorycode"),
    "projectfinancialtype",
)
"""What is kept of an operation, in the order of the file."""

ROWS: Final = 1000
"""Operations asked for at once: the most the API gives."""

MOST_OPERATIONS: Final = 20_000
"""More than any country has; all countries together have some 28,000."""

MOST_BYTES: Final = 32 << 20
"""Of one answer, unpacked: a thousand operations take 6 MB with every field the API knows."""

MOST_SECONDS: Final = 600.0
MOST_REDIRECTS: Final = 3
WAITS: Final = (1.0, 2.0, 4.0, 8.0)
"""Seconds before each further try, where trying again may help."""

OFFLINE_TRIES: Final = 2
"""Of them where nobody answers at all: whoever is offline is to hear so soon."""

LONGEST_WAIT: Final = 60.0
ROUNDS: Final = 3
"""How often the list is begun anew where it changed while it was read."""

T = TypeVar("T")
Told = Callable[[int, int], object]
"""Hears how many operations have come, and how many there are."""

_PATIENCE: Final = httpx.Timeout(30, connect=10)
_APPROVED_FORM, _DAY_FORM = "%Y-%m-%dT00:00:00Z", "%Y-%m-%d"
_DAYS: Final = {"boardapprovaldate": _APPROVED_FORM, "loan_effective_date": _DAY_FORM, "closingdate": _DAY_FORM}
"""How the mapping reads each day."""

_LENDERS_FIRST: Final = ("IBRD", "IDA")
_UNPRINTED: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]+")


class FetchError(Exception):
    """The list could not be had; the message is one sentence that says why."""


class UnreachableError(FetchError):
    """Nobody answers at the API's address: most often this machine is offline."""


class _TryAgainError(Exception):
    """What another try may mend; `after` is how long the other side asks to be left alone, in seconds."""

    def __init__(self, error: FetchError, after: float = 0.0) -> None:
        self.error, self.after = error, after
        super().__init__(str(error))


def parameters(country: str, *, leave_out: int = 0) -> dict[str, str]:
    """What the API is asked for the operations of a country."""
    return {
        "format": "json",
        "countrycode_exact": country,
        "fl": ",".join([*COLUMNS, "countrycode"]),
        "rows": str(ROWS),
        "os": str(leave_out),
    }


def check_country(country: str) -> str:
    """The code as the API matches it; `FetchError` for what is no ISO 3166 code of two letters."""
    if re.fullmatch(r"[A-Za-z]{2}", country):
        return country.upper()
    raise FetchError(f"{country!r} is no country: give the two letters of ISO 3166, for example VN or RW.")


def fetch(
    address: str,
    country: str,
    *,
    told: Told | None = None,
    wait: Callable[[float], None] = time.sleep,
) -> pl.DataFrame:
    """The operations of a country, one row each, every column of `COLUMNS` as text, by `id`.

    Raises `FetchError`: nobody answers (`UnreachableError`), the answer is not of the API's form or too large, names another
    country, or the list changed in each of three rounds.
    """
    country = check_country(country)
    ends = time.monotonic() + MOST_SECONDS
    with httpx.Client(timeout=_PATIENCE, headers={"Accept": "application/json"}) as client:
        for _ in range(ROUNDS):
            found, total = _round(client, address, country, told=told, wait=wait, ends=ends)
            if len(found) == total:
                return as_frame(found.values())
    raise FetchError(
        f"The list changed each time it was read: {len(found)} operations came of {total}. Try again later."
    )


def from_answers(answers: Sequence[bytes], country: str) -> pl.DataFrame:
    """The same from answers of the API that somebody saved; `FetchError` where they are not the whole list."""
    country = check_country(country)
    found: dict[str, Mapping[str, Any]] = {}
    total = 0
    for answer in answers:
        try:
            total, operations = _operations(answer, country)
        except json.JSONDecodeError:
            raise FetchError("What was saved is not JSON, as the API answers.") from None
        found |= operations
    if not found:
        raise FetchError(f"The files name no operation in {country}.")
    if len(found) != total:
        raise FetchError(
            f"The files hold {len(found)} of {total} operations. Save one answer for each thousand (os=0, os={ROWS}, ...)."
        )
    return as_frame(found.values())


def as_frame(operations: Any) -> pl.DataFrame:
    """Operations as the API gives them, as the mapping reads them: every column of `COLUMNS` as text, by `id`."""
    rows = [{name: _text(name, one.get(name)) for name in COLUMNS} for one in operations]
    return pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.String)).sort("id")


def _round(
    client: httpx.Client,
    address: str,
    country: str,
    *,
    told: Told | None,
    wait: Callable[[float], None],
    ends: float,
) -> tuple[dict[str, Mapping[str, Any]], int]:
    """Every page once: the operations by id, and how many there are by the last page."""
    found: dict[str, Mapping[str, Any]] = {}
    read = 0
    while True:
        asked = parameters(country, leave_out=read)
        total, operations = _tried(functools.partial(_page, client, address, asked, country, ends), wait, ends)
        if total == 0 and not found:
            raise FetchError(f"The World Bank lists no operation in {country}.")
        if total > MOST_OPERATIONS:
            raise FetchError(f"The answer speaks of {total} operations in {country}, more than any country has.")
        found |= operations
        read += len(operations)
        if told is not None:
            told(min(len(found), total), total)
        if read >= total or not operations:
            return found, total


def _tried(act: Callable[[], T], wait: Callable[[float], None], ends: float) -> T:
    tries = 0
    while True:
        try:
            return act()
        except _TryAgainError as failure:
            waits = WAITS[:OFFLINE_TRIES] if isinstance(failure.error, UnreachableError) else WAITS
            if tries >= len(waits) or time.monotonic() > ends:
                raise failure.error from failure
            wait(max(waits[tries], failure.after))
            tries += 1


def _page(
    client: httpx.Client, address: str, asked: Mapping[str, str], country: str, ends: float
) -> tuple[int, dict[str, Mapping[str, Any]]]:
    body = _body(client, address, asked, ends)
    try:
        total, operations = _operations(body, country)
    except json.JSONDecodeError:
        raise _TryAgainError(FetchError(f"{_host(address)} answered with something else than JSON.")) from None
    left = total - int(asked["os"])
    if left > 0 and not operations:
        raise _TryAgainError(FetchError(f"{_host(address)} sent none of {left} operations it still has."))
    return total, operations


def _body(client: httpx.Client, address: str, asked: Mapping[str, str], ends: float) -> bytes:
    """What is answered, however it is packed; never more than `MOST_BYTES` of it are kept."""
    request = client.build_request("GET", address, params=asked)
    for _ in range(MOST_REDIRECTS + 1):
        with _open(client, request) as answer:
            if answer.next_request is None:
                return _read(answer, ends)
            request = answer.next_request
            if not is_sure(str(request.url)) or request.url.host != httpx.URL(address).host:
                raise FetchError(f"{_host(address)} sends elsewhere, to {request.url.host}: not followed.")
    raise FetchError(f"{_host(address)} sends from one address to the next.")


@contextlib.contextmanager
def _open(client: httpx.Client, request: httpx.Request) -> Iterator[httpx.Response]:
    host = request.url.host
    try:
        answer = client.send(request, stream=True)
    except (httpx.TransportError, httpx.InvalidURL) as error:
        raise _TryAgainError(UnreachableError(f"{host} does not answer ({type(error).__name__}).")) from error
    try:
        yield answer
    except (httpx.TransportError, httpx.DecodingError) as error:
        raise _TryAgainError(FetchError(f"{host} broke off in the middle of an answer.")) from error
    finally:
        answer.close()


def _read(answer: httpx.Response, ends: float) -> bytes:
    host, status = answer.url.host, answer.status_code
    if status == httpx.codes.TOO_MANY_REQUESTS or status >= httpx.codes.INTERNAL_SERVER_ERROR:
        said = answer.headers.get("Retry-After", "")
        after = min(float(said), LONGEST_WAIT) if re.fullmatch(r"[0-9]{1,6}", said) else 0.0
        raise _TryAgainError(FetchError(f"{host} answered with status {status} each time."), after)
    if status != httpx.codes.OK:
        raise FetchError(f"{host} answered with status {status}.")
    kept = bytearray()
    for part in answer.iter_bytes():
        kept += part
        if len(kept) > MOST_BYTES:
            raise FetchError(f"{host} sent more than {MOST_BYTES >> 20} MB at once.")
        if time.monotonic() > ends:
            raise FetchError(f"{host} took longer than {MOST_SECONDS:.0f} seconds.")
    return bytes(kept)


def _operations(body: bytes, country: str) -> tuple[int, dict[str, Mapping[str, Any]]]:
    """How many there are, and those of one answer by id. `FetchError` for another form, `JSONDecodeError` for no JSON."""
    try:
        answer = json.loads(body.decode("utf-8-sig"))
    except (UnicodeDecodeError, RecursionError) as error:
        raise json.JSONDecodeError(str(error), "", 0) from error
    total = answer.get("total") if isinstance(answer, dict) else None
    listed = answer.get("projects", {}) if isinstance(answer, dict) else None
    if not re.fullmatch(r"[0-9]{1,9}", str(total)) or not isinstance(listed, dict):
        raise FetchError("The answer is not of the form that the World Bank's projects API gives (total, projects).")
    found: dict[str, Mapping[str, Any]] = {}
    for key, one in listed.items():
        if key == "facets":
            continue
        if not isinstance(one, dict) or one.get("id") != key or not one.get("project_name"):
            raise FetchError(f"Operation {key[:20]!r} of the answer has no id and name of its own.")
        codes = one.get("countrycode", country)
        if country not in (codes if isinstance(codes, list) else [codes]):
            raise FetchError(f"Operation {key[:20]!r} of the answer is not in {country}: the country was not heeded.")
        found[key] = one
    return int(str(total)), found


def _text(name: str, value: Any) -> str:
    """One cell. Of several kinds of finance a loan's counts before a grant's; unprinted characters are blanks."""
    if isinstance(value, dict):  # long texts of older editions: {"cdata!": "..."}
        value = next(iter(value.values()), None)
    if isinstance(value, list):
        listed = list(dict.fromkeys(str(one).strip() for one in value if one is not None and str(one).strip()))
        if name == "projectfinancialtype":
            firsts = [one for one in (*_LENDERS_FIRST, *sorted(listed, key="Grants".__eq__)) if one in listed]
            value = firsts[0] if firsts else None
        else:
            value = "; ".join(listed)
    if value is None:
        return ""
    text = _UNPRINTED.sub(" ", str(value).replace("\r\n", "\n").replace("\r", "\n")).strip()
    return _day(text, _DAYS[name]) if name in _DAYS and text else text


def _day(text: str, form: str) -> str:
    """A day as the mapping reads it; what is not understood stays, and is named when the file is loaded."""
    for written in ("%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d", "%m/%d/%Y %I:%M:%S %p"):
        with contextlib.suppress(ValueError):
            return dt.datetime.strptime(text, written).replace(tzinfo=dt.UTC).strftime(form)
    return text


def is_sure(address: str) -> bool:
    """Whether an address is one over TLS, or of this machine."""
    try:
        url = httpx.URL(address)
    except (httpx.InvalidURL, TypeError):
        return False
    if url.userinfo or not url.host:
        return False
    return url.scheme == "https" or (url.scheme == "http" and url.host in ("localhost", "127.0.0.1", "::1"))


def _host(address: str) -> str:
    return httpx.URL(address).host
