"""Links to where a page was before."""

from __future__ import annotations

from tests.web.conftest import TestClient


def test_a_link_to_a_former_address_leads_on_with_all_it_asked_for(client: TestClient) -> None:
    answer = client.get("/trust?lang=en&sector=EDU&q=a%20%26%20b")

    assert (answer.status_code, answer.headers["location"]) == (308, "/reliability?lang=en&sector=EDU&q=a%20%26%20b")


def test_without_a_question_none_is_added(client: TestClient) -> None:
    assert client.get("/trust").headers["location"] == "/reliability"
