"""An invented list of the form that UK Treaties Online has: treaties that nobody signed."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Final

import polars as pl

from seed_data import packs
from seed_data.mapping.build import RegisterFrames, map_register

PACK: Final = packs.FOLDER / "united_kingdom"
MAPPING: Final = PACK / "treaties.toml"
NAME: Final = "treaties.csv"
AS_OF: Final = dt.date(2025, 3, 31)

HEADER: Final = (
    "lb_document_id,title,country_name,field3,subject,signed_event_date,signed_event_location,adopted_event_date,"
    "provisional_eif_event_date,definative_eif_event_date,terminated_event_date,withdrawn_event_date,references"
)
ROWS: Final = (
    # reference, parties, kind, subject, signed, adopted, provisionally, in force, terminated, withdrawn
    ("1", "NORLAND ; UNITED KINGDOM", "BI", "TRADE", "01/02/1951", "", "", "01/05/1951", "", ""),
    ("2", "FRANCE ; UNITED KINGDOM", "BI", "AVIATION", "03/04/1952", "", "", "", "", ""),
    ("3", "Gibraltar ; ITALY ; UNITED KINGDOM", "BI", "VISA", "05/06/1953", "", "01/07/1953", "", "", ""),
    ("4", "AUSTRALIA ; FRANCE ; ITALY ; UNITED KINGDOM", "MULTI", "POSTAL", "", "07/08/1954", "", "09/10/1956", "", ""),
    ("5", "CEYLON ; UNITED KINGDOM", "BI", "DEFENCE", "09/10/1955", "", "", "10/11/1955", "12/12/1965", ""),
    ("6", "NETHERLANDS THE ; UNITED KINGDOM", "BI", "TAXATION", "11/12/1956", "", "", "", "", "01/01/1960"),
)


def text(rows: tuple[tuple[str, ...], ...] = ROWS, *, unknown: str = "NORWAY") -> str:
    """The list as a CSV; the first treaty's partner is `unknown`."""
    lines = [HEADER]
    for ref, parties, kind, subject, signed, adopted, provisionally, in_force, terminated, withdrawn in rows:
        told = (ref, f"Treaty {ref}", parties.replace("NORLAND", unknown), kind, subject, signed, "London")
        lines.append(",".join((*told, adopted, provisionally, in_force, terminated, withdrawn, "")))
    return "\n".join(lines) + "\n"


def mapped(lists: dict[str, pl.DataFrame], data: bytes, *, mapping: Path = MAPPING, name: str = NAME) -> RegisterFrames:
    """A list of that form as a register."""
    return map_register(data, mapping.read_bytes(), file=name, mapping_file=mapping.name, lists=lists)
