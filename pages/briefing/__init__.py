"""Briefing mode: what the screen at the front of a room shows, one message at a time."""

from typing import Final

from pages.screen import Screen

SIZE: Final = "size"
SIZES: Final = ("20", "24", "30", "36")
USUAL_SIZE: Final = 1
"""What an address may say about how large letters are, in pixels: as large as fits 1280 by 720 where it says nothing; the largest
fits 1920 by 1080."""

SCREEN = Screen(
    __file__, icon=":material/slideshow:", order=195, in_menu=False, filtered=False, looks_back=False, is_bare=True
)
