"""How things stand as a whole, and what changed since the day compared with."""

from __future__ import annotations

import polars as pl

from kpi.briefing.blocks import Block, Break, Figure, Sentence, SentenceKind
from kpi.briefing.material import Material
from kpi.briefing.saying import agencies, kpi_figure, sentence
from kpi.facts.attention import IN_FLOW
from kpi.facts.signs import FLAGS
from kpi.indicators.catalog import shown_in
from words.phrases import Phrase

COUNTED = ("signed", "in_progress", "completed", "stalled", "overdue")
"""The counts at the start of a briefing, as on the overview."""

_SINCE = {
    "signed": pl.col("is_signed"),
    "started": pl.col("is_started") & IN_FLOW,
    "completed": pl.col("is_completed"),
    "stalled": pl.col("is_stalled"),
    "overdue": pl.col("is_overdue"),
}
"""What agreements may have come to be since the day compared with."""


def show_start(material: Material) -> list[Block]:
    """How many have begun and how many are stuck; the counts of the overview."""
    rows = material.facts.agreements
    followed = rows.filter(IN_FLOW)
    begun = followed.filter("is_started")
    stalled, overdue = int(rows["is_stalled"].sum()), int(rows["is_overdue"].sum())
    says = Phrase.of(
        "briefing.start",
        begun=Phrase.of("briefing.begun", n=begun.height, all=followed.height),
        stalled=Phrase.of("briefing.are_stalled", n=stalled),
        overdue=Phrase.of("briefing.are_overdue", n=overdue),
    )
    heading = sentence(
        material, "START", SentenceKind.STANDING, says, material.source("is_started", IN_FLOW & pl.col("is_started"))
    )
    counts = [count(material, flag) for flag in COUNTED]
    shares = [
        kpi_figure(material, code, material.whole[code], material.whole_before[code])
        for code in shown_in("groups", material.facts.records)
    ]
    return [Break("start", heading), *counts, *shares]


def count(material: Material, flag: str, *, among: pl.Expr | None = None) -> Figure:
    """How many agreements show a sign, of all or among some."""
    condition = FLAGS[flag] if among is None else FLAGS[flag] & among
    now, then = (int(facts.agreements.select(condition.sum()).item()) for facts in (material.facts, material.before))
    return Figure(
        material.code(f"N{flag.upper().replace('_', '')}"),
        Phrase(f"overview.{flag}"),
        float(now),
        "count",
        material.source(flag, condition, compared=True),
        change=float(now - then),
    )


# --- What changed ----------------------------------------------------------------------------------------------------


def show_changes(material: Material) -> list[Block]:
    """What came to be since the day compared with, the largest first, and where."""
    came = {what: _came(material, what) for what in _SINCE}
    left = _left(material)
    now, then = (int(facts.agreements["is_stalled"].sum()) for facts in (material.facts, material.before))
    verdict = "more" if now > then else "fewer" if now < then else "same"
    says = Phrase.of(
        f"briefing.stalled_{verdict}", n=abs(now - then), now=now, then=then, since=material.asked.compare_with
    )
    stalled_rows = pl.concat([came["stalled"], left])
    heading = sentence(
        material,
        "CHANGE",
        SentenceKind.CHANGE,
        says,
        material.source("is_stalled", _SINCE["stalled"], rows=stalled_rows, compared=True),
    )
    parts: list[tuple[int, Sentence]] = [
        (rows.height, _change_sentence(material, what, rows)) for what, rows in came.items() if rows.height
    ]
    if left.height:
        parts.append((left.height, _change_sentence(material, "freed", left)))
    parts.sort(key=lambda part: (-part[0], str(part[1].code)))
    return [Break("changes", heading), *(told for _, told in parts)]


def _came(material: Material, what: str) -> pl.DataFrame:
    """The agreements that are so now and were not then."""
    held = material.facts.agreements.filter(_SINCE[what])
    return held.join(material.before.agreements.filter(_SINCE[what]), on="agreement_id", how="anti")


def _left(material: Material) -> pl.DataFrame:
    """The agreements that were stalled then and are not now, as they are now."""
    was = material.before.agreements.filter("is_stalled")
    return material.facts.agreements.filter(~pl.col("is_stalled")).join(was, on="agreement_id", how="semi")


def _change_sentence(material: Material, what: str, rows: pl.DataFrame) -> Sentence:
    most = rows.group_by("agency").agg(n=pl.len()).sort(["n", "agency"], descending=[True, False])
    first = most.row(0, named=True)
    tied = most.filter(pl.col("n") == first["n"])["agency"].to_list()
    details = []
    if first["n"] > 1 and most.height > len(tied):
        details.append(Phrase.of("briefing.mostly", agencies=agencies(tied, most=3), n=first["n"]))
    if what in ("stalled", "freed"):
        details += _how(what, rows)
    condition = _SINCE.get(what, ~pl.col("is_stalled"))
    source = material.source(f"came:{what}", condition, rows=rows, compared=True)
    return sentence(
        material,
        f"CAME{what.upper()}",
        SentenceKind.WARNING if what in ("stalled", "overdue") else SentenceKind.CHANGE,
        Phrase.of(f"briefing.came_{what}", n=rows.height),
        source,
        *details,
    )


def _how(what: str, rows: pl.DataFrame) -> list[Phrase]:
    """What became of those that are stalled no more; of those that are, how many were never started."""
    if what == "stalled":
        waiting = rows.filter(~pl.col("is_started")).height
        return [Phrase.of("briefing.never_started", n=waiting)] if waiting else []
    ended = rows.filter(~pl.col("is_open")).height
    return [Phrase.of("briefing.freed_how", n=rows.height - ended, ended=ended)]
