"""Text that people typed, where it stands among ours."""

from __future__ import annotations

import re

_MARKDOWN = re.compile(r"([!-/:-@\[-`{-~])")
_JOINER = "\u2060"
_READ_ANYWAY = re.compile(
    r"""
    (?i:\b(?:https?|ftp|mailto|xmpp|www))(?=[:.])  # the beginning of an address
    | (?<=\S)(?=@)                                # that of its second half
    | (?<=:)[\w+/-]+(?=:)                         # :icon: and :emoji:
    | [-<>=!~](?=[-<>=~])                         # -> -- >= and what else is made an arrow or a dash
    """,
    re.VERBOSE,
)


def plain(text: str) -> str:
    """Typed text made safe for elements that render Markdown: shown as it is, on one line, nothing interpreted.

    Every sign with a meaning is escaped. Streamlit still finds addresses, icons and arrows in escaped text; a joiner,
    which has no width, keeps them apart.
    """
    apart = _READ_ANYWAY.sub(lambda found: found[0] + _JOINER, " ".join(text.split()))
    return _MARKDOWN.sub(r"\\\1", apart)
