"""Colours and signs of lights, the same on screen and on paper.

A colour never stands alone: beside it is a word, and lights differ in shape. The colours were chosen so that people with any
common form of colour blindness can tell them apart; a test computes it.
"""

from __future__ import annotations

from typing import Final

OUTLINE: Final = "_outlined"
"""What the code of a light ends with that is not settled."""

LIGHTS: Final = {
    "green": "#0B8F6C",
    "green_outlined": "#0B8F6C",
    "amber": "#FFC247",
    "amber_outlined": "#FFC247",
    "red": "#B3261E",
    "red_outlined": "#B3261E",
    "not_available": "#6B7680",
    "too_few": "#6B7680",
    "context": "#3B6EA5",
}
"""By light as it is drawn: outlined where it is not settled."""

SIGNS: Final = {
    "green": "●",
    "green_outlined": "○",
    "amber": "▲",
    "amber_outlined": "△",
    "red": "■",
    "red_outlined": "□",
    "not_available": "–",
    "too_few": "?",
    "context": "◇",
}

NEUTRAL: Final = "#3B6EA5"
"""Bars and lines that carry no judgement."""

INK: Final = "#1F2933"
QUIET: Final = "#55606B"
"""Text, and text that is not read first: 6.3:1 on white."""

SHADES: Final = ("#1F4E82", "#E0A458", "#7FAAD3", "#5F6B76", "#D9E2EC", "#8E5BB5")
"""Parts of a stacked bar and lines beside one another, as far apart in lightness as in hue: neighbours differ in grey too."""
DARK_SHADES: Final = ("#1F4E82", "#5F6B76", "#8E5BB5")
"""The ones on which text must be white."""

RAMP: Final = ("#F1F4F7", "#BCCBDA", "#7FAAD3", "#3F72A6", "#173B63")
"""Tiles, from none to most."""
