"""A register as frames: what `data_access` reads and `kpi` folds."""

from __future__ import annotations

import dataclasses
import string
import types
from collections.abc import Callable, Mapping
from typing import Final

import dataframely as dy
import polars as pl

from kpi import frames
from kpi.frames import coded, in_order
from kpi.vocabulary import (
    REPORT_FIELDS,
    UNASSIGNED,
    AccessLevel,
    AgencyKind,
    Authority,
    BlockerStep,
    Cause,
    LegalClass,
    Scope,
    Severity,
    State,
    Verdict,
)

Schema = dict[str, pl.DataType | type[pl.DataType]]


class Agreements(dy.Schema):
    """What was agreed. Texts may be empty where the register has none."""

    id = dy.Int64(primary_key=True)
    ref = dy.String(unique=True)
    title_vi = dy.String()
    title_en = dy.String()
    doc_type = dy.String(nullable=True)
    scope = coded(Scope)
    sector = dy.String(nullable=True)
    signing_agency = dy.String(nullable=True)
    responsible_agency = dy.String(nullable=True)
    exchange = dy.String(nullable=True)
    priority = dy.Bool()
    flagship = dy.Bool()
    evidence_url = dy.String()
    implementable = dy.Bool()
    tracked = dy.Bool()
    access_level = coded(AccessLevel)
    received_on = dy.Date()
    vanished_on = dy.Date(nullable=True)


class AgreementPartners(dy.Schema):
    """With whom; the partner at the first position leads."""

    agreement_id = dy.Int64(primary_key=True)
    partner = dy.String(primary_key=True)
    position = dy.Int64(min=0)


class StatusEvents(dy.Schema):
    """The states agreements came into, and when; `date_known` is false where the day only stands in.

    `is_documented`: a document is named for it. `batch_id`: the batch it was handed in with; null where it was loaded.
    """

    id = dy.Int64(primary_key=True)
    agreement_id = dy.Int64()
    state = coded(State)
    effective_on = dy.Date()
    date_known = dy.Bool()
    is_documented = dy.Bool()
    received_on = dy.Date()
    batch_id = dy.Int64(nullable=True)


class Targets(dy.Schema):
    """The days completion was planned for, each as of the day it was planned so."""

    id = dy.Int64(primary_key=True)
    agreement_id = dy.Int64()
    target_on = dy.Date()
    effective_on = dy.Date()


class Periods(dy.Schema):
    """The reporting calendar."""

    code = dy.String(primary_key=True)
    starts_on = dy.Date()
    ends_on = dy.Date()
    due_on = dy.Date()

    @dy.rule()
    def days_in_order(cls) -> pl.Expr:
        return in_order("starts_on", "ends_on") & in_order("ends_on", "due_on")


class Reports(dy.Schema):
    """What agencies reported. No figure depends on its texts, but on how many of REPORT_FIELDS are filled."""

    id = dy.Int64(primary_key=True)
    agreement_id = dy.Int64()
    period = dy.String(nullable=True)
    reported_on = dy.Date()
    received_on = dy.Date()
    fields_filled = dy.Int64(min=0, max=len(REPORT_FIELDS))
    progress_pct = dy.Float64(nullable=True, min=0, max=100)
    shows_progress = dy.Bool()


class Blockers(dy.Schema):
    """What holds agreements up."""

    id = dy.Int64(primary_key=True)
    agreement_id = dy.Int64()
    cause = coded(Cause)
    severity = coded(Severity)
    authority_level = coded(Authority)
    must_act = dy.String(nullable=True)
    received_on = dy.Date()


class BlockerEvents(dy.Schema):
    """What happened to them."""

    id = dy.Int64(primary_key=True)
    blocker_id = dy.Int64()
    kind = coded(BlockerStep)
    effective_on = dy.Date()
    received_on = dy.Date()


class Verifications(dy.Schema):
    """What somebody outside the agency found of claims: that an agreement came into a state on a day.

    `sample_id` is the sample the claim was drawn for; null where somebody looked of their own accord. `is_exchanged`: the document
    that stood by the claim then is another one by now, or none.
    """

    id = dy.Int64(primary_key=True)
    agreement_id = dy.Int64()
    state = coded(State)
    effective_on = dy.Date()
    verdict = coded(Verdict)
    found_state = coded(State, nullable=True)
    sample_id = dy.Int64(nullable=True)
    received_on = dy.Date()
    is_exchanged = dy.Bool()


class Samples(dy.Schema):
    """The samples of claims that were announced, each of a reporting period."""

    id = dy.Int64(primary_key=True)
    period = dy.String(unique=True)


class SampleItems(dy.Schema):
    """The claims drawn for samples; `agency` is who was responsible then.

    `taken_back_on`: the first day, at the earliest that of the draw, on which the register did not hold the claim; null where it
    has held it all the time since its period closed.
    """

    sample_id = dy.Int64(primary_key=True)
    position = dy.Int64(primary_key=True)
    agreement_id = dy.Int64()
    state = coded(State)
    effective_on = dy.Date()
    agency = dy.String()
    taken_back_on = dy.Date(nullable=True)


class Batches(dy.Schema):
    """What was handed in; `reviewed_at` is when a coordinator published or returned it, null where nobody did."""

    id = dy.Int64(primary_key=True)
    reviewed_at = dy.Datetime(nullable=True)


class Agencies(dy.Schema):
    """Every agency there is or was, and from when until when; null: not known, or always."""

    key = dy.String(primary_key=True)
    code = dy.String()
    kind = coded(AgencyKind)
    valid_from = dy.Date(nullable=True)
    valid_to = dy.Date(nullable=True)


class Partners(dy.Schema):
    """Countries and organisations; a sub-national one counts under its country."""

    code = dy.String(primary_key=True)
    region = dy.String()
    counts_under = dy.String(nullable=True)


class PartnerTiers(dy.Schema):
    """How close relations with a partner were, from a day to a day."""

    partner = dy.String(primary_key=True)
    tier = dy.String()
    valid_from = dy.Date(primary_key=True)
    valid_to = dy.Date(nullable=True)

    @dy.rule()
    def days_in_order(cls) -> pl.Expr:
        return in_order("valid_from", "valid_to")


class Handovers(dy.Schema):
    """Who was responsible for agreements (null: nobody) until somebody else was, from `effective_on` on."""

    id = dy.Int64(primary_key=True)
    agreement_id = dy.Int64()
    agency = dy.String(nullable=True)
    effective_on = dy.Date()


class Ends(dy.Schema):
    """Entries of the lists of partners, tiers, sectors, kinds of documents and exchanges (`list_of` is their column in `Facts`, or
    TIERS) that ended whole: from `effective_on` on another is in their place, null where none. Agencies end by their own days."""

    id = dy.Int64(primary_key=True)
    list_of = dy.String()
    code = dy.String()
    successor = dy.String(nullable=True)
    effective_on = dy.Date()


TIERS: Final = "tier"
"""The name of the list of tiers among `Ends`."""


class Sectors(dy.Schema):
    """Fields of cooperation and the groups they belong to."""

    code = dy.String(primary_key=True)
    sector_group = dy.String()


class DocTypes(dy.Schema):
    """Kinds of documents and what they are in law."""

    code = dy.String(primary_key=True)
    legal_class = coded(LegalClass)
    needs_approval = dy.Bool()


_SPACES: Final = "".join(
    map(chr, (*range(9, 14), 32, 133, 160, 5760, *range(8192, 8203), 8232, 8233, 8239, 8287, 10240, 12288))
)
BLANK: Final = _SPACES + string.punctuation + "‐‑‒–—―−…·•«»“”‘’"
"""What says nothing where it is all there is: white space in the sense of Unicode, blank Braille, dashes, dots and such."""

FIELDS_FILLED: Final = pl.sum_horizontal(
    (pl.col(name).str.strip_chars(BLANK) != "").cast(pl.Int64) for name in REPORT_FIELDS
).alias("fields_filled")
"""How many of a report's texts say something, where the texts are at hand."""

IS_DOCUMENTED: Final = (pl.col("note").fill_null("").str.strip_chars(BLANK) != "").alias("is_documented")
"""Whether a state names a document, where its note is at hand."""

NOT_EXCHANGED: Final = pl.lit(value=False).alias("is_exchanged")
NOT_TAKEN_BACK: Final = pl.lit(None, pl.Date).alias("taken_back_on")
"""What became of claims since they were seen and drawn, in a register that is being loaded: nothing yet."""


@dataclasses.dataclass(frozen=True, eq=False)
class Register:
    """Every table a figure can depend on, retracted rows left out.

    Columns are those of the tables of the same names in the store; those declared above are used here, and a frame may
    hold more. `not_kept` are those of RECORDS that the register says it does not keep; `starts_with` is the state with which
    what was agreed has started: carrying it out, or for a treaty its entry into force. An empty `Register()` is a register
    without agreements.
    """

    agreements: pl.DataFrame = dataclasses.field(default_factory=Agreements.create_empty)
    agreement_partners: pl.DataFrame = dataclasses.field(default_factory=AgreementPartners.create_empty)
    status_events: pl.DataFrame = dataclasses.field(default_factory=StatusEvents.create_empty)
    targets: pl.DataFrame = dataclasses.field(default_factory=Targets.create_empty)
    periods: pl.DataFrame = dataclasses.field(default_factory=Periods.create_empty)
    reports: pl.DataFrame = dataclasses.field(default_factory=Reports.create_empty)
    blockers: pl.DataFrame = dataclasses.field(default_factory=Blockers.create_empty)
    blocker_events: pl.DataFrame = dataclasses.field(default_factory=BlockerEvents.create_empty)
    verifications: pl.DataFrame = dataclasses.field(default_factory=Verifications.create_empty)
    samples: pl.DataFrame = dataclasses.field(default_factory=Samples.create_empty)
    sample_items: pl.DataFrame = dataclasses.field(default_factory=SampleItems.create_empty)
    batches: pl.DataFrame = dataclasses.field(default_factory=Batches.create_empty)
    agencies: pl.DataFrame = dataclasses.field(default_factory=Agencies.create_empty)
    partners: pl.DataFrame = dataclasses.field(default_factory=Partners.create_empty)
    partner_tiers: pl.DataFrame = dataclasses.field(default_factory=PartnerTiers.create_empty)
    sectors: pl.DataFrame = dataclasses.field(default_factory=Sectors.create_empty)
    doc_types: pl.DataFrame = dataclasses.field(default_factory=DocTypes.create_empty)
    handovers: pl.DataFrame = dataclasses.field(default_factory=Handovers.create_empty)
    ends: pl.DataFrame = dataclasses.field(default_factory=Ends.create_empty)
    not_kept: frozenset[str] = frozenset()
    starts_with: str = State.IN_PROGRESS.value


DECLARED: Final[Mapping[str, type[dy.Schema]]] = types.MappingProxyType(
    {
        "agreements": Agreements,
        "agreement_partners": AgreementPartners,
        "status_events": StatusEvents,
        "targets": Targets,
        "periods": Periods,
        "reports": Reports,
        "blockers": Blockers,
        "blocker_events": BlockerEvents,
        "verifications": Verifications,
        "samples": Samples,
        "sample_items": SampleItems,
        "batches": Batches,
        "agencies": Agencies,
        "partners": Partners,
        "partner_tiers": PartnerTiers,
        "sectors": Sectors,
        "doc_types": DocTypes,
        "handovers": Handovers,
        "ends": Ends,
    }
)
"""Field of `Register` -> what its frame is declared to be."""

RECORDS: Final[Mapping[str, Callable[[Register], bool]]] = types.MappingProxyType(
    {
        "targets": lambda register: not register.targets.is_empty(),
        "plans": lambda register: (register.status_events["state"] == State.PLAN_ISSUED).any(),
        "evidence": lambda register: (register.agreements["evidence_url"] != "").any(),
        "reports": lambda register: not register.periods.is_empty(),
        "blockers": lambda register: not register.blockers.is_empty(),
        "samples": lambda register: register.verifications["sample_id"].is_not_null().any(),
        "progress": lambda _: True,
        "completion_days": lambda _: True,
    }
)
"""What registers may keep or not, and what shows that one does unless it says that it does not. Progress along the way, and days
of completion that are not just the targets, cannot be seen in what a register holds: there its word is taken."""

MADE_HERE: Final = frozenset({"samples"})
"""Those of RECORDS that come of work with the register and from no source: no source can say that it does not keep them."""


def owners_of(register: Register) -> pl.DataFrame:
    """Who is or was responsible for agreements, each once: agreement_id, agency (UNASSIGNED for nobody)."""
    now = register.agreements.select(agreement_id="id", agency="responsible_agency")
    before = register.handovers.select("agreement_id", "agency")
    return pl.concat([now, before]).with_columns(pl.col("agency").fill_null(UNASSIGNED)).unique()


def check(register: Register) -> None:
    """Raises `ValueError` for the first frame that lacks a declared column or has a row against the rules."""
    for name, declared in DECLARED.items():
        frames.check(declared, getattr(register, name).select(declared.column_names()))
