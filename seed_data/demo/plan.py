"""Who signs what with whom, and when: one row per agreement, before it has a title or a life.

The numbers by quarter, sector and region are those of the reference lists, exactly; everything else is dealt out in
shares. Rows fixed by published facts (the ocean commitments, the two free-trade agreements) and the invented flagship
agreements take their places first.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl

from kpi.vocabulary import Tier
from seed_data import reference
from seed_data.demo.calendar import QUARTER_STARTS, QUARTERS
from seed_data.demo.draws import Ints, day, dealt, lists, quota, read_data, stream

SCENARIO = "A_published_strict"
HIGH, LOCAL, UNSIGNED = 927, 54, 25
DEFAULT_SIZE = HIGH + LOCAL + UNSIGNED

MULTILATERAL = "Multilateral"
FREE_TRADE = (("IL", dt.date(2023, 7, 25)), ("AE", dt.date(2024, 10, 28)))
OCEAN_CONFERENCE = dt.date(2025, 6, 9)

PLAN = {
    "group": pl.String,
    "item": pl.Int64,
    "quarter": pl.Int64,
    "signed": pl.Int64,
    "visit": pl.Int64,
    "sector": pl.String,
    "partner": pl.String,
    "agency": pl.String,
    "doc_type": pl.String,
}
"""`group` is ordinary, flagship, voluntary, free_trade or unsigned; `item` the row of the list it comes from; `signed` days
since 1970; `visit` the number of the visit it is signed at, -1 without one."""


def sizes(n: int | None) -> tuple[int, int, int]:
    """How many high-level, local and unsigned agreements a register of `n` has."""
    if n is None or n == DEFAULT_SIZE:
        return HIGH, LOCAL, UNSIGNED
    if n < DEFAULT_SIZE:
        raise ValueError(f"the demo register has at least {DEFAULT_SIZE} agreements, not {n}")
    high, local, unsigned = quota(n, [HIGH, LOCAL, UNSIGNED])
    return int(high), int(local), int(unsigned)


def high_level(seed: int, count: int, unsigned: int) -> pl.DataFrame:
    """The high-level agreements, and those not signed yet, with the columns of PLAN."""
    fixed = _fixed()
    ordinary = _ordinary(seed, count, fixed)
    copied = stream(seed, "unsigned").integers(0, ordinary.height, unsigned)
    pending = ordinary[copied].with_columns(
        group=pl.lit("unsigned"),
        signed=pl.lit(None, dtype=pl.Int64),
        quarter=pl.lit(None, dtype=pl.Int64),
        visit=pl.lit(-1, dtype=pl.Int64),
    )
    return pl.concat([fixed, ordinary, pending])


def partner_traits() -> pl.DataFrame:
    """Countries of the demo: partner, region, state_vi, state_en, weight, sea, tech, nuclear."""
    regions = lists()["Partner"].select(partner="code", region="region")
    return (
        read_data("partners")
        .with_columns(pl.col("weight").cast(pl.Float64), pl.col("sea", "tech", "nuclear") == "1")
        .join(regions, on="partner", how="left", maintain_order="left")
    )


# --- Fixed rows ------------------------------------------------------------------------------------------------------


def _fixed() -> pl.DataFrame:
    flagships = read_data("flagships")
    names = {f"{year}Q{quarter}": place for place, (year, quarter) in enumerate(QUARTERS)}
    free_trade = [day(signed) for _, signed in FREE_TRADE]
    ocean = read_data("voluntary").height
    return pl.concat(
        [
            pl.DataFrame(
                {
                    "group": ["flagship"] * flagships.height,
                    "item": np.arange(flagships.height),
                    "quarter": [names[name] for name in flagships["quarter"]],
                    "signed": [None] * flagships.height,
                    "visit": [-1] * flagships.height,
                    "sector": flagships["sector"],
                    "partner": flagships["partner"],
                    "agency": flagships["agency"],
                    "doc_type": flagships["doc_type"],
                },
                schema=PLAN,
            ),
            pl.DataFrame(
                {
                    "group": ["free_trade"] * len(FREE_TRADE),
                    "item": np.arange(len(FREE_TRADE)),
                    "quarter": np.searchsorted(QUARTER_STARTS, free_trade, side="right") - 1,
                    "signed": free_trade,
                    "visit": [-1] * len(FREE_TRADE),
                    "sector": ["ECO"] * len(FREE_TRADE),
                    "partner": [partner for partner, _ in FREE_TRADE],
                    "agency": ["BCT"] * len(FREE_TRADE),
                    "doc_type": ["FTA"] * len(FREE_TRADE),
                },
                schema=PLAN,
            ),
            pl.DataFrame(
                {
                    "group": ["voluntary"] * ocean,
                    "item": np.arange(ocean),
                    "quarter": [names["2025Q2"]] * ocean,
                    "signed": [day(OCEAN_CONFERENCE)] * ocean,
                    "visit": [-1] * ocean,
                    "sector": ["AGE"] * ocean,
                    "partner": ["ORG-UN"] * ocean,
                    "agency": ["BNNMT"] * ocean,
                    "doc_type": ["VOL"] * ocean,
                },
                schema=PLAN,
            ),
        ]
    )


# --- Ordinary rows ---------------------------------------------------------------------------------------------------


def _published(name: str, key: str, value: str) -> dict[str, int]:
    frame = reference.read_list(name)
    return {str(row[0]): int(row[1]) for row in frame.select(key, value).iter_rows()}


def _left(counts: dict[str, int], total: int, used: pl.Series) -> tuple[list[str], Ints]:
    """The published counts stretched to `total`, less what the fixed rows have taken."""
    names = list(counts)
    shares = quota(total, list(counts.values()))
    taken = np.array([int((used == name).sum()) for name in names])
    if (shares < taken).any():
        raise ValueError("the fixed agreements do not fit into a register of this size")
    return names, shares - taken


def _ordinary(seed: int, count: int, fixed: pl.DataFrame) -> pl.DataFrame:
    random = stream(seed, "plan")
    quarters = reference.read_list("reconciliation_year_quarter").filter(pl.col("scenario") == SCENARIO)
    by_quarter = {str(place): int(number) for place, number in enumerate(quarters["count"])}
    regions = partner_traits().select("partner", "region")
    used_regions = fixed.join(regions, on="partner", how="left", maintain_order="left")["region"].fill_null(
        MULTILATERAL
    )

    _, per_quarter = _left(by_quarter, count, fixed["quarter"].cast(pl.String))
    sectors, per_sector = _left(_published("sectors", "code", "demo_count_927"), count, fixed["sector"])
    names, per_region = _left(_published("region_shares", "region", "demo_count_927"), count, used_regions)
    total = int(per_quarter.sum())
    plan = pl.DataFrame(
        {
            "quarter": random.permutation(np.repeat(np.arange(len(per_quarter)), per_quarter)),
            "sector": np.array(sectors)[random.permutation(np.repeat(np.arange(len(sectors)), per_sector))],
            "region": np.array(names)[random.permutation(np.repeat(np.arange(len(names)), per_region))],
            "_order": np.arange(total),
        }
    )
    parts = [
        _with_countries(seed, part, count / HIGH) if region != MULTILATERAL else _with_organisations(part)
        for (region,), part in plan.sort("region", "quarter", "_order").group_by("region", maintain_order=True)
    ]
    plan = pl.concat(parts).sort("_order")
    plan = _with_agencies(seed, plan)
    return _with_doc_types(seed, plan).select(
        group=pl.lit("ordinary"),
        item=pl.lit(0, dtype=pl.Int64),
        quarter="quarter",
        signed=pl.lit(None, dtype=pl.Int64),
        visit="visit",
        sector="sector",
        partner="partner",
        agency="agency",
        doc_type="doc_type",
    )


def _with_countries(seed: int, part: pl.DataFrame, scale: float) -> pl.DataFrame:
    """Partners of one region, in clumps: several agreements with one country in one quarter make a visit.

    `part` is sorted by quarter. A clump that a quarter's end cuts in two makes two visits; small pieces make none.
    """
    region = part["region"][0]
    random = stream(seed, f"partners {region}")
    countries = partner_traits().filter((pl.col("region") == region) & (pl.col("weight") > 0))
    per_country = quota(part.height, countries["weight"].to_numpy())
    clumps = [np.repeat(i, max(1, round(number / (8 * scale)))) for i, number in enumerate(per_country)]
    owner = np.concatenate([clump for clump, number in zip(clumps, per_country, strict=True) if number])
    pieces = np.concatenate(
        [quota(int(number), np.ones(len(clump))) for clump, number in zip(clumps, per_country, strict=True) if number]
    )
    order = random.permutation(len(owner))
    clump_of = np.repeat(np.arange(len(owner)), pieces[order])
    partner = countries["partner"].to_numpy()[owner[order][clump_of]]
    quarter = part["quarter"].to_numpy()
    changes = np.r_[True, (clump_of[1:] != clump_of[:-1]) | (quarter[1:] != quarter[:-1])]
    run = np.cumsum(changes) - 1
    length = np.bincount(run)[run]
    offset = 100_000 * (_region_place(region) + 1)
    visit = np.where(length >= max(3, round(3 * scale)), run + offset, -1)
    return part.with_columns(partner=pl.Series(partner, dtype=pl.String), visit=pl.Series(visit))


def _region_place(region: str) -> int:
    """A number for each region, so that visits of different regions do not share one."""
    return list(_published("region_shares", "region", "demo_count_927")).index(region)


def _with_organisations(part: pl.DataFrame) -> pl.DataFrame:
    """Organisations that work in the agreement's sector, in turn."""
    pools = (
        read_data("organisations")
        .select("partner", pl.col("sectors").str.split(";").alias("sector"))
        .explode("sector")
        .with_columns(turn=pl.int_range(pl.len()).over("sector"), turns=pl.len().over("sector"))
    )
    turns = pools.select("sector", "turns").unique()
    return (
        part.with_columns(turn=pl.int_range(pl.len()).over("sector"))
        .join(turns, on="sector", how="left", maintain_order="left")
        .with_columns(turn=pl.col("turn") % pl.col("turns"))
        .join(pools.select("sector", "turn", "partner"), on=["sector", "turn"], how="left", maintain_order="left")
        .with_columns(visit=pl.lit(-1, dtype=pl.Int64))
        .select(*part.columns, "partner", "visit")
    )


def _with_agencies(seed: int, plan: pl.DataFrame) -> pl.DataFrame:
    """Responsible agencies by the shares of each sector; with organisations, those that deal with them."""
    random = stream(seed, "agencies")
    shares = read_data("sector_agencies").with_columns(pl.col("weight").cast(pl.Float64))
    partners_of = (
        read_data("topics").filter(pl.col("kind") == "o").select("sector", "agency").unique(maintain_order=True)
    )
    is_organisation = plan["partner"].str.starts_with("ORG-").to_numpy()
    sector = plan["sector"].to_numpy()
    agency = np.empty(plan.height, dtype=object)
    for name in shares["sector"].unique(maintain_order=True):
        pool = shares.filter(pl.col("sector") == name)
        rows = np.flatnonzero((sector == name) & ~is_organisation)
        agency[rows] = pool["agency"].to_numpy()[dealt(random, len(rows), pool["weight"].to_numpy())]
        able = partners_of.filter(pl.col("sector") == name)["agency"].to_numpy()
        rows = np.flatnonzero((sector == name) & is_organisation)
        agency[rows] = able[dealt(random, len(rows), np.ones(len(able)))]
    provinces = read_data("province_weights").with_columns(pl.col("weight").cast(pl.Float64))
    rows = np.flatnonzero(agency == "PROV")
    agency[rows] = provinces["agency"].to_numpy()[dealt(random, len(rows), provinces["weight"].to_numpy())]
    return plan.with_columns(agency=pl.Series(agency.tolist(), dtype=pl.String))


# --- Document types --------------------------------------------------------------------------------------------------

_BINDING = (("TREATY", ("t", "ts")), ("LOAN", ("l",)), ("JS", ("j",)), ("LEAD", ("j",)))
"""Document types that not everyone can sign, the most demanding first, with the kinds of topic they need."""

_LENDING_ORGANISATIONS = ("ORG-WB", "ORG-ADB", "ORG-AIIB", "ORG-EIB")
_BORROWERS = {"ECO": "BTC", "ENE": "BCT", "TRA": "BXD", "CON": "BXD", "AGE": "BNNMT", "HEA": "BYT"}
"""The ministry that carries out borrowed projects of a sector."""

_CLOSENESS = {
    Tier.COMPREHENSIVE_STRATEGIC: 1.0,
    Tier.SPECIAL: 1.0,
    Tier.STRATEGIC: 0.6,
    Tier.COMPREHENSIVE: 0.45,
    Tier.OTHER: 0.0,
    Tier.ORGANISATION: 0.0,
}
"""How much likelier a partner of each tier is to sign the more binding documents."""


def _with_doc_types(seed: int, plan: pl.DataFrame) -> pl.DataFrame:
    """Document types by the shares of each sector; binding ones go to close partners and to agencies that can sign them."""
    random = stream(seed, "documents")
    mix = read_data("doc_mix")
    tiers = lists()["PartnerTier"].filter(pl.col("valid_to").is_null()).select("partner", "tier").unique("partner")
    tier = plan.join(tiers, on="partner", how="left", maintain_order="left")["tier"]
    closeness = tier.replace_strict(_CLOSENESS, default=0.0, return_dtype=pl.Float64).to_numpy()
    can = {kinds: _able(plan, kinds) for _, kinds in _BINDING}
    others = [name for name in mix.columns if name not in {"sector", *(doc for doc, _ in _BINDING)}]
    sector = plan["sector"].to_numpy()
    doc = np.full(plan.height, "", dtype=object)
    for row in mix.iter_rows(named=True):
        rows = np.flatnonzero(sector == row["sector"])
        counts = dict(
            zip(mix.columns[1:], quota(len(rows), [float(row[name]) for name in mix.columns[1:]]), strict=True)
        )
        for name, kinds in _BINDING:
            free = rows[(doc[rows] == "") & can[kinds][rows]]
            eagerness = random.random(len(free)) + 0.6 * closeness[free]
            doc[free[np.argsort(-eagerness, kind="stable")][: counts[name]]] = name
        free = rows[doc[rows] == ""]
        weights = np.array([float(counts[name]) for name in others])
        doc[free] = np.array(others, dtype=object)[dealt(random, len(free), weights)]
    return plan.with_columns(doc_type=pl.Series(doc.tolist(), dtype=pl.String))


def _able(plan: pl.DataFrame, kinds: tuple[str, ...]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Whether an agreement's agency and partner have a topic of one of the kinds."""
    topics = read_data("topics").filter(pl.col("kind").is_in(kinds))
    if kinds == ("l",):
        lenders = read_data("counterparts").filter(pl.col("family") == "lender")["partner"].to_list()
        lending = plan["partner"].is_in([*lenders, *_LENDING_ORGANISATIONS])
        borrower = plan["sector"].replace_strict(_BORROWERS, default=None, return_dtype=pl.String)
        return (lending & (plan["agency"] == borrower).fill_null(False)).to_numpy()
    general = topics.filter(pl.col("needs") == "").select("sector", "agency").unique().with_columns(_able=pl.lit(True))
    able = plan.join(general, on=["sector", "agency"], how="left", maintain_order="left")["_able"].fill_null(False)
    return (able & ~plan["partner"].str.starts_with("ORG-")).to_numpy()
