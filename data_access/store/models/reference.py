"""The reference lists: agencies, partners, sectors, kinds of documents, exchanges."""

from __future__ import annotations

import datetime as dt

from pydantic import NaiveDatetime
from sqlmodel import Field, SQLModel

from data_access.store.models.base import utc_now


class CountryPack(SQLModel, table=True):
    """One row: the country pack whose lists and words the store holds; without one they are Viet Nam's.

    `words` is JSON: what a screen says otherwise (see `words.own.OwnWords.read`).
    """

    id: int = Field(default=1, primary_key=True)
    code: str
    name_vi: str
    name_en: str
    home: str = Field(
        default="", description="code of the country whose agencies the list holds; empty: none in particular"
    )
    starts_with: str = Field(description="the state with which what was agreed counts as started")
    takes_names: bool = Field(default=False, description="what a register names and the lists lack becomes an entry")
    default_scope: str = Field(default="", description="the scope shown at first; empty: all")
    words: str = "{}"


class Agency(SQLModel, table=True):
    """A ministry, agency or province in one period of its existence.

    Official province codes were reused in the mergers of 1 July 2025, so the key is ours: today's province 24 is `T24`,
    the former one `T24-2025` (the year it ended).
    """

    key: str = Field(primary_key=True)
    code: str = Field(index=True)
    kind: str
    abbr_vi: str
    abbr_en: str
    name_vi: str
    name_en: str
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None
    source: str = ""
    notes: str = ""


class AgencyAlias(SQLModel, table=True):
    """Another way people write an agency's name."""

    alias: str = Field(primary_key=True)
    agency: str = Field(foreign_key="agency.key", primary_key=True)
    source: str = ""


class AgencySuccession(SQLModel, table=True):
    """Who took over from whom, when and for which tasks; `is_default` marks the successor for tasks not split off."""

    id: int | None = Field(default=None, primary_key=True)
    predecessor: str = Field(foreign_key="agency.key", index=True)
    successor: str = Field(foreign_key="agency.key")
    effective_on: dt.date
    change: str
    tasks: str = ""
    is_default: bool = True
    source: str = ""


class Partner(SQLModel, table=True):
    """A country, territory, bloc, organisation or sub-national partner."""

    code: str = Field(primary_key=True)
    name_vi: str
    name_en: str
    name_pl: str = ""
    kind: str
    region: str = Field(description="reporting region")
    m49_region: str = ""
    m49_subregion: str = ""
    counts_under: str | None = Field(default=None, foreign_key="partner.code")
    source: str = ""
    notes: str = ""


class PartnerAlias(SQLModel, table=True):
    """Another way people write a partner's name. It stands for one partner only."""

    alias: str = Field(primary_key=True)
    partner: str = Field(foreign_key="partner.code", index=True)
    source: str = ""


class Tier(SQLModel, table=True):
    """How close relations with a partner can be, the closest first by `position`."""

    code: str = Field(primary_key=True)
    name_vi: str
    name_en: str
    position: int
    source: str = ""


class PartnerTier(SQLModel, table=True):
    """A partner's tier of relations from a date on; `precision` says how exactly that date is known."""

    partner: str = Field(foreign_key="partner.code", primary_key=True)
    valid_from: dt.date = Field(primary_key=True)
    valid_to: dt.date | None = None
    tier: str
    precision: str = "day"
    source: str = ""


class Sector(SQLModel, table=True):
    """A field of cooperation; `sector_group` is the grouping that published shares use."""

    code: str = Field(primary_key=True)
    name_vi: str
    name_en: str
    name_pl: str = ""
    sector_group: str
    position: int
    source: str = ""


class DocType(SQLModel, table=True):
    """A kind of document and what the law asks of it."""

    code: str = Field(primary_key=True)
    name_vi: str
    name_en: str
    name_pl: str = ""
    legal_class: str
    legal_basis: str = ""
    needs_approval: bool = False
    implementable_default: bool = True
    position: int
    notes: str = ""
    source: str = ""


class Exchange(SQLModel, table=True):
    """A high-level exchange (visit, summit, conference) at which agreements were signed."""

    code: str = Field(primary_key=True)
    name_vi: str
    name_en: str
    kind: str
    held_on: dt.date
    partner: str | None = Field(default=None, foreign_key="partner.code")
    source: str = ""


class EntryAlias(SQLModel, table=True):
    """Another way people write the name of a tier, sector, kind of document or exchange (`list_of`): one of a list."""

    alias: str = Field(primary_key=True)
    list_of: str = Field(primary_key=True)
    code: str = Field(index=True)
    source: str = ""


class EntryEnd(SQLModel, table=True):
    """An entry of a list that ended by the coordinator's word: from `effective_on` on `successor`, if any, is in its place.

    Not `is_whole`: an agency went on and handed some agreements to the successor, or a tier some partners. `agreements` are those
    that were handed over, each with its row version right after, as JSON; of a tier the codes of its partners.
    """

    id: int | None = Field(default=None, primary_key=True)
    list_of: str
    code: str = Field(index=True)
    successor: str | None = None
    effective_on: dt.date
    is_whole: bool = True
    agreements: str = "[]"
    recorded_at: NaiveDatetime = Field(default_factory=utc_now)
    recorded_by: str
    retracted_at: NaiveDatetime | None = None
    retracted_by: str = ""
