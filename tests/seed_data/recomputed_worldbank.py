"""A World Bank register once more, by another route: csv and datetime, plain Python, exact fractions.

Nothing of the application is used here. The agency behind each of the names in the file was looked up by hand.
"""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import math
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

DATA_DATE = dt.date(2025, 3, 31)
OPEN = ("SIGNED", "IN_PROGRESS")
GOALPOSTS = {"K02": (45, 95), "K03": (420, 120), "K06": (25, 0)}
WEIGHTS = {"K02": 20, "K03": 15, "K06": 10}
ALL_WEIGHTS = 100
SINCE = {
    **dict.fromkeys(("BNV", "BTC", "BNNMT", "BXD", "BKHCN", "BDTTG"), dt.date(2025, 3, 1)),
    **dict.fromkeys(("T15", "T25", "T48", "T56", "T66", "T79", "T86", "T92"), dt.date(2025, 7, 1)),
}
"""The day the agencies came to be that were merged: before it nobody can be ranked as one."""
EMPTY = ("K04", "K05", "K07", "K08", "K09", "K10", "K11", "K12")
"""What the file keeps no record of: days of completion of their own, progress, plans, reports, blockers, evidence, samples."""


@dataclasses.dataclass(frozen=True)
class Operation:
    """One row of the file on a day."""

    ref: str
    agency: str
    state: str
    signed: dt.date | None
    begun: dt.date | None
    completed: dt.date | None
    target: dt.date | None
    started: bool
    start_known: bool

    @property
    def is_signed(self) -> bool:
        return self.state not in ("NEGOTIATING", "ABANDONED")

    @property
    def is_open(self) -> bool:
        return self.state in OPEN


def read(path: Path, as_of: dt.date) -> list[Operation]:
    """The operations that have come to the register by a day."""
    with path.open(encoding="utf-8", newline="") as file:
        found = (_operation(row, as_of) for row in csv.DictReader(file))
        return [operation for operation in found if operation is not None]


def _operation(row: dict[str, str], as_of: dt.date) -> Operation | None:
    approved, effective = _date(row["boardapprovaldate"][:10]), _date(row["loan_effective_date"])
    closing = _date(row["closingdate"])
    target, since = closing, next(day for day in (_come(approved), _come(effective), DATA_DATE) if day)
    # (state, day, whether that is the day of the state itself), in the order of an operation's life
    moves: list[tuple[str, dt.date, bool]] = []
    if row["status"] == "Pipeline":
        moves.append(("NEGOTIATING", DATA_DATE, False))
    if day := _come(approved):
        moves.append(("SIGNED", day, True))
    if day := _come(effective):
        moves.append(("IN_PROGRESS", day, True))
    if row["status"] == "Closed" and not _come(effective):
        moves.append(("IN_PROGRESS", _come(closing) or DATA_DATE, False))
    if row["status"] == "Closed":
        moves.append(("COMPLETED", closing or DATA_DATE, closing is not None))
    if row["status"] == "Dropped":
        ended = _come(approved) or _come(effective)
        moves.append(("TERMINATED" if ended else "ABANDONED", ended or DATA_DATE, False))
    moves = [move for move in moves if move[1] <= as_of]
    if not moves:
        return None
    early = [move for move in moves if move[0] in ("NEGOTIATING", "SIGNED", "ABANDONED")]
    late = [move for move in moves if move not in early]
    state = max(enumerate(late or early), key=lambda numbered: (numbered[1][1], numbered[0]))[1][0]
    dated = {name: day for name, day, known in moves if known}
    started = [move for move in moves if move[0] in ("IN_PROGRESS", "COMPLETED")]
    # A start without its day is lost, unless the register also knows the day on which implementation began.
    start_lost = "IN_PROGRESS" not in dated and not all(known for _, _, known in started)
    return Operation(
        ref=row["id"],
        agency=AGENCIES[row["impagency"]] or "UNASSIGNED",
        state=state,
        signed=dated.get("SIGNED"),
        begun=None
        if start_lost
        else min((dated[name] for name in ("IN_PROGRESS", "COMPLETED") if name in dated), default=None),
        completed=dated.get("COMPLETED") if state == "COMPLETED" else None,
        target=target if since <= as_of else None,
        started=bool(started),
        start_known=not start_lost,
    )


def _date(text: str) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


def _come(day: dt.date | None) -> dt.date | None:
    return day if day and day <= DATA_DATE else None


# --- The measures ----------------------------------------------------------------------------------------------------

Card = dict[str, float | int | str | None]


def scorecard(operations: list[Operation], as_of: dt.date) -> dict[str, Card]:
    """Every KPI of a group of operations."""
    cards = {
        "K01": _count([op.is_signed for op in operations if op.is_signed]),
        "K02": _share([op.started for op in operations if _is_matured(op, as_of)]),
        "K03": _duration([case for op in operations if (case := _case(op, as_of))]),
        "K06": _share([_is_overdue(op, as_of) for op in operations if _is_overdue(op, as_of) or _had_time(op, as_of)]),
        **{code: _share([]) for code in EMPTY},
    }
    for code, card in cards.items():
        card["score"] = _score(code, card)
        card["status"] = _status(code, card)
    cards["K13"] = _composite(cards, sum(op.is_signed and SINCE.get(op.agency, as_of) <= as_of for op in operations))
    return cards


def _is_matured(op: Operation, as_of: dt.date) -> bool:
    old_enough = op.signed is not None and (as_of - op.signed).days >= 90
    return op.is_signed and old_enough


def _is_overdue(op: Operation, as_of: dt.date) -> bool:
    return op.is_open and op.target is not None and op.target < as_of


def _had_time(op: Operation, as_of: dt.date) -> bool:
    """Signed half a year ago or longer, then with a day to be completed by, and open or completed within a year."""
    old_enough = op.signed is not None and (as_of - op.signed).days >= 180
    return (
        op.is_signed
        and old_enough
        and op.target is not None
        and (op.is_open or bool(op.completed and (as_of - op.completed).days < 365))
    )


def _case(op: Operation, as_of: dt.date) -> tuple[int, bool] | None:
    """Days from signing to implementation, or waited so far; nothing where the dates do not tell or contradict."""
    if not op.is_signed or op.signed is None or not op.start_known:
        return None
    if op.begun is None:
        return (as_of - op.signed).days, False
    return None if op.begun < op.signed else ((op.begun - op.signed).days, True)


def _count(marks: list[bool]) -> Card:
    return _card(sum(marks), len(marks), value=sum(marks) if marks else None)


def _share(marks: list[bool]) -> Card:
    x, n = sum(marks), len(marks)
    if not n:
        return _card(0, 0)
    z = 1.959963984540054
    middle, spread = x + z * z / 2, z * math.sqrt(x * (n - x) / n + z * z / 4)
    low, high = ((middle + sign * spread) / (n + z * z) for sign in (-1, 1))
    return _card(x, n, value=100 * x / n, low=100 * max(low, 0), high=100 * min(high, 1))


def _duration(cases: list[tuple[int, bool]]) -> Card:
    survival, greenwood = Fraction(1), Fraction(0)
    first: dict[str, int | None] = {"value": None, "low": None, "high": None}
    for time in sorted({time for time, observed in cases if observed}):
        at_risk = sum(other >= time for other, _ in cases)
        events = sum(other == time and observed for other, observed in cases)
        survival *= Fraction(at_risk - events, at_risk)
        limits = {"value": float(survival), "low": 0.0, "high": 1.0}
        if survival > 0:
            greenwood += Fraction(events, at_risk * (at_risk - events))
            width = 1.959963984540054 * math.sqrt(greenwood) / abs(math.log(survival)) if survival < 1 else 0
            limits |= {"low": survival ** math.exp(width), "high": survival ** math.exp(-width)}
            last_high = limits["high"]
        elif at_risk == events and greenwood:
            limits["high"] = last_high
        for name, limit in limits.items():
            reached = survival <= Fraction(1, 2) if name == "value" else limit <= 0.5
            if first[name] is None and reached:
                first[name] = time
    card = _card(sum(observed for _, observed in cases), len(cases), **first)
    card["lasting"] = sum(time >= GOALPOSTS["K03"][0] for time, _ in cases)
    card["follow_up"] = max((time for time, _ in cases), default=None)
    return card


def _card(x: int, n: int, *, value: float | None = None, low: float | None = None, high: float | None = None) -> Card:
    return {"n": n, "numerator": x, "denominator": n, "value": value, "low": low, "high": high}


def _score(code: str, card: Card) -> float | None:
    if code not in GOALPOSTS or int(card["denominator"] or 0) < 5:
        return None
    lo, hi = GOALPOSTS[code]
    value = card["value"]
    if value is None:
        return 0.0 if int(card.get("lasting") or 0) >= 5 else None
    assert isinstance(value, int | float)
    return 100 * min(max((value - lo) / (hi - lo), 0), 1)


def _status(code: str, card: Card) -> str:
    n = card["denominator"]
    assert isinstance(n, int)
    if code == "K01":
        return "context"
    if n == 0:
        return "not_available"
    return "too_few" if n < 5 else _light(card["score"])


def _light(score: float | int | str | None) -> str:
    if score is None:
        return "not_available"
    assert isinstance(score, int | float)
    return "green" if score >= 80 else "amber" if score >= 60 else "red"


def _composite(cards: dict[str, Card], n: int) -> Card:
    there = {code: weight for code, weight in WEIGHTS.items() if cards[code]["score"] is not None}
    total = sum(weight * float(cards[code]["score"] or 0) for code, weight in there.items())
    given = sum(there.values())
    value = total / given if n >= 10 and given >= 0.7 * ALL_WEIGHTS else None
    card = _card(round(total), given, value=value)
    return {**card, "n": n, "score": value, "status": "too_few" if n < 10 else _light(value)}


def grouped(operations: list[Operation], key: Callable[[Operation], str]) -> dict[str, list[Operation]]:
    """The operations by group."""
    groups: dict[str, list[Operation]] = {}
    for operation in operations:
        groups.setdefault(key(operation), []).append(operation)
    return groups


AGENCIES: dict[str, str | None] = {
    "": None,
    "Binh Duong Provincial Peoples' Committee respresented by Management Board for Wastewater Projects": "T79",
    "Can Tho ODA PMU": "T92",
    "Central Project Office": None,
    "Committee on Ethnic Minority Affairs (CEMA)": "BDTTG",
    "Construction-investment Project Management Unit of Vi Thanh city": None,
    "Danang PIIPs PMU": "T48",
    "Department of Agriculture Economics": None,
    "Department of Climate Change (under Ministry of Natural Resources and Environment)": "BNNMT",
    "Department of Energy Efficiency and Sustainable Development , Ministry of Industry and Trade": "BCT",
    "Department of Investment Supervision and Appraisal, Ministry of Planning and Investment": "BTC",
    "Department of Registration and Land Information Database of MONRE": "BNNMT",
    "Di An Town Wastewater and Drainage Project Management Unit": None,
    "ERAV (MOIT)": "BCT",
    "ETEP PMU": None,
    "EVN": None,
    "East Meets West Foundation": None,
    "Electricity Regulatory Authority of Vietnam": "BCT",
    "Electricity Regulatory Authority of Vietnam (ERAV - MOIT)": "BCT",
    "Electricity Regulatory Authority of Vietnam (ERAV)": "BCT",
    "Electricity of Vietnam": None,
    "Enterprise Development agency, Ministry of Planning and Investment": "BTC",
    "General Department of Taxation": "BTC",
    "General Statistics Office": "BTC",
    "General Statistics Office (GSO), Ministry of Planning and Investment (MPI)": "BTC",
    "Hanoi Urban Transport Development Project Management Unit": "T01",
    "HelpAge International in Vietnam": None,
    "Ho Chi Minh City People's Committee": "T79",
    "Hochiminh, Hanoi, other project cities and provinces": None,
    "Industry University of Ho Chi Minh City": None,
    "Institute for Social Development Studies": None,
    "Khanh Hoa PMU": "T56",
    "LIFSAP PCU": None,
    "MINISTRY OF HEALTH": "BYT",
    "MPI": "BTC",
    "Minisry of Health": "BYT",
    "Ministry of Agriculture and Rural Development": "BNNMT",
    "Ministry of Agriculture and Rural Development (MARD)": "BNNMT",
    "Ministry of Agriculture and Rural Development - Department of Planning": "BNNMT",
    "Ministry of Construction": "BXD",
    "Ministry of Education and Training": "BGDDT",
    "Ministry of Environment and Natural Resources, Socialist Republic of Vietnam": "BNNMT",
    "Ministry of Finance": "BTC",
    "Ministry of Health": "BYT",
    "Ministry of Health, National Institute of Nutrition": "BYT",
    "Ministry of Industry and Trade": "BCT",
    "Ministry of Industry and Trade (MOIT)": "BCT",
    "Ministry of Justice": "BTP",
    "Ministry of Labor, Invalids and Social Affairs": "BNV",
    "Ministry of Natural Resouces and Environment, Department of Climate Change": "BNNMT",
    "Ministry of Natural Resource and Environment": "BNNMT",
    "Ministry of Natural Resource and Environment (Vietnam)": "BNNMT",
    "Ministry of Natural Resources and Environment": "BNNMT",
    "Ministry of Natural Resources and Environment, Vietnam": "BNNMT",
    "Ministry of Planning and Investment": "BTC",
    "Ministry of Science and Technology": "BKHCN",
    "Ministry of Science and Technology (MOST)": "BKHCN",
    "Ministry of Transport": "BXD",
    "National Power Transmission Corporation (NPT)": None,
    "Nghe An Provincial People's Committee": "T40",
    "ODA PMU of Tra Vinh": "T86",
    "ODA PMU of Vinh Long Province": "T86",
    "Office of the Ministry of Finance": "BTC",
    "PIU under VIHEMA": "BYT",
    "People's Committee of Nghe An Province": "T40",
    "Phu Quoc Economic Zone Management Board": None,
    "Phu Yen People's Committee": "T66",
    "Project Management Unit (PMU) in Phu Ly": None,
    "Project Management Unit - Waterways": None,
    "Project Management Unit 6 (PMU6)": None,
    "Project Management Unit No. 3 (PMU3)": None,
    "Project Management Unit for Waterways (PMU-W)": None,
    "Project Management Unit in Dong Hoi": None,
    "Project Management Unit in Quy Nhon": None,
    "Projects Management Unit No. 2": None,
    "Quang Nam Provincial People's Committee": "T48",
    "Sewage Project Management Unit of Binh Duong Province": "T79",
    "State Audit Office of Viet Nam": "KTNN",
    "State Bank of Vietnam": "NHNN",
    "Steering Center of the Urban Flood Control Program HCMC": "T79",
    "TRUNG SON HYDROPOWER COMPANY": None,
    "Thai Nguyen City People's Committee": None,
    "Thanh Hoa Project Management Unit": "T38",
    "The People's Committee of Ho Chi Minh City": "T79",
    "The State Bank of Vietnam": "NHNN",
    "Transport Construction and investment Project Management Unit": None,
    "Transport Development and Strategy Institute": "BXD",
    "Transport Works Construction Investment Project Management Authority (TCIP) of Ho Chi Minh City": "T79",
    "Urban Infrastructure Construction Investment Project Management Authority of Ho Chi Minh City": "T79",
    "Vietnam Electricity (EVN)": None,
    "Vietnam National Mekong Committee": None,
    "Vietnam National University-HCM": None,
    "Vietnam Social Security": "BTC",
    "Vinh Phuc Concessional Loans Project Management Office": "T25",
    "Yen Bai Department of Health": "T15",
}
