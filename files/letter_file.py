"""A letter in the form of Vietnamese administrative documents (Decree 30/2020/ND-CP, annex I), as DOCX and as plain text."""

from __future__ import annotations

import dataclasses
from typing import Final

from files import administrative_form as form

MIME: Final = form.MIME


@dataclasses.dataclass(frozen=True)
class Letter:
    """What a letter says, in its order on the page. Every text is plain; line ends within one are read as spaces.

    `rows` are the lines of its table under `heads`, with `widths` in parts of the whole. `notes` stand small at the end.
    """

    issuer: str
    state: str
    motto: str
    number: str
    subject: str
    place_and_day: str
    addressee: str
    before: tuple[str, ...]
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[float, ...]
    after: tuple[str, ...]
    copies_head: str
    copies: tuple[str, ...]
    signed_for: str
    notes: tuple[str, ...] = ()


def plain(letter: Letter) -> str:
    """The letter without its form, to be copied into a mail."""
    rows = "\n".join(f"{row[0]}. {row[1]} – {'; '.join(filter(None, row[2:]))}" for row in letter.rows)
    parts = (
        letter.addressee,
        letter.subject,
        *letter.before,
        rows,
        *letter.after,
        letter.signed_for,
        *letter.notes,
    )
    return "\n\n".join(filter(None, parts))


def written(letter: Letter) -> bytes:
    """The letter as DOCX: A4, Times New Roman, the table's head repeated on each page, pages numbered from the second on."""
    document = form.new(letter.subject, letter.issuer)
    form.write_head(
        document,
        issuer=letter.issuer,
        number=letter.number,
        subject=letter.subject,
        state=letter.state,
        motto=letter.motto,
        place_and_day=letter.place_and_day,
    )
    form.line(document.add_paragraph(), letter.addressee, size=14, align=form.CENTRE, before=12, after=6)
    for text in letter.before:
        form.body(document.add_paragraph(), text)
    if letter.rows:
        form.write_rows(document, letter.heads, letter.rows, letter.widths)
    for text in letter.after:
        form.body(document.add_paragraph(), text)
    form.write_end(document, copies_head=letter.copies_head, copies=letter.copies, signed_for=letter.signed_for)
    for text in letter.notes:
        form.line(document.add_paragraph(), text, size=10, italic=True, before=6)
    return form.packed(document)
