"""Figures on disk, so that another process and the next start have what one has worked out.

A file holds one answer, pickled, behind a signature under a key made of `APP_SECRET`: what this application did not write, or
wrote as something else, is not read. A file is known by what the answer is of, and by the code that worked it out: another
edition, another reader, another version of the application have others. What goes wrong here costs time and nothing else.
"""

from __future__ import annotations

import contextlib
import copyreg
import dataclasses
import datetime as dt
import functools
import hashlib
import hmac
import io
import logging
import os
import pathlib
import pickle
import re
import shutil
import sys
import tempfile
import threading
import time
import types
from collections.abc import Callable, Mapping
from typing import Any, Final

import polars as pl

from data_access import accounts, settings
from data_access.derived_keys import derive_key
from pages.ui.data_edition import DataEdition
from pages.ui.view import View

NOTHING: Final = object()
"""What stands for an answer where there is none."""

_USE: Final = b"international agreements dashboard, figures on disk, 1"
_EDITION: Final = re.compile(r"edition-[0-9a-f]{32}")
_SIGNATURE_BYTES: Final = 32
_IN_USE_SECONDS: Final = 60
"""For so long after it was last read or added to, somebody may still read an edition that is no longer the newest."""

_LOOKED_AFTER: Final = 1 / 20
"""Of the room there is, so much is filled before one looks again how much is left."""

_FILLED: Final = 0.9
_MEGABYTE: Final = 1024 * 1024
_log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Name:
    """What an answer is known by: the folder of its edition, and its file there."""

    edition: str
    file: str


def _is_plain(value: object) -> bool:
    """Whether all of a value is in what `repr` says."""
    if isinstance(value, tuple):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, str | int | float | dt.date | View)


def _code() -> str:
    """What tells this code from any other: the source of the product, its packages as they are asked for, Python and Polars."""
    digest = hashlib.sha256(f"{sys.version} {pl.__version__}".encode())
    rooms = ("words", "files", "kpi", "data_access", "seed_data", "pages")
    files = (path for room in rooms for path in (settings.ROOT / room).rglob("*") if "__pycache__" not in path.parts)
    for path in sorted([*files, settings.ROOT / "pyproject.toml", settings.ROOT / "requirements.txt"]):
        if path.is_file():
            content = path.read_bytes()
            digest.update(f"{path.relative_to(settings.ROOT)} {len(content)}\n".encode() + content)
    return digest.hexdigest()


_CODE: Final = _code()
"""Of the code as it was when it was imported: what lies in its place later is another's."""


# --- The folder ------------------------------------------------------------------------------------------------------


@functools.cache
def folder() -> Folder | None:
    """Where figures are kept; None where they are not: `FIGURES_DISK_MB` is 0, or the secret ends with this process."""
    found = settings.load()
    if not found.figures_disk_mb or not accounts.is_lasting():
        return None
    key = derive_key(found.app_secret, use=_USE)
    return Folder(pathlib.Path(found.figures_dir), most_bytes=found.figures_disk_mb * _MEGABYTE, key=key)


class Folder:
    """A folder with one of its own for each edition. What was not asked for longest makes room; editions nobody reads go first."""

    def __init__(self, path: pathlib.Path, *, most_bytes: int, key: bytes) -> None:
        self._path = path
        self._most_bytes = most_bytes
        self._key = key
        self._turn = threading.Lock()
        self._edition = ""
        self._unseen_bytes = 0
        self._told: set[str] = set()

    def name_of(
        self,
        edition: DataEdition,
        work: Callable[..., object],
        language: str,
        given: tuple[Any, ...],
        named: Mapping[str, Any],
    ) -> Name | None:
        """The same in every process for the same secret, code, edition, function, language and arguments.

        None for arguments that cannot be written out; while nothing has been loaded, as the store then is of no version; and of a
        register as it was known in the past, which is rarely asked for and would drive out the newest.
        """
        asked = (given, tuple(named.items()))
        if not edition.version or edition.known_on is not None or not _is_plain(asked):
            return None
        return Name(
            f"edition-{self._digest(_CODE, edition.key)[:32]}",
            self._digest(work.__module__, work.__qualname__, language, asked),
        )

    def _digest(self, *parts: object) -> str:
        return hmac.digest(self._key, repr(parts).encode("utf-8", "surrogatepass"), hashlib.sha256).hex()

    def read(self, name: Name) -> Any:
        """The answer of this name; `NOTHING` where there is none that this application wrote."""
        path = self._place(name)
        try:
            held = memoryview(path.read_bytes())
        except FileNotFoundError:
            return NOTHING
        except OSError as error:
            self._tell("cannot read figures on disk", error)
            return NOTHING
        for used in (path, path.parent):
            with contextlib.suppress(OSError):  # of a disk that takes no writes one may go on reading
                os.utime(used)
        content = held[_SIGNATURE_BYTES:]
        if not hmac.compare_digest(held[:_SIGNATURE_BYTES], self._signature(name, content)):
            return self._thrown_away(path, "its signature does not fit")
        try:
            return pickle.loads(content)
        except Exception as error:  # noqa: BLE001  (what a class raises that is made anew is its own affair)
            return self._thrown_away(path, repr(error))

    def write(self, name: Name, answer: object) -> bool:
        """Keep an answer under this name; whether that was done. Others read the whole of it or nothing."""
        try:
            content = _pickled(answer)
        except Exception as error:  # noqa: BLE001  (as above)
            self._tell(f"answers of the kind {type(answer).__name__} cannot be kept on disk", error)
            return False
        if len(content) > self._most_bytes * _LOOKED_AFTER:
            return False
        path = self._place(name)
        try:
            for missing in (self._path, path.parent):
                missing.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, written = tempfile.mkstemp(dir=path.parent)  # for its owner alone
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(self._signature(name, content))
                    file.write(content)
                os.replace(written, path)
            except OSError:
                os.unlink(written)
                raise
            self._make_room(name.edition, len(content) + _SIGNATURE_BYTES)
        except OSError as error:
            self._tell("cannot keep figures on disk", error)
            return False
        return True

    def _place(self, name: Name) -> pathlib.Path:
        return self._path / name.edition / name.file

    def _signature(self, name: Name, content: bytes | memoryview) -> bytes:
        signed = hmac.new(self._key, f"{name.edition}/{name.file}\n".encode(), hashlib.sha256)
        signed.update(content)
        return signed.digest()

    def _thrown_away(self, path: pathlib.Path, why: str) -> object:
        self._tell("a figure on disk is worked out again", why)
        with contextlib.suppress(OSError):  # what stays is refused again
            path.unlink()
        return NOTHING

    def _tell(self, what: str, why: object) -> None:
        """Say so, once for as long as this process runs: no page is the worse for it."""
        with self._turn:
            is_new = what not in self._told
            self._told.add(what)
        if is_new:
            _log.warning("%s (%s): %s", what, self._path, why)

    def _make_room(self, edition: str, added_bytes: int) -> None:
        """Take away what is too much, as soon as an edition is new here or enough was added since one looked."""
        with self._turn:
            self._unseen_bytes += added_bytes
            if edition == self._edition and self._unseen_bytes < self._most_bytes * _LOOKED_AFTER:
                return
            self._edition, self._unseen_bytes = edition, 0
        editions = [held for held in os.scandir(self._path) if _EDITION.fullmatch(held.name)]  # the others are not ours
        found = [file for held in editions for file in self._left_of(held, is_newest=held.name == edition)]
        too_much = sum(size for _, size, _ in found) - int(self._most_bytes * _FILLED)
        for _, size, path in sorted(found):
            if too_much <= 0:
                break
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
            too_much -= size

    def _left_of(self, edition: os.DirEntry[str], *, is_newest: bool) -> list[tuple[float, int, str]]:
        """When each file of an edition was last used, its size and its path; none where the edition goes, as nobody reads it."""
        found: list[tuple[float, int, str]] = []
        try:
            if not is_newest and edition.stat().st_mtime < time.time() - _IN_USE_SECONDS:
                shutil.rmtree(edition.path)
                return found
            for file in os.scandir(edition.path):
                with contextlib.suppress(FileNotFoundError):  # another process makes room too, or gives it its name
                    status = file.stat()
                    found.append((status.st_mtime, status.st_size, file.path))
        except FileNotFoundError:
            return found  # another process takes it away; what it leaves is looked at next time
        except OSError as error:
            self._tell("figures nobody reads cannot be taken away", error)
        return found


def _pickled(answer: object) -> bytes:
    written = io.BytesIO()
    pickler = pickle.Pickler(written, protocol=5)
    pickler.dispatch_table = {**copyreg.dispatch_table, types.MappingProxyType: _as_dict}
    pickler.dump(answer)
    return written.getvalue()


def _as_dict(mapping: types.MappingProxyType[Any, Any]) -> tuple[Any, ...]:
    return _read_only, (dict(mapping),)


def _read_only(mapping: dict[Any, Any]) -> types.MappingProxyType[Any, Any]:
    return types.MappingProxyType(mapping)
