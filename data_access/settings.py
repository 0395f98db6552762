"""What the environment decides, read in one place and checked before anything starts.

Every field of `Settings` is set by the environment variable of the same name in capitals; `docs/settings.md` lists
them, and a test fails where the two differ.
"""

from __future__ import annotations

import dataclasses
import functools
import ipaddress
import os
import pathlib
import re
import secrets
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote, urlsplit

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

ROOT = pathlib.Path(__file__).resolve().parent.parent
SECRET_MIN_LENGTH = 32
EXAMPLE_SECRETS = frozenset({"change-me", "changeme", "secret", "example", "some_signature_key", "abcdef"})

WORLDBANK_API: Final = "https://search.worldbank.org/api/v3/projects"
"""The World Bank's public projects API."""


class SettingsError(ValueError):
    """An environment variable holds something unusable; the message says what to set instead."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """How this process runs. `database_url` is already in SQLAlchemy's form, with the driver named."""

    database_url: str
    register: str = "demo"
    app_mode: str = "demo"
    app_secret: str = dataclasses.field(repr=False)
    host: str = "127.0.0.1"
    port: int = 8501
    session_idle_minutes: int = 30
    session_hours: int = 8
    upload_max_mb: int = 5
    upload_max_rows: int = 20_000
    draft_days: int = 14
    cookie_secure: bool = False
    auth_mode: str = "embedded"
    public_address: str = ""
    oidc_issuer: str = ""
    oidc_metadata_url: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: str = dataclasses.field(default="", repr=False)
    trusted_proxies: tuple[str, ...] = ()
    allowed_hosts: tuple[str, ...] = ()
    runs_per_second: int = 4
    figures_mb: int = 1024
    figures_dir: str
    figures_disk_mb: int = 1024
    second_factor: str = "optional"
    log_format: str = "text"
    smtp_url: str = dataclasses.field(default="", repr=False)
    mail_from: str = ""
    worldbank_api: str = WORLDBANK_API

    @property
    def is_production(self) -> bool:
        return self.app_mode == "production"

    @property
    def is_single_sign_on(self) -> bool:
        """Whether people sign in with the OpenID provider, and with nothing else."""
        return self.auth_mode == "oidc"


_NAMES: Final = tuple(field.name.upper() for field in dataclasses.fields(Settings))


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """The settings that `environ` (the process's own by default) asks for.

    Raises `SettingsError` naming the variable and what to write instead. In production a secret is required and cookies
    are sent over TLS only unless `COOKIE_SECURE` says otherwise; in demo mode a missing secret is replaced by a random
    one that lives as long as the process.
    """
    given = os.environ if environ is None else environ
    return _load(*(given.get(name, "") for name in _NAMES))


@functools.lru_cache(maxsize=16)  # pages ask several times in every run
def _load(*texts: str) -> Settings:
    given = dict(zip(_NAMES, texts, strict=True))
    app_mode = _one_of(given, "APP_MODE", "demo", ("demo", "production"))
    auth_mode = _one_of(given, "AUTH_MODE", "embedded", ("embedded", "oidc"))
    single_sign_on = _single_sign_on(given, app_mode) if auth_mode == "oidc" else {}
    register = _register(given)
    database_url = normalise_url(given.get("DATABASE_URL", "").strip() or default_url(register))
    return Settings(
        database_url=database_url,
        register=register,
        app_mode=app_mode,
        app_secret=_secret(given, app_mode),
        host=given.get("HOST", "").strip() or "127.0.0.1",
        port=_whole_number(given, "PORT", 8501, lowest=1, highest=65_535),
        session_idle_minutes=_whole_number(given, "SESSION_IDLE_MINUTES", 30, lowest=1, highest=24 * 60),
        session_hours=_whole_number(given, "SESSION_HOURS", 8, lowest=1, highest=24 * 7),
        upload_max_mb=_whole_number(given, "UPLOAD_MAX_MB", 5, lowest=1, highest=200),
        upload_max_rows=_whole_number(given, "UPLOAD_MAX_ROWS", 20_000, lowest=1, highest=1_000_000),
        draft_days=_whole_number(given, "DRAFT_DAYS", 14, lowest=0, highest=90),
        cookie_secure=_yes_or_no(given, "COOKIE_SECURE", app_mode == "production"),
        log_format=_one_of(given, "LOG_FORMAT", "text", ("text", "json")),
        smtp_url=_smtp_url(given),
        mail_from=_mail_from(given),
        worldbank_api=_worldbank_api(given),
        second_factor=_one_of(
            given,
            "SECOND_FACTOR",
            "required" if app_mode == "production" else "optional",
            ("required", "optional"),
        ),
        auth_mode=auth_mode,
        public_address=single_sign_on.get("public_address", ""),
        oidc_issuer=single_sign_on.get("oidc_issuer", ""),
        oidc_metadata_url=single_sign_on.get("oidc_metadata_url", ""),
        oidc_client_id=single_sign_on.get("oidc_client_id", ""),
        oidc_client_secret=single_sign_on.get("oidc_client_secret", ""),
        trusted_proxies=_networks(given, "TRUSTED_PROXIES"),
        allowed_hosts=_hosts(given, "ALLOWED_HOSTS"),
        runs_per_second=_whole_number(given, "RUNS_PER_SECOND", 4, lowest=1, highest=10_000),
        figures_mb=_whole_number(given, "FIGURES_MB", 1024, lowest=64, highest=1_000_000),
        figures_dir=str(ROOT / (given.get("FIGURES_DIR", "").strip() or _figures_dir(database_url))),
        figures_disk_mb=_whole_number(given, "FIGURES_DISK_MB", 1024, lowest=0, highest=1_000_000),
    )


def environment(**changed: str) -> dict[str, str]:
    """The environment of this process with these variables changed, for another one."""
    return {**os.environ, **changed}


def default_url(register: str) -> str:
    """The SQLite file a register lives in where no database is named."""
    return f"sqlite:///{ROOT / 'var' / f'{register}.sqlite'}"


def normalise_url(url: str) -> str:
    """`url` as SQLAlchemy wants it: with PostgreSQL's driver named, a relative SQLite path starting at our root.

    Raises `SettingsError` for anything that is neither a SQLite file nor PostgreSQL. A SQLite store in memory is
    refused: Arrow reads go through a second connection, which would see another, empty store.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise SettingsError(
            "DATABASE_URL is not an address of a database. Write sqlite:////absolute/path/to/file.sqlite or "
            "postgresql://user:password@host:5432/database."
        ) from error
    if parsed.drivername in ("postgres", "postgresql", "postgresql+psycopg"):
        return parsed.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    if parsed.drivername in ("sqlite", "sqlite+pysqlite"):
        return _sqlite_url(parsed)
    raise SettingsError(
        f"DATABASE_URL names the database kind {parsed.drivername!r}. Use sqlite:///path/to/file.sqlite or "
        "postgresql://user:password@host:5432/database."
    )


def _sqlite_url(parsed: URL) -> str:
    path = parsed.database or ""
    if path in ("", ":memory:") or path.startswith("file:"):
        raise SettingsError("DATABASE_URL must name a SQLite file, for example sqlite:///var/demo.sqlite.")
    return parsed.set(drivername="sqlite", database=str(ROOT / path)).render_as_string(hide_password=False)


def _figures_dir(database_url: str) -> str:
    """Beside a SQLite file, by its name; for a database elsewhere in `var`, by the database's."""
    parsed = make_url(database_url)
    name = parsed.database or "postgres"
    return f"{name}.figures" if parsed.drivername == "sqlite" else f"var/{pathlib.PurePath(name).name}.figures"


def _register(given: Mapping[str, str]) -> str:
    register = given.get("REGISTER", "").strip() or "demo"
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,40}", register):
        raise SettingsError(
            f"REGISTER is {register!r}. Use lower-case letters, digits, - and _ only, for example demo or worldbank."
        )
    return register


@functools.cache
def _demo_secret() -> str:
    return secrets.token_urlsafe(32)


def _secret(given: Mapping[str, str], app_mode: str) -> str:
    secret = given.get("APP_SECRET", "").strip()
    how = f"Set APP_SECRET to {SECRET_MIN_LENGTH} random characters or more; this makes one: openssl rand -base64 32"
    if not secret:
        if app_mode == "production":
            raise SettingsError(f"APP_SECRET is missing, and APP_MODE is production. {how}")
        return _demo_secret()
    if app_mode == "production":
        if len(secret) < SECRET_MIN_LENGTH or len(set(secret)) < 10:
            raise SettingsError(f"APP_SECRET is too short or too simple for production. {how}")
        if any(example in secret.lower() for example in EXAMPLE_SECRETS):
            raise SettingsError(f"APP_SECRET is an example, and APP_MODE is production. {how}")
    return secret


def _single_sign_on(given: Mapping[str, str], app_mode: str) -> dict[str, str]:
    """What signing in with an OpenID provider needs; all of it has to be there."""
    texts = {
        "public_address": given.get("PUBLIC_ADDRESS", "").strip().rstrip("/"),
        "oidc_issuer": given.get("OIDC_ISSUER", "").strip(),
        "oidc_client_id": given.get("OIDC_CLIENT_ID", "").strip(),
        "oidc_client_secret": given.get("OIDC_CLIENT_SECRET", "").strip(),
    }
    for name, text in texts.items():
        if not text:
            raise SettingsError(f"{name.upper()} is missing, and AUTH_MODE is oidc. See docs/settings.md.")
    well_known = f"{texts['oidc_issuer'].rstrip('/')}/.well-known/openid-configuration"
    texts["oidc_metadata_url"] = given.get("OIDC_METADATA_URL", "").strip() or well_known
    for name in ("public_address", "oidc_issuer", "oidc_metadata_url"):
        _check_address(name.upper(), texts[name], app_mode)
    if urlsplit(texts["public_address"]).path:
        raise SettingsError("PUBLIC_ADDRESS is a host without a path, for example https://dashboard.example.gov.vn.")
    return texts


def _check_address(name: str, address: str, app_mode: str) -> None:
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        host = None
    if host is None or parts.scheme not in ("http", "https") or parts.username or parts.query or parts.fragment:
        raise SettingsError(f"{name} is {address!r}. Write an address that begins with https://.")
    if parts.scheme == "http" and app_mode == "production" and host not in ("localhost", "127.0.0.1", "::1"):
        raise SettingsError(f"{name} begins with http://, and APP_MODE is production. Write an address over https://.")


def _smtp_url(given: Mapping[str, str]) -> str:
    """The address of a mail server; empty where mail is not sent."""
    url = given.get("SMTP_URL", "").strip()
    if not url:
        return ""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    is_ascii = unquote(url).isascii()  # smtplib signs in with nothing else
    if (
        not host
        or not is_ascii
        or port == 0
        or parts.scheme not in ("smtp", "smtps")
        or parts.path.strip("/")
        or parts.query
    ):
        raise SettingsError(  # without the address itself: a password may be part of it
            "SMTP_URL is not an address of a mail server. Write smtps://user:password@mail.example.gov.vn:465, "
            "or smtp://user:password@mail.example.gov.vn:587 for one that begins without TLS."
        )
    return url


def _mail_from(given: Mapping[str, str]) -> str:
    """Whom mails come from; needed where they are sent."""
    sender = given.get("MAIL_FROM", "").strip()
    if not sender and not given.get("SMTP_URL", "").strip():
        return ""
    if not re.fullmatch(r"[^@\s<>,;]+@[^@\s<>,;]+\.[^@\s<>,;]+", sender) or not sender.isascii():
        raise SettingsError(
            f"MAIL_FROM is {sender!r}, and SMTP_URL is set. Write the address mails come from, for example "
            "dieuphoi@example.gov.vn."
        )
    return sender


def _worldbank_api(given: Mapping[str, str]) -> str:
    """Where the World Bank's projects API is asked: over TLS, or on this machine."""
    address = given.get("WORLDBANK_API", "").strip()
    if not address:
        return WORLDBANK_API
    _check_address("WORLDBANK_API", address, "production")
    return address


def _networks(given: Mapping[str, str], name: str) -> tuple[str, ...]:
    """Addresses or networks, each one as it can be compared; names and "everybody" are refused."""
    found = tuple(part.strip() for part in given.get(name, "").split(",") if part.strip())
    for part in found:
        try:
            network = ipaddress.ip_network(part, strict=False)
        except ValueError:
            network = None
        if network is None or network.prefixlen == 0:
            raise SettingsError(
                f"{name} is {', '.join(found)!r}. Write the addresses of your proxies, for example 127.0.0.1, 10.0.0.0/28."
            )
    return found


def _hosts(given: Mapping[str, str], name: str) -> tuple[str, ...]:
    """Names of hosts as they stand in an address; `*.` in front stands for every name below."""
    found = tuple(part.strip().lower() for part in given.get(name, "").split(",") if part.strip())
    for part in found:
        if not re.fullmatch(r"(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*", part):
            raise SettingsError(
                f"{name} is {', '.join(found)!r}. Write names without scheme and port, for example dashboard.example.gov.vn."
            )
    return found


def _one_of(given: Mapping[str, str], name: str, default: str, choices: tuple[str, ...]) -> str:
    value = given.get(name, "").strip().lower() or default
    if value not in choices:
        raise SettingsError(f"{name} is {value!r}. Write one of: {', '.join(choices)}.")
    return value


def _whole_number(given: Mapping[str, str], name: str, default: int, *, lowest: int, highest: int) -> int:
    text = given.get(name, "").strip()
    if not text:
        return default
    if not re.fullmatch(r"[0-9]{1,9}", text) or not lowest <= int(text) <= highest:
        raise SettingsError(
            f"{name} is {text!r}. Write a whole number from {lowest} to {highest}, for example {default}."
        )
    return int(text)


def _yes_or_no(given: Mapping[str, str], name: str, default: bool) -> bool:
    text = given.get(name, "").strip().lower()
    if not text:
        return default
    if text in ("1", "true", "yes", "on"):
        return True
    if text in ("0", "false", "no", "off"):
        return False
    raise SettingsError(f"{name} is {text!r}. Write true or false.")
