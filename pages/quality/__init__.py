"""Data quality."""

from pages.screen import Screen

SCREEN = Screen(__file__, icon=":material/fact_check:", order=120, section="coordination")
