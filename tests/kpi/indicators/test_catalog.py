"""A KPI is whole or refused: its columns, numbers and places when it is declared, its words and its recomputation here."""

from __future__ import annotations

import dataclasses
import datetime as dt
import pathlib
import re
from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from polars import col

import words
from kpi.facts import build, records_kept
from kpi.indicators import catalog, scorecard
from kpi.indicators.catalog import KPIS, PLACES, Kpi
from kpi.register import RECORDS
from kpi.rules import Rules
from tests.kpi.recomputed import RECOMPUTED
from tests.kpi.registers import AS_OF, Row, register_of

ROOT = pathlib.Path(words.__file__).parents[1]

FORGOTTEN: dict[str, dict[str, Any]] = {
    "among: agreements have no column is_mature": {"among": col("is_mature")},
    "counted: agreements have no column is_begun": {"counted": col("is_started") & col("is_begun")},
    "duration: agreements have no column days": {"estimator": "median", "duration": "days", "shown": ("scorecard",)},
    "agreements have no column is_resolved": {"counted": col("is_resolved")},
    "counted is not of type Boolean": {"counted": col("age_days")},
    "a median has a duration": {"estimator": "median", "shown": ("scorecard",)},
    "nothing else has": {"duration": "duration_days"},
    "missed_by: agreements have no column days_off": {"missed_by": "days_off"},
    "a share may be missed by days, and nothing else": {
        "estimator": "median",
        "duration": "waiting_days",
        "missed_by": "days_late",
    },
    "registers keep targets, plans, evidence, reports, blockers, samples, progress, completion_days, not prizes": {
        "needs": ("plans", "prizes")
    },
    "has no target": {"target": None},
    "has no goalposts": {"goalposts": None},
    "is for context and has a weight": {"direction": "context", "target": None, "goalposts": None},
    "more than 0": {"weight": 0},
    "is not the way to what is lower": {"direction": "lower"},
    "meeting the target scores 70 and not 80": {"target": 80},
    "meeting the target scores 100 and not 80": {"target": 95},
    "is shown nowhere": {"shown": ()},
    "there is no place scorecrd": {"shown": ("scorecard", "scorecrd")},
    "is scored and not shown on the scorecard": {"shown": ("groups",)},
    "overview shows a median, not a share": {"shown": ("scorecard", "overview")},
    "is the composite and not shown in the ranking": {
        "estimator": "composite",
        "weight": None,
        "shown": ("scorecard",),
    },
    "a code is K and two digits": {"code": "K2b"},
}
"""What is said -> what was left out of, or misspelt in, a declaration."""


def another(**changes: Any) -> Kpi:
    """A KPI that nobody has declared yet, like the rate of implementation except for `changes`."""
    return dataclasses.replace(KPIS["K02"], **{"code": "K99", "shown": ("scorecard",), **changes})


def missing(kpis: Mapping[str, Kpi], recomputed: Iterable[str], keys: Mapping[str, set[str]]) -> list[str]:
    """Every half of a KPI that is not there, or has no KPI. `keys` are those of the catalogs, by language."""
    wanted = {key for kpi in kpis.values() for key in kpi.words}
    return [
        *(f"no words in {language}: {key}" for language in keys for key in sorted(wanted - keys[language])),
        *(f"words of no KPI in {language}: {key}" for language in keys for key in sorted(keys[language] - wanted)),
        *(f"no recomputation in tests/kpi/recomputed.py: {code}" for code in kpis if code not in recomputed),
        *(f"recomputation of no KPI: {code}" for code in recomputed if code not in kpis),
    ]


def keys_by_language() -> dict[str, set[str]]:
    return {
        language: {
            message.id
            for message in words.read_catalog(language)
            if isinstance(message.id, str) and message.id.startswith("kpi.") and message.string
        }
        for language in words.languages()
    }


def test_every_kpi_has_its_words_and_its_recomputation_and_none_is_left_over() -> None:
    assert missing(KPIS, RECOMPUTED, keys_by_language()) == []


def test_a_kpi_without_words_or_recomputation_is_named_and_so_is_what_outlives_a_kpi() -> None:
    kpis = {**KPIS, "K99": another(shown=("scorecard", "groups"))}
    fewer = {code: kpi for code, kpi in KPIS.items() if code != "K11"}

    added, taken = (missing(declared, RECOMPUTED, keys_by_language()) for declared in (kpis, fewer))

    assert {f"no words in {language}: kpi.K99.{part}" for language in ("vi", "en") for part in ("name", "column")} < {
        *added
    }
    assert "no recomputation in tests/kpi/recomputed.py: K99" in added
    assert len([half for half in added if "K99" in half]) == 7 * len(words.languages()) + 1
    assert {"words of no KPI in vi: kpi.K11.improve", "recomputation of no KPI: K11"} < {*taken}


@pytest.mark.parametrize("said", FORGOTTEN)
def test_a_declaration_that_does_not_hold_together_is_refused_by_name(said: str) -> None:
    assert another().code == "K99"

    with pytest.raises(ValueError, match=f"(?s){FORGOTTEN[said].get('code', 'K99')}: .*{re.escape(said)}"):
        another(**FORGOTTEN[said])


def test_everything_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(ValueError, match=r"^K99: among: .*; has no goalposts; is shown nowhere$"):
        another(among=col("no_such"), goalposts=None, shown=(), weight=None)


def test_what_has_no_default_cannot_be_left_out() -> None:
    given = {field.name: getattr(KPIS["K02"], field.name) for field in dataclasses.fields(Kpi)}

    for name in ("target", "goalposts", "weight", "shown"):
        with pytest.raises(TypeError, match=name):
            Kpi(**{key: value for key, value in given.items() if key != name})


def test_declarations_that_do_not_make_one_method_are_refused() -> None:
    declared = list(KPIS.values())

    for wrong, said in (
        ([*declared, declared[0]], "K01 is declared twice"),
        ([*declared, another()], "the weights are 120 points together"),
        ([*declared, another(weight=None, shown=("pair",))], r"pair shows one KPI, not 2 \(K02, K99\)"),
        ([kpi for kpi in declared if kpi.estimator != "composite"], "ranking shows one KPI, not 0"),
    ):
        with pytest.raises(ValueError, match=said):
            catalog.collected(wrong)


@pytest.mark.parametrize("place", catalog.PLACES)
def test_a_place_shows_what_is_declared_for_it_the_scored_ones_first(place: catalog.Place) -> None:
    shown = catalog.shown_in(place)

    assert sorted(shown) == sorted(code for code, kpi in KPIS.items() if place in kpi.shown)
    is_watched = [KPIS[code].weight is None for code in shown]
    assert is_watched == sorted(is_watched)


def test_no_code_is_named_outside_the_catalog_and_none_that_is_not_declared_in_the_docs() -> None:
    rooms = ("kpi", "data_access", "seed_data", "pages", "web", "cli", "words")
    sources = {path for room in rooms for path in (ROOT / room).rglob("*.py")} - {pathlib.Path(catalog.__file__)}
    docs = {ROOT / "README.md", *(ROOT / "docs").rglob("*.md")}

    named = {path: set(re.findall(r"\bK\d\d(?![^\W_])", path.read_text(encoding="utf-8"))) for path in sources | docs}

    assert [path for path in sources if named[path]] == []
    assert {code for path in docs for code in named[path]} <= set(KPIS)


def test_the_rules_start_from_what_the_kpis_declare() -> None:
    rules = Rules()

    assert (rules.weights["K02"], rules.edges("K03")) == (20, (240, 180))
    assert list(rules.weights) == [code for code, kpi in KPIS.items() if kpi.weight is not None]
    assert list(rules.goalposts) == [code for code, kpi in KPIS.items() if kpi.direction != "context"]
    assert sum(rules.weights.values()) == 100


def test_what_a_kpi_can_need_is_what_registers_keep() -> None:
    row = Row(
        id=1,
        signed=AS_OF,
        events=[("PLAN_ISSUED", AS_OF)],
        evidence="1/BC",
        blockers=[{"severity": "minor", "authority": "agency", "opened": AS_OF}],
        verifications=[
            {"state": "COMPLETED", "claimed": AS_OF, "verdict": "confirmed", "sample": 1, "received": AS_OF}
        ],
    )

    kept = records_kept(register_of([row]))

    assert kept == set(RECORDS) - {"targets"} == build(register_of([row]), AS_OF).records


def test_a_register_has_the_last_word_on_what_it_does_not_keep() -> None:
    row = Row(id=1, signed=AS_OF, targets=[(AS_OF, AS_OF)], evidence="1/BC")
    register = dataclasses.replace(register_of([row]), not_kept=frozenset({"evidence", "progress"}))

    assert records_kept(register) == {"targets", "reports", "completion_days"}


def test_a_kpi_without_all_it_needs_is_off_and_shown_nowhere() -> None:
    records = {*RECORDS} - {"completion_days", "progress"}
    rows = [Row(id=number, signed=AS_OF - dt.timedelta(days=800)) for number in range(6)]
    rows += [Row(id=9, signed=AS_OF - dt.timedelta(days=800), targets=[(AS_OF, AS_OF - dt.timedelta(days=800))])]
    register = dataclasses.replace(register_of(rows), not_kept=frozenset({"completion_days", "progress"}))

    cards = {card["kpi"]: card for card in scorecard.compute(build(register, AS_OF)).iter_rows(named=True)}

    assert {code for code, kpi in KPIS.items() if kpi.is_off(records)} == {"K04", "K05"}
    assert not {"K04", "K05"} & {code for place in PLACES for code in catalog.shown_in(place, records)}
    assert [(cards[code]["n"], cards[code]["status"]) for code in ("K04", "K05")] == [(0, "not_available")] * 2
    assert (cards["K02"]["n"], cards["K06"]["n"]) == (7, 1)
    assert catalog.lacking(records) == ("progress", "completion_days")
    assert (Rules().weight_with(records), Rules().weight_with(RECORDS), Rules().least_weight) == (70, 100, 70)
