"""How far the figures can be relied on."""

from pages.screen import Screen

SCREEN = Screen(__file__, icon=":material/verified:", order=150, section="how_sure", formerly=("trust",))
