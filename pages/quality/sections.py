"""The sections of the page on data quality: how many, whose and of which kind; the records; names nobody could resolve."""

from __future__ import annotations

from typing import Final

import polars as pl
import streamlit as st

import words as w
from kpi.facts import CLASHES
from kpi.reporting import quality
from kpi.rules import Rules
from pages.parts import explained, places
from pages.ui import cards, charts, links, loaders, records, tables
from pages.ui.charts import Mark
from pages.ui.choices import ALL, agency_choice, choice, narrow, typed
from pages.ui.kept import drawn, kept, per_frame
from pages.ui.tables import Column
from pages.ui.view import View

MOST_ROWS: Final = 12
"""The heat map shows the worst; the table under it has everybody."""

_ROW: Final = 28


# --- How many, whose and of which kind -------------------------------------------------------------------------------


@kept()
def counts(view: View, own: str | None) -> pl.DataFrame:
    """Defects by agency, most first: of all, or of somebody's own."""
    found = records.defects(view)
    return found if own is None else found.filter(pl.col("agency") == own)


def show_nothing_of_yours() -> None:
    """Said to an agency that is responsible for no agreement of the view."""
    cards.empty_state("quality.nothing_of_yours")


@drawn
def show_summary(view: View, own: str | None) -> None:
    """The conclusion, the most frequent defect, the fields that are missing, and what cannot be told in this register."""
    found = counts(view, own)
    total, wrong = int(found["n"].sum()), int(found["defective"].sum())
    sums = _sums(found)
    if wrong == 0:
        st.markdown(w.t("quality.nothing_wrong", all=w.number(total)))
    else:
        worst, most = max(sums.items(), key=lambda pair: pair[1])
        st.markdown(
            w.t(
                "quality.wrong",
                n=w.number(wrong),
                all=w.number(total),
                share=w.percent(100 * wrong / total),
                defect=w.t(f"quality.defect_{worst}"),
                most=w.number(most),
            )
        )
    if sums["missing_fields"]:
        missing = records.findings(view, own, "missing_fields")["field"].value_counts().sort("count", descending=True)
        fields = [
            w.t("quality.field_count", field=w.t(f"quality.field_{field}"), n=w.number(number))
            for field, number in missing.iter_rows()
        ]
        st.caption(w.t("quality.missing_by_field", fields=", ".join(fields)))
    if besides := _besides(found, loaders.rules(view.as_of)):
        st.caption(besides)
    untold = [
        w.t(f"quality.defect_{name}") for name in quality.DEFECTS if name not in quality.kept(loaders.facts(view))
    ]
    if untold:
        st.caption(w.t("quality.untold", defects=", ".join(untold)))


def _besides(found: pl.DataFrame, rules: Rules) -> str:
    """How much of what is completed has evidence, and how many were registered late; empty where neither is to be said."""
    completed, late = int(found["completed"].sum()), int(found["registered_late"].sum())
    parts = []
    if completed and found["evidenced"].null_count() == 0:
        share = w.percent(100 * int(found["evidenced"].sum()) / completed)
        parts.append(w.tn("quality.evidenced_of", completed, share=share))
    if late:
        parts.append(w.tn("quality.late_of", late, days=w.number(rules.late_registration_days)))
    return " ".join(parts)


@per_frame
def _sums(found: pl.DataFrame) -> dict[str, int]:
    """Defect -> agreements, for those that can be told."""
    return {name: int(found[name].sum()) for name in quality.DEFECTS if found[name].null_count() == 0}


def show_matrix(view: View, own: str | None) -> None:
    """Agencies by kinds of defect, the worst first, and a table of all; a cell or row leads to the records below."""
    cells = _cells(view, own)
    if cells.is_empty():
        return
    agencies = cells["row_code"].n_unique()
    if agencies == 1:
        _show_bars(view, own)
        return
    charts.show(
        charts.heat_map("agency", "defect"),
        cells,
        key="quality_matrix",
        alt=w.t("quality.matrix_alt"),
        on_select=_open,
        height=agencies * _ROW,
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(w.t("quality.matrix_note"), width="stretch")
        explained.show("defects")
    with st.expander(w.t("quality.table")):
        tables.show(
            _with_shares(view, own),
            [
                Column("agency", "quality.agency", "code", of="agency", pinned=True),
                Column("n", "quality.n", "number"),
                Column("defective", "quality.defective", "number"),
                Column("share", "quality.share", "progress"),
                *(
                    Column(defect, f"quality.defect_{defect}", "number", help_key=f"quality.defect_{defect}_help")
                    for defect in _sums(counts(view, own))
                ),
                Column("registered_late", "quality.registered_late", "number"),
                Column("evidenced_share", "quality.evidenced", "percent"),
            ],
            "quality_agencies",
            file_name=w.t("quality.heading"),
            alt=w.t("quality.table"),
            on_row=lambda row: narrow(agency=row["agency"]),
        )


@kept()
def _with_shares(view: View, own: str | None) -> pl.DataFrame:
    return counts(view, own).with_columns(
        share=100 * pl.col("defective") / pl.col("n"),
        evidenced_share=pl.when(pl.col("completed") > 0).then(100 * pl.col("evidenced") / pl.col("completed")),
    )


def _show_bars(view: View, own: str | None) -> None:
    """The defects of a single agency."""
    charts.show(
        charts.bars,
        _bars(view, own),
        key="quality_bars",
        alt=w.t("quality.matrix_alt"),
        on_select=lambda mark: narrow(defect=str(mark["code"])),
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(w.t("quality.bars_note"), width="stretch")
        explained.show("defects")


@kept(in_words=True)
def _bars(view: View, own: str | None) -> pl.DataFrame:
    cells = _cells(view, own).filter(pl.col("value") > 0).sort("value", descending=True, maintain_order=True)
    return cells.select("value", "value_label", label="column", code="column_code", light=pl.lit("context"))


@kept(in_words=True)
def _cells(view: View, own: str | None) -> pl.DataFrame:
    """The agencies with most defective records by the kinds of defect there are; empty where nothing is wrong."""
    found = counts(view, own)
    there = [name for name, number in _sums(found).items() if number]
    worst = found.filter(pl.col("defective") > 0).head(MOST_ROWS)
    long = worst.unpivot(on=there, index=["agency", "n"], variable_name="defect", value_name="count")
    order = worst.select("agency").join(pl.DataFrame({"defect": there}, schema={"defect": pl.String}), how="cross")
    cells = order.join(long, on=["agency", "defect"], how="left", maintain_order="left")
    labels = [
        w.t("quality.cell", n=w.number(count), share=w.percent(100 * count / n)) if count else ""
        for count, n in cells.select("count", "n").iter_rows()
    ]
    return cells.select(
        row=places.labels(cells["agency"]),
        row_code="agency",
        column=w.texts(cells["defect"], lambda defect: w.t(f"quality.defect_{defect}")),
        column_code="defect",
        value="count",
        value_label=pl.Series(labels, dtype=pl.String),
    )


def _open(mark: Mark) -> None:
    narrow(agency=str(mark["row_code"]), defect=str(mark["column_code"]))


# --- The records -----------------------------------------------------------------------------------------------------


def show_records(view: View, own: str | None) -> None:
    """The agreements behind, with the field that is missing or wrong and what stands in it; a row opens the agreement."""
    st.header(w.t("quality.records"), anchor=False)
    found = counts(view, own)
    told = tuple(_sums(found))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        defect = choice(
            "defect",
            (ALL, *told),
            label=w.t("quality.defect"),
            write=lambda code: w.t("quality.every_defect") if code == ALL else w.t(f"quality.defect_{code}"),
            default=ALL,
            width=260,
        )
        agency = None if own is not None else agency_choice(found)
        sought = typed("q", label=w.t("quality.search"), hint=w.t("quality.search_hint"))
    rows = _records(view, own, told if defect == ALL else (defect,), agency)
    if sought.strip():
        rows = _sought(rows, sought)
    if defect != ALL:
        st.caption(w.t(f"quality.defect_{defect}_help"))
    show_agency = agency is None and own is None
    tables.show(
        rows,
        [
            Column("ref", "quality.ref", pinned=True),
            Column("title_{language}", "quality.title", width="large"),
            *([Column("agency", "quality.agency", "code", of="agency", short=True)] if show_agency else []),
            *([Column("defect_text", "quality.defect", width=170)] if defect == ALL else []),
            Column("field_text", "quality.field", width=230),
            Column("value", "quality.value", width=230),
        ],
        "quality_records",
        file_name=w.t("quality.heading"),
        alt=w.t("quality.records"),
        on_row=lambda row: links.go("agreement", ref=row["ref"]),
        height=440 if rows.height > 10 else None,
        empty_key="quality.no_such_record",
        in_words=_written,
    )


@kept()
def _records(view: View, own: str | None, defects: tuple[str, ...], agency: str | None) -> pl.DataFrame:
    """What is wrong with each agreement, of one agency or all."""
    rows = pl.concat([records.findings(view, own, defect) for defect in defects])
    if agency is not None:
        rows = rows.filter(pl.col("agency") == agency)
    return rows.sort("ref", "defect", "field", maintain_order=True)


def _sought(rows: pl.DataFrame, sought: str) -> pl.DataFrame:
    """The rows whose agreement has these words in its number or title, or whose value has them."""
    by_value = rows.filter(w.fold_expr(pl.col("text").fill_null("")).str.contains(w.fold(sought), literal=True))
    found = pl.concat([loaders.search(sought).select("agreement_id"), by_value.select("agreement_id")]).unique()
    return rows.join(found, on="agreement_id", how="semi", maintain_order="left")


def _written(rows: pl.DataFrame) -> pl.DataFrame:
    """With defect, field and value in words: what stands in the field, or the days that contradict each other."""
    days = {day: w.date(day) for day in pl.concat([rows["day"], rows["other_day"]]).drop_nulls().unique()}
    day, other = (
        pl.col(name).replace_strict(days, default=None, return_dtype=pl.String) for name in ("day", "other_day")
    )
    code = pl.when(pl.col("field") == "state").then(w.name_expr(pl.col("text"), "state")).otherwise("text")
    defects = {name: w.t(f"quality.defect_{name}") for name in quality.DEFECTS}
    clashes = {
        f"{later}<{earlier}": w.t(
            "quality.clash", later=w.t(f"quality.field_{later}"), earlier=w.t(f"quality.field_{earlier}")
        )
        for earlier, later in CLASHES
    }
    fields = {name: w.t(f"quality.field_{name}") for name in rows["field"].unique() if name not in clashes}
    return rows.with_columns(
        defect_text=pl.col("defect").replace_strict(defects, return_dtype=pl.String),
        field_text=pl.col("field").replace_strict({**fields, **clashes}, default="", return_dtype=pl.String),
        value=pl.when(pl.col("other_day").is_not_null())
        .then(pl.format("{} < {}", day, other))
        .otherwise(pl.coalesce(code, day)),
    )


# --- What the load did not find clear --------------------------------------------------------------------------------


def show_loading(view: View, own: str | None) -> None:
    """What the file the register was loaded from did not say clearly, as it was taken down then."""
    found = _loading(view, own)
    if found.is_empty():
        return
    with st.expander(w.tn("quality.loading", found.height)):
        st.caption(w.t("quality.loading_note"))
        tables.show(
            found,
            [
                Column("ref", "quality.ref", pinned=True),
                Column("kind", "quality.finding", width=300),
                Column("field", "quality.file_column", width=180),
                Column("value", "quality.value", width=200),
                Column("source_row", "quality.source_row", "number"),
            ],
            "quality_loading",
            file_name=w.t("quality.file_loading"),
            alt=w.t("quality.finding"),
            on_row=lambda row: links.go("agreement", ref=row["ref"]),
            height=320 if found.height > 8 else None,
        )


@kept(in_words=True)
def _loading(view: View, own: str | None) -> pl.DataFrame:
    found = records.load_findings(view, own)
    kinds = {code: w.t(f"mapping.finding.{code}") for code in found["code"].unique()}
    return found.with_columns(kind=pl.col("code").replace_strict(kinds, return_dtype=pl.String)).sort("source_row")
