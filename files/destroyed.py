"""Text that was destroyed before it came here: read in a wrong encoding, or with letters lost.

It would be stored as it stands and read by everybody. So signs of it are counted: what no language writes is refused, what a name
might hold once is only pointed at. The signs are those of

- UTF-8 read as a one-byte encoding: `Tiáº¿n Ä‘á»™`;
- TCVN3 and VNI shown as Unicode: `TiÕn ®é`, `Tieán ñoä`;
- letters that an encoding did not have: `Ti?n ??`;
- references of HTML: `Ti&#7871;n`.
"""

from __future__ import annotations

from typing import Final

import polars as pl

_HIGH: Final = "\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122"
"""What bytes 80 to BF become in Windows-1252 and 1258."""

CERTAIN: Final = "|".join(
    (
        f"á[º»][{_HIGH}]",
        f"[ÄÆ][{_HIGH}]",
        "[ĂÃ][\u00a1-\u00aa\u00ac-\u00ba\u00bc-\u00bf]",
        r"â€[™œ\u009d\u0153\u201c\u201d\u2122]?",
        "Â[\u00a0-\u00bf]",
        r"&#[xX]?[0-9a-fA-F]{2,6};",
        r"&(?:[aeiouyAEIOUY](?:grave|acute|circ|tilde|uml)|nbsp|amp|quot);",
        r"\p{L}\?\p{Ll}",
        r"\?\?\s*\p{Ll}",
    )
)
"""Of these one is enough."""

DOUBTFUL: Final = "|".join(
    (
        r"\p{L}[¨©ª®¬µ¶·¸¹§¾»½¼]+\p{L}",  # TCVN3: a letter among letters
        r"[®§]\p{L}",
        r"\p{Ll}[À-ÖØ-Þ]\p{Ll}",  # TCVN3: a capital among small letters
        r"\p{Ll}[¸¹µ¶·©ª«¬¨]",
        r"[aAeE][ùøûõïåäâêáàãéèúüë]",  # VNI: a vowel and its mark as a letter of its own
        r"[oOuUyY][ùøûõïåäë]",
        r"[ñÑ]\p{L}",
        r"\p{L}[öÖ]\p{L}?",
        r"[ÒÓÔÕÖ×ØÙÚÛÜÝÞß]\p{Ll}[ïîëæåäñöøüûþ]",
        r"[ïîëæåäøûþ]\p{Ll}",  # letters of other languages
        r"\s\?\p{L}",
    )
)
"""A name from elsewhere may hold one or two of these (`Curaçao`, `Israël`, `Køge`)."""

_MANY: Final = 3
_LINKS: Final = r"https?://\S+"
_OWN: Final = "[ạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹđơưăĐƠƯ]"
"""Letters that Vietnamese alone has, or that both old encodings show otherwise: a text with several of them was not destroyed."""


def is_destroyed(text: pl.Expr) -> pl.Expr:
    """Whether no language writes a text so."""
    bare = text.str.replace_all(_LINKS, " ")
    return bare.str.contains(CERTAIN) | ((bare.str.count_matches(DOUBTFUL) >= _MANY) & ~bare.str.contains(_OWN))


def looks_destroyed(text: pl.Expr) -> pl.Expr:
    """Whether a text holds something that is rare and may be meant."""
    bare = text.str.replace_all(_LINKS, " ")
    return bare.str.contains(DOUBTFUL) & ~is_destroyed(text)
