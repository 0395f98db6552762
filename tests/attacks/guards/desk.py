"""The coordinator's desk: contacts, reminders and what an agency says of its own."""

from __future__ import annotations

from tests.attacks.guards.guard import Guard

EXPLANATIONS = "tests/data_access/test_explanations.py::"
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
        "mail goes to a server that somebody vouches for",
        "data_access/mail.py",
        "ssl.create_default_context()",
        "ssl._create_unverified_context()",
        REMINDING + "test_a_server_that_nobody_vouches_for_or_that_is_not_there_gets_nothing",
    ),
)
