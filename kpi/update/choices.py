"""What a cell with a closed list of answers may hold: codes with the names by which people write them.

The names are those the screens use (a test compares them with the catalog `terms`). They stand here as well because reading a
file means recognising them, in either language, whatever language the reader of the screen has chosen.
"""

from __future__ import annotations

import dataclasses
import re

from kpi.vocabulary import Authority, Cause, Scope, Severity, State
from words import language_in_store


@dataclasses.dataclass(frozen=True)
class Choice:
    """A code and what it is called; `also` are other ways of writing it, `former` the entries in whose place it is."""

    code: str
    vi: str
    en: str
    also: tuple[str, ...] = ()
    former: tuple[Choice, ...] = ()

    def name(self, language: str) -> str:
        """The name in a language; in English where the form does not speak it."""
        return {"vi": self.vi, "en": self.en}[language_in_store(language)]

    @property
    def spellings(self) -> tuple[str, ...]:
        """Every way of writing it, the code first."""
        return (self.code, self.vi, self.en, *self.also)


STATES = (
    Choice(State.PROPOSED.value, "Đề xuất", "Proposed"),
    Choice(State.NEGOTIATING.value, "Đang đàm phán", "Under negotiation", ("Đàm phán", "Negotiating")),
    Choice(State.SIGNED.value, "Đã ký", "Signed"),
    Choice(
        State.APPROVAL_PENDING.value,
        "Chờ phê chuẩn, phê duyệt",
        "Awaiting ratification or approval",
        ("Chờ phê duyệt", "Chờ phê chuẩn", "Approval pending"),
    ),
    Choice(State.IN_FORCE.value, "Có hiệu lực", "In force", ("Đã có hiệu lực",)),
    Choice(
        State.PLAN_ISSUED.value,
        "Đã ban hành kế hoạch thực hiện",
        "Implementation plan issued",
        ("Đã ban hành kế hoạch", "Plan issued"),
    ),
    Choice(State.IN_PROGRESS.value, "Đang triển khai", "Under implementation", ("Đang thực hiện", "In progress")),
    Choice(State.COMPLETED.value, "Hoàn thành", "Completed", ("Đã hoàn thành",)),
    Choice(State.SUSPENDED.value, "Tạm đình chỉ thực hiện", "Suspended", ("Tạm đình chỉ",)),
    Choice(
        State.TERMINATED.value,
        "Chấm dứt hiệu lực, rút khỏi",
        "Terminated or withdrawn",
        ("Chấm dứt hiệu lực", "Chấm dứt", "Rút khỏi", "Terminated", "Withdrawn"),
    ),
    Choice(State.EXPIRED.value, "Hết hiệu lực", "Expired"),
    Choice(State.SUPERSEDED.value, "Được thay thế", "Superseded"),
    Choice(State.NOT_PURSUED.value, "Không tiếp tục thực hiện", "Not pursued", ("Không thực hiện nữa",)),
    Choice(
        State.ABANDONED.value,
        "Dừng đàm phán, không ký",
        "Abandoned before signing",
        ("Không ký", "Dừng đàm phán", "Abandoned"),
    ),
)
SCOPES = (
    Choice(
        Scope.HIGH_LEVEL.value,
        "Ký trong hoạt động đối ngoại cấp cao",
        "Signed in high-level exchanges",
        ("Cấp cao", "High level"),
    ),
    Choice(Scope.LOCAL.value, "Cấp địa phương", "Local level", ("Địa phương", "Local")),
)
ANSWERS = (
    Choice("yes", "Có", "Yes", ("x", "true", "1")),
    Choice("no", "Không", "No", ("false", "0")),
)
CAUSES = (
    Choice(Cause.LEGAL_FRAMEWORK.value, "Khuôn khổ pháp lý", "Legal framework"),
    Choice(Cause.FUNDING.value, "Bố trí kinh phí, vốn", "Funding"),
    Choice(Cause.LAND_CLEARANCE.value, "Giải phóng mặt bằng", "Land clearance"),
    Choice(Cause.COUNTERPART.value, "Phía đối tác", "Foreign counterpart"),
    Choice(Cause.COORDINATION.value, "Phối hợp liên ngành", "Coordination between agencies"),
    Choice(Cause.TECHNICAL.value, "Kỹ thuật, công nghệ", "Technical matters"),
    Choice(Cause.PROCUREMENT.value, "Đấu thầu, mua sắm", "Procurement"),
    Choice(Cause.PERSONNEL.value, "Nhân lực", "Personnel"),
)
SEVERITIES = (
    Choice(Severity.SEVERE.value, "Nghiêm trọng", "Severe"),
    Choice(Severity.MODERATE.value, "Đáng kể", "Moderate"),
    Choice(Severity.MINOR.value, "Nhỏ", "Minor"),
)
AUTHORITY_LEVELS = (
    Choice(Authority.AGENCY.value, "Cơ quan chủ trì tự giải quyết", "Responsible agency itself"),
    Choice(Authority.INTER_AGENCY.value, "Liên bộ, liên ngành", "Several agencies together"),
    Choice(Authority.PRIME_MINISTER.value, "Thủ tướng Chính phủ", "Prime Minister"),
    Choice(Authority.NATIONAL_ASSEMBLY.value, "Quốc hội", "National Assembly"),
)

FIXED_LISTS = {
    "state": STATES,
    "scope": SCOPES,
    "answer": ANSWERS,
    "cause": CAUSES,
    "severity": SEVERITIES,
    "authority": AUTHORITY_LEVELS,
}
"""The lists that are the same for every register. Documents, sectors, partners and periods come from the store."""

CLEAR = ("[xóa]", "[xoá]", "[clear]")
"""What a cell holds to empty what the register has: a blank cell means "no change", so emptying needs a word. A bare dash would
not do: officials write it for "none", which is a statement."""


_QUARTER = re.compile(r"([0-9]{4})-Q([1-4])")
_ROMAN = ("I", "II", "III", "IV")


def quarter_spellings(code: str) -> tuple[str, ...]:
    """Other ways of writing a period that is a quarter: `2025-Q4` is also "Quý IV/2025", "Quý 4 năm 2025" and "Q4/2025"."""
    found = _QUARTER.fullmatch(code)
    if found is None:
        return ()
    year, number = found[1], found[2]
    roman = _ROMAN[int(number) - 1]
    named = (f"Quý {number}", f"Quý {roman}", f"Q{number}", f"Q.{roman}", f"Quarter {number}")
    return tuple(f"{name}{between}{year}" for name in named for between in ("/", " năm "))


def state(code: str) -> Choice:
    """The state with a code, or one named by the code itself where there is none such."""
    return next((choice for choice in STATES if choice.code == code), Choice(code, code, code))
