"""From signing to implementation."""

from pages.screen import Screen

SCREEN = Screen(__file__, icon=":material/timeline:", order=140, section="how_sure")
