"""The codes of the field, each list in its order: what a column may hold and what code compares with.

A member equals its code as text, in Python, in frames and in statements. From members alone polars would make a column of its own
type for enumerations, so lists of them are given as plain texts. What members are called is in the catalogs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import polars as pl


def texts(members: Iterable[StrEnum]) -> tuple[str, ...]:
    """The codes of members as plain texts."""
    return tuple(str(member) for member in members)


# --- Agreements ------------------------------------------------------------------------------------------------------


class StateClass(StrEnum):
    """What a state means for counting: before signing, open, paused, closed by completion, void, void before signing."""

    PRE = "pre"
    OPEN = "open"
    PAUSED = "paused"
    CLOSED = "closed"
    VOID = "void"
    VOID_PRE = "void_pre"


class State(StrEnum):
    """The states an agreement can be in, in the order of its life, each with its class."""

    kind: StateClass

    def __new__(cls, code: str, kind: StateClass) -> State:
        member = str.__new__(cls, code)
        member._value_ = code
        member.kind = kind
        return member

    PROPOSED = "PROPOSED", StateClass.PRE
    NEGOTIATING = "NEGOTIATING", StateClass.PRE
    SIGNED = "SIGNED", StateClass.OPEN
    APPROVAL_PENDING = "APPROVAL_PENDING", StateClass.OPEN
    IN_FORCE = "IN_FORCE", StateClass.OPEN
    PLAN_ISSUED = "PLAN_ISSUED", StateClass.OPEN
    IN_PROGRESS = "IN_PROGRESS", StateClass.OPEN
    COMPLETED = "COMPLETED", StateClass.CLOSED
    SUSPENDED = "SUSPENDED", StateClass.PAUSED
    TERMINATED = "TERMINATED", StateClass.VOID
    EXPIRED = "EXPIRED", StateClass.VOID
    SUPERSEDED = "SUPERSEDED", StateClass.VOID
    NOT_PURSUED = "NOT_PURSUED", StateClass.VOID
    ABANDONED = "ABANDONED", StateClass.VOID_PRE


STATES: Final = texts(State)
OPEN_STATES: Final = texts(state for state in State if state.kind is StateClass.OPEN)
MILESTONES: Final = texts(state for state in State if state.kind in (StateClass.OPEN, StateClass.CLOSED))
"""The states on the way from signing to completion, in order: to come to one further than ever before is progress."""

STARTED_STATES: Final = texts((State.IN_PROGRESS, State.COMPLETED))


def started_states(starts_with: str) -> tuple[str, ...]:
    """The states in which what was agreed has started, where it starts with this one of MILESTONES: that and those after it."""
    return MILESTONES[MILESTONES.index(starts_with) :]


UNSIGNED: Final = texts((StateClass.PRE, StateClass.VOID_PRE))
"""The classes of states in which nothing has been signed."""

ENDED: Final = texts((StateClass.CLOSED, StateClass.VOID, StateClass.VOID_PRE))
"""The classes of states after which nothing more is to be carried out."""


class Bucket(StrEnum):
    """Where an agreement stands, each in exactly one: the open ones from best to worst, then the others."""

    ON_TRACK = "on_track"
    AT_RISK = "at_risk"
    NO_DATE = "no_date"
    STALLED = "stalled"
    OVERDUE = "overdue"
    COMPLETED = "completed"
    SUSPENDED = "suspended"
    VOID = "void"
    DECLARATORY = "declaratory"
    NOT_TRACKED = "not_tracked"
    NOT_SIGNED = "not_signed"


BUCKETS: Final = texts((Bucket.ON_TRACK, Bucket.AT_RISK, Bucket.NO_DATE, Bucket.STALLED, Bucket.OVERDUE))
"""Where an open agreement stands, from best to worst."""

CLOSED_BUCKETS: Final = texts(bucket for bucket in Bucket if bucket not in BUCKETS)


class Scope(StrEnum):
    """At which level an agreement was signed."""

    HIGH_LEVEL = "HIGH_LEVEL"
    LOCAL = "LOCAL"


class LegalClass(StrEnum):
    """What a kind of document is in law."""

    TREATY = "treaty"
    TREATY_OR_EXCLUDED = "treaty_or_excluded"
    INTERNATIONAL_AGREEMENT = "international_agreement"
    COMMITMENT_ONLY = "commitment_only"
    OUTSIDE_BOTH_LAWS = "outside_both_laws"


class AccessLevel(StrEnum):
    """Who may see an agreement in detail."""

    OPEN = "open"
    RESTRICTED = "restricted"


class Tier(StrEnum):
    """How close relations with a partner are, the closest first: those that come along; a store's list may have others."""

    COMPREHENSIVE_STRATEGIC = "CSP"
    STRATEGIC = "SP"
    COMPREHENSIVE = "CP"
    SPECIAL = "SPECIAL"
    OTHER = "OTHER"
    ORGANISATION = "ORG"


FLOOR_TIERS: Final = texts((Tier.OTHER, Tier.ORGANISATION))
"""The tiers of a country, and of an organisation or bloc, of which nothing is said: every list has these two."""

NOT_GIVEN: Final = "NOT_GIVEN"
"""Stands where the register names no sector, kind of document or partner."""

UNASSIGNED: Final = "UNASSIGNED"
"""Stands where the responsible agency could not be resolved."""

NOT_NAMED: Final = "NOT_NAMED"
"""Stands where an agreement is stalled and nobody has named what holds it up."""

UNRECORDED: Final = "UNRECORDED"
"""Stands where no tier of relations with a partner is recorded."""

# --- Agencies --------------------------------------------------------------------------------------------------------


class AgencyGroup(StrEnum):
    """The groups agencies are compared in."""

    MINISTRY = "ministry"
    PROVINCE = "province"
    UNASSIGNED = "unassigned"


class AgencyKind(StrEnum):
    """What an agency is."""

    MINISTRY = "ministry"
    MINISTERIAL_LEVEL_AGENCY = "ministerial_level_agency"
    GOVERNMENT_AGENCY = "government_agency"
    OTHER_STATE_BODY = "other_state_body"
    PROVINCE = "province"
    CENTRALLY_RUN_CITY = "centrally_run_city"


class Band(StrEnum):
    """Where the composite of an agency surely lies among those it is ranked with, if anywhere."""

    ABOVE = "above_middle"
    ALIKE = "near_middle"
    BELOW = "below_middle"


PROVINCE_KINDS: Final = texts((AgencyKind.PROVINCE, AgencyKind.CENTRALLY_RUN_CITY))
MINISTRY_KINDS: Final = texts(kind for kind in AgencyKind if kind not in PROVINCE_KINDS)

# --- Reports and blockers --------------------------------------------------------------------------------------------

REPORT_FIELDS: Final = (
    "presiding_agency",
    "cooperation_partners",
    "content",
    "progress",
    "completion_time",
    "difficulties",
    "recommendations",
)
"""The seven fields a report must fill."""


class Cause(StrEnum):
    """What holds an agreement up."""

    LEGAL_FRAMEWORK = "legal_framework"
    FUNDING = "funding"
    LAND_CLEARANCE = "land_clearance"
    COUNTERPART = "counterpart"
    COORDINATION = "coordination"
    TECHNICAL = "technical"
    PROCUREMENT = "procurement"
    PERSONNEL = "personnel"


class Severity(StrEnum):
    """How grave a blocker is, the gravest first."""

    SEVERE = "severe"
    MODERATE = "moderate"
    MINOR = "minor"


class Authority(StrEnum):
    """Who can settle a blocker, from the responsible agency upwards."""

    AGENCY = "agency"
    INTER_AGENCY = "inter_agency"
    PRIME_MINISTER = "prime_minister"
    NATIONAL_ASSEMBLY = "national_assembly"


HIGHER_AUTHORITIES: Final = texts((Authority.PRIME_MINISTER, Authority.NATIONAL_ASSEMBLY))
LEVELS_ABOVE: Final = texts(level for level in Authority if level is not Authority.AGENCY)
"""Who can be asked to settle what is beyond an agency, from the nearest upwards."""


class BlockerStep(StrEnum):
    """What happens to a blocker."""

    OPENED = "opened"
    ESCALATED = "escalated"
    RESOLVED = "resolved"


# --- Looking at what was claimed -------------------------------------------------------------------------------------

CLAIMED: Final = tuple(state for state in MILESTONES if state != State.SIGNED)
"""The states whose claims rest on a document and are drawn for a sample: every stage further than the signing, at each of which a
clock starts anew."""


class SourceMark(StrEnum):
    """What a newer export of the register's source says of an agreement by being silent."""

    NOT_IN_SOURCE = "not_in_source"


class Verdict(StrEnum):
    """What somebody outside the agency found of a claim.

    Nobody records `taken_back`: it is what becomes of a claim that was drawn and that the register did not hold any more, or not
    all the time, when somebody came to look. It counts as not shown.
    """

    CONFIRMED = "confirmed"
    REFUTED = "refuted"
    NOT_SHOWN = "not_shown"
    TAKEN_BACK = "taken_back"


RECORDED: Final = (Verdict.CONFIRMED, Verdict.REFUTED, Verdict.NOT_SHOWN)
"""What somebody who looks may record."""


class ClaimKind(StrEnum):
    """What a state claims of an agreement, where it claims anything that a figure gains or loses by."""

    APPROVAL = "approval"
    PLAN = "plan"
    START = "start"
    COMPLETION = "completion"
    SUSPENSION = "suspension"
    END = "end"


CLAIM_KINDS: Final[Mapping[str, ClaimKind]] = MappingProxyType(
    {
        str(State.APPROVAL_PENDING): ClaimKind.APPROVAL,
        str(State.IN_FORCE): ClaimKind.APPROVAL,
        str(State.PLAN_ISSUED): ClaimKind.PLAN,
        str(State.IN_PROGRESS): ClaimKind.START,
        str(State.COMPLETED): ClaimKind.COMPLETION,
        str(State.SUSPENDED): ClaimKind.SUSPENSION,
        **{str(state): ClaimKind.END for state in State if state.kind is StateClass.VOID},
    }
)
"""State -> what it claims."""


class Standing(StrEnum):
    """What a claimed state rests on, the least first.

    `refused`: found false. `declared`: the agency's word and nothing else. `sourced`: loaded with the register, as its source says,
    without a document. `evidenced`: a document is named, or evidence of the result attached. `reviewed`: the coordinator looked at
    it and published it. `verified`: somebody outside the agency found it to be so.
    """

    REFUSED = "refused"
    DECLARED = "declared"
    SOURCED = "sourced"
    EVIDENCED = "evidenced"
    REVIEWED = "reviewed"
    VERIFIED = "verified"


class Lack(StrEnum):
    """What a claim lacks to count, or, where it counts on a word alone, to rest on more.

    `needs_document`: number, issuer and day of a document. `needs_review`: that the coordinator looks at it. `needs_correction`:
    it was returned, and is to be put right and sent again. `needs_sight`: that somebody outside the agency looks at it, since
    something false was claimed in that period. `needs_proof`: somebody looked, and nothing could be shown. `was_false`: it was
    found false, and nothing but the truth would make it count.
    """

    NEEDS_DOCUMENT = "needs_document"
    NEEDS_REVIEW = "needs_review"
    NEEDS_CORRECTION = "needs_correction"
    NEEDS_SIGHT = "needs_sight"
    NEEDS_PROOF = "needs_proof"
    WAS_FALSE = "was_false"


class Reading(StrEnum):
    """Which claims figures are made of: what counts, everything said, or only what somebody outside the agency has seen."""

    COUNTING = "counting"
    AS_DECLARED = "as_declared"
    AS_VERIFIED = "as_verified"


SEEN: Final = texts((Standing.REVIEWED, Standing.VERIFIED))
"""The standings of what somebody outside the agency has seen."""


# --- What is decided -------------------------------------------------------------------------------------------------


class DirectiveAbout(StrEnum):
    """What a directive is about: an agency's work as a whole, or one thing of it."""

    AGENCY = "on_agency"
    AGREEMENT = "on_agreement"
    PARTNER = "on_partner"
    BLOCKER = "on_blocker"
    FIGURE = "on_figure"


class DirectiveStep(StrEnum):
    """What follows a directive: by the agency the first two, by whoever issued it the others."""

    ANSWERED = "answered"
    REPORTED_DONE = "reported_done"
    SENT_BACK = "done_refused"
    EXTENDED = "deadline_moved"
    ACCEPTED = "done_accepted"
    CALLED_OFF = "called_off"


AGENCY_STEPS: Final = (DirectiveStep.ANSWERED, DirectiveStep.REPORTED_DONE)
ISSUER_STEPS: Final = tuple(step for step in DirectiveStep if step not in AGENCY_STEPS)


class DirectiveState(StrEnum):
    """Where a directive stands, as its steps say."""

    UNANSWERED = "unanswered"
    UNDER_WAY = "being_carried_out"
    TO_DO_AGAIN = "to_do_again"
    SAID_DONE = "said_done"
    CARRIED_OUT = "carried_out"
    REVOKED = "revoked"


OPEN_DIRECTIVES: Final = (
    *(DirectiveState.UNANSWERED, DirectiveState.UNDER_WAY, DirectiveState.TO_DO_AGAIN, DirectiveState.SAID_DONE),
)


class EscalationStep(StrEnum):
    """What becomes of an escalation: of all but the last the level says so, the agency of the last."""

    DECIDED = "level_decided"
    GROUP_SET_UP = "group_set_up"
    GROUP_MET = "group_met"
    GROUP_ENDED = "group_ended"
    PASSED_ON = "passed_on"
    SENT_DOWN = "sent_down"
    DROPPED = "dropped_by_agency"


class EscalationState(StrEnum):
    """Where an escalation stands, as its steps say."""

    AWAITS_LEVEL = "awaits_level"
    WITH_GROUP = "with_group"
    DECIDED = "settled_by_level"
    GROUP_RESULT = "settled_by_group"
    SENT_DOWN = "returned_below"
    DROPPED = "taken_off"


OPEN_ESCALATIONS: Final = (EscalationState.AWAITS_LEVEL, EscalationState.WITH_GROUP)
SOLVED_ESCALATIONS: Final = (EscalationState.DECIDED, EscalationState.GROUP_RESULT)


# --- Uploads ---------------------------------------------------------------------------------------------------------


class BatchStatus(StrEnum):
    """What became of what an agency sent; the last is of a batch that takes another back."""

    WAITING = "waiting"
    RETURNED = "returned"
    WITHDRAWN = "withdrawn"
    APPLIED = "applied"
    UNDONE = "undone"
    UNDO = "undo"


# --- Reminders -------------------------------------------------------------------------------------------------------


class ReminderWay(StrEnum):
    """How a letter leaves: written into a file that somebody takes along, or by mail."""

    IN_FILE = "in_file"
    BY_MAIL = "by_mail"


class ReminderOutcome(StrEnum):
    """What became of a letter; one that stays under way was cut off."""

    UNDER_WAY = "under_way"
    DELIVERED = "delivered"
    FAILED = "not_delivered"


def state_class(state: pl.Expr) -> pl.Expr:
    """The class of each state."""
    return state.replace_strict({str(held): str(held.kind) for held in State}, return_dtype=pl.String)
