"""The World Bank's projects API, played by a server of the tests' own with invented operations."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Answer = tuple[int, dict[str, str], bytes]
Operations = dict[str, dict[str, Any]]


def operation(number: int, country: str = "VN", **given: Any) -> dict[str, Any]:
    """One operation as the API gives it."""
    return {
        "id": f"P{9 if country == 'VN' else 7}{number:05}",
        "project_name": f"Invented operation {number}",
        "countrycode": [country],
        "countryshortname": "Viet Nam" if country == "VN" else country,
        "status": "Closed",
        "boardapprovaldate": "2001-05-06T00:00:00Z",
        "loan_effective_date": "2001-09-01",
        "closingdate": "2006-12-31",
        "projectfinancialtype": ["IDA"],
        "url": "not asked for",
        **given,
    }


def operations(count: int, country: str = "VN") -> Operations:
    """So many of them by id."""
    return {one["id"]: one for one in (operation(number, country) for number in range(count))}


def answer(listed: Operations, total: int | None = None) -> Answer:
    """What the API says to a list of operations."""
    body = {"rows": len(listed), "os": "0", "total": str(len(listed) if total is None else total), "projects": listed}
    return 200, {}, json.dumps(body).encode()


class Api:
    """The server: `asked` are the questions so far; `answers` are given first, one for each, then what it holds."""

    def __init__(self, held: Operations) -> None:
        self.held = held
        self.asked: list[dict[str, str]] = []
        self.answers: list[Answer | Callable[[dict[str, str]], Answer]] = []
        self.most_rows = 1000
        self.address = ""

    def reply(self, asked: dict[str, str]) -> Answer:
        self.asked.append(asked)
        if self.answers:
            found = self.answers.pop(0)
            return found(asked) if callable(found) else found
        return self.page(asked)

    def page(self, asked: dict[str, str], total: int | None = None) -> Answer:
        """What is held of a country, from `os` on."""
        country = asked.get("countrycode_exact")
        there = [one for one in self.held.values() if country is None or country in one["countrycode"]]
        first, rows = int(asked.get("os", "0")), min(int(asked.get("rows", "10")), self.most_rows)
        listed = {one["id"]: one for one in there[first : first + rows]}
        return answer(listed, len(there) if total is None else total)


@contextlib.contextmanager
def serving(api: Api) -> Iterator[Api]:
    """The server, listening on a port of this machine meanwhile."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
            status, headers, body = api.reply(asked)
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(body))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            with contextlib.suppress(OSError):  # whoever asked has heard enough
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: the tests read what was asked."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    api.address = f"http://127.0.0.1:{server.server_port}/api/v3/projects"
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
