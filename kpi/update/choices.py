"""What a cell with a closed list of answers may hold: codes with the names by which people write them.

The names are those the screens use (a test compares them with the catalog `terms`). They stand here as well because reading a
file means recognising them, in either language, whatever language the reader of the screen has chosen.
"""

from __future__ import annotations

import dataclasses

from words import language_in_store


@dataclasses.dataclass(frozen=True)
class Choice:
    """A code and what it is called; `also` are other ways of writing it."""

    code: str
    vi: str
    en: str
    also: tuple[str, ...] = ()

    def name(self, language: str) -> str:
        """The name in a language; in English where the form does not speak it."""
        return {"vi": self.vi, "en": self.en}[language_in_store(language)]

    @property
    def spellings(self) -> tuple[str, ...]:
        """Every way of writing it, the code first."""
        return (self.code, self.vi, self.en, *self.also)


STATES = (
    Choice("PROPOSED", "Đề xuất", "Proposed"),
    Choice("NEGOTIATING", "Đang đàm phán", "Under negotiation", ("Đàm phán", "Negotiating")),
    Choice("SIGNED", "Đã ký", "Signed"),
    Choice(
        "APPROVAL_PENDING",
        "Chờ phê chuẩn, phê duyệt",
        "Awaiting ratification or approval",
        ("Chờ phê duyệt", "Chờ phê chuẩn", "Approval pending"),
    ),
    Choice("IN_FORCE", "Có hiệu lực", "In force", ("Đã có hiệu lực",)),
    Choice(
        "PLAN_ISSUED",
        "Đã ban hành kế hoạch thực hiện",
        "Implementation plan issued",
        ("Đã ban hành kế hoạch", "Plan issued"),
    ),
    Choice("IN_PROGRESS", "Đang triển khai", "Under implementation", ("Đang thực hiện", "In progress")),
    Choice("COMPLETED", "Hoàn thành", "Completed", ("Đã hoàn thành",)),
    Choice("SUSPENDED", "Tạm đình chỉ thực hiện", "Suspended", ("Tạm đình chỉ",)),
    Choice(
        "TERMINATED",
        "Chấm dứt hiệu lực, rút khỏi",
        "Terminated or withdrawn",
        ("Chấm dứt hiệu lực", "Chấm dứt", "Rút khỏi", "Terminated", "Withdrawn"),
    ),
    Choice("EXPIRED", "Hết hiệu lực", "Expired"),
    Choice("SUPERSEDED", "Được thay thế", "Superseded"),
    Choice(
        "ABANDONED", "Dừng đàm phán, không ký", "Abandoned before signing", ("Không ký", "Dừng đàm phán", "Abandoned")
    ),
)
SCOPES = (
    Choice(
        "HIGH_LEVEL",
        "Ký trong hoạt động đối ngoại cấp cao",
        "Signed in high-level exchanges",
        ("Cấp cao", "High level"),
    ),
    Choice("LOCAL", "Cấp địa phương", "Local level", ("Địa phương", "Local")),
)
ANSWERS = (
    Choice("yes", "Có", "Yes", ("x", "true", "1")),
    Choice("no", "Không", "No", ("false", "0")),
)
CAUSES = (
    Choice("legal_framework", "Khuôn khổ pháp lý", "Legal framework"),
    Choice("funding", "Bố trí kinh phí, vốn", "Funding"),
    Choice("land_clearance", "Giải phóng mặt bằng", "Land clearance"),
    Choice("counterpart", "Phía đối tác", "Foreign counterpart"),
    Choice("coordination", "Phối hợp liên ngành", "Coordination between agencies"),
    Choice("technical", "Kỹ thuật, công nghệ", "Technical matters"),
    Choice("procurement", "Đấu thầu, mua sắm", "Procurement"),
    Choice("personnel", "Nhân lực", "Personnel"),
)
SEVERITIES = (
    Choice("severe", "Nghiêm trọng", "Severe"),
    Choice("moderate", "Đáng kể", "Moderate"),
    Choice("minor", "Nhỏ", "Minor"),
)
AUTHORITY_LEVELS = (
    Choice("agency", "Cơ quan chủ trì tự giải quyết", "Responsible agency itself"),
    Choice("inter_agency", "Liên bộ, liên ngành", "Several agencies together"),
    Choice("prime_minister", "Thủ tướng Chính phủ", "Prime Minister"),
    Choice("national_assembly", "Quốc hội", "National Assembly"),
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


def state(code: str) -> Choice:
    """The state with a code, or one named by the code itself where there is none such."""
    return next((choice for choice in STATES if choice.code == code), Choice(code, code, code))
