"""Each sign counted by hand on a tiny register."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl

from kpi.integrity import claims, signs
from kpi.integrity.claims import Claimed, Claims

AS_OF = dt.date(2026, 1, 14)
DUE = dt.date(2026, 1, 10)


def day(back: int) -> dt.date:
    """So many days before the last one."""
    return AS_OF - dt.timedelta(days=back)


def claim(
    agreement: int, record: str = "state", *, about: int, received: int | None = None, **given: Any
) -> dict[str, Any]:
    """A claim of agency A, of a day so many days back, received then if nothing else is said."""
    plain = {"agency": "A", "agency_kind": "ministry", "batch_id": None, "text": "", "state": None, "target_on": None}
    told = {"progress_pct": None, "shows_progress": record == "report" or None}
    days = {"about_on": day(about), "received_on": day(about if received is None else received)}
    return plain | told | days | {"record": record, "agreement_id": agreement} | given


def given(*rows: dict[str, Any]) -> Claimed:
    """These claims, and a calendar with one day on which reports fall due."""
    frame = pl.DataFrame(
        [{**row, "record_id": place} for place, row in enumerate(rows)], schema=Claims.create_empty().schema
    )
    period = {"code": "2025-Q4", "starts_on": day(105), "ends_on": day(14), "due_on": DUE}
    return claims.claimed(Claims.validate(frame), AS_OF, periods=pl.DataFrame([period]))


def cases(sign: str, *rows: dict[str, Any]) -> tuple[int, int]:
    """How many rows a sign counts, and how many of them are cases."""
    found = signs.counted(given(*rows))[sign]
    return found.height, int(found["is_case"].sum())


def test_late_is_what_comes_more_than_thirty_days_after_its_day() -> None:
    late, in_time = claim(1, state="SIGNED", about=41, received=10), claim(2, state="SIGNED", about=40, received=10)
    long_ago = claim(3, state="SIGNED", about=600, received=500)

    assert cases("late_receipt", late, in_time, long_ago) == (2, 1)


def test_identical_is_one_text_of_three_agreements_that_nobody_else_writes() -> None:
    ours, theirs = "Đã hoàn thành theo kế hoạch đề ra", "Hai bên thống nhất lộ trình thực hiện"
    rows = [claim(number, state="IN_PROGRESS", about=5, text=ours) for number in (1, 2)]
    rows += [claim(3, "report", about=9, text=f"  {ours.upper()}", progress_pct=50.0)]
    rows += [claim(number, state="COMPLETED", about=5, text=theirs) for number in (4, 5, 6)]
    rows += [
        claim(7, state="COMPLETED", about=5, text=theirs, agency="B"),
        claim(8, state="COMPLETED", about=5, text="Xong"),
    ]
    unchanged = claim(9, "report", about=9, text=ours, shows_progress=False)

    assert cases("same_text", *rows, unchanged) == (7, 3)


def test_a_chain_is_a_day_of_two_steps_of_one_agreement() -> None:
    chain = [claim(1, state=state, about=20) for state in ("SIGNED", "PLAN_ISSUED", "IN_PROGRESS")]
    steps = [claim(2, state="PLAN_ISSUED", about=20), claim(2, state="IN_PROGRESS", about=19)]

    assert cases("one_day_chain", *chain, *steps) == (3, 1)


def test_just_before_the_cut_off_are_its_last_seven_days() -> None:
    came = (3, 4, 10, 11)  # the day after the cut-off, its day, the first of the last seven, the day before
    rows = [claim(number, state="IN_PROGRESS", about=30, received=back) for number, back in enumerate(came)]

    assert cases("before_cut_off", *rows) == (4, 2)


def test_progress_falls_where_a_report_says_less_than_the_one_before() -> None:
    said = [(400, 20.0), (300, 30.0), (200, None), (100, 25.0), (10, 25.0)]
    rows = [claim(1, "report", about=back, progress_pct=share) for back, share in said]

    assert cases("falling_progress", *rows) == (3, 1)


def test_in_bulk_are_ends_of_three_agreements_received_on_one_day() -> None:
    bulk = [claim(number, state="COMPLETED", about=30 + number, received=10) for number in (1, 2)]
    bulk += [claim(3, state="TERMINATED", about=11, received=10)]
    pair = [claim(number, state="COMPLETED", about=60, received=50) for number in (4, 5)]

    assert cases("ends_in_bulk", *bulk, *pair) == (5, 3)


def test_a_target_eases_where_it_is_moved_later_within_the_year() -> None:
    def target(agreement: int, about: int, on: int) -> dict[str, Any]:
        return claim(agreement, "target", about=about, target_on=day(-on))

    eased, sooner, kept = (
        [target(1, 500, 30), target(1, 50, 90)],
        [target(2, 500, 90), target(2, 50, 30)],
        [target(3, 50, 30)],
    )
    long_ago = [target(4, 500, 30), target(4, 400, 90)]
    closed = [target(5, 600, 30), target(5, 50, 90), claim(5, state="COMPLETED", about=450)]

    assert cases("targets_eased", *eased, *sooner, *kept, *long_ago, *closed) == (4, 1)


def test_what_a_register_does_not_keep_shows_no_sign_that_needs_it() -> None:
    """Received on the day it is about, all of it: the source did not say when."""
    found = signs.counted(given(claim(1, state="IN_PROGRESS", about=20), claim(2, state="COMPLETED", about=20)))

    assert set(signs.SIGNS) - set(found) == {"late_receipt", "before_cut_off", "ends_in_bulk"}
