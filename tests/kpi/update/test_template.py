"""The template: what is in it, and that uploading it as it is changes nothing, whatever texts the register holds."""

from __future__ import annotations

import dataclasses
import datetime as dt
import io
import zipfile
from typing import Literal

import fastexcel
import polars as pl
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from files import formula_injection, reading
from files.text import canonical
from kpi.facts import REPORT_FIELDS
from kpi.update import (
    Checked,
    Current,
    Problem,
    Table,
    check_rows,
    compare,
    read_table,
    template,
    with_remarks,
    with_room,
)
from kpi.update.template import DUE
from kpi.vocabulary import STATES
from tests.kpi.update.samples import (
    LISTS,
    TODAY,
    agreements,
    blocker_events,
    blockers,
    current,
    events,
    report,
    reports,
    say,
    table,
    targets,
)

Format = Literal["csv", "xlsx"]
_BOTH: tuple[tuple[Format, bool], ...] = (("csv", False), ("xlsx", True))
FORMS: list[tuple[str, Format]] = [(language, form) for language in ("vi", "en") for form in ("csv", "xlsx")]


def taken(now: Current, language: str, form: Format) -> Table:
    found = read_table(template(now, language=language, format=form, say=say), f"mau.{form}", reader=reading.read)
    assert isinstance(found, Table), found
    return found


@pytest.mark.parametrize(("language", "form"), FORMS)
def test_open_agreements_with_a_row_for_each_further_blocker(language: str, form: Format) -> None:
    found = taken(current(), language, form)

    assert found.frame.select("ref", "blocker_id", "report_period", "progress").rows() == [
        ("A-1", "7", "2025-Q4", None),
        ("A-1", "8", None, None),
        ("A-2", None, "2025-Q4", "- gạch đầu dòng"),
        ("A-3", None, "2025-Q4", None),
        ("A-5", None, None, None),
        ("A-6", None, "2025-Q4", None),
    ]
    assert found.notices == ()


@pytest.mark.parametrize(("language", "form"), FORMS)
def test_as_it_is_it_changes_nothing(language: str, form: Format) -> None:
    now = current()
    checked = check_rows(taken(now, language, form), now, today=TODAY)

    assert isinstance(checked, Checked), checked
    assert compare(checked, now).changes == ()


@pytest.mark.parametrize(("language", "form"), FORMS)
def test_what_is_due_is_the_reports_that_lack_something_in_columns_that_fit_a_sheet(
    language: str, form: Format
) -> None:
    now = current()
    data = template(now, language=language, format=form, say=say, only_due=True)
    found = read_table(data, f"mau.{form}", reader=reading.read)

    assert isinstance(found, Table), found
    assert found.frame["ref"].to_list() == ["A-1", "A-2", "A-3", "A-6"]
    assert set(found.frame["report_period"]) == {"2025-Q4"}
    assert len(DUE) == 15
    checked = check_rows(found, now, today=TODAY)
    assert isinstance(checked, Checked), checked
    assert compare(checked, now).changes == ()
    if form == "xlsx":
        page = zipfile.ZipFile(io.BytesIO(data)).read("xl/worksheets/sheet1.xml").decode()
        assert 'paperSize="9" fitToHeight="0" orientation="landscape"' in page


def test_where_no_report_is_lacking_what_is_due_is_every_open_agreement() -> None:
    now = dataclasses.replace(current(), periods=current().periods.clear())
    data = template(now, language="vi", format="csv", say=say, only_due=True).decode("utf-8-sig")

    assert [line.split(",")[0] for line in data.splitlines()[1:]] == ["A-1", "A-2", "A-3", "A-5", "A-6"]


def test_a_closed_period_is_not_asked_for() -> None:
    now = current()
    now = dataclasses.replace(now, periods=now.periods.with_columns(due_on=pl.lit(now.data_date)))
    found = [
        read_table(template(now, language="vi", format=form, say=say, only_due=due), f"mau.{form}", reader=reading.read)
        for form, due in _BOTH
    ]

    for taken_now in found:
        assert isinstance(taken_now, Table), taken_now
        assert not {"report_period", "report_date", *REPORT_FIELDS} & set(taken_now.frame.columns)
        checked = check_rows(taken_now, now, today=TODAY)
        assert isinstance(checked, Checked), checked
        assert compare(checked, now).changes == ()
    typed = check_rows(table("ref,progress\nA-1,Đã họp\n"), now, today=TODAY)
    assert isinstance(typed, list)
    assert [(problem.code, problem.suggestion) for problem in typed] == [("no_period_open", None)]


def test_texts_of_any_kind_come_back_as_they_were() -> None:
    rows = agreements(
        {"agreement_id": 1, "deliverable_vi": "'=1+1", "deliverable_en": '=HYPERLINK("x")', "title_vi": "@x"}
    )
    found = taken(current(agreements=rows), "vi", "csv")

    assert found.frame.select("deliverable_vi", "deliverable_en", "title_vi").row(0) == (
        "'=1+1",
        '=HYPERLINK("x")',
        "@x",
    )
    written = template(current(agreements=rows), language="vi", format="csv", say=say).decode("utf-8-sig")
    assert "''=1+1" in written
    assert ",'@x," in written


def test_a_workbook_has_typed_cells_lists_and_locked_keys() -> None:
    data = template(current(), language="vi", format="xlsx", say=say)
    book = fastexcel.read_excel(data)

    assert book.sheet_names == ["Cam kết", "Hướng dẫn", "Danh mục"]
    sheet = book.load_sheet(0).to_polars()
    assert sheet.schema["Ngày ký"].is_temporal()
    assert sheet.schema["Tiến độ (%)"] == pl.Float64
    lists = book.load_sheet(2).to_polars()
    assert lists["Đối tác"].drop_nulls().to_list() == ["Nhật Bản", "Hàn Quốc"]


def test_the_same_content_gives_the_same_bytes() -> None:
    for form in ("csv", "xlsx"):
        one, other = (template(current(), language="vi", format=form, say=say) for _ in range(2))
        assert one == other


def test_an_agency_without_agreements_gets_an_empty_template() -> None:
    data = template(Current(agency="BCT", data_version=0, data_date=None), language="en", format="csv", say=say)

    outcome = read_table(data, "a.csv")
    assert isinstance(outcome, list)
    assert [problem.code for problem in outcome] == ["no_rows"]


def test_other_languages_are_refused() -> None:
    with pytest.raises(ValueError, match="there are vi, en"):
        template(current(), language="fr", format="csv", say=say)


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_file_given_back_says_what_is_wrong_and_can_be_uploaded_again(form: Format) -> None:
    sent = table("Mã cam kết,deliverable_vi\nA-1,=x\nA-9,y\n")
    data = with_remarks(
        sent, [Problem("ref_unknown", row=3, column="ref", value="A-9")], language="vi", format=form, say=say
    )

    again = read_table(data, f"sua.{form}")

    assert isinstance(again, Table), again
    assert again.frame["remarks"].to_list() == [None, "place_cell ref_unknown"]
    assert again.frame.drop("remarks").equals(sent.frame)
    assert again.headers["ref"] == "Mã cam kết"


# --- Property --------------------------------------------------------------------------------------------------------

NASTY = st.sampled_from(
    [
        *("[xóa]", "[clear]", "=1+1", "'=1", "''-", "-", "+84", "@x", "\t=", "_x0041_", "_x0041_x0042_", "_x000D_"),
        *("1e5", "31/12/2025", "2025-12-31", "45678", "NULL", "null", "true", "#N/A", "0123", "1.0", "Mã cam kết"),
        *('"', '""', ",", ";", "a\r\nb", "a\rb", "\n", " ", "\u00a0x\u00a0", "e\u0301", "Đà Nẵng", "<b>&amp;</b>"),
        *("\u200b", "a\u200bb", "\x00", "\x1b[0m", "\ufffe", "\U0001f600", "\ud7ff", "![x](http://x)", "{0}", "%s"),
        *("x" * 33_000, "\U00010000" * 17_000),
    ]
)
TEXTS = st.one_of(NASTY, st.text(max_size=40))
DAYS = st.dates(dt.date(1, 1, 1), dt.date(9999, 12, 31))
CODES = st.one_of(st.none(), st.sampled_from(["MOU", "ENE", "JP", "yes", "lạ"]), TEXTS.filter(lambda text: text != ""))
PERCENT = st.one_of(st.none(), st.floats(-1e9, 1e9, allow_nan=False), st.floats(0, 100))


def _known_refs(refs: list[str]) -> bool:
    """References that can be told apart once they are written into a file."""
    forms = pl.DataFrame({"ref": refs}, schema={"ref": pl.String}).select(canonical(pl.col("ref")))["ref"]
    short = forms.str.len_chars() < 1000
    plain = ~forms.str.contains("_x[0-9A-Fa-f]{4}_x[0-9A-Fa-f]{4}_")
    return bool(forms.n_unique() == len(refs) and "" not in forms.to_list() and (short & plain).all())


@st.composite
def registers(draw: st.DrawFn) -> Current:
    """A register of a few agreements in which every text, date, number and code can be anything."""
    refs = draw(st.lists(TEXTS, min_size=1, max_size=4, unique=True).filter(_known_refs))
    ids = range(1, len(refs) + 1)
    rows: list[dict[str, object]] = [
        {
            "agreement_id": number,
            "ref": ref,
            "row_version": draw(st.integers(1, 99)),
            **{
                name: draw(TEXTS)
                for name in ("title_vi", "title_en", "deliverable_vi", "deliverable_en", "evidence_url")
            },
            **{name: draw(CODES) for name in ("doc_type", "sector", "partner", "scope")},
        }
        for number, ref in zip(ids, refs, strict=True)
    ]
    moves = [
        (n, state, draw(DAYS).isoformat())
        for n in ids
        for state in draw(st.lists(st.sampled_from(STATES), min_size=1, max_size=3))
    ]
    plans = [
        (n, draw(DAYS).isoformat(), draw(DAYS).isoformat(), draw(TEXTS))
        for n in ids
        for _ in range(draw(st.integers(0, 2)))
    ]
    told = [
        report(
            n,
            period,
            draw(DAYS).isoformat(),
            **{name: draw(TEXTS) for name in REPORT_FIELDS},
            progress_pct=draw(PERCENT),
            shows_progress=draw(st.booleans()),
        )
        for n in ids
        for period in draw(st.lists(st.sampled_from(["2025-Q3", "2025-Q4", None]), max_size=3))
    ]
    held_up = [
        (7 + place, n, draw(TEXTS), draw(TEXTS))
        for place, n in enumerate(draw(st.lists(st.sampled_from(ids), max_size=4)))
    ]
    opened = [(number, "opened", draw(DAYS).isoformat()) for number, *_ in held_up]
    return current(
        agreements=agreements(*rows), events=events(*moves), targets=targets(*plans), reports=reports(*told),
        blockers=blockers(*held_up), blocker_events=blocker_events(*opened), lists=LISTS,
    )  # fmt: skip


@pytest.mark.slow
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(registers(), st.sampled_from(FORMS))
def test_whatever_the_register_holds_the_template_changes_nothing(now: Current, how: tuple[str, Format]) -> None:
    outcome = read_table(template(now, language=how[0], format=how[1], say=say), f"mau.{how[1]}", reader=reading.read)
    if isinstance(outcome, list):
        assert [problem.code for problem in outcome] == ["no_rows"]  # no agreement is open
        return
    checked = check_rows(outcome, now, today=TODAY)

    assert isinstance(checked, Checked), checked
    assert compare(checked, now).changes == ()


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(TEXTS, min_size=1, max_size=5))
def test_a_workbook_is_read_as_another_reader_reads_it(texts: list[str]) -> None:
    """fastexcel, which shares no code with ours, as the judge of what cells hold."""
    data = io.BytesIO()
    with xlsxwriter.Workbook(data) as book:
        sheet = book.add_worksheet()
        sheet.write_string(0, 0, "ref")
        for row, text in enumerate(texts, start=1):
            sheet.write_string(row, 0, text[:32_000])
    theirs = fastexcel.read_excel(data.getvalue()).load_sheet(0, dtypes="string").to_polars().to_series()
    outcome = read_table(data.getvalue(), "a.xlsx", reader=reading.read)

    if isinstance(outcome, Table):
        read = formula_injection.restored(canonical(pl.col("t"))).str.strip_chars()
        expected = theirs.to_frame("t").select(read).to_series().to_list()
        assert outcome.frame["ref"].to_list() == [text for text in expected if text]


def test_a_table_that_was_returned_has_room_for_what_may_be_asked_for() -> None:
    sent = table("ref,state,state_date\nA-1,Đang triển khai,2026-01-10\n")

    assert with_room(sent).frame.columns == ["row", "ref", "evidence_url", "state", "state_date", "state_document"]
    assert with_room(sent).frame.select(sent.frame.columns).equals(sent.frame)
