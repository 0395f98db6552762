"""Every guard is taken away in turn, in a copy of the tree, and the test named for it must fail.

    python -m tests.attacks.guards            all of them, some minutes
    python -m tests.attacks.guards header     those whose name contains the word
    python -m tests.attacks.guards --quick    without first running all the tests with the guards in place

A guard whose test still passes is not guarded by it. `docs/security.md` lists the same guards and tests.
"""

from __future__ import annotations

import dataclasses
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]


@dataclasses.dataclass(frozen=True)
class Guard:
    """What is guarded, the text in a file that does it, what stands there without it, and the test that notices.

    `store` narrows the test to those of one store, by its mark.
    """

    name: str
    path: str
    text: str
    without: str
    test: str
    store: str = "not postgresql"

    @property
    def file(self) -> pathlib.Path:
        return ROOT / self.path


SIGN_ON = "tests/web/test_single_sign_on.py::"
GATE = "tests/web/test_gate.py::"
LIMITS = "tests/web/test_limits.py::"
ROUTES = "tests/web/test_session_routes.py::"
ACCOUNTS = "tests/data_access/accounts/test_accounts.py::"
FACTOR = "tests/data_access/accounts/test_second_factor.py::"
UPLOADS = "tests/data_access/updates/test_updates.py::"
FUNCTIONS = "tests/attacks/test_functions.py::"
MESSAGES = "tests/attacks/test_messages.py::"
FILES = "tests/attacks/test_files.py::"
STORE = "tests/data_access/store/test_engine.py::"
KEEPING = "tests/data_access/keeping/test_backup.py::"
APART = "tests/files/test_apart.py::"
BUDGETS = "tests/files/test_budgets.py::"
STORED = "tests/pages/test_stored_uploads.py::"

GUARDS = (
    # --- The gate
    Guard(
        "headers of a client that name a session are removed",
        "web/headers.py",
        "        elif not name.lower().startswith(_OUR_HEADERS):",
        "        else:",
        GATE + "test_what_a_client_says_about_itself_is_removed",
    ),
    Guard(
        "without a session nothing closed answers",
        "web/gate.py",
        "        if closed and found is None:",
        "        if closed and found is None and False:",
        GATE + "test_without_a_session_nothing_is_uploaded_downloaded_or_measured",
    ),
    Guard(
        "pages of another origin are refused",
        "web/gate.py",
        "        if not is_from_here(connection):",
        "        if False and not is_from_here(connection):",
        "tests/attacks/test_sessions.py::test_pages_elsewhere_change_nothing_here",
    ),
    Guard(
        "a websocket says where it comes from",
        "web/csrf.py",
        '        return bool(connection.scope["type"] == "http")',
        "        return True",
        GATE + "test_a_websocket_that_does_not_say_where_it_comes_from_is_refused",
    ),
    Guard(
        "while the store does not answer nobody is let in",
        "web/gate.py",
        "                await _refuse(scope, receive, guarded, 503)\n                return",
        "                found = None",
        GATE + "test_while_the_store_does_not_answer_nobody_is_let_in",
    ),
    Guard(
        "cookies are out of reach of scripts",
        "web/session_cookie.py",
        '"httponly": True',
        '"httponly": False',
        ROUTES + "test_a_ticket_becomes_a_session_cookie_and_leads_back",
    ),
    Guard(
        "cookies are not sent along from other sites",
        "web/session_cookie.py",
        '"samesite": "Lax"',
        '"samesite": "None"',
        ROUTES + "test_a_ticket_becomes_a_session_cookie_and_leads_back",
    ),
    Guard(
        "over TLS cookies belong to this host",
        "web/session_cookie.py",
        'return f"__Host-kpi_{kind}" if secure else f"kpi_{kind}"',
        'return f"kpi_{kind}"',
        GATE + "test_over_tls_cookies_are_bound_to_the_host_and_the_browser_is_told_to_stay_with_tls",
    ),
    Guard(
        "security headers on every answer",
        "web/headers.py",
        "            headers.update(_HEADERS)",
        "            headers.update({})",
        GATE + "test_every_answer_carries_the_security_headers",
    ),
    Guard(
        "content security policy: images and connections from here only",
        "web/headers.py",
        "default-src 'self'; script-src 'self'",
        "default-src *; script-src *",
        "tests/attacks/test_settings.py::test_browsers_load_and_run_nothing_from_elsewhere",
    ),
    Guard(
        "browsers do not guess types",
        "web/headers.py",
        '    "X-Content-Type-Options": "nosniff",',
        "",
        GATE + "test_every_answer_carries_the_security_headers",
    ),
    Guard(
        "browsers stay with TLS",
        "web/headers.py",
        '                headers["Strict-Transport-Security"] = _HSTS',
        "                pass",
        GATE + "test_over_tls_cookies_are_bound_to_the_host_and_the_browser_is_told_to_stay_with_tls",
    ),
    Guard(
        "Streamlit's own identity cookies do not pass",
        "web/headers.py",
        "if not part.strip().startswith(_IDENTITY_COOKIES)",
        "if True",
        SIGN_ON + "test_identity_cookies_do_not_pass_the_gate",
    ),
    Guard(
        "Streamlit's own sign-in is shut",
        "web/gate.py",
        "_first(scope) in _SHUT or ",
        "",
        GATE + "test_streamlit_s_own_sign_in_is_shut_whoever_asks",
    ),
    Guard(
        "single sign-on is begun by a page of ours",
        "web/single_sign_on.py",
        "        if wanted is None:",
        '        wanted = wanted or "/"\n        if False:',
        SIGN_ON + "test_a_sign_in_is_begun_by_a_page_of_ours_only",
    ),
    Guard(
        "a token of the provider is for this application",
        "web/single_sign_on.py",
        '            "aud": {"essential": True, "value": self._settings.oidc_client_id},\n',
        "",
        SIGN_ON + "test_an_answer_that_does_not_hold_opens_nothing",
    ),
    Guard(
        "what is signed for one browser or session is of no use in another",
        "data_access/accounts/signed_values.py",
        'salt=f"{purpose}\\n{owner}"',
        "salt=purpose",
        "tests/data_access/accounts/test_signed_values.py::test_for_another_owner_or_purpose_or_under_another_secret_it_is_nothing",
    ),
    Guard(
        "a file is for the session it was shown to",
        "web/gate.py",
        "not self._offered.is_to(found[1], _path(scope))",
        "False",
        FILES + "test_a_file_is_for_the_session_it_was_made_for",
    ),
    Guard(
        "an upload goes where its session was told to",
        "web/file_addresses.py",
        '.startswith(("media/", "_stcore/upload_file/"))',
        '.startswith(("media/",))',
        FILES + "test_an_upload_goes_only_where_this_session_was_told_to",
    ),
    Guard(
        "an upload is taken where the account has room for it",
        "web/gate.py",
        "            if fits:",
        "            if True:",
        FILES + "test_uploads_of_an_account_are_limited_in_all_its_tabs_together",
    ),
    Guard(
        "an address somebody typed is not an offer of a file",
        "pages/ui/streamlit_internals.py",
        "            if (part.DESCRIPTOR.full_name, field.name) in _OFFERS_OF_FILES:",
        "            if isinstance(value, str):",
        LIMITS + "test_an_address_somebody_typed_is_not_an_offer",
    ),
    Guard(
        "nobody's files are forgotten for those of others",
        "web/file_addresses.py",
        "        while len(shown) > _OF_SESSION:",
        "        while len(shown) < 0:",
        LIMITS + "test_nobody_s_files_are_forgotten_for_those_of_others",
    ),
    Guard(
        "messages over a websocket are short, and shorter before signing in",
        "web/websocket.py",
        "            if length > (MESSAGE_BYTES_SIGNED_OUT if self._owner is None else MESSAGE_BYTES):",
        "            if False:",
        LIMITS + "test_a_message_that_is_too_long_ends_the_conversation",
    ),
    Guard(
        "addresses are given for a few files at once",
        "web/websocket.py",
        '        if kind == "file_urls_request" and len(said.file_urls_request.file_names) > FILES_AT_ONCE:',
        "        if False:",
        LIMITS + "test_addresses_for_ever_so_many_files_are_not_given",
    ),
    Guard(
        "a page is run when its turn has come",
        "web/websocket.py",
        "            await self._turn()",
        "            pass",
        LIMITS + "test_a_page_is_run_when_its_turn_has_come",
    ),
    Guard(
        "an account's runs wait for one another",
        "web/limits.py",
        "    await limiter.acquire()",
        "    pass",
        LIMITS + "test_who_runs_pages_without_pause_waits_and_nobody_else_does",
    ),
    Guard(
        "websockets are counted",
        "web/limits.py",
        "        if any(self._open[key] >= most for key, most in limits.items()):",
        "        if False:",
        LIMITS + "test_one_websocket_more_than_a_network_may_have_is_refused",
    ),
    Guard(
        "strangers do not keep the owner of an account from the sign-in",
        "web/gate.py",
        "            known = await to_thread.run_sync(self._known_browser, mark)",
        "            known = None",
        LIMITS + "test_strangers_do_not_keep_the_owner_of_an_account_from_the_sign_in",
    ),
    Guard(
        "only names of ours are answered where they are set",
        "web/server.py",
        '    hosts = [*named, "localhost", "127.0.0.1"] if named else ["*"]',
        '    hosts = ["*"]',
        LIMITS + "test_only_names_of_ours_are_answered_where_they_are_set",
    ),
    Guard(
        "messages for developers are not read",
        "web/websocket.py",
        '        if not is_known or (operation or "deferred_file") not in _OPERATIONS:',
        "        if False:",
        MESSAGES + "test_messages_for_developers_are_not_read",
    ),
    Guard(
        "fragments and files on demand need the session to hold",
        "web/websocket.py",
        "        if self._owner is not None and await self._holds():",
        "        if self._owner is not None:",
        MESSAGES + "test_an_open_page_of_an_ended_session_gives_nothing_more",
    ),
    Guard(
        "a value that a widget does not send is not read",
        "pages/ui/streamlit_internals.py",
        "    if kind in (None, metadata.value_type):",
        "    if True:",
        MESSAGES + "test_values_of_a_kind_that_a_widget_does_not_send_end_in_a_page_and_not_in_an_incident",
    ),
    # --- Addresses and routes
    Guard(
        "only pages of this application are led to",
        "web/routes.py",
        '    if not plain or not address.startswith("/") or address.startswith("//"):',
        '    if not address.startswith("/"):',
        ROUTES + "test_only_pages_of_this_application_are_led_to",
    ),
    Guard(
        "dots in an address lead nowhere else",
        "web/routes.py",
        '    if not {".", ".."}.isdisjoint(parts):  # which a browser resolves, and then asks for something else',
        "    if False:",
        ROUTES + "test_only_pages_of_this_application_are_led_to",
    ),
    Guard(
        "what pages left in the browser goes at signing out",
        "web/routes.py",
        """            response.headers["Clear-Site-Data"] = '"storage"'  # of cookies ours is removed, the browser's mark stays""",
        "            pass",
        ROUTES + "test_what_pages_left_in_the_browser_goes_at_signing_out_and_its_mark_stays",
    ),
    Guard(
        "a link of somebody else signs nobody out",
        "web/csrf.py",
        '    return read_signed(key, purpose="sign out", owner=token_hash, app_secret=app_secret) is not None',
        "    return True",
        ROUTES + "test_a_link_made_by_somebody_else_signs_nobody_out",
    ),
    Guard(
        "signing in ends the session the browser had",
        "web/house.py",
        "            if previous:",
        "            if False:",
        ROUTES + "test_signing_in_again_ends_the_session_this_browser_had",
    ),
    # --- Sessions and tickets
    Guard(
        "a ticket works once",
        "data_access/accounts/signing_in.py",
        "            col(SignInTicket.ticket_hash) == _hash(step, browser),\n            col(SignInTicket.used_at).is_(None),\n"
        "            col(SignInTicket.expires_at) > now,\n        )\n        .values",
        "            col(SignInTicket.ticket_hash) == _hash(step, browser),\n"
        "            col(SignInTicket.expires_at) > now,\n        )\n        .values",
        ACCOUNTS + "test_a_ticket_works_once",
    ),
    Guard(
        "a ticket is good for seconds",
        "data_access/accounts/signing_in.py",
        "            col(SignInTicket.used_at).is_(None),\n"
        "            col(SignInTicket.expires_at) > now,\n        )\n        .values",
        "            col(SignInTicket.used_at).is_(None),\n        )\n        .values",
        ACCOUNTS + "test_a_ticket_that_is_late_or_guessed_or_from_another_browser_opens_nothing",
    ),
    Guard(
        "a ticket is good in the browser it was made for",
        "data_access/accounts/signing_in.py",
        "json.dumps([step.stage, step.proof, browser])",
        "json.dumps([step.stage, step.proof])",
        ACCOUNTS + "test_a_ticket_that_is_late_or_guessed_or_from_another_browser_opens_nothing",
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
        ACCOUNTS + "test_the_store_keeps_neither_tickets_nor_tokens",
    ),
    Guard(
        "a session ends when it is not used",
        "data_access/accounts/sessions.py",
        "        col(UserSession.last_seen_at) > now - idle,\n",
        "",
        ACCOUNTS + "test_a_session_ends_after_half_an_hour_unused",
    ),
    Guard(
        "a session ends however it is used",
        "data_access/accounts/sessions.py",
        "        col(UserSession.expires_at) > now,\n",
        "",
        ACCOUNTS + "test_a_session_ends_after_eight_hours_however_used",
    ),
    Guard(
        "a session that was ended is over",
        "data_access/accounts/sessions.py",
        "    return (\n        col(UserSession.revoked_at).is_(None),\n",
        "    return (\n",
        "tests/attacks/test_sessions.py::test_every_session_that_is_over_stays_over",
    ),
    Guard(
        "a session of a closed account is over",
        "data_access/accounts/sessions.py",
        "col(UserSession.token_hash) == token_hash, col(User.active), *_open",
        "col(UserSession.token_hash) == token_hash, *_open",
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
        FACTOR + "test_changing_the_password_ends_all_other_sessions_and_renews_this_one",
    ),
    # --- Passwords, tries, second factor
    Guard(
        "failures have to wait",
        "data_access/accounts/rate_limits.py",
        "        doublings = min(failures - self.free, 20)",
        "        return dt.timedelta(0)",
        ACCOUNTS + "test_after_too_many_failures_even_the_right_password_has_to_wait_and_then_opens",
    ),
    Guard(
        "tries are counted before the password is looked at",
        "data_access/accounts/rate_limits.py",
        "            attempt.failures += 1",
        "            attempt.failures += 0",
        ACCOUNTS + "test_tries_sent_at_once_are_all_counted",
    ),
    Guard(
        "an address that tries many names has to wait",
        "data_access/accounts/rate_limits.py",
        "        allowed_at = max(attempt.allowed_at for attempt, _ in attempts)",
        "        allowed_at = attempts[0][0].allowed_at",
        ACCOUNTS + "test_one_address_that_tries_many_names_has_to_wait_and_others_do_not",
    ),
    Guard(
        "nobody shuts out the owner of an account where it was signed in to before",
        "data_access/accounts/rate_limits.py",
        "    if browser is not None and session.get(KnownBrowser, (username, browser)) is not None:",
        "    if False:",
        ACCOUNTS + "test_nobody_shuts_out_the_owner_of_an_account_where_it_was_signed_in_to_before",
    ),
    Guard(
        "a known browser's failures are counted",
        "data_access/accounts/rate_limits.py",
        "        return ((_key(tried, username, browser), rule),)",
        "        return ()",
        ACCOUNTS + "test_a_browser_known_to_an_account_counts_its_own_failures_and_is_known_to_no_other",
    ),
    Guard(
        "addresses of IPv6 are counted by network",
        "data_access/accounts/rate_limits.py",
        "    return str(found.ipv4_mapped or ipaddress.ip_network((int(found), 64), strict=False))",
        "    return address",
        ACCOUNTS + "test_addresses_are_counted_by_what_one_subscriber_has",
    ),
    Guard(
        "an unknown name costs as much work as a wrong password",
        "data_access/accounts/passwords.py",
        "    found = bcrypt.checkpw(",
        "    found = password_hash is not None and bcrypt.checkpw(",
        ACCOUNTS + "test_an_unknown_name_costs_as_much_work_as_a_wrong_password",
    ),
    Guard(
        "passwords people try first are refused",
        "data_access/accounts/passwords.py",
        "    if folded in _COMMON or ",
        "    if False and folded in _COMMON or ",
        ACCOUNTS + "test_what_people_try_first_is_refused",
    ),
    Guard(
        "coordinators and administrators need a second factor",
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
    # --- Roles and agencies
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
        '    return found.where(pl.col("agency") == own)',
        "    return found",
        "tests/attacks/test_pages.py::test_no_address_shows_an_agency_what_belongs_to_others",
    ),
    Guard(
        "files give an agency its own agreements only",
        "pages/ui/loaders.py",
        '    return found.where(pl.col("agency") == own)',
        "    return found",
        "tests/attacks/test_pages.py::test_no_file_gives_an_agency_what_belongs_to_others",
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
        "tests/data_access/updates/test_reviewing.py::test_a_reason_that_is_too_long_is_refused_whoever_asks",
    ),
    # --- Audit and what leaves
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
        "exported cells do not begin like formulas",
        "pages/ui/exports.py",
        "    return frame.with_columns(neutralised(pl.col(pl.String)))",
        "    return frame",
        "tests/attacks/test_hostile_text.py::test_no_file_holds_a_formula",
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
    # --- Reading files
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
        "        if self._only_first_row and self._elements > self._limits.elements_of_a_look:",
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
        "                if len(self._merged) == _MOST_RANGES_NAMED:",
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
        UPLOADS + "test_an_account_has_one_file_checked_at_a_time",
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
    # --- Settings and starting
    Guard(
        "uploads are limited in size",
        "web/server.py",
        '    streamlit_internals.set_option("server.maxUploadSize", found.upload_max_mb)',
        '    streamlit_internals.set_option("server.maxUploadSize", 500)',
        FILES + "test_a_body_that_is_too_large_is_cut_off",
    ),
    Guard(
        "uploads need the form token",
        ".streamlit/config.toml",
        "enableXsrfProtection = true",
        "enableXsrfProtection = false",
        FILES + "test_an_upload_needs_the_form_token_of_the_page",
    ),
    Guard(
        "errors are not explained to the browser",
        ".streamlit/config.toml",
        'showErrorDetails = "none"',
        'showErrorDetails = "full"',
        "tests/attacks/test_settings.py::test_streamlit_is_set_as_it_must_be",
    ),
    Guard(
        "no figures about use are sent to Streamlit",
        ".streamlit/config.toml",
        "gatherUsageStats = false",
        "gatherUsageStats = true",
        "tests/attacks/test_settings.py::test_streamlit_is_set_as_it_must_be",
    ),
    Guard(
        "demo accounts keep production from starting",
        "web/house.py",
        "            if found:",
        "            if False:",
        ROUTES + "test_production_does_not_start_with_demo_accounts_and_says_what_to_do",
    ),
    Guard(
        "a short or simple secret keeps production from starting",
        "data_access/settings.py",
        "        if len(secret) < SECRET_MIN_LENGTH or len(set(secret)) < 10:",
        "        if False:",
        "tests/data_access/test_settings.py",
    ),
    Guard(
        "a missing secret keeps production from starting",
        "data_access/settings.py",
        '        if app_mode == "production":\n            raise SettingsError(f"APP_SECRET is missing',
        '        if False:\n            raise SettingsError(f"APP_SECRET is missing',
        "tests/data_access/test_settings.py",
    ),
)


def main(words: list[str]) -> int:
    """Try the guards whose names hold one of the words (all without any); 0 when each is missed."""
    is_quick = "--quick" in words
    words = [word for word in words if word != "--quick"]
    chosen = [guard for guard in GUARDS if not words or any(word in guard.name for word in words)]
    survived = []
    with tempfile.TemporaryDirectory(prefix="guards") as folder:
        tree = _copy(pathlib.Path(folder) / "tree")
        print(f"{len(chosen)} guards.", "" if is_quick else "First their tests with all of them in place.", flush=True)
        for store in sorted({guard.store for guard in chosen}) if not is_quick else ():
            tests = sorted({guard.test for guard in chosen if guard.store == store})
            if (code := _run(tree, tests, store, stop=False)) != 0:
                print(f"They do not: pytest ended with {code}.")
                return 2
        for guard in chosen:
            began = time.monotonic()
            is_missed = _is_missed(tree, guard)
            took = time.monotonic() - began
            print(f"{'ok  ' if is_missed else 'GONE'} {took:5.1f} s  {guard.name}  [{guard.test}]", flush=True)
            survived += [] if is_missed else [guard.name]
    print(f"{len(chosen) - len(survived)} of {len(chosen)} guards are missed by the test named for them.")
    return 1 if survived else 0


def _copy(tree: pathlib.Path) -> pathlib.Path:
    """The files of the project as they are now, without what is kept out of the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tree / name)
    return tree


def _is_missed(tree: pathlib.Path, guard: Guard) -> bool:
    """Whether the test fails without the guard. That it cannot even be collected does not count."""
    path = tree / guard.path
    whole = path.read_text(encoding="utf-8")
    path.write_text(whole.replace(guard.text, guard.without), encoding="utf-8")
    try:
        return _run(tree, [guard.test], guard.store, stop=True) == 1
    finally:
        path.write_text(whole, encoding="utf-8")


def _run(tree: pathlib.Path, tests: list[str], store: str, *, stop: bool) -> int:
    command = [sys.executable, "-m", "pytest", "-q", "--no-header", "-p", "no:cacheprovider", "--tb=no"]
    command += ["-m", store] if store else []
    command += ["-x"] if stop else ["-n", "2"]
    ended = subprocess.run([*command, *tests], cwd=tree, capture_output=True, text=True)
    if ended.returncode not in (0, 1) or (not stop and ended.returncode):
        print(ended.stdout[-2000:], ended.stderr[-2000:], sep="\n")
    return ended.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
