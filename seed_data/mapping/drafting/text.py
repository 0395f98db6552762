"""A first mapping as TOML: what was recognised filled in, what a person has to say left open, and what the file holds beside it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Callable, Mapping

import polars as pl

from data_access.packs import pack_of
from files import Form
from kpi.names import Names
from kpi.vocabulary import STATES, Scope, State, texts
from seed_data.mapping.declaration import FIELD_KINDS
from seed_data.mapping.drafting.columns import (
    LIFE,
    OWN_SIDE,
    TARGET,
    Column,
    columns,
    likely_state,
    parts,
    roles,
    state_of_day,
)
from seed_data.mapping.parse import TO_FILL_IN
from seed_data.reference import entry_names, partner_names
from seed_data.resolve import AgencyResolver, fold, names_of_home

EXAMPLES = 3
SHOWN = 40
"""So many names are listed in a remark; `load --dry-run --show-names` lists them all."""
_TITLES = {"title": ("title_vi", "title_en"), "deliverable": ("deliverable_vi",), "notes": ("notes_vi",)}
Words = Callable[..., str]


def drafted(table: pl.DataFrame, lists: Mapping[str, pl.DataFrame], *, form: Form, name: str, t: Words) -> str:
    """The mapping for a file's table (as `source.read_table` gives it in a form); `t` gives the words of the remarks."""
    partners, agencies = partner_names(lists), AgencyResolver.from_lists(lists)
    found = columns(table, partners, agencies)
    return _Draft(found, roles(found, names_of_home(lists)), lists, partners, agencies, form, name, t).text()


@dataclasses.dataclass(frozen=True)
class _Draft:
    columns: list[Column]
    roles: dict[str, Column]
    lists: Mapping[str, pl.DataFrame]
    partners: Names
    agencies: AgencyResolver
    form: Form
    name: str
    t: Words

    def text(self) -> str:
        blocks = [
            self._head(),
            self._register(),
            self._file(),
            *self._dates(),
            self._fields(),
            *(
                self._coded(role)
                for role in ("doc_type", "sector", "scope", "priority", "flagship")
                if role in self.roles
            ),
            self._partners(),
            *self._events(),
            *self._targets(),
            self._agencies(),
            self._unused(),
        ]
        return "\n\n".join(block for block in blocks if block) + "\n"

    def _say(self, key: str, **params: object) -> str:
        return "\n".join(f"# {line}" for line in self.t(f"mapping.draft.{key}", **params).split("\n"))

    def _head(self) -> str:
        return self._say("head", file=self.name, rows=self.columns[0].rows, open=TO_FILL_IN)

    def _register(self) -> str:
        lines = [f'{key} = "{TO_FILL_IN}"' for key in ("code", "name_vi", "name_en", "source", "licence", "scope")]
        return "\n".join(["[register]", *lines, self._say("data_date"), f'data_date = "{TO_FILL_IN}"'])

    def _file(self) -> str:
        given = {"encoding": self.form.encoding, "sheet": self.form.sheet}
        lines = [f"{key} = {_quoted(value)}" for key, value in given.items() if value]
        if self.form.header_row > 1:
            lines.append(f"header_row = {self.form.header_row}")
        return "\n".join(["[file]", *lines]) if lines else ""

    # --- days --------------------------------------------------------------------------------------------------------

    def _dated(self) -> list[tuple[str, Column]]:
        """The columns of dates with the names they get."""
        return [(f"day{place}", column) for place, column in enumerate(self._of_dates(), start=1)]

    def _of_dates(self) -> list[Column]:
        return [column for column in self.columns if column.dates is not None]

    def _dates(self) -> list[str]:
        blocks = []
        for name, column in self._dated():
            dates = column.dates
            if dates is None:
                continue
            lines = [f"[dates.{name}]", f"column = {_quoted(column.name)}"]
            filled, sample = int(column.values["count"].sum()), ", ".join(column.values["value"].head(EXAMPLES))
            written = ", ".join(dt.date(2024, 2, 29).strftime(form) for form in dates.forms)
            lines.append(self._say("dates", filled=filled, rows=column.rows, example=written, sample=sample))
            if dates.is_open:
                lines += [self._say("dates_open"), f'formats = "{TO_FILL_IN}"']
            else:
                lines.append(f"formats = [{', '.join(map(_quoted, dates.forms))}]")
            if dates.unread.height:
                lines.append(self._say("dates_unread", values=_few(dates.unread)))
            blocks.append("\n".join(lines))
        return blocks

    def _events(self) -> list[str]:
        """A block for each column of days and each text of the column of states, in the order of a life."""
        dated = [
            (state, [f'state = "{state or TO_FILL_IN}"', f'date = "{name}"'], column.name)
            for name, column in self._dated()
            if (state := state_of_day(column)) != TARGET
        ]
        told = []
        column = self.roles.get("state")
        if column is not None:
            for text, count in _once(column.values).iter_rows():
                likely = likely_state(text)
                hint = self._say("state", count=count, likely=likely or TO_FILL_IN)
                when = f"when = {{ column = {_quoted(column.name)}, is = {_quoted(text)} }}"
                told.append((likely, [hint, f'state = "{TO_FILL_IN}"', 'undated = ["data_date"]', when], ""))
        order = [*LIFE, None]
        both = sorted([*dated, *told], key=lambda item: order.index(item[0]))
        blocks = [
            "\n".join(["[[events]]", *([f"# {heading}"] if heading else []), *lines]) for _, lines, heading in both
        ]
        if not both:
            blocks = [f'[[events]]\nstate = "{TO_FILL_IN}"\nundated = ["data_date"]']
        extra = [] if column is None else [f"{self._say('ignore')}\n[columns.{_quoted(column.name)}]\nignore = []"]
        return [self._say("events", states=", ".join(STATES)), *blocks, *extra]

    def _targets(self) -> list[str]:
        planned = [name for name, column in self._dated() if state_of_day(column) == TARGET]
        signed = [name for name, column in self._dated() if state_of_day(column) == State.SIGNED]
        since = ", ".join(f'"{name}"' for name in [*signed, "data_date"])
        return [f'[[targets]]\ndate = "{name}"\nsince = [{since}]' for name in planned]

    # --- fields ------------------------------------------------------------------------------------------------------

    def _fields(self) -> str:
        lines = [self._say("fields"), "[fields]"]
        for role in ("ref", "title"):
            column = self.roles.get(role)
            source = f'constant = "{TO_FILL_IN}"' if column is None else f"column = {_quoted(column.name)}"
            lines += [f"{field} = {{ {source} }}" for field in _TITLES.get(role, (role,))[:1]]
        for role in ("responsible_agency", "deliverable", "notes"):
            if (column := self.roles.get(role)) is not None:
                lines += [f"{field} = {{ column = {_quoted(column.name)} }}" for field in _TITLES.get(role, (role,))]
        return "\n".join(lines)

    def _coded(self, role: str) -> str:
        """A field of codes with all its texts; those that the list knows are filled in."""
        column, known = self.roles[role], self._known(role)
        if FIELD_KINDS[role] == "yes_no" or (self.takes_names and role != "scope"):
            return f"[fields.{role}]\ncolumn = {_quoted(column.name)}"
        lines = [self._say("codes", codes=", ".join(known)), f"[fields.{role}]", f"column = {_quoted(column.name)}"]
        lines.append(f"[fields.{role}.map]")
        for text, count in _once(column.values).iter_rows():
            code = known.find(text).code
            lines.append(f"{_quoted(text)} = {_quoted(code or TO_FILL_IN)}  # {count}")
        return "\n".join(lines)

    @property
    def takes_names(self) -> bool:
        """Whether names that the lists lack come into them."""
        return pack_of(self.lists).takes_names

    def _known(self, role: str) -> Names:
        if role == "scope":
            return Names((scope, []) for scope in texts(Scope))
        return entry_names(self.lists, role)

    def _partners(self) -> str:
        column = self.roles.get("partner")
        if column is None:
            return f'{self._say("no_partner")}\n[[partners]]\nconstant = "{TO_FILL_IN}"'
        texts = _once(parts(column))
        known = self.partners.codes(texts["value"])
        unknown = [(text, count) for text, count in texts.iter_rows() if text not in known]
        own = [text for text, count in texts.iter_rows() if count >= OWN_SIDE * column.rows and column.separator]
        lines = [self._say("partners", known=len(known), unknown=len(unknown)), "[[partners]]"]
        lines.append(f"column = {_quoted(column.name)}")
        if column.separator is not None:
            lines.append(f"separator = {_quoted(column.separator)}")
        rest = [] if self.takes_names else [(text, count) for text, count in unknown if text not in own]
        if rest:
            lines.append("[partners.map]")
            for text, count in rest:
                meant = self.partners.suggest(text)
                lines.append(f'{_quoted(text)} = "{TO_FILL_IN}"  # {count}{"" if meant is None else f", {meant}?"}')
        lines += ["", self._say("own_side" if own else "ignore"), f"[columns.{_quoted(column.name)}]"]
        lines.append(f"ignore = [{', '.join(map(_quoted, own))}]")
        return "\n".join(lines)

    def _agencies(self) -> str:
        lines = []
        country, column = self.roles.get("country"), self.roles.get("responsible_agency")
        if country is not None:
            lines += [self._say("country"), "[agencies]", f"country_column = {_quoted(country.name)}"]
        is_ours = country is None or not names_of_home(self.lists).isdisjoint(map(fold, country.values["value"]))
        if column is not None and is_ours and not self.takes_names:
            found = self.agencies.resolve_all(column.values["value"])
            unknown = column.values.join(
                found.filter(pl.col("agency").is_null()), left_on="value", right_on="name", how="semi"
            )
            if unknown.height:
                lines += [
                    self._say("agencies", unknown=unknown.height, all=column.values.height),
                    "# [agencies.aliases]",
                ]
                lines += [
                    f'# {_quoted(text)} = "{TO_FILL_IN}"  # {count}' for text, count in unknown.head(SHOWN).iter_rows()
                ]
        return "\n".join(lines)

    def _unused(self) -> str:
        used = {column.name for column in self.roles.values()} | {column.name for column in self._of_dates()}
        lines = [
            f"#   {_quoted(column.name)}: {_few(column.values)}" for column in self.columns if column.name not in used
        ]
        return "\n".join([self._say("unused"), *lines]) if lines else ""


def _once(texts: pl.DataFrame) -> pl.DataFrame:
    """Texts that differ in their capitals alone are one for a mapping: value (the most frequent), count (of all)."""
    return (
        texts.group_by(pl.col("value").str.to_lowercase().alias("lower"), maintain_order=True)
        .agg(pl.col("value").first(), pl.col("count").sum())
        .select("value", "count")
    )


def _few(values: pl.DataFrame) -> str:
    shown = [f"{_quoted(text[:40])} ({count})" for text, count in values.head(EXAMPLES).iter_rows()]
    return ", ".join(shown) + (f", ... {values.height}" if values.height > EXAMPLES else "")


def _quoted(text: str) -> str:
    """A text as TOML writes it; JSON's strings are TOML's basic strings."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
