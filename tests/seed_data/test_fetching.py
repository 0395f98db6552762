"""Fetching the World Bank's list from a server that answers well, badly, or not at all."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator

import pytest

from seed_data.worldbank import fetching
from seed_data.worldbank.fetching import COLUMNS, FetchError
from tests.seed_data.projects_api import Answer, Api, answer, operation, operations, serving


@pytest.fixture
def api() -> Iterator[Api]:
    shared = operation(88888, "RW", countrycode=["RW", "BI"])
    with serving(Api({**operations(7), shared["id"]: shared})) as found:
        yield found


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def fetched(api: Api, country: str = "VN", waits: list[float] | None = None) -> list[str]:
    kept = [] if waits is None else waits
    return fetching.fetch(api.address, country, wait=kept.append)["id"].to_list()


def test_what_is_asked_and_what_is_kept(api: Api) -> None:
    told: list[tuple[int, int]] = []

    found = fetching.fetch(api.address, "rw", told=lambda come, total: told.append((come, total)))

    assert api.asked == [fetching.parameters("RW")]
    assert api.asked[0]["fl"].split(",") == [*COLUMNS, "countrycode"]
    assert found.columns == list(COLUMNS)
    assert found.select("id", "project_name", "projectfinancialtype", "pdo").rows() == [
        ("P788888", "Invented operation 88888", "IDA", "")
    ]
    assert told == [(1, 1)]


def test_a_list_longer_than_a_page_comes_whole(api: Api) -> None:
    api.most_rows = 3

    assert fetched(api) == sorted(operations(7))
    assert [asked["os"] for asked in api.asked] == ["0", "3", "6"]


@pytest.mark.parametrize(
    ("name", "given", "kept"),
    [
        ("boardapprovaldate", "2024-06-28T00:00:00Z", "2024-06-28T00:00:00Z"),
        ("boardapprovaldate", "2024-06-28", "2024-06-28T00:00:00Z"),
        ("closingdate", "2029-12-31T00:00:00Z", "2029-12-31"),
        ("closingdate", "12/31/2029 12:00:00 AM", "2029-12-31"),
        ("closingdate", "soon", "soon"),
        ("loan_effective_date", None, ""),
        ("projectfinancialtype", ["Grants", "Other", "IBRD", "IBRD"], "IBRD"),
        ("projectfinancialtype", ["Grants", "Other"], "Other"),
        ("projectfinancialtype", ["Grants"], "Grants"),
        ("projectfinancialtype", [], ""),
        ("impagency", [" Ministry of A ", "Ministry of B"], "Ministry of A; Ministry of B"),
        ("pdo", {"cdata!": "To improve\r\nroads\u200b and\x00 water"}, "To improve\nroads  and  water"),
        ("curr_project_cost", 41_800_000, "41800000"),
    ],
)
def test_cells_are_as_the_mapping_reads_them(name: str, given: object, kept: str) -> None:
    assert fetching.as_frame([operation(1) | {name: given}]).row(0, named=True)[name] == kept


# --- What goes wrong -------------------------------------------------------------------------------------------------

BROKEN = answer(operations(7))[2][:-40]


@pytest.mark.parametrize(
    "first",
    [
        (500, {}, b"oops"),
        (429, {}, b""),
        (200, {}, b"<html>Please wait</html>"),
        (200, {}, BROKEN),
        (200, {"Content-Length": "100000"}, b"{"),
        (200, {"Content-Encoding": "gzip"}, b"no gzip at all"),
        answer({}, 7),
    ],
    ids=["500", "429", "not JSON", "cut off", "broken off", "not gzip", "none of seven"],
)
def test_what_another_try_may_mend_is_tried_again(api: Api, first: Answer) -> None:
    api.answers = [first, first]
    waits: list[float] = []

    assert len(fetched(api, waits=waits)) == 7
    assert waits == [1, 2]


def test_it_waits_as_long_as_it_is_asked_to_and_gives_up_in_the_end(api: Api) -> None:
    api.answers = [(503, {"Retry-After": "20"}, b"")] * 9
    waits: list[float] = []

    with pytest.raises(FetchError, match=r"^127\.0\.0\.1 answered with status 503 each time\.$"):
        fetched(api, waits=waits)
    assert waits == [20, 20, 20, 20]


def test_a_list_that_grows_while_it_is_read_is_read_anew(api: Api) -> None:
    api.most_rows = 4
    before, api.held = [*operations(7).items()], operations(8)
    api.answers = [answer(dict(before[1:5]), 7)]  # what is new comes first, and moves the rest on

    assert len(fetched(api)) == 8
    assert [asked["os"] for asked in api.asked] == ["0", "4", "0", "4"]


def test_a_list_that_never_stands_still_is_left(api: Api) -> None:
    api.most_rows = 4
    again = answer(dict([*api.held.items()][3:6]), 7)
    api.answers = [lambda asked: api.page(asked, total=7), again] * 3

    with pytest.raises(FetchError, match=r"changed each time it was read: 6 operations came of 7"):
        fetched(api)


def huge(asked: dict[str, str]) -> Answer:
    return 200, {"Content-Encoding": "gzip"}, gzip.compress(b" " * (fetching.MOST_BYTES + 1), 1)


REFUSED: list[tuple[str, object, str]] = [
    ("404", (404, {}, b""), "answered with status 404"),
    ("a list", (200, {}, b"[]"), "not of the form"),
    ("no total", (200, {}, b'{"projects": {}}'), "not of the form"),
    ("an array", (200, {}, b'{"total": "1", "projects": []}'), "not of the form"),
    ("other id", answer({"P1": operation(1)}), "has no id and name"),
    ("no name", answer({"P900001": operation(1, project_name="")}), "has no id and name"),
    ("all countries", answer(operations(3, "IN")), "the country was not heeded"),
    ("nothing", answer({}, 0), "lists no operation in VN"),
    ("too many", answer(operations(1), 28_113), "28113 operations in VN, more than any country has"),
    ("too much", huge, "more than 32 MB"),
    ("elsewhere", (302, {"Location": "https://elsewhere.test/x"}, b""), "sends elsewhere, to elsewhere.test"),
    ("without TLS", (302, {"Location": "http://search.example/x"}, b""), "sends elsewhere"),
]


@pytest.mark.parametrize(("given", "said"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_no_further_try_mends_is_said_at_once(api: Api, given: Answer, said: str) -> None:
    api.answers = [given]

    with pytest.raises(FetchError, match=said) as refusal:
        fetched(api)
    assert len(api.asked) == 1
    assert "\n" not in str(refusal.value)


def test_a_redirect_on_the_same_host_is_followed_but_not_for_ever(api: Api) -> None:
    there = (307, {"Location": f"{api.address}/?countrycode_exact=VN&os=0&rows=1000"}, b"")
    api.answers = [there]
    assert len(fetched(api)) == 7

    api.answers = [there] * 9
    with pytest.raises(FetchError, match="from one address to the next"):
        fetched(api)


def test_nobody_there_is_said_after_three_tries() -> None:
    waits: list[float] = []
    with serving(Api({})) as gone:
        address = gone.address

    with pytest.raises(fetching.UnreachableError, match=r"^127\.0\.0\.1 does not answer \(ConnectError\)\.$"):
        fetching.fetch(address, "VN", wait=waits.append)
    assert waits == [1, 2]


def test_a_country_is_two_letters() -> None:
    for country in ("VNM", "V", "", "V1", "việt"):
        with pytest.raises(FetchError, match="two letters of ISO 3166"):
            fetching.check_country(country)


# --- Answers saved by hand -------------------------------------------------------------------------------------------


def test_answers_saved_by_hand_are_the_same_list() -> None:
    listed = operations(5)
    first, second = dict([*listed.items()][:3]), dict([*listed.items()][3:])

    whole = fetching.from_answers([answer(first, 5)[2], b"\xef\xbb\xbf" + answer(second, 5)[2]], "VN")

    assert whole["id"].to_list() == sorted(listed)
    for answers, said in (
        ([answer(first, 5)[2]], "hold 3 of 5"),
        ([b"PK\x03\x04"], "not JSON"),
        ([json.dumps({"total": 0, "projects": {}}).encode()], "name no operation"),
        ([answer(operations(1, "RW"))[2]], "not in VN"),
    ):
        with pytest.raises(FetchError, match=said):
            fetching.from_answers(answers, "VN")
