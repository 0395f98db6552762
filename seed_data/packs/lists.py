"""The lists of a country pack: CSV files, read with everything wrong in them noted."""

from __future__ import annotations

import csv
import datetime as dt
import io
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import polars as pl
from sqlmodel import SQLModel

from data_access.store import models
from kpi.names import AmbiguousNameError, Names
from kpi.vocabulary import AgencyKind, LegalClass, Tier, texts
from seed_data.mapping.further import PARTNER_KINDS, REGIONS
from seed_data.mapping.problems import Problems
from seed_data.mapping.values import EARLIEST
from seed_data.reference import partner_names
from seed_data.shape import schema_of, shaped

LISTS: Final[Mapping[str, tuple[str, ...]]] = {
    "agencies": ("key", "name_en", "name_vi", "kind", "abbr", "valid_from", "valid_to", "successor", "also"),
    "partners": ("code", "name_en", "name_vi", "kind", "region", "counts_under", "tier", "tier_since", "also"),
    "sectors": ("code", "name_en", "name_vi", "group", "also"),
    "doc_types": ("code", "name_en", "name_vi", "legal_class", "needs_approval", "implementable", "also"),
}
"""List -> its columns; the first two have to be there, the others where a pack has something to say in them."""

BETWEEN: Final = ";"
"""What stands between several names in a cell."""

SOURCE: Final = "pack"
_YES_NO: Final = ("yes", "no")

Row = dict[str, str]
Entry = dict[str, object]


def read(
    folder: Path,
    problems: Problems,
    *,
    kinds: Mapping[str, str],
    tiers: pl.DataFrame,
    world: Mapping[str, pl.DataFrame] | None,
) -> dict[str, pl.DataFrame]:
    """The lists in a folder as frames by table name, in the order in which they can be written.

    `kinds` are the pack's own names for kinds of agencies; `tiers` those it has; `world` the partners that come along. What is
    wrong is noted in `problems`; the frames are then not to be used.
    """
    rows = {name: _rows(folder / f"{name}.csv", columns, problems) for name, columns in LISTS.items()}
    if problems:
        return {}
    frames = {
        **_agencies(rows["agencies"], Checked("agencies.csv", problems), kinds),
        "Tier": tiers,
        **_partners(rows["partners"], Checked("partners.csv", problems), world or {}, tuple(tiers["code"])),
        "Sector": _sectors(rows["sectors"], Checked("sectors.csv", problems)),
        "DocType": _doc_types(rows["doc_types"], Checked("doc_types.csv", problems)),
        "EntryAlias": _further(sector=rows["sectors"], doc_type=rows["doc_types"]),
    }
    return {} if problems else frames


def of_world(world: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """The partners of the world, none of them closer than another."""
    return {**world, "PartnerTier": _tiers([], world["Partner"])}


class Checked:
    """Notes what is wrong in the rows of one list, by the row of its file."""

    def __init__(self, file: str, problems: Problems) -> None:
        self._file = file
        self._problems = problems
        self._place = 0

    def keys(self, rows: Iterable[Row], key: str) -> Iterable[Row]:
        """The rows one after the other, each with a key of its own."""
        seen: set[str] = set()
        for place, row in enumerate(rows, start=2):
            self._place = place
            if not row[key]:
                self.say("value_missing", key, "")
            elif row[key] in seen:
                self.say("entry_twice", key, row[key])
            seen.add(row[key])
            yield row

    def one_of(self, row: Row, column: str, known: Iterable[str], *, default: str = "") -> str:
        value = row[column] or default
        if value not in known:
            self.say("unknown_code", column, value, known=", ".join(known))
        return value

    def day(self, row: Row, column: str) -> dt.date | None:
        try:
            return dt.date.fromisoformat(row[column]) if row[column] else None
        except ValueError:
            self.say("not_a_date", column, row[column], wanted="2024-02-29")
            return None

    def name(self, row: Row) -> str:
        if not row["name_en"]:
            self.say("value_missing", "name_en", "")
        return row["name_en"]

    def say(self, code: str, column: str, value: str, **params: object) -> None:
        self._problems.add(code, row=self._place or None, column=f"{self._file}, {column}", value=value, **params)

    def ambiguous(self, error: AmbiguousNameError) -> None:
        self._place = 0
        self.say("name_ambiguous", "also", error.name, others=", ".join((error.code, *error.others)))


def _rows(path: Path, columns: tuple[str, ...], problems: Problems) -> list[Row]:
    """The rows of a list, each with every column; empty where the file has no such column."""
    try:
        text = unicodedata.normalize("NFC", path.read_bytes().decode("utf-8-sig"))
        lines = list(csv.reader(io.StringIO(text), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        problems.add("pack_unreadable", column=path.name, reason=error)
        return []
    header = [cell.strip() for cell in lines[0]] if lines else []
    for column in (
        *(column for column in columns[:2] if column not in header),
        *{c for c in header if c not in columns},
    ):
        problems.add("pack_columns", column=path.name, value=column, known=", ".join(columns))
    rows = []
    for place, line in enumerate(lines[1:], start=2):
        if line and len(line) != len(header):
            problems.add("pack_cells", row=place, column=path.name, found=len(line), wanted=len(header))
        elif any(cell.strip() for cell in line):
            found = dict(zip(header, (cell.strip() for cell in line), strict=True))
            rows.append({column: found.get(column, "") for column in columns})
    return rows


def _several(text: str) -> list[str]:
    return [name for part in text.split(BETWEEN) if (name := part.strip())]


def _agencies(rows: list[Row], checked: Checked, kinds: Mapping[str, str]) -> dict[str, pl.DataFrame]:
    known = kinds or dict(zip(texts(AgencyKind), texts(AgencyKind), strict=True))
    bodies: list[Entry] = []
    aliases: list[dict[str, str]] = []
    handed_on: list[Entry] = []
    named: list[tuple[str, tuple[str, ...]]] = []
    keys = {row["key"] for row in rows}
    chains = {row["key"]: row["successor"] for row in rows if row["successor"]}
    for row in checked.keys(rows, "key"):
        name = checked.name(row)
        kind = checked.one_of(row, "kind", known, default=next(iter(known)))
        until = checked.day(row, "valid_to")
        named.append((row["key"], (name, row["name_vi"] or name)))
        bodies.append(
            {
                "key": row["key"],
                "code": row["key"],
                "kind": known.get(kind, ""),
                "abbr_vi": row["abbr"] or row["key"],
                "abbr_en": row["abbr"] or row["key"],
                "name_vi": row["name_vi"] or name,
                "name_en": name,
                "valid_from": checked.day(row, "valid_from"),
                "valid_to": until,
            }
        )
        aliases += [{"alias": also, "agency": row["key"]} for also in dict.fromkeys(_several(row["also"]))]
        if row["successor"]:
            checked.one_of(row, "successor", keys)
            if _last(chains, row["successor"]) == row["key"]:
                checked.say("successor_itself", "successor", row["key"])
            since = (until or EARLIEST) + dt.timedelta(days=1)
            handed_on.append({"predecessor": row["key"], "successor": row["successor"], "effective_on": since})
    # A body that has another's tasks may have its name as well: then the successor is meant.
    named += [(alias["agency"], (alias["alias"],)) for alias in aliases]
    check_names(checked, [(_last(chains, key), names) for key, names in named])
    successions: list[Entry] = [{"id": n, "change": "merge", **row} for n, row in enumerate(handed_on, start=1)]
    return {
        "Agency": shaped_rows(models.Agency, bodies),
        "AgencyAlias": shaped_rows(models.AgencyAlias, aliases),
        "AgencySuccession": shaped_rows(models.AgencySuccession, successions),
    }


def _last(chains: Mapping[str, str], key: str) -> str:
    seen = {key}
    while (following := chains.get(key)) is not None and following not in seen:
        seen.add(following)
        key = following
    return key


def check_names(checked: Checked, named: list[tuple[str, tuple[str, ...]]]) -> None:
    """Note the first name that would stand for two entries."""
    names: dict[str, list[str]] = {}
    for key, given in named:
        names.setdefault(key, []).extend(dict.fromkeys(given))
    try:
        Names([]).declare_all((key, dict.fromkeys(given)) for key, given in names.items())
    except AmbiguousNameError as error:
        checked.ambiguous(error)


def _partners(
    rows: list[Row], checked: Checked, world: Mapping[str, pl.DataFrame], known: tuple[str, ...]
) -> dict[str, pl.DataFrame]:
    there = {row["code"]: row for row in world["Partner"].iter_rows(named=True)} if world else {}
    found: list[Entry] = []
    aliases: list[dict[str, str]] = []
    tiers: list[tuple[str, str, dt.date | None]] = []
    codes = {*there, *(row["code"] for row in rows)}
    for row in checked.keys(rows, "code"):
        before = there.get(row["code"], {})
        row = {**row, **{name: row[name] or before.get(name, "") or "" for name in ("name_en", "kind", "region")}}
        name = checked.name(row)
        under = row["counts_under"] or before.get("counts_under")
        if under:
            checked.one_of({**row, "counts_under": under}, "counts_under", codes)
        found.append(
            {"code": row["code"], "name_en": name, "name_vi": row["name_vi"] or before.get("name_vi") or name}
            | {"name_pl": before.get("name_pl", ""), "counts_under": under or None}
            | {"kind": checked.one_of(row, "kind", PARTNER_KINDS, default="country")}
            | {"region": checked.one_of(row, "region", REGIONS)}
        )
        aliases += [{"alias": also, "partner": row["code"]} for also in dict.fromkeys(_several(row["also"]))]
        if row["tier"]:
            tier = checked.one_of(row, "tier", known)
            tiers.append((row["code"], tier, checked.day(row, "tier_since")))
    partners = shaped_rows(models.Partner, found)
    if world:
        others = world["Partner"].join(partners, on="code", how="anti", maintain_order="left")
        partners = pl.concat([others, partners]).sort(pl.col("counts_under").is_not_null(), maintain_order=True)
    called = shaped_rows(models.PartnerAlias, aliases)
    if world:
        called = pl.concat([world["PartnerAlias"].join(called, on="alias", how="anti", maintain_order="left"), called])
    try:
        partner_names({"Partner": partners, "PartnerAlias": called})
    except AmbiguousNameError as error:
        checked.ambiguous(error)
    return {"Partner": partners, "PartnerAlias": called, "PartnerTier": _tiers(tiers, partners)}


def _tiers(held: list[tuple[str, str, dt.date | None]], partners: pl.DataFrame) -> pl.DataFrame:
    """The tiers held, and OTHER (an organisation or bloc ORG) before the first; partners below a country have none of their own."""
    since = {code: (tier, day or EARLIEST) for code, tier, day in held}
    rows: list[tuple[str, dt.date, dt.date | None, str]] = []
    for code, kind in partners.filter(pl.col("kind") != "subnational").select("code", "kind").iter_rows():
        floor = Tier.OTHER if kind in ("country", "territory") else Tier.ORGANISATION
        tier, day = since.get(code, (floor.value, EARLIEST))
        if day > EARLIEST:
            rows.append((code, EARLIEST, day - dt.timedelta(days=1), floor.value))
        rows.append((code, day, None, tier))
    schema = {"partner": pl.String, "valid_from": pl.Date, "valid_to": pl.Date, "tier": pl.String}
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    return shaped(models.PartnerTier, frame.with_columns(source=pl.lit(SOURCE)))


def _sectors(rows: list[Row], checked: Checked) -> pl.DataFrame:
    found: list[Entry] = [
        {"code": row["code"], "name_en": checked.name(row), "name_vi": row["name_vi"] or row["name_en"]}
        | {"sector_group": row["group"] or row["code"], "position": place}
        for place, row in enumerate(checked.keys(rows, "code"), start=1)
    ]
    check_names(checked, [(row["code"], _called(row)) for row in rows])
    return shaped_rows(models.Sector, found)


def _doc_types(rows: list[Row], checked: Checked) -> pl.DataFrame:
    found: list[Entry] = []
    for place, row in enumerate(checked.keys(rows, "code"), start=1):
        legal = checked.one_of(row, "legal_class", texts(LegalClass), default=LegalClass.INTERNATIONAL_AGREEMENT.value)
        waits = checked.one_of(row, "needs_approval", _YES_NO, default="no")
        carried_out = checked.one_of(row, "implementable", _YES_NO, default="yes")
        found.append(
            {"code": row["code"], "name_en": checked.name(row), "name_vi": row["name_vi"] or row["name_en"]}
            | {"legal_class": legal, "position": place}
            | {"needs_approval": waits == _YES_NO[0], "implementable_default": carried_out == _YES_NO[0]}
        )
    check_names(checked, [(row["code"], _called(row)) for row in rows])
    return shaped_rows(models.DocType, found)


def _called(row: Row) -> tuple[str, ...]:
    return (row["name_en"], row["name_vi"], *_several(row["also"]))


def _further(**rows: list[Row]) -> pl.DataFrame:
    """The further names of entries, by list."""
    called = [
        {"alias": alias, "list_of": of, "code": row["code"]}
        for of, entries in rows.items()
        for row in entries
        for alias in dict.fromkeys(_several(row["also"]))
    ]
    return shaped_rows(models.EntryAlias, called)


def with_places(model: type[SQLModel], rows: Sequence[Mapping[str, object]]) -> pl.DataFrame:
    """The rows as `shaped_rows` gives them, in this order."""
    return shaped_rows(model, [{**row, "position": place} for place, row in enumerate(rows, start=1)])


def shaped_rows(model: type[SQLModel], rows: Sequence[Mapping[str, object]]) -> pl.DataFrame:
    """The rows as a frame of a table; its columns where there are none."""
    schema = schema_of(model)
    if not rows:
        return pl.DataFrame(schema=schema)
    given = pl.DataFrame(rows, schema={name: schema[name] for name in rows[0]})
    return shaped(model, given.with_columns(source=pl.lit(SOURCE)) if "source" in schema else given)
