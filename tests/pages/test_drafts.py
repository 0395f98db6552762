"""What somebody had under way is offered when they come back, as it was, and to nobody else."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Checkbox

import words as w
from data_access import drafts
from data_access.drafts import Draft
from tests.pages.conftest import Visit
from tests.pages.test_upload import (
    BCT,
    Refs,
    batches,
    confirm,
    edited,
    hand_in,
    in_time,
    moved,
    refs,
    said,
    stored_otherwise,
    taken,
)

__all__ = ["in_time", "refs"]  # fixtures, which pytest finds by their names here


def own(engine: sa.Engine) -> list[Draft]:
    return drafts.read_own(engine, actor=BCT)


def type_into_editor(page: AppTest, ref: str, cells: dict[str, str]) -> AppTest:
    """Cells typed into the table of rows that have problems, which is all that is done with them."""
    rows = page.data_editor[0].value
    edits = {int(rows.index[rows["ref"] == ref][0]): cells}
    page.session_state["upload_editor_1"] = {"edited_rows": edits, "added_rows": [], "deleted_rows": []}
    return page.run()


def test_what_was_typed_into_a_file_is_gone_on_with_elsewhere_and_handed_in_once(
    shown_store: sa.Engine, visit: Visit, refs: Refs
) -> None:
    page = hand_in(
        visit("upload", "bct"),
        edited(moved(shown_store, refs), {refs.signed: {"state": "Đang triển khai", "state_date": "ngày mai"}}),
    )
    (begun,) = own(shown_store)
    assert (begun.name, begun.corrections) == ("mau.csv", 0)
    page = type_into_editor(page, refs.signed, {"state_date": "12/01/2026"})
    assert not page.exception
    (draft,) = own(shown_store)
    assert (draft.id, draft.corrections) == (begun.id, 1)
    del page.session_state["upload_editor_1"]  # as if it was left for another page
    page = page.run()
    assert page.data_editor[0].value["state_date"].tolist() == ["12/01/2026"]
    assert own(shown_store) == [draft]
    assert "upload_draft_go_on" not in " ".join(str(button.key) for button in page.button)

    page = visit("upload", "bct")
    at = w.tn("upload.draft", 1, at="|", name="mau.csv").split("|")
    assert all(part in said(page) for part in at)
    assert page.button(key=f"upload_draft_go_on_{draft.id}").label == w.t("upload.draft_go_on")
    page = visit("upload", "bct", draft=draft.id)
    assert not page.exception
    assert "draft" not in page.query_params
    assert "3 ô thay đổi · 1 thỏa thuận" in said(page)

    page = confirm(page)
    assert batches(shown_store) == [(1, "applied")]
    assert own(shown_store) == []
    assert own(shown_store) == [] == [button for button in page.run().button if "draft" in str(button.key)]


def test_what_was_typed_into_a_form_stands_in_it_again(shown_store: sa.Engine, visit: Visit, refs: Refs) -> None:
    page = visit("upload", "bct", way="form", ref=refs.signed)
    assert own(shown_store) == []
    page.selectbox(key=f"form_{refs.signed}_1_status_state").set_value("IN_PROGRESS").run()
    page.date_input(key=f"form_{refs.signed}_1_status_state_date").set_value(dt.date(2026, 1, 12))
    page = page.text_area(key=f"form_{refs.signed}_1_result_deliverable_vi").set_value("Một trung tâm").run()
    (draft,) = own(shown_store)
    assert (draft.way, draft.name, draft.corrections, draft.revision) == ("form", refs.signed, 3, 2)

    page = visit("upload", "bct", way="form", ref=refs.signed, draft=draft.id)
    assert page.selectbox(key=f"form_{refs.signed}_1_1_status_state").value == "IN_PROGRESS"
    assert page.text_area(key=f"form_{refs.signed}_1_1_result_deliverable_vi").value == "Một trung tâm"
    page.text_input(key=f"form_{refs.signed}_1_1_status_state_document").set_value("CV 12/BCT").run()
    assert [(one.id, one.corrections) for one in own(shown_store)] == [(draft.id, 4)]
    page = confirm(next(button for button in page.button if button.label == w.t("upload.form_check")).click().run())

    assert "Đã ghi nhận đợt 1: 4 thay đổi." in said(page)
    assert own(shown_store) == []


def test_a_form_whose_agreement_has_changed_meanwhile_is_compared_with_it(
    shown_store: sa.Engine, visit: Visit, refs: Refs
) -> None:
    page = visit("upload", "bct", way="form", ref=refs.signed)
    page.text_area(key=f"form_{refs.signed}_1_result_deliverable_vi").set_value("Của tôi").run()
    (draft,) = own(shown_store)
    stored_otherwise(shown_store, f"ref,deliverable_vi\n{refs.signed},Của người khác\n")

    page = visit("upload", "bct", way="form", ref=refs.signed, draft=draft.id)

    assert not page.exception
    assert w.tn("upload.conflicts", 1) in said(page)
    assert own(shown_store) == [draft]


def test_a_draft_of_somebody_else_is_refused_and_one_s_own_can_be_thrown_away(
    shown_store: sa.Engine, visit: Visit, refs: Refs
) -> None:
    page = visit("upload", "bct", way="form", ref=refs.signed)
    page.text_area(key=f"form_{refs.signed}_1_result_deliverable_vi").set_value("Riêng của tôi").run()
    (draft,) = own(shown_store)

    for username, address in (("langson", {}), ("dieuphoi", {"behalf": "BCT"}), ("dieuphoi", {})):
        page = visit("upload", username, draft=draft.id, way="form", ref=refs.signed, **address)
        assert w.t("refused.draft_gone") in said(page)
        assert "Riêng của tôi" not in " ".join([said(page), *(str(area.value) for area in page.text_area)])
    assert own(shown_store) == [draft]

    page = visit("upload", "bct").button(key=f"upload_draft_sure_{draft.id}").click().run()
    assert not page.exception
    assert own(shown_store) == []
    assert [button for button in page.button if "draft" in str(button.key)] == []


def box_of(page: AppTest) -> Checkbox:
    """What says that the notices were read."""
    return next(box for box in page.checkbox if (box.key or "").startswith("upload_acknowledge_"))


def test_what_was_acknowledged_is_so_elsewhere_until_there_is_something_else_to_read(
    shown_store: sa.Engine, visit: Visit, refs: Refs
) -> None:
    far = {"current_target": "31/12/2099", "target_reason": "Kéo dài"}
    page = hand_in(visit("upload", "bct"), edited(taken(shown_store), {refs.signed: far}))
    assert not box_of(page).value
    box_of(page).check().run()
    (draft,) = own(shown_store)

    page = visit("upload", "bct", draft=draft.id)
    assert box_of(page).value
    assert not page.button(key="upload_confirm").disabled
    stored_otherwise(shown_store, f"ref,deliverable_vi\n{refs.other},Của người khác\n")
    page = visit("upload", "bct", draft=draft.id)
    assert not box_of(page).value  # that somebody else has changed a cell is new
    box_of(box_of(page).check().run()).uncheck().run()
    assert not box_of(visit("upload", "bct", draft=draft.id)).value

    page = visit("upload", "bct", way="form", ref=refs.signed)
    page.date_input(key=f"form_{refs.signed}_1_target_current_target").set_value(dt.date(2099, 12, 31))
    page = page.text_area(key=f"form_{refs.signed}_1_target_target_reason").set_value("Kéo dài").run()
    page = page.button(key=f"upload_form_check_{refs.signed}_1").click().run()
    box_of(page).check().run()
    form = next(one for one in own(shown_store) if one.way == "form")
    page = visit("upload", "bct", way="form", ref=refs.signed, draft=form.id)
    page = page.button(key=f"upload_form_check_{refs.signed}_1_1").click().run()
    assert box_of(page).value
    page.button(key="upload_confirm").click().run()
    assert (2, "waiting") in batches(shown_store)
