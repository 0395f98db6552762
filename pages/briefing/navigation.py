"""Where in a briefing somebody is: kept in the address, turned by keys, left for any agency by typing, and come back to."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Final

import streamlit as st

import words as w
from data_access import directives
from data_access.accounts import Person
from data_access.briefings import quarter_before
from kpi.briefing.blocks import Block, Break, Briefing, Reader, Sentence
from kpi.briefing.codes import Code
from kpi.briefing.material import Asked, Edition, Material
from kpi.briefing.presets import PRESETS, UnknownBriefingError, compose, of_code, read_preset
from pages.briefing import SIZE, SIZES, USUAL_SIZE
from pages.briefing.files import show_files
from pages.parts import decided, presenting
from pages.ui import data_edition, loaders
from pages.ui.kept import kept

PRESET: Final = "preset"
SCREEN: Final = "screen"
BACK: Final = "back"
"""What the address says: which briefing, which of its screens (from 1), and where somebody came from."""

_MORE: Final = "briefing_more"
_CODE: Final = 60
_REFS_SHOWN: Final = 40
_FOOT: Final = 20
"""How wide the line at the foot is, in letters, so that the keys have room beside it."""
_KEYS: Final = {"previous": ("Left", "PageUp"), "next": ("Right", "PageDown", "Space")}
"""The keys that turn a page; clickers send the second ones."""

_STEPS: Final = {"previous": -1, "next": 1}


@dataclasses.dataclass(frozen=True, eq=False)
class Place:
    """A screen of a briefing; `written` is the briefing as an address has it, `number` counts screens from 1."""

    written: str
    briefing: Briefing
    number: int

    @property
    def screens(self) -> tuple[tuple[Break, tuple[Block, ...]], ...]:
        return self.briefing.screens()

    @property
    def begins(self) -> Break:
        return self.screens[self.number - 1][0]

    @property
    def blocks(self) -> tuple[Block, ...]:
        return self.screens[self.number - 1][1]


def current(as_of: dt.date, person: Person) -> Place:
    """The screen that the address names; the nearest there is, where there is none such."""
    written = st.query_params.get(PRESET, presenting.USUAL)
    try:
        briefing = composed(written, as_of, person.role, person.limited_to, decided.mark())
    except UnknownBriefingError:
        st.warning(w.t("briefing.unknown", name=w.plain(written[:40])), icon=":material/link_off:")
        written = presenting.USUAL
        briefing = composed(written, as_of, person.role, person.limited_to, decided.mark())
    asked = st.query_params.get(SCREEN, "1")
    number = int(asked) if asked.isdecimal() and len(asked) < 4 else 1
    return Place(written, briefing, min(max(number, 1), len(briefing.screens())))


@kept()
def composed(written: str, as_of: dt.date, role: str, own: str | None, mark: int) -> Briefing:
    """A briefing of the edition shown, for whoever has this role and may see the agreements of `own`, or all (None). `mark` is that
    of what was directed by now."""
    preset, subject = read_preset(written)
    shown = data_edition.shown()
    return compose(
        Material.of(
            Asked(preset.name, subject, Reader(role, own), as_of, quarter_before(as_of), shown.known_on, preset.scope),
            preset.letter,
            Edition(w.Kept(shown.name_vi, shown.name_en), shown.version, shown.is_demo),
            loaders.register(),
            loaders.rules,
            loaders.history(),
            directives=directives.read(data_edition.store(), own=own, on=as_of, known_on=shown.known_on),
        )
    )


def _turn(written: str, number: int, back: str | None = None) -> None:
    st.query_params[PRESET] = written
    st.query_params[SCREEN] = str(number)
    if back is not None:
        st.query_params[BACK] = back


# --- Turning pages ---------------------------------------------------------------------------------------------------


def show_foot(place: Place) -> None:
    """Which screen it is, of which day, under which code; the keys that turn it; the way elsewhere and what is behind it."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", gap="xsmall"):
        # What is long takes two lines beside the keys: below them, they would push a table off a screen of 1280x720.
        st.caption(" · ".join(_foot(place)), width=round(_FOOT * int(size())))
        with st.container(horizontal=True, gap="xsmall", vertical_alignment="center", width="content"):
            for way, keys in _KEYS.items():
                for key in keys:
                    _show_key(place, way, key)
            more = st.popover(
                "",
                icon=":material/more_horiz:",
                type="tertiary",
                key=_MORE,
                on_change="rerun",
                help=w.t("briefing.elsewhere"),
            )
            if more.open:
                with more:
                    show_jump(place)
                    show_explained(place)
                    show_files(place.briefing)


def _show_key(place: Place, way: str, key: str) -> None:
    number = min(max(place.number + _STEPS[way], 1), len(place.screens))
    st.button(
        w.t(f"briefing.{way}"),
        key=f"{way}_{key}",
        shortcut=key,
        type="tertiary",
        disabled=number == place.number,
        on_click=_turn,
        args=(place.written, number),
    )


def _foot(place: Place) -> list[str]:
    briefing = place.briefing
    told = [
        w.t("briefing.screen_of", n=w.number(place.number), all=w.number(len(place.screens))),
        w.date(briefing.as_of),
        str(place.begins.heading.code),
    ]
    return [*told, w.t("briefing.demo_mark")] if briefing.is_demo else told


# --- Going elsewhere -------------------------------------------------------------------------------------------------


def show_jump(place: Place) -> None:
    """Any screen of this briefing and any agency, found by typing; the way back to where one was; the way out."""
    options = {f"{place.written}|{number}": _title(begins) for number, (begins, _) in enumerate(place.screens, start=1)}
    options |= {f"{name}|1": w.t(f"briefing.offer_{name}") for name, preset in PRESETS.items() if not preset.subject}
    options |= {f"agency:{key}|1": called for key, called in _agencies()}
    options |= {f"partner:{code}|1": called for code, called in _partners()}

    def go() -> None:
        if chosen := st.session_state["briefing_jump"]:
            written, _, number = chosen.rpartition("|")
            _turn(written, int(number), back=f"{place.written}|{place.number}")
        st.session_state["briefing_jump"] = None

    st.selectbox(
        w.t("briefing.jump"),
        list(options),
        format_func=lambda code: options.get(code, code),
        index=None,
        key="briefing_jump",
        placeholder=w.t("briefing.jump_to"),
        on_change=go,
    )
    _show_sizes()
    before, _, number = st.query_params.get(BACK, "").rpartition("|")
    if before and number.isdecimal():
        st.button(
            w.t("briefing.back"),
            key="briefing_back",
            icon=":material/undo:",
            shortcut="Backspace",
            on_click=_turn,
            args=(before, int(number[:3])),
        )
    presenting.show_way_out()


def _show_sizes() -> None:
    """How large letters are: what fits one wall is too small for another."""

    def choose() -> None:
        st.query_params[SIZE] = st.session_state["briefing_size"]

    st.session_state["briefing_size"] = size()
    st.segmented_control(
        w.t("briefing.size"), list(SIZES), key="briefing_size", required=True, on_change=choose, format_func=_size_name
    )


def size() -> str:
    """How large letters are, in pixels, as the address says."""
    asked = st.query_params.get(SIZE, "")
    return asked if asked in SIZES else SIZES[USUAL_SIZE]


def _size_name(size: str) -> str:
    return w.t("briefing.pixels", n=w.number(int(size)))


def _title(begins: Break) -> str:
    return w.say(begins.heading.says)


def _agencies() -> list[tuple[str, str]]:
    """The agencies there are, by name, with those that have no agreement."""
    held = loaders.register().agencies
    held = held.filter(held["valid_to"].is_null())
    named = [(key, w.name("agency", key)) for key in held["key"]]
    return sorted(named, key=lambda entry: w.sort_key(entry[1]))


def _partners() -> list[tuple[str, str]]:
    """The partners with whom anything was agreed, by name."""
    held = loaders.register().agreement_partners["partner"].unique()
    return sorted(((code, w.name("partner", code)) for code in held), key=lambda entry: w.sort_key(entry[1]))


# --- Where it comes from ---------------------------------------------------------------------------------------------


def show_explained(place: Place) -> None:
    """What is behind a code: that of this screen, or one that somebody types."""
    typed = st.text_input(
        w.t("briefing.code"), key="briefing_code", placeholder=str(place.begins.heading.code), max_chars=_CODE
    )
    try:
        code = Code.read(typed) if typed.strip() else place.begins.heading.code
        found = place.briefing.find(code)
        if found is None:
            subjects = [*loaders.register().agencies["key"], *loaders.register().partners["code"]]
            reader = place.briefing.reader
            other = composed(of_code(code, subjects), code.as_of, reader.role, reader.limited_to, decided.mark())
            found = other.find(code)
    except ValueError:
        found = None
    if found is None:
        st.caption(w.t("briefing.code_unknown"))
        return
    source = found.source
    refs = source.refs[:_REFS_SHOWN]
    lines = [
        w.say(found.says) if isinstance(found, Sentence) else str(found.code),
        w.t("briefing.query", statistic=source.statistic, where=source.where),
        w.tn("briefing.rows", len(source.refs), refs=", ".join(refs) + (" …" if len(source.refs) > len(refs) else "")),
        *((w.tn("briefing.rows_hidden", source.hidden),) if source.hidden else ()),
        w.t("briefing.by_rules", rules=place.briefing.rules_hash, version=w.number(place.briefing.data_version)),
        w.t("briefing.hash", hash=place.briefing.sha256),
    ]
    for line in lines:
        st.text(line)
