"""How much of a figure has been seen: counted a second time, agreement by agreement."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from kpi import facts
from kpi.indicators import scorecard, seen
from kpi.indicators.catalog import COMPOSITE, KPIS
from kpi.rules import Rules
from tests.kpi.facts.test_standing import by_hand
from tests.kpi.registers import AS_OF, Row, register_of, registers

CLAIMED_BY = {
    "K02": ("IN_PROGRESS", "COMPLETED"),
    "K04": ("COMPLETED",),
    "K11": ("COMPLETED",),
    "K07": ("PLAN_ISSUED",),
}


@settings(max_examples=25, deadline=None)
@given(registers(least=1, most=8))
def test_every_share_is_what_was_seen_of_what_is_counted(rows: list[Row]) -> None:
    found = facts.build(register_of(rows), AS_OF)
    said = {row.id: row for row in rows}
    cards = {row["kpi"]: row for row in scorecard.compute(found).iter_rows(named=True)}
    shares = {row["kpi"]: row for row in seen.compute(found).iter_rows(named=True)}

    for code, states in CLAIMED_BY.items():
        if code not in shares:
            continue
        counted = [
            said[number] for number in scorecard.rows_behind(found, KPIS[code], "numerator")["agreement_id"].to_list()
        ]
        wanted = sum(
            any(
                s in states and day <= AS_OF and by_hand(row, s, day) in ("reviewed", "verified")
                for s, day in row.events
            )
            for row in counted
        )
        assert (shares[code]["claimed"], shares[code]["seen"]) == (cards[code]["numerator"], wanted)
        assert shares[code]["share"] == (None if not counted else pytest.approx(100 * wanted / len(counted)))
    weights = Rules().weights
    told = [
        (weights[code], row["share"]) for code, row in shares.items() if code in weights and row["share"] is not None
    ]
    composite = shares[COMPOSITE]["share"]
    if told:
        assert composite == pytest.approx(sum(w * share for w, share in told) / sum(w for w, _ in told))
    else:
        assert composite is None


@settings(max_examples=10, deadline=None)
@given(registers(least=2, most=8))
def test_groups_add_up(rows: list[Row]) -> None:
    found = facts.build(register_of(rows), AS_OF)

    whole = seen.compute(found).select("kpi", "claimed", "seen").sort("kpi")
    parts = seen.compute(found, by=["agency"]).select("kpi", "claimed", "seen")

    assert parts.group_by("kpi").sum().sort("kpi").equals(whole)
