"""A file and its mapping to the frames of a register, ready for the store."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Any

import polars as pl
from sqlmodel import SQLModel

from data_access.packs import pack_of
from data_access.store import models
from kpi.names import Found, Names
from kpi.update.cells import names_of_choices
from kpi.update.choices import SCOPES
from kpi.vocabulary import AccessLevel, texts
from seed_data.mapping import further, history, own_names
from seed_data.mapping.declaration import FIELD_KINDS, MappingDeclaration, RegisterInfo, Value
from seed_data.mapping.parse import parse
from seed_data.mapping.problems import MOST_PROBLEMS_KEPT, Problems
from seed_data.mapping.source import read_table
from seed_data.mapping.values import EXAMPLES, Table, by_value, named
from seed_data.reference import entry_names, partner_names
from seed_data.resolve import AgencyResolver, fold, names_of_home
from seed_data.shape import with_receipts

AGENCY_FIELDS = tuple(field for field, kind in FIELD_KINDS.items() if kind == "agency")


NAMES = {"field": pl.String, "name": pl.String, "stands_for": pl.String, "how": pl.String, "agreements": pl.Int64}
PARTNER = "partner"


@dataclasses.dataclass(frozen=True, eq=False)
class RegisterFrames:
    """A register as it would be stored.

    `frames` are by table name, `DataVersion` among them, in the order in which they can be written; columns left out
    take the table's defaults. `names` has one row per different name of an agency or a partner and field: field, name,
    stands_for (a key or a code, null where unresolved), how, agreements (how many carry it). `further` is what the register
    adds to the reference lists, by table name; `reads` which column each part of it was read from.
    """

    frames: Mapping[str, pl.DataFrame]
    names: pl.DataFrame = dataclasses.field(default_factory=lambda: pl.DataFrame(schema=NAMES))
    further: Mapping[str, pl.DataFrame] = dataclasses.field(default_factory=dict)
    reads: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def description(self) -> dict[str, Any]:
        """The row of `DataVersion`: code, names, data date, source, licence."""
        return self.frames["DataVersion"].row(0, named=True)

    @property
    def agreements(self) -> pl.DataFrame:
        return self.frames["Agreement"]

    @property
    def findings(self) -> pl.DataFrame:
        return self.frames.get("LoadFinding", pl.DataFrame(schema=history.FINDINGS))

    def unresolved(self) -> pl.DataFrame:
        """The agency names that stand for nobody known, most frequent first: field, name, how, agreements."""
        open_names = self.names.filter(pl.col("stands_for").is_null()).drop("stands_for")
        return open_names.sort(["agreements", "field", "name"], descending=[True, False, False])


def map_register(
    data: bytes,
    mapping: bytes,
    *,
    file: str,
    mapping_file: str,
    lists: Mapping[str, pl.DataFrame],
    data_date: dt.date | None = None,
) -> RegisterFrames:
    """Read a file through a mapping. `lists` are the reference frames by table name; `data_date` is the day the file describes
    where that is not the mapping's.

    Raises `MappingError` with every problem of the mapping, else of the file's form, else of its columns and values.
    """
    declaration = parse(mapping, name=mapping_file)
    if data_date is not None:
        declaration = declaration.described(data_date=data_date)
    return map_declared(data, declaration, file=file, lists=lists)


def map_declared(
    data: bytes, declaration: MappingDeclaration, *, file: str, lists: Mapping[str, pl.DataFrame]
) -> RegisterFrames:
    """The same with a mapping that was read already."""
    further_entries = further.entries(declaration, lists)
    lists = further.together(lists, further_entries)
    table = _open(data, declaration, file)
    table.check_decided()
    if pack_of(lists).takes_names:
        grown = own_names.entries(_named_there(table, declaration, lists), lists)
        further_entries = further.together(further_entries, grown)
        lists = further.together(lists, grown)
    resolver = AgencyResolver.from_lists(lists, _known_aliases(declaration, lists))
    reading = _Reading(table, declaration, lists, resolver)
    agreements = reading.agreements()
    partners = reading.partners()
    coordinating = reading.coordinating()
    dates = {name: table.dates(date) for name, date in declaration.dates.items()}
    table.problems.refuse()
    events = history.events(table, declaration, dates)
    targets = history.targets(table, declaration, dates)
    findings = pl.concat([reading.unresolved(), history.findings(table, declaration, dates, events, targets)])
    frames: dict[type[SQLModel], pl.DataFrame] = {
        models.Exchange: further.exchanges(declaration, partner_names(lists)),
        models.Agreement: agreements,
        models.AgreementPartner: partners,
        models.AgreementAgency: coordinating,
        models.StatusEvent: events.drop("position").with_row_index("id", offset=1),
        models.TargetDate: targets.with_row_index("id", offset=1),
        models.LoadFinding: findings.sort("source_row", "code", "field").with_row_index("id", offset=1),
        models.DataVersion: _data_version(declaration.register),
    }
    return RegisterFrames(
        frames={model.__name__: frame for model, frame in with_receipts(frames).items()},
        names=reading.names(),
        further=further_entries,
        reads=declaration.reads(),
    )


def _named_there(
    table: Table, declaration: MappingDeclaration, lists: Mapping[str, pl.DataFrame]
) -> dict[str, pl.Series]:
    """The texts of a file that stand for an agency, a partner, a sector or a kind of document; what is wrong with them is noted
    when they are read for good."""
    scratch = Table(table.frame, declaration, Problems(declaration.name))
    return _Reading(scratch, declaration, lists, AgencyResolver.from_lists(lists)).texts_by_kind()


def _data_version(info: RegisterInfo) -> pl.DataFrame:
    shown = {name: [value] for name, value in dataclasses.asdict(info).items() if name not in ("code", "scope")}
    return pl.DataFrame({"id": [1], "version": [1], "register_code": [info.code], "is_demo": [False], **shown})


def _open(data: bytes, declaration: MappingDeclaration, file: str) -> Table:
    problems = Problems(file)
    frame = read_table(data, name=file, form=declaration.form, used=declaration.columns())
    table = Table(frame, declaration, problems)
    table.check_columns()
    if not len(table.rows):
        problems.add("no_records")
    problems.refuse()
    return table


def _known_aliases(declaration: MappingDeclaration, lists: Mapping[str, pl.DataFrame]) -> Mapping[str, str]:
    problems = Problems(declaration.name)
    keys = set(lists["Agency"]["key"])
    for alias, key in declaration.aliases.items():
        if key not in keys:
            problems.add("unknown_agency", column=f"agencies.aliases.{alias!r}", value=key)
    problems.refuse()
    return declaration.aliases


class _Reading:
    """The parts of agreements that are not dated."""

    def __init__(
        self,
        table: Table,
        declaration: MappingDeclaration,
        lists: Mapping[str, pl.DataFrame],
        resolver: AgencyResolver,
    ) -> None:
        self._table = table
        self._mapping = declaration
        self._resolver = resolver
        self._doc_types = lists["DocType"]
        self._partners = partner_names(lists)
        self._partner_list = lists["Partner"]
        self._named_so = named(lists["Partner"])
        self._declared = {partner.code for partner in declaration.new_partners}
        self._known: dict[str, Names] = {
            "doc_type": entry_names(lists, "doc_type"),
            "sector": entry_names(lists, "sector"),
            "scope": names_of_choices(SCOPES),
            "access_level": Names((level, [level]) for level in texts(AccessLevel)),
            "exchange": Names((item.code, [item.name_vi, item.name_en]) for item in declaration.exchanges),
        }
        self._named: list[pl.DataFrame] = []
        self._ids = pl.int_range(1, len(table.rows) + 1, dtype=pl.Int64, eager=True)
        self._home, self._takes_names = names_of_home(lists), pack_of(lists).takes_names
        self._foreign = self._of_other_countries()

    def _of_other_countries(self) -> pl.DataFrame | None:
        """agreement_id, foreign: whether its record is another country's; None where the file has no column for that."""
        column = self._mapping.country_column
        if column is None or not self._home:
            return None
        own = self._table.frame[column].map_elements(lambda text: fold(text) in self._home, return_dtype=pl.Boolean)
        return pl.DataFrame({"agreement_id": self._ids, "foreign": ~own & (self._table.frame[column] != "")})

    def agreements(self) -> pl.DataFrame:
        fields = self._mapping.fields
        standard = {"scope": self._mapping.register.scope, "access_level": AccessLevel.OPEN}
        scope = Value(constant=self._mapping.register.scope)
        columns = {"id": self._ids, "scope": self._table.codes(scope, "scope", self._known["scope"])}
        for field, value in fields.items():
            kind = FIELD_KINDS[field]
            if kind == "text":
                columns[field] = self._table.texts(value, field)
            elif kind in self._known:
                codes = self._table.codes(value, f"fields.{field}", self._known[kind])
                columns[field] = codes.fill_null(standard[field]) if field in standard else codes
        columns |= self._flags(columns)
        for field in AGENCY_FIELDS:
            if field in fields:
                given = self._table.texts(fields[field], field)
                columns[field] = self._resolved(given, field)
                if field == "responsible_agency":
                    columns["responsible_as_given"] = given
        frame = pl.DataFrame([series.alias(name) for name, series in columns.items()])
        self._check_refs(frame)
        return self._with_texts(frame)

    def partners(self) -> pl.DataFrame:
        """One row per agreement and different partner, in the order of the mapping, the lead partner first."""
        parts = [
            self._split(value, f"partners[{place}]", place) for place, value in enumerate(self._mapping.partners, 1)
        ]
        empty = pl.DataFrame(schema={"agreement_id": pl.Int64, "text": pl.String, "place": pl.Int64, "item": pl.Int64})
        listed = pl.concat([empty, *parts])
        different = listed["text"].unique().sort().to_list()
        found = pl.DataFrame(
            [
                (text, item.code, self._kind_of(text, item))
                for text, item in zip(different, self._partners.find_all(different), strict=True)
            ],
            schema={"text": pl.String, "stands_for": pl.String, "how": pl.String},
            orient="row",
        )
        listed = listed.join(found, on="text", how="left", maintain_order="left")
        codes = listed["stands_for"]
        self._named.append(
            listed.select("agreement_id", field=pl.lit(PARTNER), name="text", stands_for="stands_for", how="how")
        )
        for value, unknown in zip(
            self._mapping.partners,
            (listed.filter(codes.is_null() & (listed["place"] == place)) for place in range(1, len(parts) + 1)),
            strict=True,
        ):
            self._unknown_partners(value, unknown)
        return (
            listed.with_columns(partner=codes)
            .filter(pl.col("partner").is_not_null())
            .sort("agreement_id", "place", "item")
            .unique(["agreement_id", "partner"], keep="first", maintain_order=True)
            .select("agreement_id", "partner", position=pl.int_range(pl.len()).over("agreement_id"))
        )

    def _kind_of(self, text: str, found: Found) -> str:
        """How a partner was found: by a partner that the mapping declares, by the list's own names, or by others it has."""
        if found.code in self._declared or found.former is not None:
            return "declared" if not found.former else "former"
        is_own = found.how not in ("name", "folded") or self._named_so.find(text).code == found.code
        return found.how if is_own else "alias"

    def texts_by_kind(self) -> dict[str, pl.Series]:
        """Kind of entry -> every text that stands for one."""
        found: dict[str, list[pl.Series]] = {}
        for field, value in self._mapping.fields.items():
            if FIELD_KINDS[field] == "agency":
                found.setdefault("agency", []).append(self._of_a_country(self._table.texts(value, field), self._ids))
            elif FIELD_KINDS[field] in ("sector", "doc_type"):
                found.setdefault(FIELD_KINDS[field], []).append(self._table.texts(value, field))
        found[PARTNER] = [self._split(value, PARTNER, 1)["text"] for value in self._mapping.partners]
        for value in self._mapping.coordinating:
            split = self._split(value, "coordinating", 1)
            found.setdefault("agency", []).append(self._of_a_country(split["text"], split["agreement_id"]))
        return {kind: pl.concat([part.alias(kind) for part in parts]) for kind, parts in found.items() if parts}

    def coordinating(self) -> pl.DataFrame:
        """One row per agreement and different agency that coordinates."""
        parts = [
            self._split(value, f"coordinating[{place}]", place)
            for place, value in enumerate(self._mapping.coordinating, 1)
        ]
        empty = pl.DataFrame(schema={"agreement_id": pl.Int64, "text": pl.String, "place": pl.Int64, "item": pl.Int64})
        listed = pl.concat([empty, *parts])
        agencies = self._resolved(listed["text"], "coordinating_agency", ids=listed["agreement_id"])
        return (
            listed.select("agreement_id", agency=agencies)
            .filter(pl.col("agency").is_not_null())
            .unique(maintain_order=True)
            .with_columns(role=pl.lit("coordinating"))
        )

    def names(self) -> pl.DataFrame:
        """The agency names met: field, name, agency, how, agreements."""
        if not self._named:
            return pl.DataFrame(schema=NAMES)
        keys = ["field", "name", "stands_for", "how"]
        return pl.concat(self._named).group_by(keys).agg(agreements=pl.len().cast(pl.Int64)).sort(keys)

    def unresolved(self) -> pl.DataFrame:
        """A finding for every agency name that stands for nobody known."""
        empty = pl.DataFrame(schema=history.FINDINGS)
        open_names = [
            part.filter(pl.col("stands_for").is_null()).select(
                "agreement_id",
                pl.col("agreement_id")
                .replace_strict(self._ids, self._table.rows, return_dtype=pl.Int64)
                .alias("source_row"),
                "field",
                pl.col("name").alias("value"),
                pl.lit("unresolved_agency").alias("code"),
            )
            for part in self._named
        ]
        return pl.concat([empty, *open_names])

    def _flags(self, columns: Mapping[str, pl.Series]) -> dict[str, pl.Series]:
        """Yes and no; whether an agreement can be implemented follows its kind of document unless the file says."""
        count = len(self._table.rows)
        kinds = columns.get("doc_type")
        by_kind = dict(self._doc_types.select("code", "implementable_default").iter_rows())
        implementable = (
            pl.repeat(True, count, dtype=pl.Boolean, eager=True)
            if kinds is None
            else kinds.replace_strict(by_kind, default=True, return_dtype=pl.Boolean)
        )
        defaults = {
            "implementable": implementable,
            "tracked": pl.repeat(True, count, dtype=pl.Boolean, eager=True),
            "priority": pl.repeat(False, count, dtype=pl.Boolean, eager=True),
            "flagship": pl.repeat(False, count, dtype=pl.Boolean, eager=True),
        }
        return {
            field: self._table.yes_no(self._mapping.fields[field], f"fields.{field}", default=default)
            if field in self._mapping.fields
            else default
            for field, default in defaults.items()
        }

    def _of_a_country(self, names: pl.Series, ids: pl.Series) -> pl.Series:
        """The names of agencies, where each is of the country that its record names and the lists are no country's: "X (Kenya)"."""
        if self._mapping.country_column is None or not self._takes_names:
            return names
        country = self._table.frame[self._mapping.country_column].gather(ids - 1)
        frame = pl.DataFrame({"name": names, "country": country})
        told = pl.when((pl.col("name") == "") | (pl.col("country") == "")).then("name")
        return frame.select(told.otherwise(pl.format("{} ({})", "name", "country"))).to_series()

    def _resolved(self, given: pl.Series, field: str, ids: pl.Series | None = None) -> pl.Series:
        given = self._of_a_country(given, self._ids if ids is None else ids)
        found = self._resolver.resolve_all(given)
        listed = pl.DataFrame({"agreement_id": self._ids if ids is None else ids, "name": given}).join(
            found, on="name", how="left", maintain_order="left"
        )
        if self._foreign is not None:  # the name of another country's ministry may be the same to the letter
            listed = listed.join(self._foreign, on="agreement_id", how="left", maintain_order="left").with_columns(
                agency=pl.when(~pl.col("foreign") | (pl.col("how") == "declared")).then("agency"),
                how=pl.when(pl.col("foreign") & (pl.col("how") != "declared")).then(pl.lit("foreign")).otherwise("how"),
            )
        self._named.append(
            listed.filter(pl.col("name") != "").select(
                "agreement_id", field=pl.lit(field), name="name", stands_for="agency", how="how"
            )
        )
        return listed["agency"]

    def _check_refs(self, frame: pl.DataFrame) -> None:
        value = self._mapping.fields["ref"]
        column = value.column or "fields.ref"
        refs = frame["ref"]
        self._table.note("value_missing", refs == "", column=column, value=refs)
        firsts = pl.DataFrame({"ref": refs, "row": self._table.rows}).with_columns(
            first=pl.col("row").min().over("ref")
        )
        again = firsts.filter((pl.col("row") > pl.col("first")) & (pl.col("ref") != ""))
        twice = again.group_by("ref", "first", maintain_order=True).agg(
            count=pl.len(), rows=pl.col("row").head(EXAMPLES)
        )
        for ref, first, count, rows in twice.head(MOST_PROBLEMS_KEPT).iter_rows():
            self._table.problems.add_value("ref_twice", column=column, value=ref, count=count, rows=rows, first=first)

    def _with_texts(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Titles and deliverables in both languages: what is given in one stands for the other too."""
        for vi, en in (("title_vi", "title_en"), ("deliverable_vi", "deliverable_en"), ("notes_vi", "notes_en")):
            if vi not in frame.columns and en not in frame.columns:
                continue
            there = [pl.col(name) if name in frame.columns else pl.lit("") for name in (vi, en)]
            frame = frame.with_columns(
                pl.when(there[0] == "").then(there[1]).otherwise(there[0]).alias(vi),
                pl.when(there[1] == "").then(there[0]).otherwise(there[1]).alias(en),
            )
        fields = self._mapping.fields
        titles = fields.get("title_vi") or fields["title_en"]
        self._table.note(
            "value_missing", frame["title_vi"] == "", column=titles.column or "fields.title_vi", value=frame["title_vi"]
        )
        return frame

    def _split(self, value: Value, key: str, place: int) -> pl.DataFrame:
        """A cell's texts, one row each: agreement_id, text, place, item. Only a mapping's separator divides a cell; a map and
        what is ignored are of the parts."""
        constant = value.column is None
        texts = self._table.texts(value, key) if constant else self._table.frame[str(value.column)]
        items = (
            texts.str.split(value.separator)
            if value.separator
            else texts.to_frame().select(pl.concat_list(pl.first())).to_series()
        )
        parts = (
            pl.DataFrame({"agreement_id": self._ids, "row": self._table.rows, "text": items})
            .explode("text")
            .with_columns(pl.col("text").str.strip_chars())
            .filter((pl.col("text") != "") | (pl.len().over("agreement_id") == 1))
        )
        if not constant:
            mapped = self._table.through(value, parts["text"], parts["row"], is_whole=False)
            parts = parts.with_columns(self._table.not_ignored(value, mapped).alias("text"))
        return (
            parts.drop("row")
            .with_columns(
                place=pl.lit(place, pl.Int64), item=pl.int_range(pl.len(), dtype=pl.Int64).over("agreement_id")
            )
            .filter(pl.col("text") != "")
        )

    def _unknown_partners(self, value: Value, unknown: pl.DataFrame) -> None:
        if unknown.is_empty():
            return
        if value.column is None:
            self._table.problems.add("unknown_partner", column="partners", value=value.constant)
            return
        rows = unknown["agreement_id"].replace_strict(self._ids, self._table.rows, return_dtype=pl.Int64)
        called = dict(self._partner_list.select("code", "name_vi").iter_rows())
        found = {
            text: "" if meant is None else f"{called[meant]} ({meant})"
            for text in unknown["text"].unique()
            for meant in [self._partners.suggest(text)]
        }
        texts = unknown["text"]
        guessed = pl.Series([bool(found[text]) for text in texts], dtype=pl.Boolean)
        for text, count, first in by_value(rows, texts, guessed).head(MOST_PROBLEMS_KEPT).iter_rows():
            self._table.problems.add_value(
                "unknown_partner_near", column=value.column, value=text, count=count, rows=first, meant=found[text]
            )
        self._table.note("unknown_partner", ~guessed, column=value.column, value=texts, rows=rows)
