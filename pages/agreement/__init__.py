"""One agreement."""

from pages.screen import Screen

SCREEN = Screen(__file__, icon=":material/description:", order=80, in_menu=False)
