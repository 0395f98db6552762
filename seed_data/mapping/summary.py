"""What a mapped register holds, in counts: for a dry run and for the receipt after loading."""

from __future__ import annotations

from typing import Any

import polars as pl

from seed_data.mapping.build import MappedRegister


def summarise(register: MappedRegister, *, stored: bool) -> dict[str, Any]:
    """The register's name and data date, rows by table, events by state, agencies, open names, findings by kind."""
    info, agreements = register.info, register.agreements
    return {
        "register": info.code,
        "name_vi": info.name_vi,
        "name_en": info.name_en,
        "data_date": info.data_date.isoformat(),
        "stored": stored,
        "rows": {name: frame.height for name, frame in register.frames.items()},
        "states": _counts(register.frames["StatusEvent"]["state"]),
        "agencies": _agencies(agreements),
        "unresolved": register.unresolved().to_dicts(),
        "findings": _counts(register.findings["code"]),
    }


def contradictions(register: MappedRegister) -> pl.DataFrame:
    """The records whose dates contradict each other: source_row, ref, code, field, value, in the order of the file."""
    refs = register.agreements.select(agreement_id="id", ref="ref")
    found = register.findings.filter(pl.col("code").str.contains("_before_"))
    return (
        found.join(refs, on="agreement_id")
        .sort("source_row", "code")
        .select("source_row", "ref", "code", "field", "value")
    )


def _agencies(agreements: pl.DataFrame) -> dict[str, int]:
    if "responsible_as_given" not in agreements.columns:
        return {"resolved": 0, "unresolved": 0, "not_given": agreements.height}
    named = agreements.filter(pl.col("responsible_as_given") != "")
    unresolved = named["responsible_agency"].null_count()
    return {
        "resolved": named.height - unresolved,
        "unresolved": unresolved,
        "not_given": agreements.height - named.height,
    }


def _counts(codes: pl.Series) -> dict[str, int]:
    counted = codes.value_counts().sort(codes.name)
    return {str(code): int(count) for code, count in counted.iter_rows()}
