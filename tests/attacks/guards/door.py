"""The door: what may pass from the network to the pages."""

from __future__ import annotations

from tests.attacks.guards.guard import Guard

SIGN_ON = "tests/web/test_single_sign_on.py::"
GATE = "tests/web/test_gate.py::"
LIMITS = "tests/web/test_limits.py::"
ROUTES = "tests/web/test_session_routes.py::"
MESSAGES = "tests/attacks/test_messages.py::"
FILES = "tests/attacks/test_files.py::"
SIGN_ON_REFUSED = "tests/web/test_single_sign_on_refused.py::"

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
        SIGN_ON_REFUSED + "test_a_sign_in_is_begun_by_a_page_of_ours_only",
    ),
    Guard(
        "a token of the provider is for this application",
        "web/single_sign_on.py",
        '            "aud": {"essential": True, "value": self._settings.oidc_client_id},\n',
        "",
        SIGN_ON_REFUSED + "test_an_answer_that_does_not_hold_opens_nothing",
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
)
