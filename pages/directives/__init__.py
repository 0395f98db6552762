"""Directives and escalations."""

from pages.screen import Screen

SCREEN = Screen(__file__, icon=":material/assignment_late:", order=95, section="coordination", filtered=False)
