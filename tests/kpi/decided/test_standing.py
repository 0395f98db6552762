"""Where directives and escalations stand on a day, by their steps."""

from __future__ import annotations

import datetime as dt

import polars as pl

from kpi.decided import directives, escalations
from kpi.decided.directives import Counts
from kpi.vocabulary import Authority, DirectiveState, DirectiveStep, EscalationState, EscalationStep

D = dt.date
GIVEN = D(2026, 1, 5)
DUE = D(2026, 1, 20)


def directive_rows(*numbers: int) -> pl.DataFrame:
    return pl.DataFrame({"id": list(numbers)}).with_columns(agency=pl.lit("BCT"), due_on=DUE, issued_on=GIVEN)


def step(number: int, of: int, kind: DirectiveStep, day: D, due: D | None = None) -> dict[str, object]:
    return {"id": number, "directive_id": of, "kind": str(kind), "taken_on": day, "text": f"n{number}", "due_on": due}


def steps(*rows: dict[str, object]) -> pl.DataFrame:
    schema = {
        "id": pl.Int64,
        "directive_id": pl.Int64,
        "kind": pl.String,
        "taken_on": pl.Date,
        "text": pl.String,
        "due_on": pl.Date,
    }
    return pl.DataFrame(list(rows), schema=schema)


def stand(found: pl.DataFrame, day: D, *given: int) -> pl.DataFrame:
    return directives.standing(directive_rows(*given), found, on=day, comment_days=3)


def test_a_directive_goes_from_nobody_answered_to_closed_and_back() -> None:
    told = steps(
        step(1, 1, DirectiveStep.ANSWERED, D(2026, 1, 8)),
        step(2, 1, DirectiveStep.REPORTED_DONE, D(2026, 1, 19)),
        step(3, 1, DirectiveStep.ANSWERED, D(2026, 1, 20)),
        step(4, 1, DirectiveStep.SENT_BACK, D(2026, 1, 22)),
        step(5, 1, DirectiveStep.EXTENDED, D(2026, 1, 22), D(2026, 2, 10)),
        step(6, 1, DirectiveStep.REPORTED_DONE, D(2026, 2, 12)),
        step(7, 1, DirectiveStep.ACCEPTED, D(2026, 2, 14)),
    )

    on = {day: stand(told, day, 1).row(0, named=True) for day in (GIVEN, *told["taken_on"].unique().to_list())}

    assert [on[day]["state"] for day in sorted(on)] == [
        DirectiveState.UNANSWERED,
        DirectiveState.UNDER_WAY,
        DirectiveState.SAID_DONE,
        DirectiveState.SAID_DONE,  # a word more takes nothing back
        DirectiveState.TO_DO_AGAIN,
        DirectiveState.SAID_DONE,
        DirectiveState.CARRIED_OUT,
    ]
    assert (on[D(2026, 1, 22)]["due_now"], on[D(2026, 1, 22)]["is_overdue"]) == (D(2026, 2, 10), False)
    last = on[D(2026, 2, 14)]
    assert (last["was_late"], last["done_on"], last["ended_on"]) == (True, D(2026, 2, 12), D(2026, 2, 14))
    assert (last["extended"], last["answer"], last["last_step"], last["due_on"]) == (1, "n6", 7, DUE)
    assert stand(told, D(2026, 1, 4), 1).is_empty()


def test_overdue_ones_come_first_and_silence_is_told_three_days_before() -> None:
    told = steps(
        step(1, 1, DirectiveStep.ACCEPTED, D(2026, 1, 10)),
        step(2, 2, DirectiveStep.ANSWERED, D(2026, 1, 10)),
        step(3, 4, DirectiveStep.REPORTED_DONE, D(2026, 1, 18)),
        step(4, 5, DirectiveStep.CALLED_OFF, D(2026, 1, 11)),
    )

    def silent(day: D) -> list[int]:
        return stand(told, day, 1, 2, 3, 4, 5).filter("has_no_answer")["id"].to_list()

    assert (silent(D(2026, 1, 16)), silent(D(2026, 1, 17)), silent(D(2026, 2, 1))) == ([], [3, 4], [3])
    after = stand(told, D(2026, 1, 30), 1, 2, 3, 4, 5)
    assert after["id"].to_list() == [2, 3, 4, 1, 5]
    assert after["days_overdue"].to_list() == [10, 10, None, None, None]
    assert directives.count(after) == Counts(
        given=4, carried_out=1, carried_out_late=0, overdue=2, without_answer=1, said_done=1
    )
    assert directives.count(after.clear()) == Counts(0, 0, 0, 0, 0, 0)


def escalation_steps(*rows: tuple[int, EscalationStep, D, str, D | None]) -> pl.DataFrame:
    names = ("escalation_id", "kind", "taken_on", "level", "due_on")
    schema = {
        "id": pl.Int64,
        "escalation_id": pl.Int64,
        "kind": pl.String,
        "taken_on": pl.Date,
        "text": pl.String,
        "level": pl.String,
        "due_on": pl.Date,
    }
    found = [{"id": at, "text": f"n{at}", **dict(zip(names, row, strict=True))} for at, row in enumerate(rows, 1)]
    return pl.DataFrame(found, schema=schema)


def test_an_escalation_waits_at_its_level_until_it_is_settled_and_each_level_has_its_own_clock() -> None:
    level, above = str(Authority.PRIME_MINISTER), str(Authority.NATIONAL_ASSEMBLY)
    rows = pl.DataFrame({"id": [1, 2, 3, 4, 5]}).with_columns(
        level=pl.lit(level), due_on=D(2026, 2, 4), raised_on=GIVEN
    )
    told = escalation_steps(
        (1, EscalationStep.DECIDED, D(2026, 1, 25), "", None),
        (2, EscalationStep.PASSED_ON, D(2026, 1, 25), above, D(2026, 4, 25)),
        (3, EscalationStep.GROUP_SET_UP, D(2026, 1, 15), "", D(2026, 1, 20)),
        (3, EscalationStep.GROUP_MET, D(2026, 1, 18), "", None),
        (4, EscalationStep.SENT_DOWN, D(2026, 1, 12), "", None),
        (5, EscalationStep.DROPPED, D(2026, 1, 12), "", None),
    )

    found = escalations.standing(rows, told, on=D(2026, 2, 10))

    by_id = {row["id"]: row for row in found.iter_rows(named=True)}
    assert [by_id[number]["state"] for number in range(1, 6)] == [
        EscalationState.DECIDED,
        EscalationState.AWAITS_LEVEL,
        EscalationState.WITH_GROUP,
        EscalationState.SENT_DOWN,
        EscalationState.DROPPED,
    ]
    assert found["id"].to_list()[0] == 3  # its working group should have ended
    assert (by_id[3]["days_overdue"], by_id[1]["days_waiting"], by_id[2]["days_waiting"]) == (21, 20, 16)
    assert (by_id[2]["level_now"], by_id[2]["due_now"], by_id[2]["is_overdue"]) == (above, D(2026, 4, 25), False)
    assert by_id[1]["outcome"] == "n1"
    assert escalations.by_level(found).rows() == [
        (str(Authority.INTER_AGENCY), 0, 0, 0, 0, 0, None),
        (level, 3, 1, 1, 1, 1, 20.0),
        (above, 1, 0, 0, 1, 0, None),
    ]
