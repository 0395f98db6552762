"""What whoever reads a briefing has to know: of which day, of which data, by which rules, and what was left out."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping

import polars as pl

from kpi.briefing.blocks import Block, Break, SentenceKind
from kpi.briefing.material import Material
from kpi.briefing.saying import sentence
from kpi.rules import Rules
from words.phrases import Named, Phrase


def rules_hash(rules: Rules) -> str:
    """The mark of all numbers of the method: the first twelve signs of their SHA-256."""
    held = {
        field.name: dict(sorted(value.items())) if isinstance(value := getattr(rules, field.name), Mapping) else value
        for field in dataclasses.fields(rules)
    }
    return hashlib.sha256(json.dumps(held, sort_keys=True, default=str).encode()).hexdigest()[:12]


def show_notes(material: Material) -> list[Block]:
    """The last screen: days, scope, rules, and what the reader may not see."""
    asked, edition = material.asked, material.edition
    source = material.source("signed", pl.col("is_signed"))
    known = Phrase.of("briefing.known_on", date=asked.known_on) if asked.known_on else Phrase("briefing.known_now")
    details = [
        Phrase.of("briefing.compared_with", date=asked.compare_with),
        Phrase.of("briefing.in_scope", scope=Named("scope", asked.scope)),
        Phrase.of("briefing.by_rules", rules=rules_hash(material.rules), version=edition.version),
        Phrase("briefing.certainty"),
    ]
    if asked.reader.limited_to is not None:
        details.insert(0, Phrase.of("briefing.left_out", agency=Named("agency", asked.reader.limited_to)))
    if edition.is_demo:
        details.insert(0, Phrase("briefing.demo"))
    says = Phrase.of("briefing.as_of", date=asked.as_of, known=known)
    return [Break("notes", sentence(material, "NOTES", SentenceKind.NOTE, says, source, *details))]
