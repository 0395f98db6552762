"""Who acts, why something is not done, and whose turn it is."""

from __future__ import annotations

import threading
from typing import get_args

import pytest
import sqlalchemy as sa

import words
from data_access import store
from data_access.acting import Code, take_turn


@pytest.mark.parametrize("language", words.languages())
def test_every_refusal_has_words_and_none_is_left_over(language: str) -> None:
    keys = {str(message.id) for message in words.read_catalog(language)}
    with_a_number = "wait"  # its words stand in `sign_in.wait`, in the plural

    assert {key.removeprefix("refused.") for key in keys if key.startswith("refused.")} | {with_a_number} == {
        *get_args(Code)
    }


def test_who_writes_the_register_waits_until_the_one_before_is_done(engine: sa.Engine) -> None:
    """Without waiting both would count from the same version."""
    has_turn, seen = threading.Event(), []

    def second() -> None:
        has_turn.wait()
        with store.session(engine) as session:
            seen.append(take_turn(session).version)

    waiting = threading.Thread(target=second)
    waiting.start()
    with store.session(engine) as session:
        version = take_turn(session)
        has_turn.set()
        waiting.join(timeout=0.5)
        assert seen == []
        version.version += 1
    waiting.join()

    assert seen == [1]
