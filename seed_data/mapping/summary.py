"""What a register holds, in counts: for a dry run and for the receipt after loading."""

from __future__ import annotations

from typing import Any, Final

import polars as pl

from seed_data.mapping.build import RegisterFrames

HOW: Final = (
    *("declared", "code", "name", "folded", "alias", "part", "place", "misspelling"),
    *("foreign", "ambiguous", "unknown"),
)
"""How a name may have been taken, the surest first; the last three were taken for nobody."""


def summarise(register: RegisterFrames, *, stored: bool) -> dict[str, Any]:
    """The register's name and data date, rows by table, events by state, agencies, open names, findings by kind."""
    described = register.description
    return {
        "register": described["register_code"],
        "name_vi": described["name_vi"],
        "name_en": described["name_en"],
        "data_date": described["data_date"].isoformat(),
        "stored": stored,
        "rows": {name: frame.height for name, frame in register.frames.items() if name != "DataVersion"},
        "states": _counts(register.frames["StatusEvent"]["state"]),
        "agencies": _agencies(register.agreements),
        "unresolved": register.unresolved().to_dicts(),
        "findings": _counts(register.findings["code"]),
    }


def names_by_kind(register: RegisterFrames) -> list[tuple[tuple[str, str], pl.DataFrame]]:
    """The names met, by (field, how they were taken), surest kinds first; the most frequent names first: name, stands_for,
    agreements."""
    ordered = register.names.sort(["agreements", "name"], descending=[True, False])
    parts = {
        (str(field), str(how)): names for (field, how), names in ordered.group_by("field", "how", maintain_order=True)
    }
    return sorted(parts.items(), key=lambda part: (part[0][0], HOW.index(part[0][1])))


def contradictions(register: RegisterFrames) -> pl.DataFrame:
    """The records whose dates contradict each other: source_row, ref, code, field, value, in the order of the file."""
    refs = register.agreements.select(agreement_id="id", ref="ref")
    found = register.findings.filter(pl.col("code").str.contains("_before_")).join(refs, on="agreement_id")
    return found.sort("source_row", "code").select("source_row", "ref", "code", "field", "value")


def _agencies(agreements: pl.DataFrame) -> dict[str, int]:
    """How many agreements have a responsible agency, have one in words only, or none."""
    if "responsible_agency" not in agreements.columns:
        return {"resolved": 0, "unresolved": 0, "not_given": agreements.height}
    without = agreements.filter(pl.col("responsible_agency").is_null())
    not_given = without.filter(pl.col("responsible_as_given") == "").height
    return {
        "resolved": agreements.height - without.height,
        "unresolved": without.height - not_given,
        "not_given": not_given,
    }


def _counts(codes: pl.Series) -> dict[str, int]:
    counted = codes.value_counts().sort(codes.name)
    return {str(code): int(count) for code, count in counted.iter_rows()}
