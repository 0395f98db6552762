"""Integrity: what is unusual in what agencies claim, and how often chance alone gives as much."""

from data_access.accounts import May
from pages.screen import Screen

SCREEN = Screen(
    __file__,
    icon=":material/troubleshoot:",
    order=127,
    section="coordination",
    needs=May.SEE_SIGNS,
    filtered=False,
    looks_back=False,
)
