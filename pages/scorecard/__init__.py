"""Scorecard of one agency."""

from pages.screen import Screen

SCREEN = Screen(__file__, icon=":material/assignment_turned_in:", order=30, of_agencies=True)
