"""Pages brought to run: one of the frame's under test, and a script of its own, for what only a browser can show."""

from __future__ import annotations

import contextlib
import functools
import os
import pathlib
import subprocess
import sys
import time
from collections.abc import Iterator

import httpx
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from tests.serving import ROOT, free_port

# Each AppTest looks through every installed package for components, which takes longer than most of our pages do.
manifest_scanner.scan_component_manifests = functools.cache(manifest_scanner.scan_component_manifests)


def at_page(frame: AppTest, page: str) -> AppTest:
    """The frame with this page asked for at its first run.

    `switch_page` goes by the name of a page's file until the frame has run once, and all of ours are called `page.py`.
    """
    frame._page_hash = calc_hash(page)
    return frame


@contextlib.contextmanager
def streamlit_run(script: pathlib.Path) -> Iterator[str]:
    """A script served by Streamlit itself, and its address."""
    port = free_port()
    options = [f"--server.port={port}", "--server.headless=true", "--browser.gatherUsageStats=false"]
    server = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", str(script), *options],
        cwd=script.parent,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(300):
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"http://127.0.0.1:{port}/_stcore/health").status_code == 200:
                    break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(10)
