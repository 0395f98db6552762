"""The words of the gettext catalogs. A key is `room.name` and stands in `<language>/<room>.po`.

The catalogs are read once per process. What a language lacks is said in English. A key that English lacks too is shown as it
is and logged; tests turn that into an error with `raise_on_missing()`.
"""

from __future__ import annotations

import functools
import gettext
import io
import logging
import pathlib
import re
from collections.abc import Mapping

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from words.own import OwnWords, own
from words.spoken import SECOND_LANGUAGE, folder, language

_log = logging.getLogger(__name__)
_missing_is_error = False


def t(key: str, **values: object) -> str:
    """The words for `key`, with `values` put into their `{placeholders}`."""
    text = translations().gettext(key)
    return text.format(**values) if values else text


def translations() -> gettext.GNUTranslations:
    """The words of the reader's language."""
    return _translations(folder(), language(), own())


def raise_on_missing() -> None:
    """From now on in this process a missing key is a KeyError."""
    global _missing_is_error
    _missing_is_error = True


class _NoWords(gettext.NullTranslations):
    """What answers for keys that no catalog has."""

    def gettext(self, message: str) -> str:
        if _missing_is_error:
            raise KeyError(f"no words for {message!r}; add it to words/locale/*/{message.partition('.')[0]}.po")
        _log.warning("no words for %s", message)
        return message

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.gettext(msgid1)


@functools.cache
def _translations(place: pathlib.Path, code: str, said: OwnWords | None) -> gettext.GNUTranslations:
    compiled = io.BytesIO()
    write_mo(compiled, _catalog(place, code) if said is None else _with_own(_catalog(place, code), code, said))
    compiled.seek(0)
    found = gettext.GNUTranslations(compiled)
    found.add_fallback(_NoWords() if code == SECOND_LANGUAGE else _translations(place, SECOND_LANGUAGE, said))
    return found


def _with_own(catalog: Catalog, code: str, said: OwnWords) -> Catalog:
    """A catalog as the register says it; every form of a plural likewise."""
    found = Catalog(locale=code)
    found.mime_headers = [("Plural-Forms", catalog.plural_forms)]
    for message in catalog:
        if message.id and message.string:
            key = message.id if isinstance(message.id, str) else message.id[0]
            if isinstance(message.string, str):
                found.add(message.id, said.words(code, key, message.string))
            else:
                found.add(message.id, tuple(said.words(code, key, form) for form in message.string))
    return found


def read_catalog(code: str) -> Catalog:
    """All rooms of a language in one catalog; ValueError for a key written twice or one in another room's file."""
    return _catalog(folder(), code)


@functools.cache
def _catalog(place: pathlib.Path, code: str) -> Catalog:
    merged = Catalog(locale=code)
    for path in sorted((place / code).glob("*.po")):
        source = path.read_text(encoding="utf-8")
        keys = re.findall(r'^msgid "(.+)"$', source, flags=re.MULTILINE)
        strangers = [key for key in keys if not key.startswith(f"{path.stem}.")]
        twice = sorted({key for key in keys if keys.count(key) > 1})
        if strangers or twice:
            raise ValueError(f"{path}: keys of another room {strangers}, keys written twice {twice}")
        room = read_po(io.StringIO(source), locale=code, abort_invalid=True)
        merged.mime_headers = [("Plural-Forms", room.plural_forms)]
        for message in room:
            if message.id and message.string and all(message.string):
                merged.add(message.id, message.string)
    return merged


def terms(kind: str) -> Mapping[str, str]:
    """Code -> name for everything of a kind that `terms.po` names."""
    return _terms(folder(), language(), kind, own())


@functools.cache
def _terms(place: pathlib.Path, code: str, kind: str, said: OwnWords | None) -> dict[str, str]:
    start = f"terms.{kind}."
    return {
        message.id.removeprefix(start): message.string
        if said is None
        else said.words(spoken, message.id, message.string)
        for spoken in (SECOND_LANGUAGE, code)
        for message in _catalog(place, spoken)
        if isinstance(message.id, str) and isinstance(message.string, str) and message.id.startswith(start)
    }
