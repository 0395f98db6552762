"""Review."""

from data_access.accounts import May
from pages.screen import Screen

SCREEN = Screen(
    __file__, icon=":material/rule:", order=100, section="coordination", needs=May.OVERSEE_UPLOADS, filtered=False
)
