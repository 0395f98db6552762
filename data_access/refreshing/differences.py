"""What an export would change: new, changed, vanished, back again, and in conflict with what agencies have changed since."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Final

import polars as pl

from data_access.acting import Refused
from data_access.agreement_cells import BETWEEN, LISTED, RESPONSIBLE, VANISHED, day_texts, listed_texts, texts_of
from data_access.clock import today
from data_access.refreshing.export import Export, Newer
from data_access.refreshing.held import LISTS, Held
from data_access.store.arrow import table_of

LEAST_IN_COMMON: Final = 0.5
"""Of the register's references, those that an export of the same source must have: fewer, and it is another register."""

KINDS: Final = ("new", "changed", "vanished", "appeared", "conflict")
DIFFERENCES: Final = ("ref", "kind", "field", "old", "new", "ours")

_GIVEN: Final = "responsible_as_given"
_OF_NEW: Final = ("Agreement", "AgreementPartner", "AgreementAgency", "StatusEvent", "TargetDate", "LoadFinding")


class NotTheSourceError(Exception):
    """The export is not one that the register could have come from. `code` says why (words under `mapping.refused_<code>`), `told`
    what those words name."""

    def __init__(self, code: str, **told: object) -> None:
        self.code, self.told = code, told
        super().__init__(f"{code} {told}")

    def in_words(self, written: Callable[[dt.date], str]) -> dict[str, object]:
        """What the words name, days written as they are read."""
        return {name: written(value) if isinstance(value, dt.date) else value for name, value in self.told.items()}


def newer_of(held: Held, export: Export) -> Newer:
    """What an export says that the source did not say before. Raises `NotTheSourceError`."""
    _check(held, export)
    fields = _compared(export)
    there = export.frames["Agreement"].select("ref", agreement_id="id")
    known = held.agreements.select("ref", VANISHED)
    common = there.join(known, on="ref", how="semi").select("ref")

    def dated(name: str) -> pl.DataFrame:
        return export.frames[name].join(there, on="agreement_id")

    listed = [listed_texts(field, dated(of.model.__name__)) for field, of in LISTED.items()]
    days = day_texts(dated("StatusEvent"), dated("TargetDate"))
    new = pl.concat([texts_of(export.frames["Agreement"], fields), days, *listed]).join(common, on="ref", how="semi")
    compared = pl.col("field").is_in([*fields, *LISTED]) | ~pl.col("field").is_in(held.agreements.columns)
    words = (
        held.said.filter(compared)
        .join(common, on="ref", how="semi")
        .rename({"value": "old"})
        .join(new.rename({"value": "new"}), on=["ref", "field"], how="full", coalesce=True)
        .with_columns(pl.col("old", "new").fill_null(""))
        .filter(pl.col("old") != pl.col("new"))
        .select("ref", "field", "old", "new")
        .sort("ref", "field")
    )
    words = words.filter(_by_now(held, words) != pl.col("new"))
    words = _with_responsible(words, held, export)
    fresh = there.join(known, on="ref", how="anti")["ref"]
    gone = held.agreements.filter(pl.col(VANISHED).is_null()).join(there, on="ref", how="anti")["ref"]
    back = held.agreements.filter(pl.col(VANISHED).is_not_null()).join(there, on="ref", how="semi")["ref"]
    return Newer(
        data_date=export.data_date,
        words=words,
        new=tuple(fresh.sort()),
        vanished=tuple(gone.sort()),
        appeared=tuple(back.sort()),
        rows=_rows(export, fresh, words),
        lists=_lacking(held, export),
        file_name=export.file_name,
        sha256=export.sha256,
        file_rows=export.rows,
    )


def differences(held: Held, newer: Newer) -> pl.DataFrame:
    """How what a newer export says stands to the register of this moment, by `ref` and `field`.

    Columns: ref; kind (KINDS); field (empty for whole agreements); old (as the source had it); new (as the export has it); ours (as
    an agency changed it meanwhile, null where none did). A cell that only an agency changed is none; nor is one in which both came
    to say the same. A state without a day of its own has no day that could differ. Raises `Refused("stale")` where the source has
    said something else since, or what is to be new, to go or to come back is so already.
    """
    said = newer.words.join(held.said, on=["ref", "field"], how="left")
    marked = held.agreements.select("ref", VANISHED)
    others = marked.filter(pl.col(VANISHED).is_not_null())["ref"]
    stale = [
        *said.filter(pl.col("value").fill_null("") != pl.col("old"))["ref"],
        *(set(newer.new) & (held.taken | set(marked["ref"]))),
        *(set(newer.vanished) - set(marked["ref"]) | set(newer.vanished) & set(others)),
        *(set(newer.appeared) - set(others)),
    ]
    if stale or held.loaded_to is None or newer.data_date < held.loaded_to:
        raise Refused("stale", refs=tuple(sorted(set(stale))))
    cells = (
        newer.words.join(held.theirs.with_columns(theirs=True), on=["ref", "field"], how="left")
        .join(held.now, on=["ref", "field"], how="left")
        .with_columns(ours=pl.when(pl.col("theirs")).then(pl.col("value").fill_null("")))
        .with_columns(ours=pl.when(pl.col("ours") != pl.col("old")).then("ours"))
        .filter(pl.col("ours").is_null() | (pl.col("ours") != pl.col("new")))
        .with_columns(kind=pl.when(pl.col("ours").is_null()).then(pl.lit("changed")).otherwise(pl.lit("conflict")))
    )
    whole = [
        pl.DataFrame({"ref": refs}, schema={"ref": pl.String}).select(
            "ref", kind=pl.lit(kind), field=pl.lit(""), old=pl.lit(""), new=pl.lit(""), ours=pl.lit(None, pl.String)
        )
        for kind, refs in (("new", newer.new), ("vanished", newer.vanished), ("appeared", newer.appeared))
    ]
    return pl.concat([cells.select(DIFFERENCES), *(frame.select(DIFFERENCES) for frame in whole)]).sort("ref", "field")


def _by_now(held: Held, words: pl.DataFrame) -> pl.Series:
    """What the source said, with what is by now in the place of entries it named: to read a name as that is no news."""
    told = words["old"]
    for field, successor in held.successors.items():
        codes = told.str.split(BETWEEN).list.eval(pl.element().replace(successor)).list.unique(maintain_order=True)
        told = codes.list.join(BETWEEN).zip_with(words["field"] == field, told)
    return told


def _compared(export: Export) -> list[str]:
    """The columns in which the export can differ. Whose the responsible agency's name is may have been settled meanwhile; the words
    are the source's."""
    fields = [name for name in export.fields if name != "ref"]
    if _GIVEN in fields and RESPONSIBLE in fields:
        fields.remove(RESPONSIBLE)
    return fields


def _with_responsible(words: pl.DataFrame, held: Held, export: Export) -> pl.DataFrame:
    """With other words for the responsible agency, whose they are as well."""
    renamed = words.filter(pl.col("field") == _GIVEN).select("ref")
    if renamed.is_empty() or RESPONSIBLE not in export.fields:
        return words
    field, text = pl.lit(RESPONSIBLE), pl.col(RESPONSIBLE).fill_null("")
    now = held.said.filter(pl.col("field") == RESPONSIBLE).select("ref", "field", old="value")
    theirs = export.frames["Agreement"].join(renamed, on="ref", how="semi").select("ref", field=field, new=text)
    moved = theirs.join(now, on=["ref", "field"]).filter(pl.col("old") != pl.col("new"))
    return pl.concat([words, moved.select(words.columns)]).sort("ref", "field")


def _rows(export: Export, fresh: pl.Series, words: pl.DataFrame) -> Mapping[str, pl.DataFrame]:
    """What would be written of new agreements, and the days and partners of those that changed."""
    there = export.frames["Agreement"].select("ref", agreement_id="id")
    wanted = {name: set(fresh) for name in _OF_NEW}
    field = pl.col("field")
    wanted["StatusEvent"] |= set(words.filter(field.str.starts_with("state_date["))["ref"])
    wanted["TargetDate"] |= set(words.filter(field == "current_target")["ref"])
    found = {}
    for name, refs in wanted.items():
        frame = export.frames.get(name)
        if frame is None:
            continue
        if name != "Agreement":
            frame = frame.join(there, on="agreement_id", maintain_order="left").drop("agreement_id")
        found[name] = frame.drop("id", strict=False).filter(pl.col("ref").is_in(list(refs)))
    return found


def _lacking(held: Held, export: Export) -> dict[str, pl.DataFrame]:
    """The entries of lists that the export brings along and the store does not have yet."""
    found = {}
    for model in LISTS:
        frame = export.lists.get(model.__name__, export.frames.get(model.__name__))
        if frame is not None:
            key = next(iter(table_of(model).primary_key)).name
            lacking = frame.filter(~pl.col(key).is_in(list(held.lists[model.__name__])))
            if not lacking.is_empty():
                found[model.__name__] = lacking
    return found


def _check(held: Held, export: Export) -> None:
    if not held.code or held.loaded_to is None:
        raise NotTheSourceError("no_register")
    if (held.code, held.source) != (export.code, export.source):
        raise NotTheSourceError(
            "another_source", held=held.code, held_source=held.source, read=export.code, read_source=export.source
        )
    read_otherwise = sorted(
        part for part in held.reads.keys() | export.reads.keys() if held.reads.get(part) != export.reads.get(part)
    )
    if held.reads and read_otherwise:
        part = read_otherwise[0]
        raise NotTheSourceError(
            "another_mapping", part=part, was=held.reads.get(part, ""), now=export.reads.get(part, "")
        )
    if export.data_date < held.loaded_to:
        raise NotTheSourceError("older", day=export.data_date, loaded_to=held.loaded_to)
    if export.data_date > today(None):
        raise NotTheSourceError("not_yet", day=export.data_date)
    there = export.frames["Agreement"].select("ref")
    expected = held.agreements.filter(pl.col(VANISHED).is_null())
    common = expected.join(there, on="ref", how="semi").height
    if common < LEAST_IN_COMMON * expected.height:
        raise NotTheSourceError("few_in_common", common=common, held=expected.height)
    if taken := sorted(held.taken.intersection(there["ref"])):
        raise NotTheSourceError("reference_taken", ref=taken[0], count=len(taken))
