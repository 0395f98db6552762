"""The unit for systemd is one, and gives the service no more than it needs."""

from __future__ import annotations

import pathlib
import shutil
import subprocess
import sys

import pytest

from data_access import settings
from tests.serving import ROOT

UNIT = ROOT / "deploy" / "dashboard@.service"
MOST_EXPOSED = 15
"""Tenths; systemd counts from 0.0 to 10.0, and calls 2.0 and less fine."""


def said() -> dict[str, list[str]]:
    """Every setting of the unit with its values."""
    found: dict[str, list[str]] = {}
    for line in UNIT.read_text(encoding="utf-8").splitlines():
        name, is_setting, value = line.partition("=")
        if is_setting and not line.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


@pytest.fixture
def installed(tmp_path: pathlib.Path) -> pathlib.Path:
    """The unit as it would stand on this machine."""
    text = UNIT.read_text(encoding="utf-8").replace("/opt/dashboard/.venv/bin/python", sys.executable)
    path = tmp_path / "dashboard@8501.service"
    path.write_text(text.replace("/opt/dashboard", str(ROOT)), encoding="utf-8")
    return path


def test_what_it_writes_is_its_own_and_what_it_takes_is_limited() -> None:
    unit = said()

    assert (unit["UMask"], unit["NoNewPrivileges"], unit["ProtectSystem"]) == (["0077"], ["yes"], ["strict"])
    assert (unit["MemoryMax"], unit["MemorySwapMax"], unit["LimitCORE"]) == (["4G"], ["0"], ["0"])
    assert unit["Restart"] == ["always"]
    assert unit["CapabilityBoundingSet"] == [""]


def test_the_port_of_each_process_is_its_name_and_one_that_nginx_knows() -> None:
    port, figures = said()["Environment"]
    site = (ROOT / "deploy" / "nginx" / "site.conf").read_text(encoding="utf-8")
    enabled = [word.partition("@")[2] for word in UNIT.read_text(encoding="utf-8").split() if "dashboard@8" in word]

    assert (port, figures) == ("PORT=%i", "FIGURES_DIR=/var/lib/dashboard/figures")
    assert len(enabled) == 2
    for number in enabled:
        assert f"server 127.0.0.1:{number};" in site
        assert settings.load({"PORT": number}).port == int(number)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not on this machine")
def test_systemd_takes_it_and_finds_little_exposed(installed: pathlib.Path) -> None:
    verified = subprocess.run(["systemd-analyze", "verify", str(installed)], capture_output=True, text=True)
    exposed = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", f"--threshold={MOST_EXPOSED}", "--no-pager", str(installed)],
        capture_output=True,
        text=True,
    )

    assert (verified.returncode, verified.stdout + verified.stderr) == (0, "")
    assert exposed.returncode == 0, exposed.stdout[-400:]
