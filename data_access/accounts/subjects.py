"""Single sign-on: from what an OpenID provider says about a person to an account of ours.

The provider says who somebody is, and nothing else: role and agency are those of the account. Who is meant by which
account is written down by an administrator (`accounts.set_subject`); nobody gets an account by signing in.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Engine, select
from sqlmodel import col

from data_access import store
from data_access.accounts.signed_values import read_signed, write_signed
from data_access.store.models import User

SUB_MAX = 255
"""Signs in the provider's own name for a person (OpenID Connect Core 1.0, section 2)."""


def subject_of(claims: Mapping[str, object], *, issuer: str) -> str | None:
    """The person of verified claims as accounts name them: issuer, `#`, and the issuer's unchanging name for the person.

    An issuer has no `#` (the settings see to it), so that no two persons share a name. Never a mail address or another
    claim that can be given to somebody else. None where another issuer speaks, or names nobody.
    """
    sub = claims.get("sub")
    if not isinstance(sub, str) or not 0 < len(sub) <= SUB_MAX or claims.get("iss") != issuer:
        return None
    is_plain = sub.isascii() and sub.isprintable() and sub == sub.strip()
    return f"{issuer}#{sub}" if is_plain else None


def account_for(engine: Engine, subject: str) -> str | None:
    """The name of the open account a subject stands for; None where there is none."""
    with store.session(engine, read_only=True) as session:
        statement = select(col(User.username)).where(col(User.subject) == subject, col(User.active))
        return session.execute(statement).scalar()


# --- For who has no account --------------------------------------------------------------------------------------------


def write_reference(subject: str, *, browser: str, app_secret: str) -> str:
    """`subject` in a form for an address, for this browser only.

    A person who is refused is shown it to hand it to the administrator. If anybody could write such an address, he could
    have his own subject handed in under another person's name.
    """
    return write_signed(subject, purpose="no account", owner=browser, app_secret=app_secret)


def read_reference(text: str, *, browser: str, app_secret: str) -> str | None:
    """The subject again; None for what `write_reference` did not write for this browser."""
    subject = read_signed(text, purpose="no account", owner=browser, app_secret=app_secret)
    return subject if isinstance(subject, str) else None
