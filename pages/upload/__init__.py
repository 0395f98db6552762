"""Upload."""

from data_access.accounts import May
from pages.screen import Screen

SCREEN = Screen(__file__, icon=":material/upload_file:", order=90, needs=May.HAND_IN, looks_back=False)
