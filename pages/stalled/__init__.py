"""Stalled."""

from pages.screen import Screen

SCREEN = Screen(__file__, icon=":material/hourglass_disabled:", order=60)
