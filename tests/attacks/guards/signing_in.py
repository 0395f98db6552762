"""Who is let in, and for how long."""

from __future__ import annotations

from tests.attacks.guards.guard import Guard

ACCOUNTS = "tests/data_access/accounts/test_accounts.py::"
FACTOR = "tests/data_access/accounts/test_second_factor.py::"
FUNCTIONS = "tests/attacks/test_functions.py::"
OWN = "tests/data_access/accounts/test_own.py::"
SIGNING_IN = "tests/data_access/accounts/test_signing_in.py::"

GUARDS = (
    # --- Sessions and tickets
    Guard(
        "a ticket works once",
        "data_access/accounts/signing_in.py",
        "            col(SignInTicket.ticket_hash) == _hash(step, browser),\n            col(SignInTicket.used_at).is_(None),\n"
        "            col(SignInTicket.expires_at) > now,\n        )\n        .values",
        "            col(SignInTicket.ticket_hash) == _hash(step, browser),\n"
        "            col(SignInTicket.expires_at) > now,\n        )\n        .values",
        SIGNING_IN + "test_a_ticket_works_once",
    ),
    Guard(
        "a ticket is good for seconds",
        "data_access/accounts/signing_in.py",
        "            col(SignInTicket.used_at).is_(None),\n"
        "            col(SignInTicket.expires_at) > now,\n        )\n        .values",
        "            col(SignInTicket.used_at).is_(None),\n        )\n        .values",
        SIGNING_IN + "test_a_ticket_that_is_late_or_guessed_or_from_another_browser_opens_nothing",
    ),
    Guard(
        "a ticket is good in the browser it was made for",
        "data_access/accounts/signing_in.py",
        "json.dumps([step.stage, step.proof, browser])",
        "json.dumps([step.stage, step.proof])",
        SIGNING_IN + "test_a_ticket_that_is_late_or_guessed_or_from_another_browser_opens_nothing",
    ),
    Guard(
        "the proof of one step does not pass for another's",
        "data_access/accounts/signing_in.py",
        "json.dumps([step.stage, step.proof, browser])",
        "json.dumps([step.proof, browser])",
        FACTOR + "test_after_the_password_alone_there_is_neither_ticket_nor_session",
    ),
    Guard(
        "the store keeps hashes of tokens only",
        "data_access/accounts/sessions.py",
        "    return hashlib.sha256(token.encode()).hexdigest()",
        "    return token",
        SIGNING_IN + "test_the_store_keeps_neither_tickets_nor_tokens",
    ),
    Guard(
        "a session ends when it is not used",
        "data_access/accounts/sessions.py",
        '    col(UserSession.last_seen_at) > bindparam("unused_since"),\n',
        "",
        ACCOUNTS + "test_a_session_ends_after_half_an_hour_unused",
    ),
    Guard(
        "a page that runs by itself keeps no session alive",
        "pages/ui/session.py",
        "is_use=is_asked_for())",
        "is_use=is_asked_for() or True)",
        "tests/web/test_news.py::test_a_page_that_runs_by_itself_keeps_no_session_alive",
    ),
    Guard(
        "a session ends however it is used",
        "data_access/accounts/sessions.py",
        '    col(UserSession.expires_at) > bindparam("now"),\n',
        "",
        ACCOUNTS + "test_a_session_ends_after_eight_hours_however_used",
    ),
    Guard(
        "a session that was ended is over",
        "data_access/accounts/sessions.py",
        "_IS_OPEN: Final = (\n    col(UserSession.revoked_at).is_(None),\n",
        "_IS_OPEN: Final = (\n",
        "tests/attacks/test_sessions.py::test_every_session_that_is_over_stays_over",
    ),
    Guard(
        "a session of a closed account is over",
        "data_access/accounts/sessions.py",
        'col(UserSession.token_hash) == bindparam("token_hash"), col(User.active), *_IS_OPEN',
        'col(UserSession.token_hash) == bindparam("token_hash"), *_IS_OPEN',
        ACCOUNTS + "test_a_session_of_an_account_that_is_closed_by_other_means_opens_nothing",
    ),
    Guard(
        "closing an account ends its sessions",
        "data_access/accounts/people.py",
        "    user.active = False\n    session.flush()\n    end_all_sessions(session, actor=by, username=user.username)\n",
        "    user.active = False\n    session.flush()\n",
        ACCOUNTS + "test_opening_a_disabled_account_again_does_not_revive_its_sessions",
    ),
    Guard(
        "another role or agency ends the sessions",
        "data_access/accounts/people.py",
        '    if {"role", "agency"} & set(changed):\n        end_all_sessions',
        "    if False:\n        end_all_sessions",
        "tests/data_access/accounts/test_administration.py",
    ),
    Guard(
        "a new password ends all other sessions",
        "data_access/accounts/own.py",
        "        end_all_sessions(session, actor=person.username, username=person.username, keep=keep, now=now)\n"
        "        ticket",
        "        ticket",
        OWN + "test_changing_the_password_ends_all_other_sessions_and_renews_this_one",
    ),
    # --- Passwords, tries, second factor
    Guard(
        "failures have to wait",
        "data_access/accounts/rate_limits.py",
        "        doublings = min(failures - self.free, 20)",
        "        return dt.timedelta(0)",
        SIGNING_IN + "test_after_too_many_failures_even_the_right_password_has_to_wait_and_then_opens",
    ),
    Guard(
        "tries are counted before the password is looked at",
        "data_access/accounts/rate_limits.py",
        "            attempt.failures += 1",
        "            attempt.failures += 0",
        SIGNING_IN + "test_tries_sent_at_once_are_all_counted",
    ),
    Guard(
        "an address that tries many names has to wait",
        "data_access/accounts/rate_limits.py",
        "        allowed_at = max(attempt.allowed_at for attempt, _ in attempts)",
        "        allowed_at = attempts[0][0].allowed_at",
        SIGNING_IN + "test_one_address_that_tries_many_names_has_to_wait_and_others_do_not",
    ),
    Guard(
        "nobody shuts out the owner of an account where it was signed in to before",
        "data_access/accounts/rate_limits.py",
        "    if browser is not None and session.get(KnownBrowser, (username, browser)) is not None:",
        "    if False:",
        SIGNING_IN + "test_nobody_shuts_out_the_owner_of_an_account_where_it_was_signed_in_to_before",
    ),
    Guard(
        "a known browser's failures are counted",
        "data_access/accounts/rate_limits.py",
        "        return ((_key(tried, username, browser), rule),)",
        "        return ()",
        SIGNING_IN + "test_a_browser_known_to_an_account_counts_its_own_failures_and_is_known_to_no_other",
    ),
    Guard(
        "addresses of IPv6 are counted by network",
        "data_access/accounts/rate_limits.py",
        "    return str(found.ipv4_mapped or ipaddress.ip_network((int(found), 64), strict=False))",
        "    return address",
        SIGNING_IN + "test_addresses_are_counted_by_what_one_subscriber_has",
    ),
    Guard(
        "an unknown name costs as much work as a wrong password",
        "data_access/accounts/passwords.py",
        "    found = bcrypt.checkpw(",
        "    found = password_hash is not None and bcrypt.checkpw(",
        SIGNING_IN + "test_an_unknown_name_costs_as_much_work_as_a_wrong_password",
    ),
    Guard(
        "passwords people try first are refused",
        "data_access/accounts/passwords.py",
        "    if folded in _COMMON or ",
        "    if False and folded in _COMMON or ",
        ACCOUNTS + "test_what_people_try_first_is_refused",
    ),
    Guard(
        "coordinators, verifiers and administrators need a second factor",
        "data_access/accounts/signing_in.py",
        "    if user.totp_confirmed_at is not None:\n        return _step",
        "    if False:\n        return _step",
        FACTOR + "test_after_the_password_alone_there_is_neither_ticket_nor_session",
    ),
    Guard(
        "a code counts once",
        "data_access/accounts/second_factor.py",
        "col(User.totp_last_step).is_(None) | (col(User.totp_last_step) < step)",
        "col(User.username) == username",
        FACTOR + "test_a_code_counts_half_a_minute_around_its_own_and_once",
    ),
    Guard(
        "a recovery code counts once",
        "data_access/accounts/second_factor.py",
        "        col(RecoveryCode.username) == username,\n        col(RecoveryCode.used_at).is_(None),\n    )\n    if not",
        "        col(RecoveryCode.username) == username,\n    )\n    if not",
        FACTOR + "test_a_recovery_code_stands_in_once_however_it_is_typed",
    ),
    Guard(
        "wrong codes have to wait",
        "data_access/accounts/rate_limits.py",
        "BY_CODE = Rule(free=5",
        "BY_CODE = Rule(free=5_000",
        FACTOR + "test_after_too_many_wrong_codes_even_the_right_one_has_to_wait",
    ),
    Guard(
        "changing one's own account asks for the password",
        "data_access/accounts/own.py",
        "    if check.username is None:",
        "    if False:",
        FUNCTIONS + "test_one_s_own_account_asks_for_the_password",
    ),
)
