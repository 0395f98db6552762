"""Overview."""

from pages.screen import Screen

SCREEN = Screen(__file__, icon=":material/space_dashboard:", order=10)
