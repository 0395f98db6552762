"""The shared filters: in the address, in the view, and never a traceback; what a person may see in detail."""

from __future__ import annotations

import contextlib
import datetime as dt
import pathlib
import re
from collections.abc import Mapping

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as hyp
from playwright.sync_api import Browser, expect
from sqlmodel import col
from streamlit.testing.v1 import AppTest

from data_access import store
from data_access.register import raise_data_version
from data_access.store import models
from kpi.readers import EVERYTHING
from pages.ui import address, data_edition, loaders, records, view_codes
from pages.ui import session as page_session
from pages.ui.filter_declarations import FILTERS, CodeFilter, DayFilter
from pages.ui.view import View
from tests.pages.running import streamlit_run
from tests.pages.stores import AS_OF
from words import in_language, languages, names, t

LATER = dt.date(2026, 1, 13)
DEFAULT = View(as_of=AS_OF, compare_with=dt.date(2025, 1, 14), reader=EVERYTHING).where(scope="HIGH_LEVEL")


def bar(person: str = "leader", language: str = "vi", role: str = "leader", agency: str | None = None) -> None:
    """The frame as far as filters go."""
    import streamlit as st

    from data_access.accounts import Person
    from pages.ui import data_edition, filters, session

    session.speak(language)
    data_edition.begin_run()
    st.session_state["shown"] = filters.draw(Person(person, role, agency, ""))
    st.button("elsewhere")


def run(params: Mapping[str, str] | None = None, **arguments: str) -> AppTest:
    app = AppTest.from_function(bar, kwargs=arguments, default_timeout=30)
    for name, value in (params or {}).items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def shown(app: AppTest) -> View:
    view: View = app.session_state["shown"]
    return view


def said(app: AppTest) -> dict[str, str]:
    return {name: value if isinstance(value, str) else value[0] for name, value in app.query_params.items()}


# --- Defaults --------------------------------------------------------------------------------------------------------


def test_without_an_address_the_register_is_shown_as_of_its_data_date(register: sa.Engine) -> None:
    app = run()

    assert shown(app) == DEFAULT
    assert said(app) == {}
    assert not app.warning


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_same_address_means_the_same_in_both_languages(register: sa.Engine, language: str) -> None:
    params = {
        "as_of": "2025-09-30",
        "compare_with": "quarter",
        "scope": "ALL",
        "agency_group": "province",
        "sector": "ENE",
        "partner_group": "tier:CSP",
        "signed_from": "2023-01-01",
        "signed_to": "2025-06-30",
    }

    app = run(params, language=language)

    days = View(as_of=dt.date(2025, 9, 30), compare_with=dt.date(2025, 6, 30), reader=EVERYTHING)
    assert shown(app) == days.where(
        agency_group="province",
        sector="ENE",
        partner_group="tier:CSP",
        signed_from=dt.date(2023, 1, 1),
        signed_to=dt.date(2025, 6, 30),
    )
    assert said(app) == params
    assert not app.warning


# --- As known on a day -----------------------------------------------------------------------------------------------


def test_what_was_known_on_a_day_is_shown_and_said_with_one_way_back(register: sa.Engine) -> None:
    app = run({"known": "2025-06-30", "sector": "ENE"})

    assert app.session_state["edition"].known_on == dt.date(2025, 6, 30)
    assert shown(app).as_of == dt.date(2025, 6, 30)
    assert said(app) == {"known": "2025-06-30", "sector": "ENE"}
    assert any("30/06/2025" in line.value for line in app.markdown)

    app.button(key="filter_known_now").click().run()

    assert app.session_state["edition"].known_on is None
    assert shown(app).as_of == AS_OF
    assert said(app) == {"sector": "ENE"}
    assert not any("30/06/2025" in line.value for line in app.markdown)


def test_today_and_later_is_now(register: sa.Engine) -> None:
    app = run({"known": "2999-01-01"})

    assert app.session_state["edition"].known_on is None
    assert shown(app) == DEFAULT
    assert not app.warning


@pytest.mark.parametrize(("code", "told"), [("1999-01-01", "01/01/1999"), ("abc", "abc")])
def test_a_day_of_which_nothing_was_known_is_said_and_ignored(register: sa.Engine, code: str, told: str) -> None:
    app = run({"known": code})

    assert app.session_state["edition"].known_on is None
    assert shown(app) == DEFAULT
    assert [told in warning.value.replace("\\", "") for warning in app.warning] == [True]


def test_figures_of_a_day_are_kept_apart_by_what_was_known(register: sa.Engine) -> None:
    day = dt.date(2025, 6, 30)
    with store.session(register) as session:
        session.execute(sa.update(models.StatusEvent).values(received_on=day + dt.timedelta(days=1)))
        raise_data_version(session)

    counted = []
    for known_on in (None, day, day + dt.timedelta(days=1)):
        with data_edition.showing(data_edition.read_edition().as_known(known_on)):
            counted.append(loaders.facts(View(as_of=day, compare_with=day, reader=EVERYTHING)).agreements.height)

    assert counted[1] == 0 < counted[0] == counted[2]


# --- Widgets and address ---------------------------------------------------------------------------------------------


def test_a_choice_is_written_into_the_address_and_its_default_taken_out(register: sa.Engine) -> None:
    app = run()

    app.selectbox(key="filter_scope").set_value("LOCAL").run()
    assert shown(app).scope == "LOCAL"
    assert said(app) == {"scope": "LOCAL"}

    app.selectbox(key="filter_scope").set_value("HIGH_LEVEL").run()
    assert shown(app).scope == "HIGH_LEVEL"
    assert said(app) == {}


def test_a_date_is_chosen_and_cleared(register: sa.Engine) -> None:
    app = run()

    app.date_input(key="filter_as_of").set_value(dt.date(2025, 3, 31)).run()
    assert shown(app).as_of == dt.date(2025, 3, 31)
    assert shown(app).compare_with == dt.date(2024, 3, 31)
    assert said(app) == {"as_of": "2025-03-31"}

    app.date_input(key="filter_as_of").set_value(None).run()
    assert shown(app).as_of == AS_OF
    assert said(app) == {}


def test_any_day_can_be_compared_with(register: sa.Engine) -> None:
    app = run()

    app.selectbox(key="filter_compare_with").set_value("other").run()
    app.date_input(key="filter_compare_date").set_value(dt.date(2025, 9, 30)).run()

    assert shown(app).compare_with == dt.date(2025, 9, 30)
    assert said(app) == {"compare_with": "2025-09-30"}


def test_the_less_used_filters_are_said_in_words_and_cleared_together(register: sa.Engine) -> None:
    app = run({"sector": "ENE", "scope": "ALL", "id": "7"})
    assert any("Năng lượng" in text.value for text in app.text)

    app.button(key="filter_clear").click().run()

    assert shown(app) == DEFAULT
    assert said(app) == {"id": "7"}


def test_the_pop_up_holds_what_the_address_says(register: sa.Engine) -> None:
    app = run({"sector": "ENE", "partner_group": "region:Asia"})

    app.session_state["filter_more"] = True
    app.run()

    assert app.selectbox(key="filter_sector").value == "ENE"
    app.selectbox(key="filter_partner_group").set_value("partner:JP").run()
    assert (shown(app).sector, shown(app).partner_group) == ("ENE", "partner:JP")
    assert said(app) == {"sector": "ENE", "partner_group": "partner:JP"}


def test_a_link_followed_later_wins_over_what_was_chosen(register: sa.Engine) -> None:
    app = run()
    app.selectbox(key="filter_scope").set_value("LOCAL").run()

    app.query_params.clear()
    app.query_params["sector"] = "EDU"
    app.run()

    assert (shown(app).scope, shown(app).sector) == ("HIGH_LEVEL", "EDU")


def test_an_address_that_comes_late_changes_nothing(register: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    app = run({"sector": "EDU"})
    app.selectbox(key="filter_scope").set_value("LOCAL").run()

    app.query_params.pop("scope")
    app.button[-1].click().run()
    assert (shown(app).scope, shown(app).sector) == ("LOCAL", "EDU")
    assert said(app) == {"sector": "EDU", "scope": "LOCAL"}

    monkeypatch.setattr(address, "_BROWSER_CATCHES_UP_SECONDS", 0)
    app.query_params.pop("scope")
    app.button[-1].click().run()
    assert (shown(app).scope, shown(app).sector) == ("HIGH_LEVEL", "EDU")


def test_choices_stay_while_other_things_happen(register: sa.Engine) -> None:
    app = run()
    app.selectbox(key="filter_scope").set_value("ALL").run()

    app.button[-1].click().run()

    assert shown(app).scope is None
    assert said(app) == {"scope": "ALL"}


def test_the_next_person_at_the_same_machine_starts_afresh(register: sa.Engine) -> None:
    memory = address._Memory(owner="somebody", chosen={"scope": "ALL"})
    app = AppTest.from_function(bar, kwargs={"person": "somebody else"}, default_timeout=30)
    app.session_state["address"] = memory

    app.run()

    assert shown(app).scope == "HIGH_LEVEL"


@pytest.mark.browser
def test_going_back_and_forward_shows_what_was_shown(
    register: sa.Engine, chromium: Browser, tmp_path: pathlib.Path
) -> None:
    (tmp_path / "frame.py").write_text(
        "import streamlit as st\n"
        "from data_access.accounts import Person\n"
        "from pages.ui import data_edition, filters\n"
        "pages = [st.Page('here.py', title='Here', default=True), st.Page('there/page.py', title='There', url_path='there')]\n"
        "page = st.navigation(pages, position='top')\n"
        "data_edition.begin_run()\n"
        "view = filters.draw(Person('x', 'leader', None, ''))\n"
        "st.text(f'{page.title} {view.scope} {view.sector}')\n"
        "page.run()\n"
    )
    (tmp_path / "here.py").write_text(
        "import streamlit as st\n"
        "from pages.ui import links\n"
        "if st.button('drill'):\n"
        "    links.go('there', sector='ENE', id=7)\n"
    )
    (tmp_path / "there").mkdir()
    (tmp_path / "there/page.py").write_text("import streamlit as st\nst.text(st.query_params.get('id', 'no id'))\n")

    with contextlib.ExitStack() as stack:
        server = stack.enter_context(streamlit_run(tmp_path / "frame.py"))
        page = stack.enter_context(chromium.new_context(locale="vi-VN")).new_page()

        def shows(text: str, address: str) -> None:
            expect(page.get_by_text(text, exact=True)).to_be_visible(timeout=60_000)  # the first run imports everything
            expect(page).to_have_url(f"{server}{address}")
            # Going back shows the old screen before its run begins; what is done in between would be merged into that run.
            page.wait_for_timeout(600)
            expect(page.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_be_visible()

        page.goto(f"{server}/?own=1")
        shows("Here HIGH_LEVEL None", "/?own=1")
        page.locator(".st-key-filter_scope input").click()
        page.get_by_role("option", name="Tất cả thỏa thuận").click()
        shows("Here None None", "/?own=1&scope=ALL")
        page.get_by_role("button", name="drill").click()
        shows("There None ENE", "/there?scope=ALL&sector=ENE&id=7")
        shows("7", "/there?scope=ALL&sector=ENE&id=7")

        page.go_back()
        shows("Here None None", "/?own=1&scope=ALL")
        page.go_back()
        page.wait_for_timeout(1_000)  # two steps at once are merged by Streamlit, which then keeps a wrong path
        page.go_back()
        shows("Here HIGH_LEVEL None", "/?own=1")
        page.go_forward()
        shows("Here None None", "/?own=1&scope=ALL")

        page = stack.enter_context(chromium.new_context(locale="vi-VN")).new_page()
        page.goto(f"{server}/?scope=ALL")
        shows("Here None None", "/?scope=ALL")
        page.get_by_role("link", name="There").click()
        shows("There None None", "/there?scope=ALL")


# --- Bad input -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("as_of", "abc", "2026-01-14"),
        ("as_of", "2026-02-30", "14/01/2026"),
        ("as_of", "2031-01-01", "01/01/2031"),
        ("as_of", "0001-01-01", "14/01/2026"),
        ("compare_with", "2026-01-14", "13/01/2026"),
        ("compare_with", "yesterday", "14/01/2025"),
        ("scope", "", "Ký trong hoạt động đối ngoại cấp cao"),
        ("agency_group", "XYZ", "Tất cả cơ quan"),
        ("sector", "??", "Tất cả lĩnh vực"),
        ("partner_group", "tier:QQ", "Tất cả đối tác"),
        ("partner_group", "planet:MARS", "Tất cả đối tác"),
        ("signed_from", "31/12/2024", "không giới hạn"),
        ("signed_to", "1999-01-01", "không giới hạn"),
    ],
)
def test_what_is_not_understood_is_said_and_ignored(register: sa.Engine, name: str, value: str, words: str) -> None:
    app = run({name: value})

    assert shown(app) == DEFAULT
    assert len(app.warning) == 1
    assert words in app.warning[0].value.replace("\\", "")


def test_several_mistakes_are_said_at_once_and_the_rest_still_counts(register: sa.Engine) -> None:
    app = run({"as_of": "abc", "sector": "??", "agency_group": "ministry"})

    assert len(app.warning) == 2
    assert shown(app).agency_group == "ministry"


def test_a_period_that_ends_before_it_begins_is_ignored(register: sa.Engine) -> None:
    app = run({"signed_from": "2025-01-01", "signed_to": "2024-01-01"})

    assert (shown(app).signed_from, shown(app).signed_to) == (None, None)
    assert "01/01/2025" in app.warning[0].value.replace("\\", "")


def test_markdown_in_the_address_is_shown_as_text(register: sa.Engine) -> None:
    app = run({"sector": "![x](http://e.com/x.png)"})

    assert "![" not in app.warning[0].value


@given(
    given=hyp.dictionaries(
        hyp.sampled_from(view_codes.names()), hyp.text(max_size=20) | hyp.sampled_from(["ALL", "2025-01-01"])
    )
)
def test_no_address_breaks_the_reading(given: dict[str, str]) -> None:
    offered = view_codes.Choices(
        first=dt.date(2022, 1, 1),
        last=AS_OF,
        has_data=True,
        defaults={"as_of": AS_OF.isoformat(), "compare_with": "year", "scope": "HIGH_LEVEL"},
        options={},
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(names, "_read_names", lambda _: {(kind, short): {} for kind in KINDS for short in (True, False)})
        patch.setattr(records, "calendar", list)
        patch.setattr(loaders, "first_receipt", lambda: None)

        reading = view_codes.read(given, offered)
        again = view_codes.read(reading.codes, offered)

    assert again.view == reading.view
    assert again.problems == []
    assert again.codes == reading.codes


KINDS = ("agency", "partner", "sector", "doc_type", "exchange")


def test_an_empty_store_is_no_error(sqlite_engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", sqlite_engine.url.render_as_string(hide_password=False))

    app = run()

    assert shown(app).as_of == view_codes.NO_DATA_DAY
    assert loaders.facts(shown(app)).agreements.is_empty()


# --- Comparisons -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("comparison", "as_of", "expected"),
    [
        ("year", dt.date(2024, 2, 29), dt.date(2023, 2, 28)),
        ("year", dt.date(2026, 1, 14), dt.date(2025, 1, 14)),
        ("quarter", dt.date(2026, 1, 14), dt.date(2025, 10, 14)),
        ("quarter", dt.date(2025, 5, 31), dt.date(2025, 2, 28)),
        ("year_end", dt.date(2026, 1, 14), dt.date(2025, 12, 31)),
    ],
)
def test_comparisons_mean_a_day(comparison: str, as_of: dt.date, expected: dt.date) -> None:
    assert view_codes.compared_day(comparison, as_of) == expected


def test_every_filter_has_its_words(register: sa.Engine) -> None:
    for language in languages():
        with in_language(language):
            offered = view_codes.choices()
            for name, declared in FILTERS.items():
                assert view_codes.label(name)
                assert isinstance(declared, CodeFilter) or declared.in_words("2025-01-31")
                if isinstance(declared, DayFilter) and declared.ends:
                    assert t(f"filters.{name}_too_early", first="", last="")
            for name, codes in offered.options.items():
                labels = [view_codes.option_label(name, code, AS_OF) for code in codes]
                assert len(set(labels)) == len(codes)


def test_an_agency_without_agreements_of_the_scope_shown_is_led_to_those_it_has(register: sa.Engine) -> None:
    with store.session(register) as session:
        session.execute(
            sa.update(models.Agreement).where(col(models.Agreement.responsible_agency) == "T20").values(scope="LOCAL")
        )
        raise_data_version(session)

    app = run(person="langson", role="agency", agency="T20")
    (text,) = [element.value for element in app.markdown if "phạm vi khác" in element.value]
    app.button(key="filter_own_everywhere").click().run()

    assert re.search(r"có \d+ thỏa thuận", text)
    assert said(app) == {"scope": "ALL"}
    assert not [element for element in app.button if element.key == "filter_own_everywhere"]
    assert not [
        element
        for element in run(person="bct", role="agency", agency="BCT").button
        if element.key == "filter_own_everywhere"
    ]


def test_on_a_phone_the_filters_stand_in_the_pop_up(register: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_session, "is_phone", lambda: True)

    app = run()

    assert not app.selectbox
    app.session_state["filter_more"] = True
    assert {"filter_compare_with", "filter_scope"} <= {box.key for box in app.run().selectbox}
