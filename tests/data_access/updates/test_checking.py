"""One file of an account is checked at a time."""

from __future__ import annotations

import pytest

from data_access import updates
from data_access.acting import Refused
from files import reading
from kpi.update import Table, read_table
from tests.data_access.updates.test_updates import FOREIGN, INDUSTRY
from tests.kpi.update.samples import current


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


def test_the_good_rows_of_a_table_can_go_first_and_rows_about_one_agreement_stay_together() -> None:
    text = "ref,deliverable_en,evidence_url\nA-1,Plan,\nA-2,List,www\nA-2,List,\nA-3,Map,\n"
    read = read_table(text.encode(), "a.csv", reader=reading.read)
    assert isinstance(read, Table)

    found = updates.parted(read, current())

    assert found is not None
    good, rest, problems = found
    assert good.frame["row"].to_list() == [2, 5]
    assert rest.frame["row"].to_list() == [3, 4]
    assert [(problem.code, problem.row) for problem in problems] == [("link", 3)]
    assert updates.parted(good, current()) is None  # there is no rest
