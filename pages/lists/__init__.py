"""Lists."""

from data_access.accounts import May
from pages.screen import Screen

SCREEN = Screen(
    __file__,
    icon=":material/list_alt:",
    order=128,
    section="coordination",
    needs=May.SETTLE,
    filtered=False,
    looks_back=False,
)
