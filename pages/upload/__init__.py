"""Upload."""

from data_access.accounts import May
from pages.screen import Screen

SCREEN = Screen(
    __file__, icon=":material/upload_file:", order=90, needs=May.HAND_IN, or_needs=May.HAND_IN_FOR, looks_back=False
)
