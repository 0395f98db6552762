"""Method."""

from pages.screen import Screen

SCREEN = Screen(__file__, icon=":material/menu_book:", order=160, section="how_sure")
