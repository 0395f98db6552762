"""Looking at what agencies claim."""

from data_access.accounts import May
from pages.screen import Screen

SCREEN = Screen(
    __file__,
    icon=":material/policy:",
    order=125,
    section="coordination",
    needs=May.READ_EVERYTHING,
    filtered=False,
    looks_back=False,
)
