"""Every number that leads somewhere is the number of rows it leads to."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from urllib.parse import parse_qs

import pytest
import sqlalchemy as sa
from streamlit.testing.v1 import AppTest

from kpi import readers
from kpi.facts import signs
from pages.agreements import sections as agreements
from pages.overview import sections as overview
from pages.parts import groups
from pages.ranking import tiles as ranking_tiles
from pages.stalled import sections as stalled
from pages.ui import data_edition, loaders, view_codes
from pages.ui.choices import ALL
from pages.ui.view import View
from tests.pages.conftest import Visit


@pytest.fixture
def edition(browsed_store: sa.Engine) -> Iterator[None]:
    with data_edition.showing(data_edition.read_edition()):
        yield


def view_of(**codes: str) -> View:
    return view_codes.read(codes, view_codes.choices(), reader=readers.EVERYTHING).view


def listed(**codes: str) -> int:
    """How many rows the list of agreements has at this address."""
    kpi, part, flag = codes.get("kpi"), codes.get("part", "denominator"), codes.get("flag", ALL)
    view = view_of(**codes)
    return agreements.narrowed(view, None, kpi, part, flag, codes.get("bucket"), codes.get("agency")).height


def stuck(stage: str = ALL, age: str = ALL) -> int:
    return stalled.narrowed(view_of(), None, stage, age, ALL, None).height


def numbered_links(page: AppTest) -> Iterator[tuple[int, str, dict[str, str]]]:
    """Links that say a number: it, the page they lead to and with what."""
    for element in page.main:
        if getattr(element, "type", "") != "page_link":
            continue
        link = element.proto
        number = re.match(r"[\d.]+(?= )", link.label)
        if number:
            codes = {name: values[0] for name, values in parse_qs(link.query_string).items()}
            yield int(number[0].replace(".", "")), link.page, codes


@pytest.mark.parametrize(
    ("screen", "asked", "least"),
    [("overview", {}, 8), ("scorecard", {}, 9), ("scorecard", {"agency_group": "province"}, 9)],
)
def test_a_link_opens_as_many_rows_as_it_says(
    edition: None, visit: Visit, screen: str, asked: dict[str, str], least: int
) -> None:
    found = list(numbered_links(visit(screen, **asked)))

    assert len(found) >= least
    for number, target, codes in found:
        rows = stuck() if target == "stalled" else listed(**codes)
        assert (number, codes) == (rows, codes)


def test_a_bar_or_cell_opens_as_many_rows_as_it_says(edition: None) -> None:
    view = view_of()

    flow, parts, cells = overview._flow(view), overview._open_parts(view), stalled.stages_of(view, None)

    for stage, reached in flow.select("code", "reached").iter_rows():
        assert listed(flag=signs.STAGE_FLAGS[stage]) == reached
    for bucket, n in parts.select("code", "n").iter_rows():
        assert listed(flag=signs.BUCKET_FLAGS[bucket]) == n
    for stage, age, n in cells.select("row_code", "column_code", "value").iter_rows():
        assert stuck(stage, age) == n
    assert cells["value"].sum() == stuck()


@pytest.mark.parametrize(("by", "kind"), [("partner_region", "region"), ("partner", "partner")])
def test_a_partner_s_numbers_open_as_many_rows_as_they_say(edition: None, by: str, kind: str) -> None:
    view = view_of()

    for code, signed in groups.table_of_groups(view, by=by, kind=kind).select("code", "signed").head(5).iter_rows():
        assert listed(partner_group=f"{kind}:{code}", flag="signed") == signed
    for code, bucket, n in groups._standing(view, by=by, kind=kind).select("code", "bucket", "n").head(12).iter_rows():
        assert listed(partner_group=f"{kind}:{code}", bucket=bucket) == n
    if kind == "region":
        for row in groups.heat(view, column=by, kind=kind).drop_nulls("value").head(12).iter_rows(named=True):
            codes = {"sector": row["row_code"], "partner_group": f"{kind}:{row['column_code']}"}
            assert listed(**codes, flag="signed") == row["value"]


def test_every_province_of_the_day_has_a_tile_with_its_number_or_without_any(edition: None) -> None:
    view = view_of(agency_group="province")

    tiles = ranking_tiles._tiles(view)

    assert tiles.height == 34
    assert tiles.select("tile_row", "tile_column").n_unique() == 34
    for code, light, text in tiles.select("code", "light", "value_label").iter_rows():
        signed = listed(agency_group="province", agency=code, flag="signed")
        assert (light == ranking_tiles.NONE) == (signed == 0)
        assert signed == 0 or text.endswith(f" {signed}")
    assert ranking_tiles.provinces(loaders.register().agencies, dt.date(2024, 6, 30)).height == 63
