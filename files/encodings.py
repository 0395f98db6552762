"""Bytes to text. UTF-8, and UTF-16 with its mark, are recognised; anything else only when somebody chose it.

A wrong guess would not fail: nearly any bytes are valid in every one-byte encoding, and Vietnamese written in TCVN3 reads
without complaint as half a dozen of them, as different words. So nothing is guessed, and a choice is meant to be looked at.
"""

from __future__ import annotations

import codecs

from files.problems import FileProblem

# RFC 1456. Six capitals stand where ASCII has control characters.
_VISCII_LOW = {0x02: "Ẳ", 0x05: "Ẵ", 0x06: "Ẫ", 0x14: "Ỷ", 0x19: "Ỹ", 0x1E: "Ỵ"}
_VISCII_HIGH = (
    "ẠẮẰẶẤẦẨẬẼẸẾỀỂỄỆỐỒỔỖỘỢỚỜỞỊỎỌỈỦŨỤỲÕắằặấầẩậẽẹếềểễệốồổỗỠƠộờởịỰỨỪỬơớƯÀÁÂÃẢĂẳẵÈÉÊẺÌÍĨỳĐứÒÓÔạỷừửÙÚỹỵÝỡư"
    "àáâãảăữẫèéêẻìíĩỉđựòóôõỏọụùúũủýợỮ"
)
# TCVN 5712:1993, form VN3, also called ABC: no capitals with tone marks (texts used a font of capitals for those).
_TCVN3_FROM_A1 = "ĂÂÊÔƠƯĐăâêôơưđ"
_TCVN3_FROM_B5 = "àảãáạ ằẳẵắ       ặầẩẫấậè ẻẽéẹềểễếệìỉ   ĩíịò ỏõóọồổỗốộờởỡớợù ủũúụừửữứựỳỷỹýỵ"

_CHOSEN = {
    "utf-8": "utf-8-sig",
    "utf-16": "utf-16",
    "windows-1258": "cp1258",
    "windows-1252": "cp1252",
    "tcvn3": "",
    "viscii": "",
}
ENCODINGS = tuple(_CHOSEN)
"""The encodings that can be chosen."""

_OTHER_NAMES = {"cp1258": "windows-1258", "cp1252": "windows-1252", "tcvn": "tcvn3", "abc": "tcvn3", "utf8": "utf-8"}


def _viscii() -> str:
    table = [_VISCII_LOW.get(byte, chr(byte)) for byte in range(0x80)]
    return "".join(table) + _VISCII_HIGH


def _tcvn3() -> str:
    table = [chr(byte) if byte < 0x80 else "\ufffe" for byte in range(0x100)]
    for start, letters in ((0xA1, _TCVN3_FROM_A1), (0xB5, _TCVN3_FROM_B5)):
        for place, letter in enumerate(letters):
            if letter != " ":
                table[start + place] = letter
    return "".join(table)


_TABLES = {"viscii": _viscii(), "tcvn3": _tcvn3()}


def decoded(data: bytes, encoding: str | None) -> tuple[str, str] | FileProblem:
    """The text of a file and the name of its encoding, or what is wrong with its bytes.

    Without a chosen encoding the bytes must be UTF-8, or UTF-16 beginning with its byte order mark.
    """
    marked = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and not data.startswith(codecs.BOM_UTF32_LE)
    asked = (encoding or ("utf-16" if marked else "utf-8")).strip().lower()
    name = _OTHER_NAMES.get(asked, asked)
    if name not in _CHOSEN:
        return FileProblem("encoding_unknown", value=encoding, params={"known": ", ".join(ENCODINGS)})
    if name == "utf-16" and not marked:
        return FileProblem("utf16_unmarked")
    try:
        if name in _TABLES:
            text, _ = codecs.charmap_decode(data, "strict", _TABLES[name])
        else:
            text = data.decode(_CHOSEN[name])
    except UnicodeDecodeError as error:
        row = data.count(b"\n", 0, error.start) + 1
        wrong = " ".join(f"{byte:02X}" for byte in data[error.start : error.start + 4])
        code = "not_unicode" if encoding is None else "not_in_encoding"
        return FileProblem(code, row=row, value=wrong, params={"encoding": name})
    return text, name


def well_formed(text: str) -> str:
    """The text with each half of a surrogate pair replaced by U+FFFD, which is then refused: no store can hold a half."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
