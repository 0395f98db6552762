"""Partners."""

from pages.screen import Screen

SCREEN = Screen(__file__, icon=":material/public:", order=40)
