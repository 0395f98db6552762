"""Settings."""

from data_access.accounts import May
from pages.screen import Screen

SCREEN = Screen(__file__, icon=":material/tune:", order=130, section="coordination", needs=May.SETTLE, filtered=False)
