"""Settings, and what must be so before the application starts."""

from __future__ import annotations

from tests.attacks.guards.guard import Guard

ROUTES = "tests/web/test_session_routes.py::"
FILES = "tests/attacks/test_files.py::"

GUARDS = (
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
