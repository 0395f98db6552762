"""The overview: every number is the length of the list it leads to, and everybody sees what they may."""

from __future__ import annotations

import re
from urllib.parse import parse_qs

import polars as pl
import sqlalchemy as sa
from streamlit.testing.v1 import AppTest

import words as w
from data_access import accounts, store
from data_access.register import read_register
from data_access.store import models
from kpi import facts
from kpi.facts import attention, signs
from pages.overview import counts, sections
from pages.ui.paging import PAGE_ROWS
from tests.pages.conftest import Visit
from tests.pages.stores import AS_OF

ACCOUNTS = [account.username for account in accounts.DEMO_ACCOUNTS]


def links(page: AppTest) -> list[tuple[str, dict[str, str]]]:
    """Where the page's links lead: page and parameters."""
    found = [element.proto for element in page.main if getattr(element, "type", "") == "page_link"]
    return [(link.page, {key: values[0] for key, values in parse_qs(link.query_string).items()}) for link in found]


def texts(page: AppTest) -> str:
    return "\n".join(element.value for element in [*page.markdown, *page.caption, *page.text, *page.info])


def shown_facts(engine: sa.Engine) -> facts.Facts:
    return facts.build(read_register(engine), AS_OF).where(pl.col("scope") == "HIGH_LEVEL")


def test_each_count_leads_to_a_list_of_exactly_as_many_agreements(browsed_store: sa.Engine, visit: Visit) -> None:
    page = visit("overview")
    leads = [parameters for target, parameters in links(page) if target == "agreements"]

    for place, count in enumerate(counts.COUNTS):
        assert leads[place] == {"flag": count.flag}
        shown = int(page.metric[place].value.replace(".", ""))
        listed = visit("agreements", **leads[place])
        assert shown > 0, "a test on an empty list would prove nothing"
        assert any(re.search(rf"\b{shown} dòng$", caption.value) for caption in listed.caption)
        assert len(listed.dataframe[0].value) == min(shown, PAGE_ROWS)


def test_the_counts_are_those_of_the_facts(browsed_store: sa.Engine, visit: Visit) -> None:
    expected = signs.count(shown_facts(browsed_store))

    page = visit("overview", language="en")

    assert {metric.label: metric.value for metric in page.metric[:6]} == {
        "Signed": str(expected["signed"]),
        "Under way": str(expected["in_progress"]),
        "Completed": str(expected["completed"]),
        "Stalled": str(expected["stalled"]),
        "Overdue": str(expected["overdue"]),
        "No date": str(expected["no_date"]),
    }


def test_the_time_to_implementation_shows_its_interval_and_its_number_of_cases(
    browsed_store: sa.Engine, visit: Visit
) -> None:
    page = visit("overview", language="en")

    time = page.metric[6]
    assert time.value.endswith(" days")
    assert time.proto.delta_description.startswith("95%: ")
    assert "n = " in time.proto.delta_description
    assert ("agreements", {"kpi": "K03", "part": "denominator", "lang": "en"}) in [
        (target, {**parameters, "lang": "en"}) for target, parameters in links(page)
    ]


def test_every_figure_explains_itself_with_definition_cases_and_date(browsed_store: sa.Engine, visit: Visit) -> None:
    page = visit("overview", language="en")

    said = texts(page)
    assert "without recorded progress for too long: from 180 days" in said
    assert said.count("As of 14 Jan 2026.") == len(counts.COUNTS)
    assert "sent all reports due 10 Jan 2026" in said


def test_a_leader_sees_the_most_pressing_decisions_and_the_way_to_each(browsed_store: sa.Engine, visit: Visit) -> None:
    expected = attention.decisions(shown_facts(browsed_store))

    page = visit("overview")

    refs = [parameters["ref"] for target, parameters in links(page) if target == "agreement"]
    assert refs == expected["ref"].head(sections.DECISIONS).to_list()
    assert any(f"({expected.height})" in heading.value for heading in page.header)


def test_an_agency_sees_the_whole_count_and_how_many_are_its_own(browsed_store: sa.Engine, visit: Visit) -> None:
    found = shown_facts(browsed_store)
    own = found.where(pl.col("agency") == "BCT")

    page = visit("overview", "bct")

    assert page.metric[0].value == w.number(signs.count(found)["signed"])
    labels = [element.proto.label for element in page.main if getattr(element, "type", "") == "page_link"]
    assert f"Của bạn: {signs.count(own)['signed']}" in labels
    refs = {parameters["ref"] for target, parameters in links(page) if target == "agreement"}
    assert refs <= set(own.agreements["ref"])


def test_all_decisions_are_listed_below(browsed_store: sa.Engine, visit: Visit) -> None:
    expected = attention.decisions(shown_facts(browsed_store))

    page = visit("overview")

    assert page.expander[0].label == f"Danh sách {expected.height} việc chờ quyết định"
    listed = page.expander[0].dataframe[0].value
    assert [text.removesuffix(" ›") for text in listed["ref"]] == expected["ref"].to_list()


def test_a_register_without_blockers_does_not_claim_that_nothing_waits(shown_store: sa.Engine, visit: Visit) -> None:
    with store.session(shown_store) as session:
        session.execute(sa.delete(models.BlockerEvent))
        session.execute(sa.delete(models.Blocker))

    page = visit("overview", language="en")

    assert not page.exception
    assert "This register records no blockers" in texts(page)
    assert "No blocker is waiting" not in texts(page)


def test_links_keep_the_filters(browsed_store: sa.Engine, visit: Visit) -> None:
    page = visit("overview", as_of="2025-06-30", agency_group="province")

    assert {parameters["as_of"] for name, parameters in links(page) if name != "account"} == {"2025-06-30"}
    stalled = next(parameters for _, parameters in links(page) if parameters.get("flag") == "stalled")
    assert stalled == {"as_of": "2025-06-30", "agency_group": "province", "flag": "stalled"}


def test_an_empty_store_says_what_to_do_next(empty_store: sa.Engine, visit: Visit) -> None:
    leader, administrator = visit("overview"), visit("overview", "quantri")

    assert not leader.exception
    assert not leader.metric
    assert leader.info[0].value == "Sổ theo dõi chưa có thỏa thuận nào."
    assert "Đề nghị quản trị hệ thống nạp sổ theo dõi" in texts(leader)
    assert "manage.py load demo" in administrator.code[0].value


def test_filters_that_leave_nothing_say_so(browsed_store: sa.Engine, visit: Visit) -> None:
    page = visit("overview", signed_from="2026-01-14", agency_group="province")

    assert not page.exception
    assert not page.metric
    assert page.info[0].value.startswith("Không có thỏa thuận nào phù hợp với bộ lọc.")


def test_a_date_before_most_of_the_data_still_shows_figures(browsed_store: sa.Engine, visit: Visit) -> None:
    page = visit("overview", as_of="2022-06-30")

    assert not page.exception
    assert len(page.metric) == 7
