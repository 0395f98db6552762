"""One file of an account is checked at a time."""

from __future__ import annotations

import pytest

from data_access import updates
from data_access.acting import Refused
from tests.data_access.updates.test_updates import FOREIGN, INDUSTRY


def test_an_account_has_one_file_checked_at_a_time() -> None:
    with updates.one_at_a_time(INDUSTRY):
        with pytest.raises(Refused) as refusal, updates.one_at_a_time(INDUSTRY):
            pass
        with updates.one_at_a_time(FOREIGN):
            pass

    assert refusal.value.code == "check_under_way"
    with updates.one_at_a_time(INDUSTRY):
        pass


def test_a_check_that_fails_is_over() -> None:
    with pytest.raises(MemoryError), updates.one_at_a_time(INDUSTRY):
        raise MemoryError

    with updates.one_at_a_time(INDUSTRY):
        pass
