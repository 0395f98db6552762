"""What each role may do, and with whose agreements."""

from __future__ import annotations

from tests.attacks.guards.guard import Guard

UPLOADS = "tests/data_access/updates/test_updates.py::"
FUNCTIONS = "tests/attacks/test_functions.py::"
VERIFICATION = "tests/data_access/test_verification.py::"
SAMPLES = "tests/data_access/test_samples.py::"
FRAMES = "tests/data_access/test_sampling_frames.py::"
MESSAGES = "tests/attacks/test_messages.py::"
READERS = "tests/pages/test_readers.py::"

GUARDS = (
    Guard(
        "the frame shows the sign-in in place of a page",
        "pages/frame.py",
        "    if person is None:\n        show_language",
        "    if False:\n        show_language",
        "tests/pages/test_every_page.py::test_signed_out_it_shows_the_sign_in_and_nothing_of_itself",
    ),
    Guard(
        "a page looks at the role",
        "pages/ui/session.py",
        "    if not screen.is_open_to(person):",
        "    if False:",
        MESSAGES + "test_pages_of_other_roles_show_nothing_however_they_are_asked_for",
    ),
    Guard(
        "lists show an agency its own agreements only",
        "pages/ui/loaders.py",
        '    return facts(view).where(pl.col("agency") == own)',
        "    return facts(view)",
        "tests/attacks/test_pages.py::test_no_address_shows_an_agency_what_belongs_to_others",
    ),
    Guard(
        "files give an agency its own agreements only",
        "pages/ui/loaders.py",
        '    return facts(view).where(pl.col("agency") == own)',
        "    return facts(view)",
        "tests/attacks/test_pages.py::test_no_file_gives_an_agency_what_belongs_to_others",
    ),
    Guard(
        "of parts an agency reads its own alone",
        "kpi/readers.py",
        'None if reader == EVERYTHING else pl.col("agency") == reader',
        "None",
        READERS + "test_subtraction_tells_nothing_of_others",
    ),
    Guard(
        "what is published of all has no parts",
        "pages/ui/view.py",
        " if name in PUBLISHED_BY}",
        "}",
        READERS + "test_subtraction_tells_nothing_of_others",
    ),
    Guard(
        "an agency reads others on published days",
        "pages/ui/view_codes.py",
        "        asked, as_of = as_of, trends.published_day(as_of, first=offered.first)",
        "        asked = as_of",
        READERS + "test_a_day_between_is_answered_with_the_last_published_one",
    ),
    Guard(
        "what an actor claims is compared with the store",
        "data_access/acting.py",
        " or (actor.role, actor.agency) != (account.role, account.agency)",
        "",
        FUNCTIONS + "test_ten_thousand_times_nobody_acts_who_may_not",
    ),
    Guard(
        "a closed account does nothing",
        "data_access/acting.py",
        "account is None or not account.active or",
        "account is None or",
        FUNCTIONS + "test_ten_thousand_times_nobody_acts_who_may_not",
    ),
    Guard(
        "verifiers and coordinators record what was found",
        "data_access/verification.py",
        "        account = account_of(session, actor, May.VERIFY)",
        "        account = account_of(session, actor)",
        FUNCTIONS + "test_ten_thousand_times_nobody_acts_who_may_not",
    ),
    Guard(
        "nobody verifies for the agency they act for",
        "data_access/verification.py",
        "if account.agency is not None and account.agency in (agreement.responsible_agency, agency):",
        "if False:",
        VERIFICATION + "test_what_cannot_be_recorded_leaves_nothing",
    ),
    Guard(
        "only one's own entry is taken back",
        "data_access/verification.py",
        " or found.verified_by != actor.username",
        "",
        VERIFICATION + "test_one_claim_has_one_finding_until_it_is_taken_back_by_who_recorded_it",
    ),
    Guard(
        "a sample is drawn after its period closed",
        "data_access/samples.py",
        "    if held.ends_on >= local_day():",
        "    if False:",
        VERIFICATION + "test_out_of_turn_nothing_is_stored",
    ),
    Guard(
        "a sample is drawn once",
        "data_access/samples.py",
        "    if sample.drawn_at is not None:",
        "    if False:",
        VERIFICATION + "test_a_sample_is_drawn_once",
    ),
    Guard(
        "a sample's hash is published before its period closes",
        "data_access/samples.py",
        "    if is_late and not late:",
        "    if False:",
        VERIFICATION + "test_a_period_that_has_closed_is_not_announced",
    ),
    Guard(
        "a sample is of what the register held when its period closed",
        "data_access/samples.py",
        "known.held(event, day), which",
        "event.c.retracted_at.is_(None), event.c.received_on <= day, which",
        SAMPLES + "test_what_is_done_between_the_close_and_the_draw_takes_nothing_out_of_the_sample",
    ),
    Guard(
        "each claim that counts is drawn from exactly once",
        "data_access/samples.py",
        "            fresh = pl.concat([fresh, others]).unique()",
        "            pass",
        FRAMES + "test_each_claim_that_counts_is_in_the_frame_of_exactly_one_period",
    ),
    Guard(
        "the calendar is not changed before a drawn sample",
        "data_access/samples.py",
        "    if session.exec(drawn).first() is not None:",
        "    if False:",
        FRAMES + "test_a_period_is_neither_put_before_a_drawn_sample_nor_taken_away_from_before_it",
    ),
    Guard(
        "what was drawn and taken back counts as not shown",
        "data_access/since_seen.py",
        "(held_until < _NEVER) &",
        "pl.lit(value=False) &",
        SAMPLES + "test_a_drawn_claim_that_was_taken_back_counts_as_not_shown_and_keeps_nothing_open",
    ),
    Guard(
        "what was confirmed of another document has not been seen",
        "kpi/facts/standing.py",
        "return _found(register).filter(~_IS_OUT_OF_DATE)",
        "return _found(register)",
        SAMPLES + "test_another_document_than_the_one_that_was_seen_has_not_been_seen",
    ),
    Guard(
        "an agency takes back its own batches only",
        "data_access/updates/undoing.py",
        "account.agency is not None and account.agency == batch.agency",
        "account.agency is not None",
        FUNCTIONS + "test_ten_thousand_times_nobody_acts_who_may_not",
    ),
    Guard(
        "a batch is carried out for its own agency only",
        "data_access/updates/applying.py",
        "    if agency is None or agency != preview.agency or not (is_own or is_published):",
        "    if agency is None:",
        FUNCTIONS + "test_a_batch_is_carried_out_for_its_own_agency_only",
    ),
    Guard(
        "an upload touches agreements of its agency only",
        "data_access/updates/applying.py",
        "or not preview.versions.keys() <= own.keys():",
        "or False:",
        UPLOADS + "test_nobody_writes_for_another_agency",
    ),
    Guard(
        "what has changed since it was seen is refused",
        "data_access/updates/applying.py",
        "    stale = [number for number, seen in preview.versions.items() if own[number] != seen]",
        "    stale: list[int] = []",
        UPLOADS + "test_a_preview_of_what_has_changed_since_is_refused",
    ),
    Guard(
        "a confirmation repeated changes nothing",
        "data_access/updates/applying.py",
        "        if versions_before(session, number) == dict(preview.versions):",
        "        if False:",
        UPLOADS + "test_a_confirmation_repeated_changes_nothing_and_names_its_batch",
    ),
    Guard(
        "conflicts are decided by people",
        "data_access/updates/applying.py",
        '    if preview.conflicts:\n        raise Refused("undecided")',
        "    pass",
        UPLOADS + "test_conflicts_must_be_decided_first",
    ),
    Guard(
        "coordinators review",
        "data_access/updates/reviewing.py",
        "    account_of(session, actor, May.REVIEW)",
        "    account_of(session, actor)",
        FUNCTIONS + "test_ten_thousand_times_nobody_acts_who_may_not",
    ),
    Guard(
        "coordinators settle the calendar and thresholds",
        "data_access/coordination.py",
        "        account_of(session, actor, May.SETTLE)",
        "        account_of(session, actor)",
        FUNCTIONS + "test_ten_thousand_times_nobody_acts_who_may_not",
    ),
    Guard(
        "administrators look after accounts",
        "data_access/acting.py",
        "    if not (is_administrator if isinstance(actor, Person) else held is None):",
        "    if False:",
        FUNCTIONS + "test_ten_thousand_times_nobody_acts_who_may_not",
    ),
    Guard(
        "the name of an account does not pass for a process",
        "data_access/acting.py",
        "    if not (is_administrator if isinstance(actor, Person) else held is None):",
        "    if isinstance(actor, Person) and not is_administrator:",
        FUNCTIONS + "test_ten_thousand_times_nobody_acts_who_may_not",
    ),
    Guard(
        "refusals are written down",
        "data_access/acting.py",
        '            _updates.warning("%s of %s by %r refused',
        '            _updates.debug("%s of %s by %r refused',
        FUNCTIONS + "test_ten_thousand_times_nobody_acts_who_may_not",
    ),
    Guard(
        "PostgreSQL lets an agency touch its own rows only",
        "data_access/store/engine.py",
        "def act_for(session: Session, agency: str) -> None:",
        "def act_for(session: Session, agency: str) -> None:\n    return\n\n\ndef _unused(session: Session, agency: str) -> None:",
        "tests/data_access/store/test_row_level_security.py",
        store="",
    ),
    Guard(
        "a typed text is no longer than its field",
        "data_access/acting.py",
        "    if len(text) > most:",
        "    if False:",
        "tests/data_access/updates/test_publishing.py::test_a_reason_that_is_too_long_is_refused_whoever_asks",
    ),
)
