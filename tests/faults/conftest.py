"""Prints the figures after the tests of `make faults`."""

from __future__ import annotations

import pytest

from tests.faults import report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if report.figures and not report.IS_SAMPLE:
        terminalreporter.section("figures")
        terminalreporter.write_line("| what | figure |\n|---|---|")
        for what, figure in report.figures:
            terminalreporter.write_line(f"| {what.replace('  ', '– ', 1)} | {figure} |")
