"""What a store calls things, for whoever writes words without a page."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator

import sqlalchemy as sa

import words
from data_access.packs import read_pack
from data_access.register import names_by_kind, read_names


@contextlib.contextmanager
def named_as_in(engine: sa.Engine) -> Iterator[None]:
    """Within it, names come from this store, and words of its own stand before those of the catalogs; for the whole process."""
    found = read_names(engine)
    own = read_pack(engine).own_words
    with words.named(functools.cache(lambda language: names_by_kind(found, language))), words.worded(lambda: own):
        yield
