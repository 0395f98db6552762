"""Review: for those who decide what is published, and to look at for all who read everything."""

from data_access.accounts import May
from pages.screen import Screen

SCREEN = Screen(
    __file__, icon=":material/rule:", order=100, section="coordination", needs=May.READ_EVERYTHING, filtered=False
)
