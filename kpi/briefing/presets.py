"""Which briefings there are: one declaration each, with the letter of its codes and what it shows, in order."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from kpi.briefing import agency, decisions, directed, flagships, notes, obstacles, overall, partner, standing, term
from kpi.briefing.blocks import Block, Briefing
from kpi.briefing.codes import Code
from kpi.briefing.material import EVERY_SCOPE, Material, spelled
from kpi.vocabulary import AgencyGroup, Scope
from words.phrases import Named, Phrase

Show = Callable[[Material], list[Block]]


@dataclasses.dataclass(frozen=True)
class Preset:
    """A briefing: `letter` begins its codes, `shows` makes its screens in order, `subject` is the kind of what it is about (agency,
    partner; empty: about everybody), `scope` that of the agreements it is about.
    """

    name: str
    letter: str
    shows: tuple[Show, ...]
    subject: str = ""
    scope: str = Scope.HIGH_LEVEL.value


def _group(group: AgencyGroup) -> Show:
    return functools.partial(standing.show_group, group=group)


_DECLARED: Final = (
    Preset(
        "quarterly",
        "Q",
        (
            overall.show_start,
            directed.show_directives,
            overall.show_changes,
            decisions.show_decisions,
            _group(AgencyGroup.MINISTRY),
            _group(AgencyGroup.PROVINCE),
            standing.show_without,
            standing.show_outliers,
            obstacles.show_causes,
            obstacles.show_wait,
            flagships.show_flagships,
            obstacles.show_reporting,
            notes.show_notes,
        ),
    ),
    Preset(
        "agency",
        "A",
        (
            agency.show_agency,
            agency.show_missed,
            directed.show_directives,
            agency.show_due,
            agency.show_agency_decisions,
            notes.show_notes,
        ),
        subject="agency",
    ),
    Preset("term", "T", (term.show_term, term.show_term_agencies, obstacles.show_wait, notes.show_notes)),
    Preset(
        "partner",
        "P",
        (
            partner.show_partner,
            partner.show_ours,
            partner.show_theirs,
            partner.show_negotiated,
            partner.show_due,
            partner.show_partner_decisions,
            notes.show_notes,
        ),
        subject="partner",
        scope=EVERY_SCOPE,
    ),
    Preset("flagship", "F", (flagships.show_flagships, notes.show_notes), scope=EVERY_SCOPE),
)

PRESETS: Final[Mapping[str, Preset]] = MappingProxyType({preset.name: preset for preset in _DECLARED})
"""Every preset by name, in the order in which they are offered."""


class UnknownBriefingError(ValueError):
    """There is no such briefing, or nobody it could be about."""


def read_preset(text: str) -> tuple[Preset, str | None]:
    """A preset as it is written, with the code of whom it is about: `quarterly`, `agency:BXD`, `partner:JP`.

    Raises UnknownBriefingError for anything else; whether there is such an agency or partner is seen by `compose`.
    """
    name, _, code = text.strip().partition(":")
    preset = PRESETS.get(name.lower())
    if preset is None or bool(preset.subject) != bool(code):
        known = (f"{one.name}:CODE" if one.subject else one.name for one in PRESETS.values())
        raise UnknownBriefingError(f"{text!r}: briefings are {', '.join(known)}")
    return preset, code or None


def of_code(code: Code, codes: Sequence[str]) -> str:
    """The preset, as `read_preset` reads it, that a sentence's code is of; `codes` are those of agencies and partners there are."""
    preset = next((one for one in PRESETS.values() if one.letter == code.preset), None)
    if preset is None or bool(preset.subject) != bool(code.of):
        raise UnknownBriefingError(f"{code}: no briefing begins its codes so")
    if not preset.subject:
        return preset.name
    found = next((one for one in codes if spelled(one).upper() == code.of), None)
    if found is None:
        raise UnknownBriefingError(f"{code}: there is no {preset.subject} {code.of}")
    return f"{preset.name}:{found}"


def compose(material: Material) -> Briefing:
    """The briefing that was asked for. Raises UnknownBriefingError where nobody is called as its subject is."""
    asked = material.asked
    preset = PRESETS[asked.preset]
    subject = None
    if preset.subject:
        known = material.register.agencies["key"] if preset.subject == "agency" else material.register.partners["code"]
        if asked.subject not in known:
            raise UnknownBriefingError(
                f"{preset.name}:{asked.subject}: the register's lists have no such {preset.subject}"
            )
        subject = Named(preset.subject, asked.subject or "")
    blocks = [block for show in preset.shows for block in show(material)]
    return Briefing(
        preset.name,
        subject,
        Phrase(f"briefing.preset_{preset.name}", (("subject", subject),) if subject else ()),
        asked.reader,
        material.edition.name,
        asked.as_of,
        asked.known_on,
        material.edition.version,
        notes.rules_hash(material.rules),
        material.edition.is_demo,
        tuple(blocks),
    )
