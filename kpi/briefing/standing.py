"""Who delivers: which agencies surely stand above or below the middle, and which stand out on one figure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import polars as pl

from kpi.briefing.blocks import Block, Break, Chart, Column, Sentence, SentenceKind
from kpi.briefing.material import Material
from kpi.briefing.saying import agencies, digits, kpi_source, sentence
from kpi.facts import attention
from kpi.indicators import scorecard
from kpi.indicators.catalog import COMPOSITE, KPIS, shown_in
from kpi.studies import rank_sets
from kpi.vocabulary import NOT_NAMED, PROVINCE_KINDS, AgencyGroup, Band
from words.phrases import Named, Phrase, Quantity

GROUPS: Final = (AgencyGroup.MINISTRY, AgencyGroup.PROVINCE)
MOST_OUTLIERS: Final = 5


def show_group(material: Material, group: AgencyGroup) -> list[Block]:
    """A group's composites with their intervals, and whom these place surely above or below the middle."""
    league = material.league(group)
    ranked = league.filter(pl.col("place").is_not_null())
    topic = f"RANK{group.upper()}"
    source = material.source(COMPOSITE, KPIS[COMPOSITE].among & (pl.col("agency_group") == str(group)))
    if ranked.height < 2:
        says = Phrase.of(f"briefing.nobody_ranked_{group}", n=material.rules.rank_min_n)
        return [Break(group, sentence(material, topic, SentenceKind.NOTE, says, source))]
    heading = sentence(material, topic, SentenceKind.STANDING, _verdict(ranked, group), source)
    unranked = league.height - ranked.height
    how_sure = Phrase.of("briefing.how_sure", n=ranked.height, few=unranked, least=material.rules.rank_min_n)
    note = sentence(material, f"{topic}SURE", SentenceKind.NOTE, how_sure, source)
    frame = ranked.select(
        "agency",
        "score",
        low=pl.min_horizontal("low", "score"),
        high=pl.max_horizontal("high", "score"),
        light="status",
    )
    chart = Chart(
        material.code(f"{topic}CHART"),
        "ranges",
        Phrase("briefing.ranges_title"),
        Phrase.of(f"briefing.ranges_alt_{group}", n=ranked.height),
        frame,
        Column("agency", "overview.agency", "code", of="agency", short=True),
        Column("score", f"kpi.{COMPOSITE}.short", "number", digits=1),
        source,
        low="low",
        high="high",
        light="light",
    )
    return [Break(group, heading), chart, note]


def _verdict(ranked: pl.DataFrame, group: AgencyGroup) -> Phrase:
    above, below = (ranked.filter(pl.col("band") == band)["agency"].to_list() for band in (Band.ABOVE, Band.BELOW))
    if not above and not below:
        return Phrase.of(f"briefing.none_apart_{group}", n=ranked.height)
    told = {
        name: agencies(codes, short=len(above) + len(below) > 1)
        for name, codes in (("above", above), ("below", below))
        if codes
    }
    which = "both" if above and below else "above" if above else "below"
    return Phrase.of(f"briefing.apart_{which}", n=ranked.height - len(above) - len(below), **told)


# --- On one figure ---------------------------------------------------------------------------------------------------


def show_outliers(material: Material) -> list[Block]:
    """The agencies whose share on a figure surely places them in the worse half of those that can be ranked by it."""
    found: list[Sentence] = []
    for code in shown_in("comparison", material.facts.records):
        for group in GROUPS:
            found += _outliers(material, code, group)
    kept = found[:MOST_OUTLIERS]
    if not kept:
        return []
    who = list(dict.fromkeys(told.about.code for told in kept if told.about is not None))
    says = Phrase.of("briefing.outliers", agencies=agencies(who, short=len(who) > 2), n=len(who))
    source = material.source("outliers", pl.col("is_signed") & pl.col("agency").is_in(who))
    heading = sentence(material, "OUTLIERS", SentenceKind.OUTLIER, says, source)
    return [Break("outliers", heading), *kept]


def _outliers(material: Material, code: str, group: AgencyGroup) -> list[Sentence]:
    kpi = KPIS[code]
    members = material.facts.agreements.filter(agency_group=str(group))
    cards = (
        material.cards.join(members, on="agency", how="semi")
        .filter((pl.col("kpi") == code) & (pl.col("denominator") >= material.rules.rank_min_n))
        .sort("agency")
    )
    if cards.height < 2:
        return []
    good = cards["numerator"] if kpi.direction == "higher" else cards["n"] - cards["numerator"]
    places = rank_sets.rank_sets(good.to_list(), cards["n"].to_list())
    middle = (cards.height + 1) / 2
    surely = cards.filter(pl.Series([best > middle for best, _ in places])).sort("score", "agency", nulls_last=True)
    return [_outlier_sentence(material, code, row) for row in surely.iter_rows(named=True)]


def _outlier_sentence(material: Material, code: str, row: Mapping[str, Any]) -> Sentence:
    agency, kpi = row["agency"], KPIS[code]
    value = Quantity(row["value"], kpi.unit, digits(material, code, row["value"]))
    says = Phrase.of(
        "briefing.outlier",
        agency=Named("agency", agency),
        kpi=Phrase(f"kpi.{code}.short"),
        value=value,
        counted=row["numerator"],
        among=row["denominator"],
    )
    limits = Phrase.of("briefing.limits", low=Quantity(row["low"], kpi.unit), high=Quantity(row["high"], kpi.unit))
    return sentence(
        material,
        code,
        SentenceKind.OUTLIER,
        says,
        kpi_source(material, code, agency),
        limits,
        *_drivers(material, code, agency),
        subject=agency,
        light=row["status"] if row["status"] in ("green", "amber", "red") else None,
        about=Named("agency", agency),
    )


def _drivers(material: Material, code: str, agency: str) -> list[Phrase]:
    """What most of those counted against an agency wait for, where causes are named; how many name none."""
    kpi = KPIS[code]
    if kpi.of != "agreements" or "blockers" not in material.facts.records:
        return []
    missed = scorecard.rows_behind(
        material.facts.where(pl.col("agency") == agency), kpi, "rest" if kpi.direction == "higher" else "numerator"
    )
    return causes_of(material, missed)


def causes_of(material: Material, rows: pl.DataFrame) -> list[Phrase]:
    """The cause named most often among agreements, and how many name none; nothing where several are named equally often."""
    held = attention.worst_blockers(material.facts).join(rows, on="agreement_id", how="semi")
    by_cause = (
        held.filter(pl.col("cause") != NOT_NAMED).group_by("cause").agg(n=pl.len()).sort("n", "cause", descending=True)
    )
    unnamed = rows.height - held.height
    told = []
    if by_cause.height and (by_cause.height == 1 or by_cause["n"][0] > by_cause["n"][1]):
        told.append(
            Phrase.of(
                "briefing.waits_for", n=by_cause["n"][0], all=rows.height, cause=Named("cause", by_cause["cause"][0])
            )
        )
    if unnamed:
        told.append(Phrase.of("briefing.unnamed", n=unnamed, all=rows.height))
    return told


# --- Provinces without -----------------------------------------------------------------------------------------------


def show_without(material: Material) -> list[Block]:
    """The provinces there are on the day without any agreement in the scope, by name."""
    day = material.asked.as_of
    since, until = pl.col("valid_from"), pl.col("valid_to")
    there = material.register.agencies.filter(
        pl.col("kind").is_in(list(PROVINCE_KINDS))
        & (since.is_null() | (since <= day))
        & (until.is_null() | (until >= day))
    )
    signed = material.facts.agreements.filter("is_signed")
    without = there.join(signed, left_on="key", right_on="agency", how="anti")["key"].sort().to_list()
    if not without:
        return []
    says = Phrase.of("briefing.without", n=len(without), all=there.height, scope=Named("scope", material.asked.scope))
    source = material.source("signed", pl.col("is_signed") & (pl.col("agency_group") == str(AgencyGroup.PROVINCE)))
    names = Phrase.of("briefing.named", names=agencies(without, most=len(without)))
    return [Break("without", sentence(material, "WITHOUT", SentenceKind.STANDING, says, source, names))]
