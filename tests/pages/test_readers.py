"""An agency account tries to work out others' security and defence: by subtraction, and by watching every page.

The first attack adds and subtracts the counts of every view there is. The second compares all that the account is shown with
what it is shown of a register in which those agreements have been exchanged for quite different ones: a difference anywhere
would be a trace of them.
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

from data_access import store
from data_access.register import raise_data_version
from kpi import facts, readers
from kpi.estimators.suppression import THRESHOLD
from kpi.register import Register
from pages.ui import studies
from pages.ui.view import View
from seed_data import demo, reference
from seed_data.mapping.build import RegisterFrames
from seed_data.store import folded_from
from tests.kpi.simulated import simulate
from tests.pages.conftest import Visit
from tests.pages.stores import AS_OF
from tests.pages.test_every_page import PAGES

READER = "BCT"
SECURITY = readers.SECTOR
YEARS = range(2021, 2026)
DAYS = (dt.date(2024, 3, 31), AS_OF)
Cell = tuple[str, str, int]
"""A sector, a partner group and a year of signing."""


# --- By subtraction --------------------------------------------------------------------------------------------------


def demo_register() -> Register:
    return folded_from(RegisterFrames(demo.frames()), reference.frames())


def random_register(seed: int) -> Register:
    """A simulated register with a few dozen agreements of security and defence, hardly any in some cells."""
    register = simulate(700, seed=seed, agencies=12)
    chance = pl.Series(np.random.default_rng(seed).random(700))
    theirs = (pl.col("responsible_agency") == "M02") | (chance < 0.03)
    sector = pl.when(theirs).then(pl.lit(SECURITY)).otherwise("sector")
    return dataclasses.replace(register, agreements=register.agreements.with_columns(sector=sector))


def views(day: dt.date, reader: str, sectors: list[str], groups: list[str]) -> Iterator[View]:
    """Every view an account can ask for: sector, kind of partner and years of signing, each narrowed or not."""
    spans: list[tuple[int | None, int | None]] = [(None, None), *((year, year) for year in YEARS)]
    spans += [(None, year) for year in YEARS]
    for sector, group, (first, last) in itertools.product([None, *sectors], [None, *groups], spans):
        yield View(as_of=day, compare_with=day, reader=reader).where(
            sector=sector,
            partner_group=group,
            signed_from=None if first is None else dt.date(first, 1, 1),
            signed_to=None if last is None else dt.date(last, 12, 31),
        )


def recovered(
    register: Register, reader: str, day: dt.date, *, asks_for_it: bool
) -> tuple[dict[Cell, float], dict[Cell, int]]:
    """What adding and subtracting every view's count says of each cell of the sector, and what is true of others' agreements.

    Cells that the counts leave open are left out. `asks_for_it`: whether views narrowed to the sector are among them.
    """
    whole = facts.build(register, day).agreements.filter(
        pl.col("is_signed") & pl.col("signed_on").dt.year().is_in(list(YEARS)) & pl.col("partner_tier").is_not_null()
    )
    sectors = sorted({*whole["sector"].unique(), SECURITY})
    groups = [f"tier:{tier}" for tier in sorted(whole["partner_tier"].unique())]
    cells = list(itertools.product(sectors, groups, YEARS))
    rows, answers = [], []
    for view in views(day, reader, sectors, groups):
        if view.sector == SECURITY and not asks_for_it:
            continue
        rows.append(
            [
                view.sector in (None, sector)
                and view.partner_group in (None, group)
                and (view.signed_from is None or view.signed_from.year <= year)
                and (view.signed_to is None or view.signed_to.year >= year)
                for sector, group, year in cells
            ]
        )
        condition = view.condition
        answers.append(whole.height if condition is None else whole.filter(condition).height)
    matrix = np.array(rows, dtype=float)
    solution, _, rank, _ = np.linalg.lstsq(matrix, np.array(answers, dtype=float), rcond=None)
    assert rank == len(cells), "the attack has all it needs to find every cell"
    truth = dict.fromkeys(cells, 0)
    others = whole.filter(pl.col("agency") != reader)
    counts = others.group_by("sector", "partner_tier", pl.col("signed_on").dt.year()).len()
    truth |= {(sector, f"tier:{tier}", year): n for sector, tier, year, n in counts.iter_rows()}
    return (
        {cell: found for cell, found in zip(cells, solution.tolist(), strict=True) if cell[0] == SECURITY},
        {cell: n for cell, n in truth.items() if cell[0] == SECURITY},
    )


def hits(found: dict[Cell, float], truth: dict[Cell, int]) -> int:
    """How many small counts, zero apart, the attack brings back as they are."""
    return sum(0 < n < THRESHOLD and abs(found[cell] - n) < 1e-6 for cell, n in truth.items())


@pytest.mark.parametrize("asks_for_it", [True, False])
def test_without_the_rule_subtraction_brings_small_counts_back(asks_for_it: bool) -> None:
    """Refusing the sector itself does not do: totals less all other sectors give it."""
    found, truth = recovered(demo_register(), readers.EVERYTHING, AS_OF, asks_for_it=asks_for_it)

    assert hits(found, truth) == sum(0 < n < THRESHOLD for n in truth.values()) > 10


@pytest.mark.parametrize("day", DAYS)
def test_subtraction_finds_nothing_in_the_demo_register(day: dt.date) -> None:
    found, truth = recovered(demo_register(), READER, day, asks_for_it=True)

    assert any(0 < n < THRESHOLD for n in truth.values())
    assert hits(found, truth) == 0
    assert max(map(abs, found.values())) < 1e-6, "the same is found in every cell, full or empty"


@pytest.mark.parametrize("seed", range(2))
def test_subtraction_finds_nothing_in_random_registers(seed: int) -> None:
    found, truth = recovered(random_register(seed), "M00", AS_OF, asks_for_it=True)
    own, _ = recovered(random_register(seed), readers.NOBODY, AS_OF, asks_for_it=True)

    assert any(0 < n < THRESHOLD for n in truth.values())
    assert max(map(abs, own.values())) < 1e-6
    for cell, n in truth.items():
        mine = found[cell] - own[cell]
        assert n == 0 or found[cell] == pytest.approx(mine), "nothing but the reader's own"


# --- By watching every page ------------------------------------------------------------------------------------------

MADE_SECRET = "id % 4 = 0 AND (responsible_agency IS NULL OR responsible_agency <> 'BCT')"
EXCHANGED = (
    f"UPDATE agreement SET sector = '{SECURITY}' WHERE {MADE_SECRET} OR id IN (1, 2)",
    "UPDATE agreement SET doc_type = 'TREATY', scope = 'LOCAL', responsible_agency = 'BYT', priority = 1,"
    f" evidence_url = '' WHERE {MADE_SECRET}",
    f"UPDATE agreementpartner SET partner = 'RU' WHERE agreement_id IN (SELECT id FROM agreement WHERE {MADE_SECRET})",
    f"UPDATE targetdate SET target_on = '2023-01-01' WHERE agreement_id IN (SELECT id FROM agreement WHERE {MADE_SECRET})",
    f"DELETE FROM progressreport WHERE agreement_id IN (SELECT id FROM agreement WHERE {MADE_SECRET})",
    "UPDATE statusevent SET effective_on = '2021-01-04' WHERE state = 'SIGNED' AND agreement_id IN"
    f" (SELECT id FROM agreement WHERE {MADE_SECRET})",
    f"DELETE FROM statusevent WHERE state <> 'SIGNED' AND agreement_id IN (SELECT id FROM agreement WHERE {MADE_SECRET})",
)
"""The first statement makes the secret; all together make another one in its place."""


WATCHED = [page for page in PAGES if page != "account"]
"""That page lists the reader's sessions, and every visit here is one more."""

TELLING = {"overview", "ranking", "sectors"}


def write(engine: sa.Engine, statements: tuple[str, ...]) -> None:
    with store.session(engine) as session:
        for statement in statements:
            session.execute(sa.text(statement))
        raise_data_version(session)


def seen(page: AppTest) -> list[str]:
    """All that a page has sent to the browser, keys of downloads aside."""
    assert not page.exception
    return [re.sub(r"[0-9a-f]{32,}", "#", str(element.proto)) for element in page.main if hasattr(element, "proto")]


@pytest.mark.slow
def test_no_page_shows_a_trace(shown_store: sa.Engine, visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    """To a leader the exchange is plain: so it is one that would be noticed. The table of sums is left aside: it may change."""
    monkeypatch.setattr(studies, "security_sums", lambda _: None)
    given = {"scope": "ALL", "agency": "BYT", "by": "agency"}
    visits = [*((page, "bct") for page in WATCHED), *((page, "lanhdao") for page in sorted(TELLING))]
    write(shown_store, EXCHANGED[:1])
    before = {(page, person): seen(visit(page, person, **given)) for page, person in visits}

    write(shown_store, EXCHANGED[1:])
    after = {(page, person): seen(visit(page, person, **given)) for page, person in visits}

    changed = {key for key in before if before[key] != after[key]}
    assert changed == {(page, "lanhdao") for page in TELLING}


def test_the_table_of_sums_is_there_for_agencies_and_for_nobody_else(shown_store: sa.Engine, visit: Visit) -> None:
    write(shown_store, EXCHANGED[:1])
    heading = "Security and defence of other agencies"

    assert heading in [text.value for text in visit("sectors", "bct", "en").subheader]
    assert heading not in [text.value for text in visit("sectors", "lanhdao", "en").subheader]
    assert "…" in visit("sectors", "bct", "en").dataframe[-1].value["count"].to_list()
    assert any("without other agencies" in text.value for text in visit("overview", "bct", "en").caption)


def test_asking_for_the_sector_is_answered_in_words(shown_store: sa.Engine, visit: Visit) -> None:
    write(shown_store, EXCHANGED[:1])

    page = visit("sectors", "bct", "en", sector=SECURITY, scope="ALL")

    assert any("leave out the security and defence agreements" in text.value for text in page.info)
    assert not visit("sectors", "lanhdao", "en", sector=SECURITY, scope="ALL").info
