"""What the service writes to standard error: one line per event, whoever has it to tell."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from urllib.parse import urlsplit

import sqlalchemy as sa

from tests.attacks.wire import tab
from tests.serving import ROOT, served, with_demo_accounts

SAID_BY_EVERYBODY = """
import logging, sys, threading, warnings
import streamlit as st
import uvicorn
from streamlit.logger import get_logger
from data_access import log_lines
from pages.ui import streamlit_internals

log_lines.begin(sys.argv[1])
streamlit_internals.log_as_we_do()
for name in ("uvicorn", "uvicorn.error", "streamlit", "streamlit.runtime.app_session", "asyncio", "agreements.incident"):
    try:
        raise RuntimeError("one\\ntwo")
    except RuntimeError:
        logging.getLogger(name).exception("three\\nfour")
get_logger("streamlit.imported.later").warning("five\\nsix")
warnings.warn("seven\\neight")
thread = threading.Thread(target=lambda: 1 / 0)
thread.start()
thread.join()
"""


def said(log_format: str) -> list[str]:
    command = [sys.executable, "-c", SAID_BY_EVERYBODY, log_format]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return ended.stderr.splitlines()


def test_in_json_every_event_is_one_line_whoever_tells_it() -> None:
    events = [json.loads(line) for line in said("json")]

    assert [event["logger"] for event in events] == [
        *("uvicorn", "uvicorn.error", "streamlit", "streamlit.runtime.app_session", "asyncio", "agreements.incident"),
        *("streamlit.imported.later", "py.warnings", "agreements"),
    ]
    assert ["RuntimeError: one\ntwo" in event.get("error", "") for event in events] == [True] * 6 + [False] * 3
    assert "ZeroDivisionError" in events[-1]["error"]


def test_in_text_only_what_is_set_in_goes_on_from_the_line_above() -> None:
    begin = [line for line in said("text") if not line.startswith("    ")]

    assert len(begin) == 9
    assert begin[0].endswith("Z ERROR uvicorn: three\\nfour")


def test_a_service_that_is_in_trouble_still_writes_one_line_per_event(sqlite_engine: sa.Engine) -> None:
    with served(with_demo_accounts(sqlite_engine), environ={"LOG_FORMAT": "json"}) as house:
        with sqlite_engine.begin() as connection:
            connection.exec_driver_sql("DROP TABLE dataversion")
        with tab(house.address) as opened:
            opened.rerun("")
        with socket.create_connection((urlsplit(house.address).hostname, urlsplit(house.address).port)) as rude:
            rude.sendall(b"no HTTP at all\r\n\r\n")
            rude.recv(1000)
        lines = [line for line in house.logged().splitlines() if not line.startswith(("Open http", "Demo accounts"))]

    events = [json.loads(line) for line in lines]
    (incident,) = [event for event in events if event["logger"] == "agreements.incident"]
    assert "no such table: dataversion" in incident["error"]
    # Whoever looks after the register meanwhile may say that it cannot.
    assert {event["logger"] for event in events} - {"agreements.store"} == {"agreements.incident", "uvicorn.error"}
    assert len(events) == 2
