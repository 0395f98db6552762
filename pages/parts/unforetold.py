"""Why forecasts are not shown, in one sentence."""

from __future__ import annotations

from typing import Literal

import words as w
from kpi.studies import pace
from pages.ui.studies import Proof


def sentence(proof: Proof, kind: Literal["starts", "stalls"]) -> str:
    """That the pace has changed, with the numbers; else that forecasts have not proved right here."""
    found = proof.pace
    if found is None or not found.has_changed:
        return w.t(f"stalling.{kind}_unproven")
    return w.t(
        f"stalling.{kind}_changed",
        days=w.number(pace.DAYS),
        n=w.number(found.n),
        happened=w.number(found.happened),
        expected=w.number(found.expected),
        low=w.number(found.low),
        high=w.number(found.high),
    )
