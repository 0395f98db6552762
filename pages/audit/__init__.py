"""The audit."""

from data_access.accounts import May
from pages.screen import Screen

SCREEN = Screen(
    __file__, icon=":material/history_edu:", order=180, section="administration", needs=May.ADMINISTER, filtered=False
)
