"""Agreements."""

from pages.screen import Screen

SCREEN = Screen(__file__, icon=":material/search:", order=70)
