"""Reporting."""

from pages.screen import Screen

SCREEN = Screen(__file__, icon=":material/event_available:", order=110, section="coordination")
