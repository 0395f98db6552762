"""What falls due."""

from pages.screen import Screen

SCREEN = Screen(__file__, icon=":material/event_upcoming:", order=112, section="coordination", looks_back=False)
