"""The ranking: ministries and provinces apart, every place with its range, and nobody ranked on too little."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa
from streamlit.testing.v1 import AppTest

import words
from data_access import accounts, store
from data_access.register import read_register
from data_access.store import models
from kpi import facts
from kpi.indicators import scorecard
from kpi.rules import Rules
from kpi.vocabulary import Reading
from tests.pages.conftest import Visit
from tests.pages.stores import AS_OF

ACCOUNTS = [account.username for account in accounts.DEMO_ACCOUNTS]


def places(engine: sa.Engine, group: str) -> pl.DataFrame:
    """The places straight from the scorecard."""
    found = facts.build(read_register(engine), AS_OF)
    narrowed = found.where((pl.col("scope") == "HIGH_LEVEL") & (pl.col("agency_group") == group))
    return scorecard.rank(scorecard.compute(narrowed, by=["agency"]), group="agency")


def rows(page: AppTest, table: int = 0) -> list[dict[str, Any]]:
    shown: list[dict[str, Any]] = page.dataframe[table].value.to_dict("records")
    return shown


@pytest.mark.parametrize("group", ["ministry", "province"])
def test_each_kind_of_agency_is_ranked_among_its_own_by_composite(
    browsed_store: sa.Engine, visit: Visit, group: str
) -> None:
    expected = places(browsed_store, group).filter(pl.col("place").is_not_null())

    page = visit("ranking", group=group)

    assert expected.height > 1
    assert [int(row["place"]) for row in rows(page)] == expected["place"].to_list()
    assert [int(row["n"]) for row in rows(page)] == expected["n"].to_list()
    for row, score in zip(rows(page), expected["score"], strict=True):
        assert row["score_text"][0].endswith(f" {score:.{max(1, Rules().digits('K13', score))}f}".replace(".", ","))


def test_a_filter_for_the_kind_of_agency_decides_and_the_switch_goes(browsed_store: sa.Engine, visit: Visit) -> None:
    page = visit("ranking", agency_group="province", group="ministry")

    assert [row["name"] for row in rows(page)] == [row["name"] for row in rows(visit("ranking", group="province"))]
    assert "ranking_group" not in page.session_state


def test_every_light_has_a_sign_and_the_signs_are_explained(browsed_store: sa.Engine, visit: Visit) -> None:
    assert "K09_text" not in rows(visit("ranking"))[0], "what weighs little is asked for"
    page = visit("ranking", language="en", columns="all")

    cells = [row[f"{kpi}_text"][0] for row in rows(page) for kpi in Rules().weights]
    assert {cell[0] for cell in cells} <= set("●○▲△■□–?")
    assert {"■", "□"} <= {cell[0] for cell in cells}
    (legend,) = (caption.value for caption in page.caption if "● Met · ▲ Watch · ■ Not met" in caption.value)
    assert legend.endswith("hollow ○△□: unsure")


def test_places_come_with_the_range_they_could_be(browsed_store: sa.Engine, visit: Visit) -> None:
    page = visit("ranking")

    for row in rows(page):
        best, _, worst = row["places"].partition("–")
        assert int(best) <= int(row["place"]) <= int(worst or best)


def test_agencies_with_too_few_agreements_are_listed_apart_with_their_values(
    browsed_store: sa.Engine, visit: Visit
) -> None:
    expected = places(browsed_store, "ministry").filter(pl.col("place").is_null())

    page = visit("ranking", sector="STI", language="en")
    few = places_in_sector(browsed_store, "STI").filter(pl.col("place").is_null())

    assert expected.is_empty(), "in the whole register everybody has enough"
    assert few.height
    assert any(heading.value == "Too few agreements to rank (under 10)" for heading in page.header)
    assert sorted(int(row["n"]) for row in rows(page, -1)) == sorted(few["n"].to_list())
    assert "place" not in rows(page, -1)[0]


def places_in_sector(engine: sa.Engine, sector: str) -> pl.DataFrame:
    found = facts.build(read_register(engine), AS_OF)
    condition = (
        (pl.col("scope") == "HIGH_LEVEL") & (pl.col("agency_group") == "ministry") & (pl.col("sector") == sector)
    )
    return scorecard.rank(scorecard.compute(found.where(condition), by=["agency"]), group="agency")


def test_an_agency_sees_the_whole_ranking_with_itself_marked(browsed_store: sa.Engine, visit: Visit) -> None:
    leader, agency = visit("ranking"), visit("ranking", "bct")

    marked = [row["name"] for row in rows(agency) if row["name"].startswith("▶ ")]
    assert marked == ["▶ Bộ Công Thương ›"]
    assert [row["name"].removeprefix("▶ ") for row in rows(agency)] == [row["name"] for row in rows(leader)]
    assert any(text.value.startswith("▶ Cơ quan của bạn: **hạng ") for text in agency.markdown)
    assert not any("▶" in text.value for text in leader.markdown)


def test_how_many_reported_and_the_data_date_stand_beside_it(browsed_store: sa.Engine, visit: Visit) -> None:
    page = visit("ranking", language="en")

    assert any(
        "agreements signed by 14 Jan 2026" in caption.value and "sent all reports due 10 Jan 2026" in caption.value
        for caption in page.caption
    )


def test_an_unknown_kind_of_agency_in_the_address_falls_back_with_a_notice(
    browsed_store: sa.Engine, visit: Visit
) -> None:
    page = visit("ranking", group="[x](y)")

    assert not page.exception
    assert "không nhận biết được" in page.warning[0].value
    assert [row["name"] for row in rows(page)] == [row["name"] for row in rows(visit("ranking"))]


def test_a_province_finds_its_own_kind_first_and_everybody_else_the_ministries(
    browsed_store: sa.Engine, visit: Visit
) -> None:
    province, ministry, leader = (visit("ranking", username) for username in ("langson", "bct", "lanhdao"))

    assert province.session_state["ranking_group"] == "province"
    assert ministry.session_state["ranking_group"] == leader.session_state["ranking_group"] == "ministry"
    assert any(row["name"] == "▶ Tỉnh Lạng Sơn ›" for row in [*rows(province), *rows(province, -1)])


def test_agreements_nobody_answers_for_cannot_be_ranked(browsed_store: sa.Engine, visit: Visit) -> None:
    page = visit("ranking", agency_group="unassigned")

    assert not page.exception
    assert "không xếp hạng được" in page.warning[0].value
    assert rows(page)


def test_a_register_that_keeps_too_little_says_once_why_nobody_is_ranked(shown_store: sa.Engine, visit: Visit) -> None:
    with store.session(shown_store) as session:
        held = session.get(models.DataVersion, 1)
        assert held is not None
        held.not_kept = "reports progress completion_days"

    page = visit("ranking", language="en")
    overview = visit("overview", language="en")

    said = (
        "Nobody can be ranked: this register does not keep progress reports, progress on the way, completion days apart from "
        "targets; the indicators left carry 55 of 100 points, and 70 are needed."
    )
    assert [text.value for text in page.warning] == [said]
    assert len(page.dataframe) == 1
    texts = {name for name in rows(page)[0] if name.endswith("_text")}
    assert texts == {"K02_text", "K03_text", "K06_text", "K09_text", "K10_text"}
    assert [text.value for text in overview.caption].count(said) == 1


@pytest.mark.parametrize("language", ["vi", "en"])
def test_no_page_names_a_kpi_that_is_off(shown_store: sa.Engine, visit: Visit, language: str) -> None:
    with store.session(shown_store) as session:
        held = session.get(models.DataVersion, 1)
        assert held is not None
        held.not_kept = "completion_days"
        session.add(
            models.Explanation(agency="BCT", kpi="K04", given_on=AS_OF, text_vi="Vì mưa", text_en="Because of rain")
        )

    for name in ("overview", "ranking", "scorecard", "partners", "sectors", "method"):
        page = visit(name, language=language, **({"agency": "BCT"} if name == "scorecard" else {}))

        with words.in_language(language):
            off, missing = (words.t("kpi.K04.name"), words.t("kpi.K04.short")), words.name("record", "completion_days")
        said = [text.value for text in (*page.markdown, *page.caption, *page.text, *page.metric)]
        said += [part.label for part in (*page.metric, *page.expander)]
        assert not page.exception
        assert not [text for text in said if any(called in text.replace("*", "").split(" · ") for called in off)], name
        assert sum(missing in text for text in said) == 1, name


def test_an_empty_store_says_so(empty_store: sa.Engine, visit: Visit) -> None:
    page = visit("ranking")

    assert not page.exception
    assert not page.dataframe
    assert page.info[0].value


def test_a_date_at_which_nobody_can_be_ranked_says_so(browsed_store: sa.Engine, visit: Visit) -> None:
    page = visit("ranking", as_of="2022-03-31")

    assert not page.exception
    assert "để xếp hạng" in page.warning[0].value


def test_the_ranking_is_read_as_declared_and_as_verified_with_the_gap(browsed_store: sa.Engine, visit: Visit) -> None:
    register = read_register(browsed_store)
    values: list[dict[str, float | None]] = []
    for reading in (Reading.AS_DECLARED, Reading.AS_VERIFIED):
        found = facts.build(facts.History.of(register, reading), AS_OF)
        narrowed = found.where((pl.col("scope") == "HIGH_LEVEL") & (pl.col("agency_group") == "ministry"))
        cards = scorecard.compute(narrowed, by=["agency"]).filter(kpi="K13")
        values.append(dict(cards.select("agency", "value").iter_rows()))
    declared, verified = values
    gaps = [value - low for key, value in declared.items() if value is not None and (low := verified[key]) is not None]

    page = visit("ranking", group="ministry", standing="as_declared", language="en")
    usual = visit("ranking", group="ministry", language="en")
    whole = visit("ranking", group="ministry", columns="all", language="en")

    assert not page.exception
    assert any("as declared" in line.value for line in page.warning)
    assert gaps
    for read in (page, whole):
        shown = [float(row["gap_text"]) for row in rows(read) if row["gap_text"] not in ("", None, "–")]
        assert sorted(shown) == pytest.approx(sorted(gaps), abs=0.06)
    assert "gap_text" not in rows(usual)[0]
