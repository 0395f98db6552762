"""What was published or drafted: which one, its figures, what agencies say, what has changed since, whether it comes out again."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
import streamlit as st

import words as w
from data_access import publications
from data_access.accounts import Person
from data_access.clock import local_time
from kpi.indicators import changed as changed_figures
from kpi.indicators.catalog import COMPOSITE, shown_in
from pages.ui import cards, changed, data_edition, loaders, session, tables
from pages.ui.choices import choice
from pages.ui.kept import kept
from pages.ui.tables import Column

Chosen = dict[str, Any]


# --- Read ------------------------------------------------------------------------------------------------------------


def all_of() -> pl.DataFrame:
    """Every publication and draft that stands, the latest first; columns as in `publications.read`."""
    return publications.read(session.store()).filter(pl.col("withdrawn_at").is_null())


@kept()
def figures_of(number: int) -> pl.DataFrame:
    """The figures of one; columns as in `kpi.studies.publication`."""
    return publications.read_figures(data_edition.store(), number)


@kept()
def _now(as_of: dt.date, scope: str) -> pl.DataFrame:
    return publications.work_out_now(data_edition.store(), as_of=as_of, scope=scope)


def comments_of(person: Person, chosen: Chosen) -> pl.DataFrame:
    """What agencies say of it; while it is a draft, an agency reads what it said itself."""
    found = publications.read_comments(session.store(), chosen["id"])
    own = person.limited_to
    return found if own is None or chosen["published_at"] is not None else found.filter(pl.col("agency") == own)


# --- Which -----------------------------------------------------------------------------------------------------------


def choose(found: pl.DataFrame) -> Chosen | None:
    """The one the address names, else the latest published, else the latest draft; None where there is none."""
    if found.is_empty():
        cards.empty_state("publications.none")
        return None
    rows = {str(row["id"]): row for row in found.iter_rows(named=True)}
    latest = found.sort(pl.col("published_at").is_null(), maintain_order=True)["id"][0]
    code = choice(
        "publication",
        [*rows],
        label=w.t("publications.which"),
        write=lambda code: name_of(rows[code]),
        default=str(latest),
        width=520,
    )
    return rows[code]


def name_of(row: Chosen) -> str:
    """What one is called."""
    key = "publications.published" if row["published_at"] else "publications.draft"
    scope = w.name("scope", row["scope"]) if row["scope"] else w.t("publications.all_scopes")
    return w.t(key, number=row["id"], as_of=w.date(row["as_of"]), scope=scope)


def show_state(chosen: Chosen) -> None:
    """What it is, since when, by which data; how many agencies said something."""
    made = {"known_on": w.date(chosen["known_on"]), "due": w.date(chosen["comments_due_on"])}
    if chosen["published_at"] is None:
        st.info(w.t("publications.is_draft", **made), icon=":material/edit_document:")
    else:
        at = w.date(local_time(chosen["published_at"]).date())
        st.markdown(w.t("publications.is_published", at=at, **made))
    comments, dissents = chosen["comments"], chosen["dissents"]
    if not comments:
        st.markdown(w.t("publications.nobody_commented"))
        return
    agreed = w.tn("publications.dissents", dissents) if dissents else w.t("publications.no_dissent")
    st.markdown(f"{w.tn('publications.commented', comments)} {agreed}")


# --- Figures ---------------------------------------------------------------------------------------------------------


def show_agencies(figures: pl.DataFrame, comments: pl.DataFrame) -> None:
    """The agencies by place, with their score and whether they agree."""
    told = comments.group_by("agency").agg(agrees=pl.col("agrees").all())
    rows = (
        figures.filter(pl.col("kpi") == COMPOSITE)
        .join(told, on="agency", how="left")
        .sort("place", "agency", nulls_last=True)
        .rename({"value": "points"})
    )
    with_words = rows.with_columns(
        pl.Series("places", [_places(row) for row in rows.iter_rows(named=True)], dtype=pl.String),
        pl.Series("says", [_says(agrees) for agrees in rows["agrees"]], dtype=pl.String),
    )
    tables.show(
        with_words,
        [
            Column("agency", "publications.agency", "code", of="agency", pinned=True, width=320),
            Column("place", "publications.place", "number", width=80),
            Column("places", "publications.places", width=120, by="place"),
            Column("points", "publications.points", "number", digits=1, width=100),
            Column("status", "publications.light", "light", width=160),
            Column("says", "publications.says", width=200),
        ],
        "publication_agencies",
        file_name=w.t("publications.heading"),
        alt=w.t("publications.by_place"),
        height=460 if rows.height > 12 else None,
        on_row=lambda row: st.query_params.update({"agency": row["agency"]}),
    )


def _places(row: dict[str, Any]) -> str | None:
    if row["best_place"] is None:
        return None
    return w.t("publications.place_range", best=row["best_place"], worst=row["worst_place"])


def _says(agrees: bool | None) -> str:
    return w.t("publications.silent" if agrees is None else "publications.agrees" if agrees else "publications.dissent")


def show_agency(person: Person, figures: pl.DataFrame, comments: pl.DataFrame) -> None:
    """One agency's figures, each with what the agency says of it where it does not agree."""
    order = figures.filter(pl.col("kpi") == COMPOSITE).sort("place", "agency", nulls_last=True)["agency"].to_list()
    own = person.agency if person.agency is not None and person.agency in order else order[0]
    agency = choice(
        "agency",
        order,
        label=w.t("publications.agency"),
        write=lambda key: w.name("agency", key),
        default=own,
        width=520,
    )
    shown = [COMPOSITE, *shown_in("scorecard", loaders.records())]
    place = {kpi: number for number, kpi in enumerate(shown)}
    cards_of = figures.filter(pl.col("agency") == agency, pl.col("kpi").is_in(shown)).sort(
        pl.col("kpi").replace_strict(place, return_dtype=pl.Int64)
    )
    said = {
        row["kpi"]: row["text"] for row in comments.filter(pl.col("agency") == agency, ~pl.col("agrees")).to_dicts()
    }
    if text := said.get(""):
        st.warning(w.t("publications.dissents_of_all", text=w.plain(text)), icon=":material/comment:")
    rows = cards_of.to_dicts()
    counted = pl.col("kpi") != COMPOSITE  # a composite is made of scores
    tables.show(
        cards_of.with_columns(
            pl.when(counted).then(pl.col("numerator", "denominator")),
            pl.Series("figure", [w.t(f"kpi.{row['kpi']}.name") for row in rows], dtype=pl.String),
            pl.Series(
                "shown", [cards.value_text(row["kpi"], {**row, "follow_up": None}) for row in rows], dtype=pl.String
            ),
            pl.Series("said", [said.get(row["kpi"]) for row in rows], dtype=pl.String),
        ),
        [
            Column("figure", "publications.figure", pinned=True, width=360),
            Column("shown", "publications.value", "light", of="status", width=150, by="value"),
            Column("numerator", "publications.numerator", "number", width=110),
            Column("denominator", "publications.denominator", "number", width=110),
            Column("said", "publications.said", width="large"),
        ],
        "publication_figures",
        file_name=w.name("agency", agency),
        alt=w.name("agency", agency),
    )


# --- Since, and beside another ---------------------------------------------------------------------------------------


def show_changes(chosen: Chosen, figures: pl.DataFrame) -> None:
    """Which figures of that day are others by all that is known now: corrections made since, which change nothing of it."""
    folded = st.expander(w.t("publications.since"), key="publication_since", on_change="rerun")
    if folded.open:
        with folded:
            _show_differences(figures, _now(chosen["as_of"], chosen["scope"]), "publication_since_figures")


def show_compared(found: pl.DataFrame, chosen: Chosen, figures: pl.DataFrame) -> None:
    """Which figures are others in another publication."""
    others = {str(row["id"]): row for row in found.iter_rows(named=True) if row["id"] != chosen["id"]}
    if not others:
        return
    folded = st.expander(w.t("publications.compare"), key="publication_compare", on_change="rerun")
    if not folded.open:
        return
    with folded:
        code = choice(
            "with",
            [*others],
            label=w.t("publications.compare_with"),
            write=lambda code: name_of(others[code]),
            default=next(iter(others)),
            width=520,
        )
        older, newer = sorted((chosen, others[code]), key=lambda row: (row["as_of"], row["id"]))
        _show_differences(figures_of(older["id"]), figures_of(newer["id"]), "publication_compared")


def _show_differences(then: pl.DataFrame, now: pl.DataFrame, key: str) -> None:
    shown = [COMPOSITE, *shown_in("scorecard", loaders.records())]
    found = changed_figures.changed(then, now).filter(pl.col("kpi").is_in(shown))
    if found.is_empty():
        st.markdown(w.t("publications.no_difference"))
        return
    st.markdown(w.tn("publications.differences", found.height))
    changed.show_table(found, key)


def show_verified(chosen: Chosen) -> None:
    """Its hash, and whether it comes out again, bit for bit."""
    folded = st.expander(w.t("publications.verify"), key="publication_verify", on_change="rerun")
    if not folded.open:
        return
    with folded:
        with st.spinner(w.t("publications.verifying")):
            found = publications.verify(
                data_edition.store(), chosen["id"]
            )  # never from what is kept: it looks at the store
        if found.holds:
            st.success(w.t("publications.holds"), icon=":material/verified:")
        elif not found.is_untouched:
            st.error(w.t("publications.touched"), icon=":material/gpp_bad:")
        else:
            same = found.same_code and found.same_rules
            st.error(
                w.t("publications.other_facts" if same else "publications.other_code"), icon=":material/difference:"
            )
            _show_differences(found.kept, found.rebuilt, "publication_rebuilt")
        st.markdown(w.t("publications.hash"))
        st.code(chosen["sha256"], language=None)
        st.markdown(
            w.t(
                "publications.made",
                as_of=w.date(chosen["as_of"]),
                known_on=w.date(chosen["known_on"]),
                code=chosen["code_version"],
                by=w.plain(chosen["published_by"] or chosen["drafted_by"]),
            )
        )
