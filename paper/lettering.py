"""The letters of what is printed: the fonts of `fonts/` alone, and texts made so that they can be set in them.

Liberation 2.1.5 (SIL Open Font License, whose text lies beside them): Serif has the widths of Times New Roman, which Decree
30/2020/ND-CP asks for, Sans those of Arial; both have every letter of Vietnamese.
"""

from __future__ import annotations

import functools
import hashlib
import pathlib
import re
import struct
import unicodedata
from typing import Final

FOLDER: Final = pathlib.Path(__file__).parent / "fonts"
SERIF: Final = "Liberation Serif"
SANS: Final = "Liberation Sans"

FONTS: Final = {
    "LiberationSans-Bold.ttf": "ba0e0dc3f7aca5b0afbc31e800531ee43be3aa79ae35b2ef1f6470a9547765c4",
    "LiberationSans-Regular.ttf": "8d91388f1d3604b3b8ae0e3ee2d140e50cd6122f9214514f4aca772540a4076d",
    "LiberationSerif-Bold.ttf": "446a4421f297698427170fd7db20e59169a4188baaaf940e9bea58af6341a723",
    "LiberationSerif-Italic.ttf": "c1830c433ab41379f1139fac388989d37c9f08c81e1bd643efdcc7946db30753",
    "LiberationSerif-Regular.ttf": "29d12439831b7f59194efec85872f24f54eff05738933f9a860220d2abff88ba",
}
"""Every font that is used, with the SHA-256 of its file."""

LONGEST_TEXT: Final = 1000
"""Letters of one text on paper; what is longer ends in an ellipsis. A sheet holds what its cells can."""

_UNSEEN: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff\ufffe\uffff]"
)
"""Signs that XML cannot hold, that are not seen, or that turn the direction of the text around them."""
_UNBROKEN: Final = re.compile(r"\S{36}(?=\S)")
_IN_PLACE_OF_A_LETTER: Final = "\u25a1"


class MissingFontError(Exception):
    """A font is not there, or not the one that was tested."""


@functools.cache
def fonts() -> pathlib.Path:
    """The folder of the fonts, once every one was found to be the one that was tested; MissingFontError else."""
    for name, expected in FONTS.items():
        path = FOLDER / name
        if not path.is_file():
            raise MissingFontError(f"the font {name} is missing from {FOLDER.name}/")
        if hashlib.sha256(path.read_bytes()).hexdigest() != expected:
            raise MissingFontError(f"the font {name} is not the one that belongs here")
    return FOLDER


def one_line(text: str, longest: int = LONGEST_TEXT) -> str:
    """A text on one line, with its diacritics composed, without signs nobody sees, and no longer than a reader bears."""
    composed = " ".join(_UNSEEN.sub("", unicodedata.normalize("NFC", text)).split())
    return composed if len(composed) <= longest else f"{composed[: longest - 1].rstrip()}…"


def printable(text: str, longest: int = LONGEST_TEXT) -> str:
    """The same as it can be set: letters that no font here has as an empty box, endless words with places to break."""
    known = _letters()
    kept = "".join(
        sign if sign in known else _IN_PLACE_OF_A_LETTER for sign in one_line(text, longest).replace("\u2011", "-")
    )
    return _UNBROKEN.sub(lambda found: f"{found[0]}\u200b", kept)


@functools.cache
def _letters() -> frozenset[str]:
    """What every font can draw."""
    of_each = [_drawn(path.read_bytes()) for path in (fonts() / name for name in FONTS)]
    return frozenset.intersection(*of_each)


def _drawn(font: bytes) -> frozenset[str]:
    """The signs of a font, from the part of its `cmap` for all of Unicode's first plane (OpenType, format 4)."""
    (tables,) = struct.unpack_from(">H", font, 4)
    places = {font[12 + 16 * n : 16 + 16 * n]: struct.unpack_from(">I", font, 20 + 16 * n)[0] for n in range(tables)}
    start = places[b"cmap"]
    (parts,) = struct.unpack_from(">H", font, start + 2)
    offsets = (struct.unpack_from(">I", font, start + 8 + 8 * n)[0] for n in range(parts))
    table = next(start + offset for offset in offsets if struct.unpack_from(">H", font, start + offset) == (4,))
    (doubled,) = struct.unpack_from(">H", font, table + 6)
    count = doubled // 2
    ends = struct.unpack_from(f">{count}H", font, table + 14)
    starts = struct.unpack_from(f">{count}H", font, table + 16 + doubled)
    return frozenset(chr(sign) for first, last in zip(starts, ends, strict=True) for sign in range(first, last + 1))
