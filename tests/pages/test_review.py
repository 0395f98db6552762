"""What waits for review as coordinators see it: looked at, published, returned, undone."""

from __future__ import annotations

import itertools

import polars as pl
import pytest
import sqlalchemy as sa
from streamlit.testing.v1 import AppTest

import words as w
from data_access import accounts, audit, store, updates
from data_access.register import read_register
from data_access.rivals import read_rivals
from data_access.store import models
from files import reading
from kpi import facts
from kpi.update import KINDS, Checked, Kind, Table, check_rows, compare, read_table
from tests.pages import stores
from tests.pages.conftest import Visit
from tests.pages.test_upload import MARKDOWN, interpreted, said

BCT = accounts.Person("bct", "agency", "BCT", "")
NOT_NUMBERS = ("", "abc", "-1", "1.0", "1e3", "0x1", " 1", "٣", "99999999999999999999", "1;DROP", "<b>1</b>", "![x](y)")
REASON = "Ngày bắt đầu sớm hơn quyết định.\nĐề nghị đối chiếu và gửi lại."


@pytest.fixture
def signed(shown_store: sa.Engine) -> str:
    """The reference of an agreement of BCT that is signed and not begun."""
    found = facts.build(read_register(shown_store), stores.AS_OF).agreements
    own = found.filter((pl.col("agency") == "BCT") & (pl.col("access_level") == "open") & pl.col("is_open"))
    ref: str = own.filter((pl.col("state") == "SIGNED") & (pl.col("scope") == "HIGH_LEVEL"))["ref"][0]
    return ref


def hold(engine: sa.Engine, *kinds: Kind) -> None:
    """Let these kinds of changes wait for review, and the others go straight in."""
    coordinator = accounts.Person("dieuphoi", "coordinator", _agency_of(engine, "dieuphoi"), "")
    with store.session(engine) as session:
        routes = {kind: "review" if kind in kinds else "direct" for kind in KINDS}
        updates.write_routes(session, actor=coordinator, routes=routes)  # type: ignore[arg-type]


def _agency_of(engine: sa.Engine, username: str) -> str | None:
    with store.session(engine, read_only=True) as session:
        account = session.get(models.User, username)
        assert account is not None
        return account.agency


def send(engine: sa.Engine, text: str, name: str = "tep.csv") -> updates.HandedIn:
    """Hand in a file for BCT without the page."""
    table, current = read_table(text.encode(), name, reader=reading.read), updates.current_rows(engine, "BCT")
    assert isinstance(table, Table)
    checked = check_rows(table, current, today=stores.AS_OF)
    assert isinstance(checked, Checked), checked
    with store.session(engine) as session:
        return updates.hand_in(session, actor=BCT, table=table, preview=compare(checked, current), acknowledged=True)


def begun(ref: str, document: str = "") -> str:
    """A start, which waits where no document is named."""
    return f"ref,state,state_date,state_document\n{ref},IN_PROGRESS,2026-01-12,{document}\n"


def waiting(engine: sa.Engine, text: str, *kinds: Kind, name: str = "tep.csv") -> int:
    """A batch that waits."""
    hold(engine, *kinds)
    number = send(engine, text, name).waiting
    assert number is not None
    return number


def statuses(engine: sa.Engine) -> dict[int, str]:
    return dict(updates.list_batches(engine, None).select("id", "status").iter_rows())


def state_of(engine: sa.Engine, ref: str) -> str:
    standing = updates.current_rows(engine, "BCT").standing
    state: str = standing.filter(pl.col("ref") == ref)["state"].item()
    return state


def publish(page: AppTest, reason: str | None = None) -> AppTest:
    token = page.session_state["review_work"].token
    if reason is not None:
        page.text_area(key=f"review_reason_publish_{token}").set_value(reason)
    return page.button(key=f"review_publish_button_{token}").click().run()


def send_back(page: AppTest, reason: str) -> AppTest:
    token = page.session_state["review_work"].token
    page.text_area(key=f"review_reason_return_{token}").set_value(reason)
    return page.button(key=f"review_return_button_{token}").click().run()


# --- What the coordinator does ---------------------------------------------------------------------------------------


def test_an_empty_queue_says_what_will_be_there(shown_store: sa.Engine, visit: Visit) -> None:
    assert w.t("review.queue_none") in said(visit("review", "dieuphoi"))


def test_the_queue_tells_who_sent_what_and_leads_to_it(shown_store: sa.Engine, visit: Visit, signed: str) -> None:
    number = waiting(shown_store, begun(signed), "status")

    page = visit("review", "dieuphoi")
    row = page.dataframe[0].value.iloc[0]
    assert (row["agency"], row["kinds_text"], row["changes"]) == (w.name("agency", "BCT"), "1 trạng thái", 2)
    assert row["days"] == 0
    page.session_state["review_queue_row"] = {"row": 0, "label": f"{number} ›"}
    page = page.run()

    assert page.query_params["batch"] == str(number)
    assert "Đã ký  →  Đang triển khai" in said(page)
    assert [metric.label for metric in page.metric][:2] == [w.t("kpi.K13.name"), w.t("upload.place")]
    assert updates.count_waiting(shown_store) == 1


def test_what_is_published_is_in_the_register_and_can_be_undone(
    shown_store: sa.Engine, visit: Visit, signed: str
) -> None:
    number = waiting(shown_store, begun(signed), "status")

    page = publish(visit("review", "dieuphoi", batch=str(number)))

    assert not page.exception
    assert f"Đã công bố đợt {number}" in said(page)
    assert state_of(shown_store, signed) == "IN_PROGRESS"
    own = visit("upload", "bct")
    assert own.dataframe[0].value["status_text"].tolist() == [w.t("upload.status_published")]

    page = visit("review", "dieuphoi", batch=str(number)).button(key=f"upload_undo_{number}").click().run()

    assert w.t("upload.undone", number=number, by=number + 1) in said(page)
    assert state_of(shown_store, signed) == "SIGNED"
    assert audit.verify(shown_store) is None


def test_a_part_is_published_and_the_rest_returned_for_a_reason(
    shown_store: sa.Engine, visit: Visit, signed: str
) -> None:
    text = f"ref,state,state_date,deliverable_vi\n{signed},IN_PROGRESS,2026-01-12,Một trung tâm\n"
    number = waiting(shown_store, text, "status", "result")
    page = visit("review", "dieuphoi", batch=str(number))
    token = page.session_state["review_work"].token
    result = 0 if page.session_state["review_work"].changes[0].column == "deliverable_vi" else 1

    page = page.checkbox(key=f"review_choice_{token}_{result}").uncheck().run()
    assert w.t("review.effects_chosen") in said(page)
    page = publish(page, " ")
    assert w.t("refused.reason_missing") in said(page)
    assert statuses(shown_store) == {number: "waiting"}
    page = publish(page, REASON)

    assert f"đợt {number + 1}" in said(page)
    assert statuses(shown_store) == {number: "applied", number + 1: "returned"}
    assert state_of(shown_store, signed) == "IN_PROGRESS"
    assert REASON in {text.value for text in visit("upload", "bct", batch=str(number + 1)).text}


def test_a_whole_agreement_is_ticked_and_unticked_at_once(shown_store: sa.Engine, visit: Visit, signed: str) -> None:
    text = f"ref,state,state_date,deliverable_vi\n{signed},IN_PROGRESS,2026-01-12,Một trung tâm\n"
    page = visit("review", "dieuphoi", batch=str(waiting(shown_store, text, "status", "result")))
    switch = f"review_choice_{page.session_state['review_work'].token}_switch_0"

    page = page.button(key=switch).click().run()

    assert not any(box.value for box in page.checkbox)
    assert w.t("review.nothing_chosen") in said(page)
    assert all(box.value for box in page.button(key=switch).click().run().checkbox)


def test_a_tick_and_the_button_in_one_breath_publish_nothing(shown_store: sa.Engine, visit: Visit, signed: str) -> None:
    text = f"ref,state,state_date,deliverable_vi\n{signed},IN_PROGRESS,2026-01-12,Một trung tâm\n"
    number = waiting(shown_store, text, "status", "result")
    page = visit("review", "dieuphoi", batch=str(number))

    page.checkbox[0].uncheck()
    page = publish(page)

    assert w.t("review.decide_anew") in said(page)
    assert statuses(shown_store) == {number: "waiting"}


def test_what_others_do_elsewhere_leaves_ticks_and_decisions_alone(
    shown_store: sa.Engine, visit: Visit, signed: str
) -> None:
    text = f"ref,state,state_date,deliverable_vi\n{signed},IN_PROGRESS,2026-01-12,Một trung tâm\n"
    number = waiting(shown_store, text, "status", "result")
    page = visit("review", "dieuphoi", batch=str(number))
    page = page.checkbox[0].uncheck().run()
    hold(shown_store)
    refs = updates.current_rows(shown_store, "BCT").agreements["ref"]
    send(shown_store, f"ref,deliverable_vi\n{refs.filter(refs != signed)[0]},Khác\n")

    page = page.run()
    assert [box.value for box in page.checkbox] == [False, True]
    page = publish(page, REASON)

    assert statuses(shown_store)[number] == "applied"


def test_many_changes_are_chosen_in_a_table(shown_store: sa.Engine, visit: Visit) -> None:
    refs = updates.current_rows(shown_store, "BCT").agreements["ref"].to_list()
    rows = "".join(f"{ref},Một,One,https://a.vn\n" for ref in refs)
    number = waiting(shown_store, f"ref,deliverable_vi,deliverable_en,evidence_url\n{rows}", "result")

    page = visit("review", "dieuphoi", batch=str(number))

    assert not page.exception
    table = page.dataframe[0].value
    assert table["chosen"].all()
    assert len(table) == 3 * len(refs)


def test_a_return_needs_a_reason(shown_store: sa.Engine, visit: Visit, signed: str) -> None:
    number = waiting(shown_store, begun(signed), "status")

    page = send_back(visit("review", "dieuphoi", batch=str(number)), " \n\u200b")
    assert w.t("refused.reason_missing") in said(page)
    assert statuses(shown_store) == {number: "waiting"}
    page = send_back(page, REASON)

    assert statuses(shown_store) == {number: "returned"}
    assert w.t("review.queue_none") in said(page)


@pytest.mark.parametrize(("decision", "kept"), [("register", "Của người khác"), ("file", "Của tôi")])
def test_what_changed_since_it_was_sent_is_decided_side_by_side(
    shown_store: sa.Engine, visit: Visit, signed: str, decision: str, kept: str
) -> None:
    text = f"ref,deliverable_vi,deliverable_en\n{signed},Của tôi,Mine\n"
    number = waiting(shown_store, text, "result")
    hold(shown_store)
    send(shown_store, f"ref,deliverable_vi\n{signed},Của người khác\n")

    page = visit("review", "dieuphoi", batch=str(number))
    assert {"Của tôi", "Của người khác"} <= {text.value for text in page.text}
    token = page.session_state["review_work"].token
    assert f"review_publish_button_{token}" not in {button.key for button in page.button}
    page = page.button(key=f"review_conflict_{token}_0_{decision}").click().run()
    page = publish(page, REASON if decision == "register" else None)

    found = updates.current_rows(shown_store, "BCT").agreements.filter(pl.col("ref") == signed).row(0, named=True)
    assert (found["deliverable_vi"], found["deliverable_en"]) == (kept, "Mine")
    assert ("returned" in statuses(shown_store).values()) == (decision == "register")


def test_what_cannot_be_stored_any_more_is_said_and_can_only_be_returned(
    shown_store: sa.Engine, visit: Visit, signed: str
) -> None:
    number = waiting(shown_store, begun(signed), "status")
    hold(shown_store)
    send(shown_store, f"ref,state,state_date,state_document\n{signed},IN_FORCE,2026-01-13,CV 12/BCT\n")

    page = visit("review", "dieuphoi", batch=str(number))

    assert w.tn("review.problems", 1) in said(page)
    token = page.session_state["review_work"].token
    assert {button.key for button in page.button if button.key and token in button.key} == {
        f"review_return_button_{token}"
    }


def test_what_is_alike_is_decided_at_once(shown_store: sa.Engine, visit: Visit, signed: str) -> None:
    ended = f"{signed},TERMINATED,2026-01-12,,,,\n"
    late = f"{signed},,,2025-Q2,2025-07-10,có,Đã họp\n"
    head = "ref,state,state_date,report_period,report_date,shows_progress,progress\n"
    number = waiting(shown_store, head + ended + late)

    page = visit("review", "dieuphoi", batch=str(number))
    groups = page.pills[0]
    assert set(groups.options) == {
        "Trạng thái: kết thúc khi chưa hoàn thành (1)",
        "Báo cáo tiến độ: khai cho ngày đã lâu (1)",
    }
    page = groups.set_value(["report_long_ago"]).run()
    page = publish(page, REASON)

    assert not page.exception
    assert state_of(shown_store, signed) == "SIGNED"
    assert sorted(statuses(shown_store).values()) == ["applied", "returned"]


def test_the_queue_says_what_is_out_of_the_ordinary_and_what_waits_twice(
    shown_store: sa.Engine, visit: Visit, signed: str
) -> None:
    ended = f"ref,state,state_date\n{signed},TERMINATED,2026-01-12\n"
    first = waiting(shown_store, ended, "status", "result", name="mot.csv")
    plain = waiting(shown_store, f"ref,deliverable_vi\n{signed},Báo cáo\n", "status", "result", name="hai.csv")
    last = waiting(shown_store, begun(signed), "status", "result", name="ba.csv")

    page = visit("review", "dieuphoi", order="unusual")
    assert not page.exception
    rows = {
        int(str(row["number"]).removesuffix(" ›")): row["signs_text"] for _, row in page.dataframe[0].value.iterrows()
    }
    assert [*rows][-1] == plain or rows[plain] == ""
    assert "kết thúc khi chưa hoàn thành (1)" in rows[first]
    page = page.pills[0].set_value(["ended"]).run()
    assert page.dataframe[0].value["number"].to_list() == [f"{first} ›"]

    page = visit("review", "dieuphoi", batch=str(last))
    assert any("với nội dung khác nhau" in warning.value for warning in page.warning)
    assert {f"rival_{first}", f"rival_{plain}"} <= {button.key for button in page.button}
    rivals = read_rivals(shown_store, last)
    assert dict(rivals.select("batch_id", "differs").iter_rows()) == {first: True, plain: False}


def test_a_second_click_and_a_slower_colleague_decide_nothing(
    shown_store: sa.Engine, visit: Visit, signed: str
) -> None:
    number = waiting(shown_store, begun(signed), "status")
    slower = visit("review", "dieuphoi", batch=str(number))
    page = visit("review", "dieuphoi", batch=str(number))
    decided = (page.session_state["review_work"].token, "publish", "", ())
    page = publish(page)

    page.session_state["review_decided"] = decided  # what the second click's callback leaves
    page = page.run()
    slower = send_back(slower, REASON)

    assert not page.exception
    assert not slower.exception
    assert w.t("refused.already_reviewed") in said(slower)
    assert statuses(shown_store) == {number: "applied"}


# --- Who may ---------------------------------------------------------------------------------------------------------


def test_who_does_not_review_is_refused_and_writes_nothing(shown_store: sa.Engine, visit: Visit, signed: str) -> None:
    number = waiting(shown_store, begun(signed), "status")
    work = visit("review", "dieuphoi", batch=str(number)).session_state["review_work"]

    for username, verdict in itertools.product(("lanhdao", "thanhtra", "bct", "langson"), ("publish", "return")):
        page = visit("review", username, batch=str(number))
        reads = username in ("lanhdao", "thanhtra")
        assert ("Đang triển khai" in said(page)) is reads
        assert not [button for button in page.button if "review_" in (button.key or "")]
        page.session_state["review_work"] = work
        page.session_state["review_decided"] = (work.token, verdict, REASON, ())
        page = page.run()
        assert not page.exception
        assert w.t("refused.not_allowed") in said(page) if reads else len(page.warning) == 1

    assert statuses(shown_store) == {number: "waiting"}


def test_who_reads_everything_reads_of_a_batch_who_handed_it_in_when_what_changed_and_who_reviewed_it(
    shown_store: sa.Engine, visit: Visit, signed: str
) -> None:
    number = waiting(shown_store, begun(signed), "status")
    coordinator = accounts.Person("dieuphoi", "coordinator", _agency_of(shown_store, "dieuphoi"), "")
    with store.session(shown_store) as session:
        review = updates.review(shown_store, number, agency=None)
        assert review is not None
        updates.publish(session, actor=coordinator, review=review)

    page = visit("review", "thanhtra", batch=str(number))

    changed = page.dataframe[0].value
    assert set(changed["ref"]) == {signed}
    assert ("Đã ký", "Đang triển khai") in set(zip(changed["before"], changed["after"], strict=True))
    assert all(part in said(page) for part in ("Bộ Công Thương", "bct gửi", "dieuphoi"))
    assert not [button for button in page.button if "undo" in (button.key or "")]


def test_an_administrator_looks_and_decides_nothing(shown_store: sa.Engine, visit: Visit, signed: str) -> None:
    number = waiting(shown_store, begun(signed), "status")
    page = visit("review", "quantri", batch=str(number))
    assert w.t("review.only_coordinators") in said(page)
    assert "Đã ký  →  Đang triển khai" in said(page)
    assert not page.checkbox

    for verdict in ("publish", "return"):
        page.session_state["review_decided"] = (page.session_state["review_work"].token, verdict, REASON, ())
        page = page.run()
        assert w.t("refused.not_allowed") in said(page)

    assert statuses(shown_store) == {number: "waiting"}


@pytest.mark.parametrize("change", [{"role": "leader"}, {"active": False}], ids=["leader", "closed"])
def test_rights_taken_away_between_looking_and_deciding_hold(
    shown_store: sa.Engine, visit: Visit, signed: str, change: dict[str, object]
) -> None:
    number = waiting(shown_store, begun(signed), "status")
    page = visit("review", "dieuphoi", batch=str(number))
    with store.session(shown_store) as session:
        account = session.get(models.User, "dieuphoi")
        assert account is not None
        for name, value in change.items():
            setattr(account, name, value)

    page = publish(page)

    assert not page.exception
    assert statuses(shown_store) == {number: "waiting"}


@pytest.mark.parametrize("username", ["dieuphoi", "quantri"])
def test_coordinator_and_administrator_see_every_batch_and_may_undo(
    shown_store: sa.Engine, visit: Visit, signed: str, username: str
) -> None:
    send(shown_store, begun(signed, "CV 12/BCT"))

    page = visit("review", username)
    assert page.dataframe[0].value["agency"].tolist() == ["BCT"]
    page.session_state["upload_batches_row"] = {"row": 0, "label": "1 ›"}
    page = page.run().button(key="upload_undo_1").click().run()

    assert "Đã hoàn tác đợt 1" in said(page)
    assert statuses(shown_store) == {1: "undone", 2: "undo"}


def test_an_address_that_names_no_batch_falls_back_to_all_of_them(
    shown_store: sa.Engine, visit: Visit, signed: str
) -> None:
    number = waiting(shown_store, begun(signed), "status")

    for value in NOT_NUMBERS:
        for page in (visit("review", "dieuphoi", batch=value), visit("upload", "bct", batch=value, correct=value)):
            assert not page.exception, value
            assert w.t("upload.batch_unknown") in said(page), value
            assert page.dataframe, value
    assert statuses(shown_store) == {number: "waiting"}


def test_typed_text_is_never_interpreted(shown_store: sa.Engine, visit: Visit, signed: str) -> None:
    text = f"ref,deliverable_vi\n{signed},{MARKDOWN}\n"
    number = waiting(shown_store, text, "result", name=f"{MARKDOWN.replace('/', '')}.csv")
    with store.session(shown_store) as session:
        account = session.get(models.User, "dieuphoi")
        assert account is not None
        session.add(models.User(**{**account.model_dump(), "username": MARKDOWN}))

    page = visit("review", MARKDOWN, batch=str(number))
    seen = [interpreted(page), interpreted(send_back(page, MARKDOWN))]
    seen += [interpreted(visit("upload", "bct", **{name: str(number)})) for name in ("batch", "correct")]
    seen.append(interpreted(visit("upload", "bct")))

    assert not any("https://example.org" in text for text in seen)
    assert any("example" in text for text in seen)


def test_the_page_speaks_english_too(shown_store: sa.Engine, visit: Visit, signed: str) -> None:
    number = waiting(shown_store, begun(signed), "status")

    page = visit("review", "dieuphoi", "en", batch=str(number))

    assert "Signed  →  Under implementation" in said(page)
