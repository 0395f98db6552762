"""Files that come in, and what reading them may take."""

from __future__ import annotations

from tests.attacks.guards.guard import Guard

APART = "tests/files/test_apart.py::"
BUDGETS = "tests/files/test_budgets.py::"
STORED = "tests/pages/test_stored_uploads.py::"
CHECKING = "tests/data_access/updates/test_checking.py::"

GUARDS = (
    Guard(
        "reading a file is limited in memory",
        "files/apart.py",
        "    resource.setrlimit(resource.RLIMIT_AS, (limits.memory, most))",
        "    _ = most",
        APART + "test_a_file_that_would_fill_the_memory_is_stopped_in_its_own_process",
    ),
    Guard(
        "reading a file is limited in time",
        "files/apart.py",
        "        deadline.start()",
        "        _ = deadline",
        APART + "test_a_file_that_takes_too_long_is_stopped",
    ),
    Guard(
        "a reader that dies is a problem of its file",
        "files/apart.py",
        "        except (EOFError, BrokenPipeError):",
        "        except ZeroDivisionError:",
        APART + "test_a_process_that_ends_without_an_answer_is_a_clear_problem",
    ),
    Guard(
        "what is read from a file is limited in length",
        "files/apart.py",
        "        if len(line) == limits.answer:",
        "        if False:",
        APART + "test_an_answer_is_not_longer_than_a_file_may_unfold",
    ),
    Guard(
        "reading a file stands back for everybody's pages",
        "files/apart.py",
        "    os.nice(_NICENESS)",
        "    _ = _NICENESS",
        APART + "test_the_process_stands_back_for_everybody_else_s_pages",
    ),
    Guard(
        "a workbook holds no more XML than its size is good for",
        "files/package.py",
        '        budget.take("elements", 1 + len(attributes) // 4)',
        "        _ = budget",
        BUDGETS + "test_a_workbook_holds_no_more_xml_than_its_size_is_good_for",
    ),
    Guard(
        "elements are nested so deep and no deeper",
        "files/package.py",
        "        if len(texts) > limits.depth:",
        "        if False:",
        BUDGETS + "test_what_is_too_much_ends_the_reading_and_is_named",
    ),
    Guard(
        "a tag is so long and no longer",
        "files/package.py",
        "            if fed - parser.CurrentByteIndex > longest_tag:",
        "            if False:",
        BUDGETS + "test_what_is_too_much_ends_the_reading_and_is_named",
    ),
    Guard(
        "of a text that is too long no more is kept than shows it",
        "files/package.py",
        "        if len(texts[-1]) <= limits.written_characters:",
        "        if True:",
        BUDGETS + "test_neither_the_reader_nor_who_asks_it_takes_memory_for_what_is_refused",
    ),
    Guard(
        "a workbook has so many sheets and no more",
        "files/xlsx_file.py",
        "                if len(sheets) > most:",
        "                if False:",
        BUDGETS + "test_what_is_too_much_ends_the_reading_and_is_named",
    ),
    Guard(
        "a sheet is looked at as far as a heading may stand",
        "files/xlsx_file.py",
        "        if self._is_a_look and self._elements > self._limits.elements_of_a_look:",
        "        if False:",
        BUDGETS + "test_a_sheet_is_looked_at_as_far_as_a_heading_may_stand",
    ),
    Guard(
        "cells share so many texts and no more",
        "files/xlsx_file.py",
        '            archive.budget.take("texts")',
        "            pass",
        BUDGETS + "test_what_is_too_much_ends_the_reading_and_is_named",
    ),
    Guard(
        "a sheet has so many rows, empty ones included",
        "files/xlsx_file.py",
        '            self._budget.take("lines", row=self._row)',
        "            pass",
        BUDGETS + "test_what_is_too_much_ends_the_reading_and_is_named",
    ),
    Guard(
        "a sheet has so many cells, empty ones included",
        "files/xlsx_file.py",
        '            self._budget.take("cells", row=self._row)',
        "            pass",
        BUDGETS + "test_what_is_too_much_ends_the_reading_and_is_named",
    ),
    Guard(
        "a text that cells share counts in each of them",
        "files/xlsx_file.py",
        '        self._budget.take("characters", len(text), row=self._row)',
        "        pass",
        BUDGETS + "test_a_text_that_many_cells_share_counts_in_each_of_them",
    ),
    Guard(
        "a cell of a workbook is so long and no longer",
        "files/xlsx_file.py",
        "        if len(text) > self._limits.cell_characters:",
        "        if False:",
        BUDGETS + "test_what_is_too_much_ends_the_reading_and_is_named",
    ),
    Guard(
        "merged cells end the reading",
        "files/xlsx_file.py",
        "                if len(self._merged) == _MOST_RANGES_KEPT:",
        "                if False:",
        BUDGETS + "test_what_is_too_much_ends_the_reading_and_is_named",
    ),
    Guard(
        "of cells that cannot be taken so many are kept and no more",
        "files/xlsx_file.py",
        "        if len(self.faults) == self._limits.faults:",
        "        if False:",
        BUDGETS + "test_cells_that_cannot_be_taken_are_kept_as_long_as_somebody_may_read_of_them",
    ),
    Guard(
        "of cells with signs no cell may hold so many are named and no more",
        "files/text.py",
        "        for number, sign, shown in cells.head(limits.faults - len(found)).iter_rows():",
        "        for number, sign, shown in cells.iter_rows():",
        "tests/files/test_text.py::test_of_cells_that_hold_what_no_cell_may_so_many_are_named_and_no_more",
    ),
    Guard(
        "the form of a number is read once through",
        "files/xlsx_file.py",
        r"\[[^\][]*\]",
        r"\[[^\]]*\]",
        BUDGETS + "test_the_form_of_a_number_is_read_once_through",
    ),
    Guard(
        "a CSV file has so many lines and no more",
        "files/csv_file.py",
        '            budget.take("lines", row=number)',
        "            pass",
        BUDGETS + "test_a_csv_file_holds_no_more_lines_and_cells_than_a_table",
    ),
    Guard(
        "a CSV file has so many cells and no more",
        "files/csv_file.py",
        '            budget.take("cells", len(record), row=number)',
        "            pass",
        BUDGETS + "test_a_csv_file_holds_no_more_lines_and_cells_than_a_table",
    ),
    Guard(
        "an account has one file checked at a time",
        "data_access/updates/checking.py",
        "        if person.username in _under_way:",
        "        if False:",
        CHECKING + "test_an_account_has_one_file_checked_at_a_time",
    ),
    Guard(
        "uploads of an account are limited in all its tabs together",
        "pages/ui/stored_uploads.py",
        "        held = sum(map(self._stored, self._tabs[username]))",
        "        held = self._stored(tab)",
        STORED + "test_an_account_stores_so_much_in_all_its_tabs_together",
    ),
    Guard(
        "files that arrive at once count in full",
        "pages/ui/stored_uploads.py",
        "        self._arriving[username] += fits",
        "        self._arriving[username] += 0",
        STORED + "test_files_that_arrive_at_once_count_in_full",
    ),
    Guard(
        "a file that was stored lets its memory go",
        "pages/upload/work.py",
        "        streamlit_internals.drop_upload(given)",
        "        pass",
        "tests/pages/test_upload.py::test_a_file_that_was_confirmed_is_let_go",
    ),
)
