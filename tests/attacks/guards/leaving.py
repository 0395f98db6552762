"""What is put on record, and what goes out of the house."""

from __future__ import annotations

from tests.attacks.guards.guard import Guard

STORE = "tests/data_access/store/test_engine.py::"
KEEPING = "tests/data_access/keeping/test_backup.py::"

GUARDS = (
    Guard(
        "an entry of the audit covers the one before it",
        "data_access/audit/chain.py",
        "json.dumps([previous, at.isoformat(), actor, action, subject, detail])",
        "json.dumps([at.isoformat(), actor, action, subject])",
        "tests/data_access/audit/test_chain.py::test_a_changed_entry_is_found",
    ),
    Guard(
        "a removed entry of the audit is found",
        "data_access/audit/chain.py",
        "        if entry.previous_hash != previous or entry.hash != expected:",
        "        if entry.hash != expected:",
        "tests/data_access/audit/test_chain.py",
    ),
    Guard(
        "two writers continue from different entries of the audit",
        "data_access/audit/chain.py",
        '    store.take_turn(session, "audit")',
        "    pass",
        "tests/data_access/audit/test_chain.py::test_many_writers_at_once_make_one_chain",
        store="postgresql",
    ),
    Guard(
        "the file of a SQLite store is made for its owner alone",
        "data_access/store/engine.py",
        "os.O_EXCL, 0o600)",
        "os.O_EXCL, 0o644)",
        STORE + "test_a_sqlite_store_is_its_owner_s_alone",
    ),
    Guard(
        "a SQLite store that others could read is narrowed",
        "data_access/store/engine.py",
        "                kept.chmod(mode & 0o700)",
        "                pass",
        STORE + "test_a_sqlite_store_that_others_could_read_is_narrowed_with_one_line",
    ),
    Guard(
        "a backup was made with our secret or is not restored",
        "data_access/keeping/backup.py",
        "    if foreign and not unauthenticated:",
        "    if False:",
        KEEPING + "test_a_backup_that_somebody_changed_is_not_restored",
    ),
    Guard(
        "the manifest of a backup is authenticated",
        "data_access/keeping/backup.py",
        "    elif not hmac.compare_digest(given, _hmac_of(told).encode()):",
        "    elif False:",
        KEEPING + "test_a_backup_that_somebody_changed_is_not_restored",
    ),
    Guard(
        "a restore says what is wrong with the backup",
        "data_access/keeping/backup.py",
        "dict.fromkeys((*wrong, ",
        "dict.fromkeys((",
        KEEPING + "test_what_is_restored_without_being_authenticated_is_said_and_written_down",
    ),
    Guard(
        "a figure on disk is read only where our secret signed it",
        "pages/ui/kept_on_disk.py",
        "        if not hmac.compare_digest(held[:_SIGNATURE_BYTES], self._signature(name, content)):",
        "        if False:",
        "tests/pages/test_kept_on_disk.py::test_what_this_application_did_not_write_there_is_not_read",
    ),
    Guard(
        "exported cells do not begin like formulas",
        "pages/ui/exports.py",
        "    return frame.with_columns(neutralised(pl.col(pl.String)))",
        "    return frame",
        "tests/attacks/test_hostile_text.py::test_no_file_holds_a_formula",
    ),
    Guard(
        "cells of a briefing's workbook do not begin like formulas",
        "paper/sheets.py",
        "    return str(pl.select(neutralised(pl.lit(one_line(text, LONGEST_TEXT)))).item())",
        "    return one_line(text, LONGEST_TEXT)",
        "tests/paper/test_forms.py::test_a_sheet_holds_typed_numbers_and_all_rows",
    ),
    Guard(
        "what is printed has no signs that turn the text around them",
        "paper/lettering.py",
        '    composed = " ".join(_UNSEEN.sub("", unicodedata.normalize("NFC", text)).split())',
        '    composed = " ".join(unicodedata.normalize("NFC", text).split())',
        "tests/paper/test_forms.py::test_a_hostile_text_stays_a_text_and_an_endless_one_ends",
    ),
    Guard(
        "typed text is not read as Markdown",
        "words/typed.py",
        '    return _MARKDOWN.sub(r"\\\\\\1", apart)',
        "    return apart",
        "tests/words/test_words.py::test_plain_text_is_one_line_in_which_every_sign_is_escaped",
    ),
    Guard(
        "a message cannot pass for two lines of the log",
        "data_access/log_lines.py",
        'return "\\\\n".join(super().formatMessage(record).splitlines())',
        "return super().formatMessage(record)",
        "tests/data_access/test_log_lines.py::test_a_message_cannot_pass_for_two_lines_of_text",
    ),
)
