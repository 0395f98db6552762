"""What roles there are, and what each may do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final


class May(Enum):
    """What a role may do; everything that is kept from anybody asks for one of these."""

    READ_EVERYTHING = (
        "read every agreement in detail, and what any agency handed in of it: not only those of one's own agency"
    )
    HAND_IN = "bring the agreements of one's own agency up to date; needs an agency"
    HAND_IN_FOR = (
        "bring any agency's agreements up to date on its behalf; never to publish that, nor to verify for that agency"
    )
    OVERSEE_UPLOADS = "take back what any agency handed in, settle what waits for review"
    REVIEW = "publish or return what waits"
    VERIFY = "record what was found of what agencies claimed; never for the agency one acts for"
    SEE_SIGNS = "see what is unusual in what agencies claim"
    SETTLE = "settle the calendar, thresholds, lists and who is responsible for agreements"
    REMIND = "remind agencies of reports"
    ANSWER = "answer what agencies explain of their figures"
    DIRECT = "give directives, close one's own, and settle what agencies escalate"
    KEEP_CONTACTS = "keep whom to turn to at agencies; for whoever acts for one, at that one"
    ADMINISTER = "look after accounts, agencies and the audit"


@dataclass(frozen=True)
class Role:
    """A role: its code in the store (`terms.role.<code>` in the catalogs), what it may do, and how it signs in."""

    code: str
    may: frozenset[May]
    needs_second_factor: bool = False


LEADER: Final = Role("leader", frozenset({May.READ_EVERYTHING, May.REMIND, May.SEE_SIGNS, May.ANSWER, May.DIRECT}))
AGENCY: Final = Role("agency", frozenset({May.HAND_IN, May.KEEP_CONTACTS}))
COORDINATOR: Final = Role(
    "coordinator",
    frozenset(
        {
            *(May.READ_EVERYTHING, May.REMIND, May.OVERSEE_UPLOADS, May.REVIEW, May.SETTLE, May.VERIFY),
            *(May.SEE_SIGNS, May.KEEP_CONTACTS, May.HAND_IN_FOR, May.ANSWER, May.DIRECT),
        }
    ),
    needs_second_factor=True,
)
VERIFIER: Final = Role(
    "verifier", frozenset({May.READ_EVERYTHING, May.VERIFY, May.SEE_SIGNS}), needs_second_factor=True
)
ADMINISTRATOR: Final = Role(
    "administrator",
    frozenset({May.READ_EVERYTHING, May.OVERSEE_UPLOADS, May.ADMINISTER}),
    needs_second_factor=True,
)
ROLES: Final = {role.code: role for role in (LEADER, AGENCY, COORDINATOR, VERIFIER, ADMINISTRATOR)}
"""Every role by its code, in the order in which they are offered."""

PROCESSES: Final = ("manage.py", "system")
"""Names under which commands and the start-up act; no account may bear one."""


def may(role: str, permission: May) -> bool:
    """Whether the role with this code may do that; a code that is no role may do nothing."""
    return role in ROLES and permission in ROLES[role].may


def roles_that_may(permission: May) -> tuple[str, ...]:
    """The codes of the roles that may do that."""
    return tuple(code for code, role in ROLES.items() if permission in role.may)
