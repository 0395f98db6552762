"""One rank for all readers, and nothing in it that gives others' security and defence away.

Whoever reads of an agency reads the same of it. An agency account then tries to work out what others have of a sector: by
adding and subtracting the counts of every view there is, and by comparing all that it is shown with what it is shown of a
register in which others' agreements have exchanged their fields and partners: a difference anywhere would be a trace of them.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
import re
from collections.abc import Iterator

import numpy as np
import polars as pl
import pytest
import sqlalchemy as sa
from streamlit.testing.v1 import AppTest

from data_access import store, updates
from data_access.acting import Person
from data_access.register import raise_data_version, read_register
from kpi import facts, readers
from kpi.register import Register
from kpi.vocabulary import Reading, State
from pages.ui.view import View
from tests.kpi.simulated import simulate
from tests.pages.conftest import Visit
from tests.pages.stores import AS_OF
from tests.pages.test_every_page import PAGES
from tests.pages.test_review import begun, waiting

READER = "M00"
COORDINATOR = Person("dieuphoi", "coordinator", "BNG")
SECURITY = "SEC"
YEARS = range(2021, 2026)


# --- The same for everybody ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("known", [None, "2025-12-31"])
def test_leaders_and_agencies_read_the_same_ranking(browsed_store: sa.Engine, visit: Visit, known: str | None) -> None:
    """Whatever an agency has narrowed its own lists to."""
    days = {"as_of": "2025-09-30"} | ({} if known is None else {"known": known})
    narrowed = {"sector": "TRADE", "partner_group": "region:Asia", "signed_from": "2023-01-01"}

    leader = visit("ranking", "lanhdao", "en", **days)
    agency = visit("ranking", "bct", "en", **days, **narrowed)

    for theirs, ours in zip(leader.dataframe, agency.dataframe, strict=True):
        plain = pl.col("name").str.strip_prefix("▶ ")
        one, two = (pl.from_pandas(table.value).with_columns(plain) for table in (theirs, ours))
        assert one.equals(two)
    assert any("same for every reader" in text.value for text in agency.info)
    assert not leader.info


def test_leaders_and_agencies_read_the_same_scorecard_and_overview(browsed_store: sa.Engine, visit: Visit) -> None:
    for page, named in (("scorecard", {"agency": "BTC"}), ("overview", {})):
        told = [
            [(one.label, one.value, one.delta) for one in visit(page, person, "en", **named).metric]
            for person in ("lanhdao", "bct", "langson")
        ]
        assert told[0] == told[1] == told[2] != []


@pytest.mark.parametrize("reading", [Reading.AS_DECLARED, Reading.AS_VERIFIED])
def test_what_waits_or_was_returned_is_read_the_same_by_all(
    shown_store: sa.Engine, visit: Visit, reading: Reading
) -> None:
    standing = updates.current_rows(shown_store, "BCT").standing
    waits, returns = standing.filter(pl.col("state") == State.SIGNED)["ref"].to_list()[:2]
    waiting(shown_store, begun(waits), "status")
    returned = waiting(shown_store, begun(returns), "status", name="khac.csv")
    with store.session(shown_store) as session:
        updates.send_back(session, actor=COORDINATOR, batch_id=returned, reason="Chưa có văn bản")

    pages = [visit("ranking", person, "en", reading=reading) for person in ("lanhdao", "bct", "dieuphoi")]

    plain = pl.col("name").str.strip_prefix("▶ ")
    assert all("reading" in page.query_params for page in pages)
    tables = [[pl.from_pandas(table.value).with_columns(plain) for table in page.dataframe] for page in pages]
    assert tables[0]
    for others in tables[1:]:
        assert all(one.equals(two) for one, two in zip(tables[0], others, strict=True))


def test_breakdowns_are_of_the_reader_s_own_agreements(browsed_store: sa.Engine, visit: Visit) -> None:
    page = visit("sectors", "bct", "en", scope="ALL")
    own = facts_of(browsed_store).filter(pl.col("is_signed") & (pl.col("agency") == "BCT")).height

    assert page.dataframe[0].value["signed"].sum() == own > 0
    assert any("of your own agency only" in text.value for text in (*page.caption, *page.text, *page.markdown))


def test_a_day_between_is_answered_with_the_last_published_one(browsed_store: sa.Engine, visit: Visit) -> None:
    """Figures from one day to the next would tell the day of each signing."""
    one, two = (visit("ranking", "bct", "en", as_of=day) for day in ("2025-09-30", "2025-10-05"))

    assert one.dataframe[0].value.equals(two.dataframe[0].value)
    assert any("published by cut-off days" in text.value for text in two.warning)
    assert not visit("ranking", "lanhdao", "en", as_of="2025-10-05").warning


def test_a_day_as_known_opens_no_day_between(browsed_store: sa.Engine, visit: Visit) -> None:
    one = visit("ranking", "bct", "en", known="2025-10-05")
    two = visit("ranking", "bct", "en", known="2025-10-05", as_of="2025-09-30")

    assert one.dataframe[0].value.equals(two.dataframe[0].value)
    assert any("published by cut-off days" in text.value for text in one.warning)


def facts_of(engine: sa.Engine) -> pl.DataFrame:
    return facts.build(read_register(engine), AS_OF).agreements


# --- By subtraction --------------------------------------------------------------------------------------------------


def with_security() -> Register:
    """A simulated register with a few agreements of security and defence."""
    register = simulate(700, seed=1, agencies=12)
    chance = pl.Series(np.random.default_rng(7).random(700))
    sector = pl.when(chance < 0.05).then(pl.lit(SECURITY)).otherwise("sector")
    return dataclasses.replace(register, agreements=register.agreements.with_columns(sector=sector))


def views(reader: str, sectors: list[str], groups: list[str]) -> Iterator[View]:
    """Every view an account can ask for: sector, kind of partner and years of signing, each narrowed or not."""
    spans: list[tuple[int | None, int | None]] = [(None, None), *((year, year) for year in YEARS)]
    spans += [(None, year) for year in YEARS]
    for sector, group, (first, last) in itertools.product([None, *sectors], [None, *groups], spans):
        asked = View(as_of=AS_OF, compare_with=AS_OF, reader=reader).where(
            sector=sector,
            partner_group=group,
            signed_from=None if first is None else dt.date(first, 1, 1),
            signed_to=None if last is None else dt.date(last, 12, 31),
        )
        yield asked
        yield asked.published


def worked_out(whole: pl.DataFrame, reader: str) -> dict[tuple[object, ...], float]:
    """What adding and subtracting the counts of all views says of others' cells of the sector; those left open are not in it.

    A cell is an agency, a sector, a partner tier and a year of signing.
    """
    cell = ("agency", "sector", "partner_tier", pl.col("signed_on").dt.year().alias("year"))
    cells = whole.select(cell).unique(maintain_order=True)
    probe = cells.with_columns(signed_on=pl.date("year", 6, 1))
    rows: dict[tuple[bool, ...], int] = {}
    sectors, groups = (
        sorted(cells["sector"].unique()),
        [f"tier:{tier}" for tier in sorted(cells["partner_tier"].unique())],
    )
    for view in views(reader, sectors, groups):
        may = pl.lit(value=True) if view.condition is None else view.condition
        for agency in cells["agency"].unique():  # rankings say how many agreements each agency has
            one = may & (pl.col("agency") == agency)
            rows[tuple(probe.select(one.alias("in"))["in"])] = whole.filter(one).height
    matrix, answers = np.array([*rows], dtype=float), np.array([*rows.values()], dtype=float)
    solution, *_ = np.linalg.lstsq(matrix, answers, rcond=None)
    into = np.linalg.pinv(matrix) @ matrix  # a cell is told where the views' sums make it up
    told = np.isclose(np.diag(into), 1)
    return {
        key: float(found)
        for key, found, is_told in zip(cells.iter_rows(), solution, told, strict=True)
        if is_told and key[0] != READER and key[1] == SECURITY
    }


def test_subtraction_tells_nothing_of_others() -> None:
    years = pl.col("signed_on").dt.year().is_in(list(YEARS))
    whole = facts.build(with_security(), AS_OF).agreements.filter(
        pl.col("is_signed")
        & years
        & pl.col("partner_tier").is_not_null()
        & pl.col("agency").is_in(["M00", "M01", "M02"])
    )
    cell = ("agency", "sector", "partner_tier", pl.col("signed_on").dt.year().alias("year"))
    counts = {tuple(key): n for *key, n in whole.group_by(cell).len().iter_rows()}
    secret = {key: n for key, n in counts.items() if key[0] != READER and key[1] == SECURITY}
    assert len(secret) > 3

    assert worked_out(whole, readers.EVERYTHING) == pytest.approx(secret), "the attack finds what may be seen"
    assert worked_out(whole, READER) == {}


# --- By watching every page ------------------------------------------------------------------------------------------

WATCHED = [page for page in PAGES if page != "account"]
"""That page lists the reader's sessions, and every visit here is one more."""

TELLING = ("sectors", "partners")

POOLED = ("reliability", "bct")
"""How forecasts have fared is said of the whole register at once, and they learn from fields of all agencies together."""


def exchange(engine: sa.Engine, own: str) -> None:
    """Have the agreements of each other agency hand sector and partners on to the next one of the same agency."""
    with store.session(engine) as session:
        rows = session.execute(
            sa.text(
                "SELECT a.responsible_agency, a.id, a.sector, p.partner FROM agreement a JOIN agreementpartner p"
                " ON p.agreement_id = a.id WHERE a.responsible_agency <> :own ORDER BY a.responsible_agency, a.id"
            ),
            {"own": own},
        ).all()
        for _, found in itertools.groupby(rows, key=lambda row: row[0]):
            mine = [*found]
            for (_, taker, *_rest), (_, _giver, sector, partner) in zip(mine, mine[1:] + mine[:1], strict=True):
                given = {"id": taker, "sector": sector, "partner": partner}
                session.execute(sa.text("UPDATE agreement SET sector = :sector WHERE id = :id"), given)
                session.execute(
                    sa.text("UPDATE agreementpartner SET partner = :partner WHERE agreement_id = :id"), given
                )
        raise_data_version(session)


def seen(page: AppTest) -> list[str]:
    """All that a page has sent to the browser, keys of downloads aside."""
    assert not page.exception
    return [re.sub(r"[0-9a-f]{32,}", "#", str(element.proto)) for element in page.main if hasattr(element, "proto")]


@pytest.mark.slow
def test_no_page_shows_a_trace(shown_store: sa.Engine, visit: Visit) -> None:
    """To a leader the exchange is plain: so it is one that would be noticed."""
    given = {"scope": "ALL", "agency": "BYT", "by": "agency"}
    visits = [*((page, "bct") for page in WATCHED), *((page, "lanhdao") for page in TELLING)]
    before = {(page, person): seen(visit(page, person, **given)) for page, person in visits}

    exchange(shown_store, "BCT")
    after = {(page, person): seen(visit(page, person, **given)) for page, person in visits}

    changed = {key for key in before if before[key] != after[key]}
    assert changed - {POOLED} == {(page, "lanhdao") for page in TELLING}
