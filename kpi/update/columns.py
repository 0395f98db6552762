"""Every column an uploaded file can carry.

One row is one agreement; an agreement with several open blockers has a further row for each, with the same reference. A column
belongs to a `part`, and each part says which thing its cells are about:

- `agreement`: the agreement itself. For one already registered these cells only help to find the row and cannot be changed;
  a row without a reference registers a new agreement with them.
- `result`, `status`, `target`: what the agreement delivers, its state, its target date.
- `report`: the progress report for the period in `report_period`, whether it exists already or is new.
- `blocker`: the blocker with the number in `blocker_id`, or a new one where there is no number.

A blank cell means "no change", `[xóa]` or `[clear]` empties what may be emptied.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import Any, Literal

import polars as pl

from kpi.names import squeezed
from words import language_in_store

Part = Literal["key", "agreement", "result", "status", "target", "report", "blocker", "ignored"]
Kind = Literal["text", "number", "date", "percent", "choice", "link"]
Use = Literal["key", "shown", "once", "typed"]


@dataclasses.dataclass(frozen=True)
class FormColumn:
    """A column of an upload.

    `use`: a `key` says what the row is about; `shown` is for the reader and must come back as it was; `once` is typed when an
    agreement or blocker is new and shown from then on; `typed` is what an upload brings. `choices` names the list a choice is
    taken from. `clearable` cells may be emptied. `width` is the column's width in a workbook, in characters.
    """

    code: str
    part: Part
    kind: Kind
    use: Use
    vi: str
    en: str
    also: tuple[str, ...] = ()
    max_length: int = 0
    choices: str = ""
    clearable: bool = False
    width: int = 16

    def name(self, language: str) -> str:
        """The header in a language; in English where the form does not speak it."""
        return {"vi": self.vi, "en": self.en}[language_in_store(language)]


def _text(code: str, part: Part, vi: str, en: str, *also: str, most: int, **rest: Any) -> FormColumn:
    return FormColumn(code, part, "text", rest.pop("use", "typed"), vi, en, also, max_length=most, **rest)


def _date(code: str, part: Part, vi: str, en: str, *also: str, use: Use = "typed") -> FormColumn:
    return FormColumn(code, part, "date", use, vi, en, also, width=13)


def _choice(
    code: str, part: Part, vi: str, en: str, *also: str, of: str, use: Use = "typed", width: int = 22
) -> FormColumn:
    return FormColumn(code, part, "choice", use, vi, en, also, choices=of, width=width)


def _number(code: str, part: Part, vi: str, en: str) -> FormColumn:
    return FormColumn(code, part, "number", "key", vi, en, width=10)


# fmt: off
COLUMNS = (
    _text("ref", "key", "Mã cam kết", "Reference", "Mã", "Mã số", "Số hiệu", "Mã thỏa thuận", "Số hiệu thỏa thuận",
          "Ref", "Reference number",
          most=100, use="key", width=18),
    _number("row_version", "key", "Phiên bản dòng", "Row version"),
    # --- the agreement ---
    _text("title_vi", "agreement", "Tên cam kết, thỏa thuận", "Title (Vietnamese)", "Tên", "Tên gọi", "Tên cam kết",
          "Tên thỏa thuận", "Tên tiếng Việt", "Title", most=1000, use="once", width=48),
    _text("title_en", "agreement", "Tên tiếng Anh", "Title (English)", "English title", most=1000, use="once", width=40),
    _choice("doc_type", "agreement", "Loại văn kiện", "Document type", "Loại", of="doc_type", use="once"),
    _choice("sector", "agreement", "Lĩnh vực", "Sector", of="sector", use="once"),
    _choice("partner", "agreement", "Đối tác", "Partner", of="partner", use="once"),
    _choice("scope", "agreement", "Phạm vi", "Scope", of="scope", use="once"),
    _date("signed_on", "agreement", "Ngày ký", "Signed on", "Signed date", "Date of signing", use="once"),
    # --- what it delivers ---
    _text("deliverable_vi", "result", "Sản phẩm", "Deliverable (Vietnamese)", "Sản phẩm (tiếng Việt)",
          most=4000, clearable=True, width=32),
    _text("deliverable_en", "result", "Sản phẩm (tiếng Anh)", "Deliverable (English)", "Deliverable",
          most=4000, clearable=True, width=32),
    FormColumn("evidence_url", "result", "link", "typed", "Liên kết minh chứng", "Evidence link", ("Minh chứng", "Evidence"),
           max_length=2000, clearable=True, width=28),
    # --- status ---
    _choice("state", "status", "Trạng thái", "Status", "Tình trạng", "State", of="state", width=24),
    _date("state_since", "status", "Ở trạng thái này từ ngày", "In this status since", "State since", use="shown"),
    _date("state_date", "status", "Ngày của trạng thái mới", "Date of the new status", "Ngày trạng thái",
          "Ngày chuyển trạng thái", "Status date"),
    _text("state_document", "status", "Văn bản làm căn cứ", "Document it rests on", "Căn cứ", "Văn bản căn cứ",
          "Document", most=500, width=32),
    # --- target ---
    _date("original_target", "target", "Thời hạn ban đầu", "Original target", "Original target date", use="shown"),
    _date("current_target", "target", "Thời hạn hiện nay", "Current target", "Thời hạn", "Thời hạn mới", "Hạn mới", "Target",
          "Target date", "Current target date"),
    _text("target_reason", "target", "Lý do điều chỉnh thời hạn", "Reason for the new target", "Lý do điều chỉnh",
          most=2000, width=32),
    _date("target_set_on", "target", "Ngày điều chỉnh thời hạn", "New target set on"),
    # --- report ---
    _choice("report_period", "report", "Kỳ báo cáo", "Reporting period", "Kỳ", "Period", of="period", use="key", width=12),
    _date("report_date", "report", "Ngày báo cáo", "Report date", "Ngày gửi báo cáo", "Received on"),
    _text("presiding_agency", "report", "Cơ quan chủ trì", "Presiding agency", most=500, clearable=True, width=24),
    _text("cooperation_partners", "report", "Đối tác hợp tác", "Cooperation partners", most=1000, clearable=True, width=24),
    _text("content", "report", "Nội dung hợp tác", "Cooperation content", "Nội dung", most=8000, clearable=True, width=40),
    _text("progress", "report", "Tiến độ triển khai", "Implementation progress", "Tình hình triển khai",
          "Kết quả triển khai", "Tình hình thực hiện", "Kết quả thực hiện", most=8000, clearable=True, width=40),
    _text("completion_time", "report", "Thời gian hoàn thành", "Completion time", most=500, clearable=True, width=20),
    _text("difficulties", "report", "Khó khăn, vướng mắc", "Difficulties and obstacles", "Khó khăn", "Vướng mắc",
          most=8000, clearable=True, width=40),
    _text("recommendations", "report", "Kiến nghị, đề xuất", "Recommendations", "Kiến nghị", "Đề xuất, kiến nghị", "Đề nghị",
          "Proposed recommendations", most=8000, clearable=True, width=40),
    FormColumn("progress_pct", "report", "percent", "typed", "Tiến độ (%)", "Progress (%)",
           ("Tỷ lệ hoàn thành", "Tỷ lệ hoàn thành (%)", "% hoàn thành", "Phần trăm hoàn thành",
            "Percent complete"), clearable=True, width=11),
    _choice("shows_progress", "report", "Có tiến triển", "Shows progress", "Có tiến triển mới", of="answer", width=12),
    # --- blockers ---
    _number("blocker_id", "blocker", "Mã vướng mắc", "Blocker number"),
    _choice("blocker_cause", "blocker", "Nguyên nhân vướng mắc", "Cause of the blocker", of="cause", use="once"),
    _choice("blocker_severity", "blocker", "Mức độ vướng mắc", "Severity of the blocker", of="severity", use="once"),
    _choice("blocker_authority_level", "blocker", "Cấp có thẩm quyền giải quyết", "Who can resolve the blocker",
            "Cấp thẩm quyền", of="authority", use="once"),
    _text("blocker_description", "blocker", "Mô tả vướng mắc", "Description of the blocker",
          most=4000, use="once", width=40),
    _date("blocker_opened_on", "blocker", "Ngày phát sinh vướng mắc", "Blocker opened on", use="once"),
    _date("blocker_escalated_on", "blocker", "Ngày báo cáo cấp có thẩm quyền", "Blocker escalated on",
          "Ngày báo cáo cấp trên"),
    _date("blocker_resolved_on", "blocker", "Ngày tháo gỡ vướng mắc", "Blocker resolved on", "Ngày tháo gỡ"),
    # --- what a check wrote into a file it gave back ---
    _text("remarks", "ignored", "Ghi chú kiểm tra", "Remarks of the check", "Remarks", most=0, use="shown", width=60),
)
# fmt: on

INPUT_ONLY = ("state_date", "state_document", "target_reason", "target_set_on")
"""What says how a change came about: blank in a template, though the register may have it."""

BY_CODE = {column.code: column for column in COLUMNS}
CODES = tuple(BY_CODE)


def name_of(column: str, language: str) -> str:
    """The header of a column in a language; anything else that was found in a header row is returned as it is."""
    known = BY_CODE.get(column)
    return known.name(language) if known else column


@functools.cache
def spellings() -> dict[str, str]:
    """Squeezed spelling of a header -> the code of its column. ValueError where two columns share one."""
    pairs = [
        (spelling, column.code) for column in COLUMNS for spelling in (column.code, column.vi, column.en, *column.also)
    ]
    forms = pl.DataFrame(pairs, schema=["spelling", "code"], orient="row").select(squeezed(pl.col("spelling")), "code")
    known: dict[str, str] = {}
    for form, code in forms.iter_rows():
        if known.setdefault(form, code) != code:
            raise ValueError(f"the header {form!r} would mean both {known[form]} and {code}")
    return known


def about() -> pl.DataFrame:
    """The declarations as a frame: column, part, kind, use, choices, max_length, clearable."""
    return pl.DataFrame(
        [(c.code, c.part, c.kind, c.use, c.choices, c.max_length, c.clearable) for c in COLUMNS],
        schema={
            "column": pl.String,
            "part": pl.String,
            "kind": pl.String,
            "use": pl.String,
            "choices": pl.String,
            "max_length": pl.Int64,
            "clearable": pl.Boolean,
        },
        orient="row",
    )
