"""The coordinator's desk: contacts, reminders and what an agency says of its own; drafts, which are nobody else's."""

from __future__ import annotations

from tests.attacks.guards.guard import Guard

DIRECTIVES = "tests/data_access/test_directives.py::"
DRAFTS = "tests/data_access/test_drafts.py::"
ESCALATIONS = "tests/data_access/test_escalations.py::"
EXPLANATIONS = "tests/data_access/test_explanations.py::"
PUBLICATIONS = "tests/data_access/test_publications.py::"
REMINDING = "tests/data_access/test_reminding.py::"

GUARDS = (
    Guard(
        "an agency keeps its own contact alone",
        "data_access/contacts.py",
        "        if not may(account.role, May.SETTLE) and account.agency != agency:",
        "        if False:",
        REMINDING + "test_a_contact_is_kept_by_the_coordinator_and_by_the_agency_for_itself_alone",
    ),
    Guard(
        "an address for mail is one",
        "data_access/contacts.py",
        "    if len(addresses) > MOST_ADDRESSES or not all(map(is_address, addresses)):",
        "    if False:",
        REMINDING + "test_a_contact_that_reaches_nobody_is_refused",
    ),
    Guard(
        "reminders are sent by those who may remind",
        "data_access/reminding.py",
        "    with store.session(engine) as session:\n        account_of(session, actor, May.REMIND)\n        store.take_turn",
        "    with store.session(engine) as session:\n        store.take_turn",
        REMINDING + "test_a_letter_on_its_way_is_stopped_where_its_sender_may_no_longer",
    ),
    Guard(
        "an agency that has ended hands nothing in",
        "data_access/acting.py",
        "    if agency is None or held is None or has_ended:",
        "    if agency is None or held is None:",
        "tests/data_access/test_lists.py::test_who_has_ended_hands_nothing_in",
    ),
    Guard(
        "an agency explains its own figures only",
        "data_access/explanations.py",
        '        if agency_of(session, actor) != agency:\n            raise Refused("not_allowed")\n',
        "",
        EXPLANATIONS + "test_what_cannot_be_said_leaves_nothing",
    ),
    Guard(
        "explanations are answered by leaders and coordinators",
        "data_access/explanations.py",
        "account_of(session, actor, May.ANSWER)",
        "account_of(session, actor)",
        EXPLANATIONS + "test_what_cannot_be_said_leaves_nothing",
    ),
    Guard(
        "directives are given by those who may decide",
        "data_access/directives/giving.py",
        '    with logged("directive.give", actor, agency):\n        account_of(session, actor, May.DIRECT)\n',
        '    with logged("directive.give", actor, agency):\n',
        DIRECTIVES + "test_what_cannot_be_leaves_nothing",
    ),
    Guard(
        "a directive is closed by whoever gave it",
        "data_access/directives/giving.py",
        "        if found is None or not is_issuer(session, actor, found.issued_by):\n",
        "        if found is None:\n",
        DIRECTIVES + "test_only_the_issuer_closes_and_for_a_closed_account_another_leader",
    ),
    Guard(
        "an agency answers its own directives only",
        "data_access/directives/giving.py",
        "        if found is None or found.agency != agency or found.issued_by == actor.username:\n",
        "        if found is None or found.issued_by == actor.username:\n",
        DIRECTIVES + "test_what_cannot_be_leaves_nothing",
    ),
    Guard(
        "nobody confirms what they reported themselves",
        "data_access/directives/giving.py",
        "        if step is DirectiveStep.ACCEPTED and _has_answered(session, number, actor.username):\n",
        "        if False:\n",
        DIRECTIVES + "test_nobody_answers_or_closes_in_ones_own_cause",
    ),
    Guard(
        "escalations are settled by those who may decide",
        "data_access/directives/escalating.py",
        '    with logged("escalation.settle", actor, str(number)):\n        account_of(session, actor, May.DIRECT)\n',
        '    with logged("escalation.settle", actor, str(number)):\n',
        ESCALATIONS + "test_what_cannot_be_leaves_nothing",
    ),
    Guard(
        "nobody settles what they sent up for an agency",
        "data_access/directives/escalating.py",
        "        if found is None or found.raised_by == actor.username:\n",
        "        if found is None:\n",
        ESCALATIONS + "test_what_cannot_be_leaves_nothing",
    ),
    Guard(
        "what is sent down counts as never escalated",
        "data_access/directives/escalating.py",
        "        _retract(session, found, everything=kind is EscalationStep.SENT_DOWN)\n",
        "        pass\n",
        ESCALATIONS + "test_what_is_sent_down_or_taken_off_raises_k10_for_nobody_whatever_is_typed_beside_it",
    ),
    Guard(
        "figures are drafted for publication by the coordinator",
        "data_access/publications.py",
        "        account_of(session, actor, May.SETTLE)\n        take_turn(session)\n        found = models.Publication\n",
        "        take_turn(session)\n        found = models.Publication\n",
        PUBLICATIONS + "test_what_cannot_be_leaves_nothing",
    ),
    Guard(
        "scorecards are published by the coordinator",
        "data_access/publications.py",
        "        account_of(session, actor, May.SETTLE)\n        version = take_turn(session)\n",
        "        version = take_turn(session)\n",
        PUBLICATIONS + "test_what_cannot_be_leaves_nothing",
    ),
    Guard(
        "agencies have their days to comment before anything is published",
        "data_access/publications.py",
        "        if local_day() <= held.comments_due_on:",
        "        if False:",
        PUBLICATIONS + "test_what_is_published_comes_out_again_bit_for_bit_whatever_came_since",
    ),
    Guard(
        "what is published is what was drafted",
        "data_access/publications.py",
        "        if _sha256(held.content) != held.sha256:",
        "        if False:",
        PUBLICATIONS + "test_what_is_kept_of_it_cannot_be_changed_unseen",
    ),
    Guard(
        "the day of published scorecards stays published",
        "data_access/coordination.py",
        " or (scorecards is not None and day < scorecards):",
        ":",
        PUBLICATIONS + "test_the_day_of_published_scorecards_stays_published",
    ),
    Guard(
        "a draft is its account's alone",
        "data_access/drafts.py",
        "    own = col(UploadDraft.username) == account.username",
        "    own = sa.true()",
        DRAFTS + "test_a_draft_is_read_changed_and_thrown_away_by_its_account_alone",
    ),
    Guard(
        "a draft is changed by its account alone",
        "data_access/drafts.py",
        "        own = (col(UploadDraft.username) == actor.username, col(UploadDraft.agency) == agency)",
        "        own = (sa.true(),)",
        DRAFTS + "test_a_draft_is_read_changed_and_thrown_away_by_its_account_alone",
    ),
    Guard(
        "PostgreSQL shows an account its own drafts only",
        "data_access/store/engine.py",
        '        session.execute(sa.select(sa.func.set_config("kpi.account", username, True)))',
        "        pass",
        DRAFTS + "test_postgresql_shows_an_account_no_draft_of_a_colleague_whatever_is_asked_for",
        store="",
    ),
    Guard(
        "an account has room for so many bytes of drafts",
        "data_access/drafts.py",
        "    if size > room:",
        "    if False:",
        DRAFTS + "test_an_account_has_room_for_so_many_bytes",
    ),
    Guard(
        "drafts expire",
        "data_access/drafts.py",
        "    return now - dt.timedelta(days=settings.load().draft_days)",
        "    return dt.datetime.min",
        DRAFTS + "test_drafts_expire_and_go_when_the_next_one_is_begun",
    ),
    Guard(
        "closing an account deletes its drafts",
        "data_access/accounts/people.py",
        "    drafts.forget_all(session, user.username)\n",
        "",
        DRAFTS + "test_closing_an_account_deletes_its_drafts",
    ),
    Guard(
        "mail goes to a server that somebody vouches for",
        "data_access/mail.py",
        "ssl.create_default_context()",
        "ssl._create_unverified_context()",
        REMINDING + "test_a_server_that_nobody_vouches_for_or_that_is_not_there_gets_nothing",
    ),
)
