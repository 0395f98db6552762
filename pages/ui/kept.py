"""What takes long is done once and shared between people: figures are `kept`, finished elements are `drawn`."""

from __future__ import annotations

import contextvars
import dataclasses
import datetime as dt
import functools
import inspect
import logging
import sys
import threading
import time
import weakref
from collections.abc import Callable, Collection, Hashable, Mapping
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

import cachetools
import polars as pl

import words
from data_access import settings
from data_access.accounts import Person
from pages.ui import address, data_edition, kept_on_disk, palette
from pages.ui.streamlit_internals import Finished, draw_and_note, running_fragment, send_again
from pages.ui.view import View

_Asked = ParamSpec("_Asked")
_Found = TypeVar("_Found")

_SECTIONS_MB: Final = 64
"""Finished sections have so much memory; one takes some kilobytes."""

_MEGABYTE: Final = 1024 * 1024
_OVERHEAD_BYTES: Final = 512
_LARGEST_ON_DISK: Final = 16 * _MEGABYTE
"""In memory. What is larger has a row for each of very many agreements, and is rarely asked for once its sums are there."""

_WORTH_SECONDS: Final = 0.02
"""What takes less is not kept on disk: to read it would take a part of that, and there are many."""

_SHARE_OF_ROWS: Final = 0.75
_log = logging.getLogger(__name__)


# --- Figures ---------------------------------------------------------------------------------------------------------


class Answers(cachetools.LRUCache[Hashable, Any]):
    """What is kept, a share of the bytes the settings name; what was not asked for longest makes room."""

    def __init__(self, *, share: float = 1.0) -> None:
        super().__init__(int(share * settings.load().figures_mb * _MEGABYTE), getsizeof=_bytes_of)

    def __setitem__(self, key: Hashable, answer: Any, **given: Any) -> None:
        try:
            super().__setitem__(key, answer, **given)
        except ValueError:
            size = _bytes_of(answer) // _MEGABYTE
            _log.warning(
                "an answer of %s MB is worked out each time: FIGURES_MB is %s", size, self.maxsize // _MEGABYTE
            )


def _bytes_of(answer: object) -> int:
    if isinstance(answer, pl.DataFrame):
        return _OVERHEAD_BYTES + int(answer.estimated_size())
    if dataclasses.is_dataclass(answer):
        return sum(_bytes_of(getattr(answer, field.name)) for field in dataclasses.fields(answer))
    if isinstance(answer, Mapping):
        return _OVERHEAD_BYTES + sum(map(_bytes_of, answer.values()))
    if isinstance(answer, Collection) and not isinstance(answer, str | bytes):
        return _OVERHEAD_BYTES + sum(map(_bytes_of, answer))
    return sys.getsizeof(answer)


@functools.cache
def _answers(*, rows: bool) -> Answers:
    """All that is kept. Made when it is first asked for: it is for the start to say what is wrong with the settings.

    What has a row for each agreement makes room among its kind only: one day of a large register would drive out the
    figures of a hundred.
    """
    return Answers(share=_SHARE_OF_ROWS if rows else 1 - _SHARE_OF_ROWS)


_answering: Final = threading.Condition()


@dataclasses.dataclass(frozen=True)
class _Answer:
    """What was worked out, and how many seconds that takes where memory is empty: none for what is on disk."""

    found: Any
    again: float


@dataclasses.dataclass
class _Making:
    """An answer that is being worked out: how long it has waited for others, and what those take where memory is empty."""

    waited: float = 0.0
    others: float = 0.0


_making: Final[contextvars.ContextVar[_Making | None]] = contextvars.ContextVar("making", default=None)


def _made(work: Callable[..., object], language: str, given: tuple[Any, ...], named: dict[str, Any]) -> _Answer:
    """The answer from disk; where it is not there, worked out, and kept there if that took long."""
    folder = kept_on_disk.folder()
    name = folder and folder.name_of(data_edition.shown(), work, language, given, named)
    if folder and name and (found := folder.read(name)) is not kept_on_disk.NOTHING:
        return _Answer(found, again=0.0)
    begun, making = time.perf_counter(), _Making()
    token = _making.set(making)
    try:
        found = work(*given, **named)
    finally:
        _making.reset(token)
    again = time.perf_counter() - begun - making.waited + making.others
    is_worth_it = again >= _WORTH_SECONDS and _bytes_of(found) <= _LARGEST_ON_DISK
    if folder and name and is_worth_it and folder.write(name, found):
        again = 0.0
    return _Answer(found, again)


def kept(
    *, whole: bool = False, compares: bool = False, in_words: bool = False, rows: bool = False
) -> Callable[[Callable[_Asked, _Found]], Callable[_Asked, _Found]]:
    """Have a function work once per edition and arguments, which must be hashable; whoever asks meanwhile waits for it.

    Its answers are shared: nobody may change them. Those that took long are on disk as well, for other processes and the next
    start (`kept_on_disk`).

    A view, whose reader is thereby part of the key, reaches the function without what does not matter to it: without its
    restrictions where the answer is of the `whole` register, without the day compared with unless the function `compares`.
    An answer `in_words` is kept for each language; one with `rows` of a register has its room apart.
    """

    def keep(work: Callable[_Asked, _Found]) -> Callable[_Asked, _Found]:
        _check_place(work)
        signature = inspect.signature(work)

        def key_of(*given: Any, **named: Any) -> Hashable:
            language = words.language() if in_words else ""
            return (work, data_edition.shown().key, language, given, *named.items())

        def made(*given: Any, **named: Any) -> _Answer:
            return _made(work, words.language() if in_words else "", given, named)

        @functools.cache
        def answer() -> Callable[..., _Answer]:
            return cachetools.cached(_answers(rows=rows), key=key_of, condition=_answering)(made)

        def needed(value: object) -> object:
            if not isinstance(value, View):
                return value
            view = value.whole if whole else value
            return view if compares else dataclasses.replace(view, compare_with=view.as_of)

        @functools.wraps(work)
        def ask(*args: _Asked.args, **kwargs: _Asked.kwargs) -> _Found:
            asked = signature.bind(*args, **kwargs)
            asked.apply_defaults()
            begun = time.perf_counter()
            known = answer()(*map(needed, asked.args), **{name: needed(value) for name, value in asked.kwargs.items()})
            if (making := _making.get()) is not None:
                making.waited += time.perf_counter() - begun
                making.others += known.again
            found: _Found = known.found
            return found

        return ask

    return keep


def per_frame(
    work: Callable[Concatenate[pl.DataFrame, _Asked], _Found],
) -> Callable[Concatenate[pl.DataFrame, _Asked], _Found]:
    """Have a function of a frame that is itself kept work once for each language and other arguments, as long as the frame is."""
    _check_place(work)
    known: dict[int, tuple[weakref.ref[pl.DataFrame], dict[Hashable, _Found]]] = {}

    @functools.wraps(work)
    def ask(frame: pl.DataFrame, /, *args: _Asked.args, **kwargs: _Asked.kwargs) -> _Found:
        place, held = id(frame), known.get(id(frame))
        if held is None or held[0]() is not frame:
            held = known[place] = (weakref.ref(frame, lambda _: known.pop(place, None)), {})
        key = (words.language(), args, *kwargs.items())
        if key not in held[1]:
            held[1][key] = work(frame, *args, **kwargs)
        return held[1][key]

    return ask


# --- Finished elements -----------------------------------------------------------------------------------------------


@functools.cache
def _sections() -> cachetools.LRUCache[Hashable, Finished]:
    return cachetools.LRUCache(_SECTIONS_MB * _MEGABYTE, getsizeof=sys.getsizeof)


_finding: Final = threading.Lock()


def drawn(draw: Callable[_Asked, None]) -> Callable[_Asked, None]:
    """Have a section drawn once per edition, language, theme, filters and arguments; after that its messages are sent as they are.

    For elements that nobody fills in or presses: a widget belongs to the session that drew it, and Streamlit says so. A
    person among the arguments reaches the section without a name: whoever may do and see the same shares it.
    """
    _check_place(draw)
    signature = inspect.signature(draw)

    @functools.wraps(draw)
    def show(*args: _Asked.args, **kwargs: _Asked.kwargs) -> None:
        asked = signature.bind(*args, **kwargs)
        asked.apply_defaults()
        given = tuple(_plain(value) for value in asked.args)
        named = {name: _plain(value) for name, value in asked.kwargs.items()}
        around = (data_edition.shown().key, words.language(), palette.theme(), sorted(address.chosen().items()))
        key = (draw, running_fragment(), repr((around, given, named)))
        with _finding:
            finished = _sections().get(key)
        if finished is not None:
            send_again(finished)
            return
        finished = draw_and_note(lambda: draw(*given, **named))  # type: ignore[arg-type]
        if finished is not None:
            with _finding:
                _sections()[key] = finished

    return show


def _plain(value: object) -> object:
    """The value, if all of it is in what `repr` says; TypeError for anything else."""
    if isinstance(value, Person):
        return dataclasses.replace(value, username="", office="")
    if value is None or isinstance(value, str | int | float | dt.date | View):
        return value
    raise TypeError(
        f"a section is told apart by texts, numbers, days, views and persons, not by {type(value).__name__}"
    )


def _check_place(work: Callable[..., object]) -> None:
    """Streamlit reads the script of a page anew in each run, so that a function declared in one would be another each time."""
    if work.__module__ == "__main__":
        raise TypeError(
            f"{work.__name__} is kept from one run to the next: declare it in a module, not in a page's script"
        )
