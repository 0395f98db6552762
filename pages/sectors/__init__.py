"""Sectors."""

from pages.screen import Screen

SCREEN = Screen(__file__, icon=":material/category:", order=50)
