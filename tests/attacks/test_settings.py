"""Settings by which browsers and Streamlit are kept from doing what nobody here wants."""

from __future__ import annotations

import tomllib

import httpx

from tests.attacks.guards import ROOT


def test_browsers_load_and_run_nothing_from_elsewhere(http: httpx.Client) -> None:
    """The whole policy, piece by piece: what is added to it has to be added here."""
    policy = http.get("/").headers["content-security-policy"]
    found = {name: set(sources) for name, *sources in (part.split() for part in policy.split(";"))}

    scripts = found.pop("script-src")
    assert found == {
        "default-src": {"'self'"},
        "style-src": {"'self'", "'unsafe-inline'"},
        "img-src": {"'self'", "data:", "blob:"},
        "font-src": {"'self'", "data:"},
        "worker-src": {"'self'", "blob:"},
        "object-src": {"'none'"},
        "base-uri": {"'none'"},
        "form-action": {"'self'"},
        "frame-ancestors": {"'none'"},
    }
    assert {source for source in scripts if not source.startswith("'sha256-")} == {"'self'", "'unsafe-eval'"}
    assert len(scripts) == 3


def test_streamlit_is_set_as_it_must_be() -> None:
    settings = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))

    assert settings["client"]["showErrorDetails"] == "none"
    assert settings["client"]["toolbarMode"] == "viewer"
    assert settings["client"]["disableDataExport"] is True
    assert settings["browser"]["gatherUsageStats"] is False
    assert settings["server"]["enableXsrfProtection"] is True
    assert settings["server"]["enableCORS"] is True
    assert settings["server"]["enableStaticServing"] is False
    assert settings["server"]["headless"] is True
    assert settings["server"]["address"] == "127.0.0.1"
