"""Briefings as composed: what they say equals a plain recomputation, is certain, and is limited to what its reader may see."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
from collections.abc import Iterator
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings

import words
from kpi.briefing.blocks import Break, Briefing, Chart, Figure, Phrase, Reader, Sentence, Table, say
from kpi.briefing.codes import Code
from kpi.briefing.material import Asked, Edition, Material
from kpi.briefing.presets import PRESETS, UnknownBriefingError, compose, of_code, read_preset
from kpi.decided import directives as decided
from kpi.register import Register
from kpi.rules import Rules
from tests.kpi import recomputed
from tests.kpi.registers import AS_OF, Row, register_of, registers
from words.phrases import Kept, Listed, Named

BEFORE = dt.date(2025, 10, 14)
LEADER = Reader("leader")
HELD_UP = {"opened": dt.date(2025, 1, 10), "resolved": None, "escalated": dt.date(2025, 2, 1)}
ROWS = [
    Row(1, signed=dt.date(2024, 1, 10), blockers=[HELD_UP | {"authority": "prime_minister", "severity": "moderate"}]),
    Row(
        2,
        signed=dt.date(2024, 2, 10),
        blockers=[HELD_UP | {"opened": dt.date(2025, 11, 1), "authority": "prime_minister", "severity": "severe"}],
    ),
    Row(
        3,
        agency="BXD",
        signed=dt.date(2024, 3, 10),
        blockers=[HELD_UP | {"authority": "prime_minister", "severity": "minor"}],
    ),
    Row(4, agency="BXD", signed=dt.date(2025, 6, 20)),
    Row(5, agency="BXD", signed=dt.date(2024, 5, 1), events=[("IN_PROGRESS", dt.date(2025, 12, 1))]),
]


@pytest.fixture(autouse=True)
def nameless(monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that names nothing: codes are called as they are."""
    monkeypatch.setattr("words.names._read_names", lambda _: collections.defaultdict(dict))
    words.raise_on_missing()


def composed(
    rows: list[Row] | Register,
    preset: str = "quarterly",
    reader: Reader = LEADER,
    directives: pl.DataFrame | None = None,
) -> Briefing:
    found, subject = read_preset(preset)
    register = rows if isinstance(rows, Register) else register_of(rows)
    agencies = pl.DataFrame(
        {"key": ["BCT", "BXD", "T68"], "code": ["BCT", "BXD", "T68"], "kind": ["ministry", "ministry", "province"]}
    ).with_columns(valid_from=pl.lit(None, pl.Date), valid_to=pl.lit(None, pl.Date))
    partners = pl.DataFrame({"code": ["JP", "ORG-UN"], "region": ["ASIA", "ORG"], "counts_under": [None, None]})
    partners = partners.with_columns(pl.col("counts_under").cast(pl.String))
    register = dataclasses.replace(register, agencies=agencies, partners=partners)
    asked = Asked(found.name, subject, reader, AS_OF, BEFORE, scope=found.scope)
    edition = Edition(Kept("Sổ", "Register"), 3, is_demo=True)
    return compose(Material.of(asked, found.letter, edition, register, lambda _: Rules(), directives=directives))


def told(briefing: Briefing, topic: str, subject: str = "ALL") -> Any:
    return next((one for one in briefing.coded() if (one.code.topic, one.code.subject) == (topic, subject)), None)


# --- Numbers ---------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@settings(max_examples=8, deadline=None)
@given(rows=registers())
def test_what_is_said_of_everybody_equals_a_plain_recomputation(rows: list[Row]) -> None:
    briefing = composed(rows)

    known = {row.id: recomputed.agreement(row, AS_OF) for row in rows}
    before = {row.id: recomputed.agreement(row, BEFORE) for row in rows}
    followed = [one for one in known.values() if one is not None and one["followed"]]
    stalled = sum(one["stalled"] for one in followed)
    start = dict(told(briefing, "START").says.values)
    begun = sum(one["started"] is not None for one in followed)
    assert dict(start["begun"].values)["all"] == len(followed)
    assert (start["begun"].n, start["stalled"].n) == (begun, stalled)
    assert start["overdue"].n == sum(one["overdue"] for one in followed) == told(briefing, "NOVERDUE").value
    then = {key for key, one in before.items() if one and one["stalled"]}
    came = [key for key, one in known.items() if one and one["stalled"] and key not in then]
    sentence = told(briefing, "CAMESTALLED")
    assert (sentence.says.n if sentence else 0) == len(came)
    assert sorted(sentence.source.refs if sentence else []) == sorted(f"A{key}" for key in came)


@pytest.mark.slow
@settings(max_examples=8, deadline=None)
@given(rows=registers())
def test_a_figure_equals_its_recomputation_and_its_rows(rows: list[Row]) -> None:
    briefing = composed(rows)

    for figure in (one for one in briefing.coded() if isinstance(one, Figure) and one.code.topic.startswith("K")):
        _, among, value = recomputed.RECOMPUTED[figure.code.topic](rows, AS_OF)
        assert figure.denominator == among
        assert figure.value == (None if value is None else pytest.approx(float(value), abs=1e-9))
        assert len(figure.source.refs) == among  # all of them count agreements


# --- Decisions -------------------------------------------------------------------------------------------------------


def test_a_severe_decision_comes_first_and_then_the_longest_wait() -> None:
    briefing = composed(ROWS)

    asks = [
        block.heading for block in briefing.blocks if isinstance(block, Break) and block.name.startswith("decision-")
    ]

    assert [ask.code.subject for ask in asks] == ["A2", "A1", "A3"]
    assert told(briefing, "DECISIONLIST").frame["ref"].to_list() == ["A2", "A1", "A3"]
    freed = next(detail for detail in asks[1].details if detail.key == "briefing.would_free")
    assert (freed.n, freed.values) == (2, (("refs", Listed(("A3", "A2"))),))


# --- Who may see what ------------------------------------------------------------------------------------------------


def test_an_agency_reads_the_same_sums_and_only_its_own_agreements() -> None:
    whole, own = composed(ROWS), composed(ROWS, reader=Reader("agency", "BXD"))

    assert told(own, "START").says == told(whole, "START").says
    assert (told(own, "NSIGNED").source.refs, told(own, "NSIGNED").source.hidden) == (("A3", "A4", "A5"), 2)
    assert told(own, "DECISIONLIST").frame["ref"].to_list() == ["A3"]
    everything = " ".join(texts(own))
    assert not {"A1", "A2", "Thỏa thuận 1", "Thỏa thuận 2"} & set(
        everything.replace("(", " ").replace(")", " ").split()
    )
    assert any(detail.key == "briefing.left_out" for detail in told(own, "NOTES").details)
    assert not any(detail.key == "briefing.left_out" for detail in told(whole, "NOTES").details)


# --- A partner and a term --------------------------------------------------------------------------------------------


def test_what_is_late_with_a_partner_is_ours_unless_it_waits_for_them() -> None:
    """Every blocker of these rows is of another cause; the second row's is put on the partner's side."""
    register = register_of(ROWS)
    theirs = pl.when(pl.col("agreement_id") == 2).then(pl.lit("counterpart")).otherwise("cause")
    register = dataclasses.replace(register, blockers=register.blockers.with_columns(cause=theirs))

    briefing = composed(register, "partner:JP")

    late = [
        row.id for row in ROWS if (known := recomputed.agreement(row, AS_OF)) and (known["stalled"] or known["overdue"])
    ]
    assert 2 in late
    assert told(briefing, "OURS").source.refs == tuple(f"A{key}" for key in sorted(set(late) - {2}))
    assert told(briefing, "THEIRS").source.refs == ("A2",)


@pytest.mark.slow
@settings(max_examples=8, deadline=None)
@given(rows=registers())
def test_the_years_of_a_term_equal_a_plain_recomputation(rows: list[Row]) -> None:
    years = told(composed(rows, "term"), "TERMYEARS")

    known = [(row, one) for row in rows if (one := recomputed.agreement(row, AS_OF)) and one["followed"] and row.signed]
    expected = {
        str(year): (len(of_year), sum(one["started"] is not None for _, one in of_year),
                    sum(one["completed"] is not None for _, one in of_year),
                    sum(one["completed"] is not None and row.evidence != "" for row, one in of_year))
        for year in range(2021, 2026)
        if (of_year := [(row, one) for row, one in known if row.signed and row.signed.year == year])
    }  # fmt: skip
    found = {} if years is None else {row[0]: row[1:5] for row in years.frame.iter_rows()}
    assert found == expected


# --- Directives ------------------------------------------------------------------------------------------------------


def test_what_was_directed_is_told_overdue_first_and_by_agency() -> None:
    given = pl.DataFrame(
        {
            "id": [1, 2, 3],
            "agency": ["BCT", "BXD", "BXD"],
            "agreement_id": [1, 4, None],
            "task": ["Trình kế hoạch", "Bố trí vốn", "Báo cáo"],
            "due_on": [dt.date(2026, 1, 5), dt.date(2026, 2, 1), dt.date(2026, 2, 1)],
            "issued_on": dt.date(2025, 12, 1),
        }
    )
    steps = pl.DataFrame(
        {
            "id": [1],
            "directive_id": [3],
            "kind": ["done_accepted"],
            "taken_on": [dt.date(2026, 1, 2)],
            "text": [""],
            "due_on": [None],
        },
        schema_overrides={"due_on": pl.Date},
    )
    found = decided.standing(given, steps, on=AS_OF, comment_days=3)

    whole, own = (
        told(composed(ROWS, preset, directives=found), "DIRECTIVES") for preset in ("quarterly", "agency:BXD")
    )
    listed = told(composed(ROWS, directives=found), "DIRECTIVELIST")

    assert whole.says == Phrase.of("briefing.directives", n=1, all=3)
    assert dict(whole.details[0].values)["names"].items[0] == Phrase.of("briefing.directives_overdue", n=1)
    assert whole.source.refs == ("A1", "A4")
    assert own.says == Phrase.of("briefing.directives", n=1, all=2)
    assert listed.frame["task"].to_list() == ["Trình kế hoạch", "Bố trí vốn"]


# --- Presets ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("preset", ["quarterly", "agency:BXD", "agency:T68", "partner:JP", "term", "flagship"])
def test_every_briefing_is_said_in_every_language_and_is_the_same_twice(preset: str) -> None:
    briefing, again = composed(ROWS, preset), composed(ROWS, preset)

    assert briefing.sha256 == again.sha256
    for language in words.languages():
        with words.in_language(language):
            assert all(texts(briefing))


@pytest.mark.parametrize("preset", ["quarterly", "agency:T68", "partner:JP", "term", "flagship"])
def test_a_register_without_agreements_makes_a_briefing_that_says_so(preset: str) -> None:
    assert all(texts(composed([], preset)))


def test_a_province_without_agreements_is_told_of() -> None:
    briefing = composed(ROWS, "agency:T68")
    assert told(composed(ROWS), "WITHOUT").says == Phrase.of(
        "briefing.without", n=1, all=1, scope=Named("scope", "HIGH_LEVEL")
    )

    says = told(briefing, "NOTHING", "T68").says
    assert says == Phrase.of("briefing.agency_without", agency=Named("agency", "T68"))
    assert [block.name for block, _ in briefing.screens()] == ["standing", "notes"]


@pytest.mark.parametrize("written", ["", "nothing", "agency", "quarterly:BXD", "agency:", "agency:NOBODY"])
def test_a_briefing_that_there_is_not_is_refused(written: str) -> None:
    with pytest.raises(UnknownBriefingError):
        composed(ROWS, written)


def test_a_code_leads_back_to_its_briefing() -> None:
    for preset in ("quarterly", "agency:BXD", "partner:ORG-UN", "term"):
        for one in composed(ROWS, preset).coded():
            assert of_code(Code.read(str(one.code)), ["BCT", "BXD", "ORG-UN"]) == preset
    with pytest.raises(UnknownBriefingError):
        of_code(Code.read("Z-START-ALL-260114"), [])


def test_presets_have_letters_of_their_own() -> None:
    assert len({preset.letter for preset in PRESETS.values()}) == len(PRESETS)


def texts(briefing: Briefing) -> Iterator[str]:
    """Everything a briefing says."""
    yield say(briefing.title)
    for one in briefing.coded():
        match one:
            case Sentence():
                yield from map(say, (one.says, *one.details))
            case Figure():
                yield say(one.label)
                yield say(one.quantity)
            case Table():
                yield say(one.caption)
                yield from (words.t(column.heading) for column in one.columns)
                yield from (row[0] for row in one.cells())
            case Chart():
                yield from map(say, (one.title, one.alt))
