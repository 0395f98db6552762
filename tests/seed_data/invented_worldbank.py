"""An invented list of the World Bank's form: operations that nobody approved, with the peculiarities of those that were.

The first operations are one of each peculiarity, by name; the others are drawn.
"""

from __future__ import annotations

import csv
import datetime as dt
import functools
import io
import pathlib
import random
import tempfile
from collections.abc import Mapping
from typing import Final

import polars as pl

from seed_data import reference, worldbank
from seed_data.mapping.build import RegisterFrames
from seed_data.worldbank.fetching import COLUMNS
from tests.seed_data.recomputed_worldbank import AGENCIES, DATA_DATE

COUNT: Final = 300
NAME: Final = "worldbank_VN_2025-03-31.csv"

PECULIAR: Final[Mapping[str, Mapping[str, str]]] = {
    "effective_before_approval": {
        "boardapprovaldate": "1997-06-26",
        "loan_effective_date": "1996-10-10",
        "closingdate": "2004-12-31",
    },
    "effective_before_approval_too": {"boardapprovaldate": "2004-03-02", "loan_effective_date": "2004-03-01"},
    "closed_before_approval": {
        "boardapprovaldate": "2009-06-11",
        "loan_effective_date": "",
        "closingdate": "2009-05-31",
    },
    "closed_without_effect": {
        "boardapprovaldate": "1990-02-01",
        "loan_effective_date": "",
        "closingdate": "1995-06-30",
    },
    "closed_without_closing": {
        "boardapprovaldate": "1978-08-08",
        "loan_effective_date": "1979-02-22",
        "closingdate": "",
    },
    "dropped_once_approved": {
        "status": "Dropped",
        "boardapprovaldate": "1994-06-30",
        "loan_effective_date": "",
        "closingdate": "",
    },
    "dropped_once_effective": {
        "status": "Dropped",
        "boardapprovaldate": "",
        "loan_effective_date": "2001-02-03",
        "closingdate": "",
    },
    "dropped_before": {"status": "Dropped", "boardapprovaldate": "", "loan_effective_date": "", "closingdate": ""},
    "in_the_pipeline": {"status": "Pipeline", "boardapprovaldate": "", "loan_effective_date": "", "closingdate": ""},
    "approved_after_the_data_date": {
        "status": "Pipeline",
        "boardapprovaldate": "2025-12-16",
        "loan_effective_date": "",
        "closingdate": "",
    },
    "nobody_s": {"impagency": "EVN"},
    "a_slip": {"impagency": "Minisry of Health"},
    "without_a_kind": {"projectfinancialtype": ""},
    "a_grant": {"projectfinancialtype": "Grants"},
    "text_of_lines": {"pdo": 'To raise yields:\n(a) seeds; (b) "water", roads,\nand markets.'},
}
"""What each of the first operations has that most do not."""

_PLACES = (
    "Northern Uplands|Red River Delta|Central Coast|Central Highlands|Southeast|Mekong Delta|Border Districts|Islands"
)
_THINGS = "Rural Roads|Small Irrigation|District Hospitals|Lower Secondary Schools|Town Water|Grid Losses|Land Records|Fisheries"
_KINDS = "Project|Programme|Development Policy Operation|Technical Assistance|Additional Financing|Pilot"


def ref(peculiarity: str) -> str:
    """The id of the operation that has it."""
    return f"P8{list(PECULIAR).index(peculiarity):05}"


@functools.cache
def content() -> bytes:
    """The list as a file."""
    chance = random.Random(2026)
    peculiar = [*PECULIAR.values(), *[{}] * (COUNT - len(PECULIAR))]
    written = io.StringIO()
    rows = csv.DictWriter(written, COLUMNS, lineterminator="\n")
    rows.writeheader()
    for number, given in enumerate(peculiar):
        row = {**_operation(number, chance), **given}
        row["boardapprovaldate"] = f"{row['boardapprovaldate']}T00:00:00Z" if row["boardapprovaldate"] else ""
        rows.writerow(row)
    return written.getvalue().encode()


def _operation(number: int, chance: random.Random) -> dict[str, str]:
    years = 31 if number >= len(PECULIAR) else 15
    approved = dt.date(1994, 1, 1) + dt.timedelta(days=chance.randrange(years * 365 - 100))
    effective = approved + dt.timedelta(days=int(chance.lognormvariate(5.0, 0.6)))
    closing = effective + dt.timedelta(days=chance.randrange(500, 3200))
    status = "Active" if closing > DATA_DATE or chance.random() < 0.03 else "Closed"
    begins = effective <= DATA_DATE and chance.random() > 0.12
    place, thing, kind = (chance.choice(words.split("|")) for words in (_PLACES, _THINGS, _KINDS))
    amount = f"{chance.randrange(5, 400)}000000.0"
    return {
        "id": f"P8{number:05}",
        "regionname": "East Asia and Pacific",
        "countryshortname": "Viet Nam",
        "status": status if number >= len(PECULIAR) else "Closed",
        "last_stage_reached_name": "BANK APPROVED",
        "project_name": f"{thing} of the {place}: {kind} {number + 1}",
        "pdo": f"To improve {thing.lower()} in the {place.lower()}." if chance.random() < 0.8 else "",
        "impagency": chance.choice([*AGENCIES]) if chance.random() < 0.6 else "",
        "boardapprovaldate": approved.isoformat(),
        "loan_effective_date": effective.isoformat() if begins or number < len(PECULIAR) else "",
        "closingdate": closing.isoformat(),
        **dict.fromkeys(("curr_project_cost", "idacommamt", "curr_total_commitment"), amount),
        **dict.fromkeys(("curr_ibrd_commitment", "grantamt"), "0.0"),
        "lendinginstr": "Investment Project Financing",
        "envassesmentcategorycode": chance.choice("ABC"),
        "projectfinancialtype": chance.choice(["IDA", "IDA", "IBRD", "Other", "Grants", ""]),
    }


@functools.cache
def register() -> RegisterFrames:
    """The list as a register."""
    return worldbank.read(content(), file=NAME, lists=reference.frames(), data_date=DATA_DATE)


@functools.cache
def path() -> pathlib.Path:
    """The list in a folder of this process's own."""
    folder = tempfile.TemporaryDirectory(prefix="worldbank")
    _KEPT.append(folder)  # it goes when the process ends
    file = pathlib.Path(folder.name) / NAME
    file.write_bytes(content())
    return file


_KEPT: Final[list[tempfile.TemporaryDirectory[str]]] = []

LOADING: Final = ("--mapping", str(worldbank.MAPPING))
"""How the command line loads the file."""


def names() -> pl.Series:
    """The agencies' names that occur."""
    return pl.read_csv(content(), infer_schema=False)["impagency"].drop_nulls().unique().sort()
