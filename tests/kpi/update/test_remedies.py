"""What is suggested is put into every cell that says the same wrong thing, and into no other."""

from __future__ import annotations

import polars as pl
from polars.testing import assert_frame_equal

from kpi.update import Problem
from kpi.update.choices import STATES
from kpi.update.edits import edited, edits
from kpi.update.remedies import remedied, remedies

FRAME = pl.DataFrame(
    {
        "row": [2, 3, 4, 5],
        "ref": ["A", "B", "C", "D"],
        "state": ["x", "x", "y", None],
        "report_period": [None, "2025-Q4", None, None],
        "state_date": [None, "31/02/2026", None, None],
    }
)
MEANT = STATES[0]


def test_alike_ones_go_together_whether_listed_or_only_counted() -> None:
    found = remedies(
        FRAME,
        [
            Problem("choice", row=2, column="state", value="x", suggestion=MEANT),
            Problem("period_missing", row=4, column="report_period", suggestion="2025-Q4"),
            Problem("period_missing", row=5, column="report_period", suggestion="2025-Q4"),
            Problem("choice", row=4, column="state", value="y"),
            Problem("date_impossible", row=3, column="state_date", value="31/02/2026", suggestion="2026-02-28"),
            Problem("ref_unknown", row=9, column="ref", value="Z", suggestion="A"),
        ],
    )

    assert [(one.column, one.text, one.rows) for one in found] == [
        ("state", "x", (2, 3)),
        ("report_period", None, (4, 5)),
        ("state_date", "31/02/2026", (3,)),
    ]
    after = remedied(FRAME, found, "vi")
    assert after["state"].to_list() == [MEANT.vi, MEANT.vi, "y", None]
    assert after["state_date"].to_list() == [None, "28/02/2026", None, None]
    assert after["report_period"].to_list() == [None, "2025-Q4", "2025-Q4", "2025-Q4"]


def test_of_two_readings_each_can_be_taken_and_neither_goes_with_all() -> None:
    days = FRAME.with_columns(state_date=pl.Series([None, "3/4/2026", None, None]))
    doubtful = Problem(
        "date_ambiguous", row=3, column="state_date", value="3/4/2026", suggestion="2026-04-03 / 2026-03-04"
    )
    found = remedies(days, [doubtful])

    assert [(one.written("vi"), one.is_certain) for one in found] == [("2026-04-03", False), ("2026-03-04", False)]
    assert remedied(days, [found[1]], "vi")["state_date"].to_list() == [None, "2026-03-04", None, None]


def test_what_was_typed_meanwhile_stays() -> None:
    found = remedies(FRAME, [Problem("choice", row=2, column="state", value="x", suggestion=MEANT)])
    typed = FRAME.with_columns(state=pl.Series(["z", "x", "y", None]))

    assert remedied(typed, found, "en")["state"].to_list() == ["z", MEANT.en, "y", None]


def test_what_was_changed_in_a_table_leads_there_again() -> None:
    after = FRAME.filter(pl.col("row") != 3).with_columns(
        state=pl.Series(["a", None, "b"]), evidence_url=pl.Series([None, "u", None], dtype=pl.String)
    )

    made = edits(FRAME, after)

    assert sorted(made.cells) == [(2, "state", "a"), (4, "evidence_url", "u"), (4, "state", None), (5, "state", "b")]
    assert (made.gone, len(made)) == ((3,), 5)
    assert_frame_equal(edited(FRAME, made), after, check_column_order=False)
    assert edited(FRAME, edits(FRAME, FRAME)).equals(FRAME)
