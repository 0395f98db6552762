"""The parts inside an XLSX file: a ZIP archive of XML documents, opened only after its sizes were looked at.

XML is read with expat and no document type declaration is accepted, so there are no entities to expand and nothing to fetch.
"""

from __future__ import annotations

import io
import posixpath
import xml.parsers.expat
import zipfile
import zlib
from collections.abc import Callable
from typing import IO

from files.budget import Budget, Exceeded
from files.problems import FileProblem

_CHUNK = 1 << 16
_MOST_ENCRYPTED = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OUT_OF_MEMORY = xml.parsers.expat.errors.codes[xml.parsers.expat.errors.XML_ERROR_NO_MEMORY]
_READABLE = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

Attributes = dict[str, str]
Start = Callable[[str, Attributes], None]
End = Callable[[str, str], None]

BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    xml.parsers.expat.ExpatError,
    EOFError,
    KeyError,
    IndexError,
    ValueError,
    OverflowError,
    RuntimeError,
    NotImplementedError,
)
"""What a damaged or dishonest archive makes the readers raise; each becomes one clear problem."""


class Enough(Exception):
    """Raised by a reader of a part to stop there: it has what it needs."""


def is_package(data: bytes) -> bool:
    """Whether these bytes begin like an XLSX file."""
    return data.startswith(b"PK\x03\x04")


def is_open_document(data: bytes) -> bool:
    """Whether a package is an OpenDocument: it begins with its kind, stored as it is."""
    return data[30:200].startswith(b"mimetypeapplication/vnd.oasis.opendocument")


def is_old_or_locked(data: bytes) -> bool:
    """Whether these bytes are a compound file: an old XLS, or an XLSX with a password."""
    return data.startswith(_MOST_ENCRYPTED)


class Archive(zipfile.ZipFile):
    """A workbook that is open, with what reading its parts may take."""

    def __init__(self, data: bytes, budget: Budget) -> None:
        super().__init__(io.BytesIO(data))
        self.budget = budget


def opened(data: bytes, budget: Budget) -> Archive | FileProblem:
    """The archive, or why it is not opened. Only the directory at its end is read here."""
    limits = budget.limits
    try:
        archive = Archive(data, budget)
        entries = archive.infolist()
    except BROKEN:
        return FileProblem("file_broken")
    names = {entry.filename for entry in entries}
    if len(entries) > limits.parts or sum(entry.file_size for entry in entries) > limits.unfolded_bytes:
        return FileProblem("unfolds_too_large", params={"most": limits.unfolded_bytes // 1024 // 1024})
    if any(entry.flag_bits & 1 for entry in entries):
        return FileProblem("locked")
    if len(names) < len(entries) or any(entry.compress_type not in _READABLE for entry in entries):
        return FileProblem("file_broken")
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        return FileProblem("macros")
    if not names & {"[Content_Types].xml", "content.xml"}:
        return FileProblem("not_a_workbook")
    return archive


def read_part(
    archive: Archive, name: str, *, start: Start, end: End, text: Callable[[str], None] | None = None
) -> None:
    """Walk through one XML part. Names come without their namespace; `end` gets the text directly inside the element, of one
    that is too long for a cell as much as shows that it is. `text` gets each piece as it comes.

    `zipfile` never hands out more than the size an entry declares, and fails where the entry holds more.
    """
    budget, limits = archive.budget, archive.budget.limits
    parser = xml.parsers.expat.ParserCreate(namespace_separator="\n")
    parser.buffer_text = True
    texts = [""]

    def on_start(name: str, attributes: Attributes) -> None:
        budget.take("elements", 1 + len(attributes) // 4)
        if len(texts) > limits.depth:
            raise Exceeded(FileProblem("too_deep", params={"most": limits.depth}))
        texts.append("")
        start(name.rpartition("\n")[2], attributes)

    def on_end(name: str) -> None:
        end(name.rpartition("\n")[2], texts.pop())

    def on_text(said: str) -> None:
        if text is not None:
            text(said)
        if len(texts[-1]) <= limits.written_characters:
            texts[-1] += said

    def on_doctype(*_: object) -> None:
        raise ValueError("a document type declaration")

    parser.StartElementHandler = on_start
    parser.EndElementHandler = on_end
    parser.CharacterDataHandler = on_text
    parser.StartDoctypeDeclHandler = on_doctype
    with archive.open(name) as part:
        _feed(parser, part, limits.tag_bytes)


def _feed(parser: xml.parsers.expat.XMLParserType, part: IO[bytes], longest_tag: int) -> None:
    """Feed a part to its parser, which looks through a tag from its beginning again whenever more of it comes (expat before 2.6):
    a long one would take time by the square of its length."""
    fed = 0
    try:
        while chunk := part.read(_CHUNK):
            parser.Parse(chunk, False)
            fed += len(chunk)
            if fed - parser.CurrentByteIndex > longest_tag:
                raise Exceeded(FileProblem("tag_too_long", params={"most": longest_tag // 1024}))
        parser.Parse(b"", True)
    except Enough:
        return
    except xml.parsers.expat.ExpatError as error:
        if error.code == _OUT_OF_MEMORY:
            raise MemoryError from error
        raise


def relations(archive: Archive, part: str) -> dict[str, tuple[str, str]]:
    """The parts a part points to: relation id -> (kind of relation, path)."""
    folder, name = posixpath.split(part)
    path = posixpath.join(folder, "_rels", f"{name}.rels")
    found: dict[str, tuple[str, str]] = {}

    def start(element: str, attributes: Attributes) -> None:
        if element == "Relationship" and attributes.get("TargetMode") != "External":
            target = posixpath.normpath(posixpath.join("/", folder, attributes["Target"])).lstrip("/")
            found[attributes["Id"]] = (attributes["Type"].rpartition("/")[2], target)

    if path in archive.namelist():
        read_part(archive, path, start=start, end=lambda *_: None)
    return found
