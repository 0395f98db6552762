"""What agencies have said and nobody has let in yet: of batches that wait for review, and of those that were returned."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable

import polars as pl

from kpi.register import Register
from kpi.update.changes import place_of
from kpi.update.differences import Preview
from kpi.update.effects import projected
from kpi.update.layout import NEW
from kpi.vocabulary import BatchStatus


@dataclasses.dataclass(frozen=True, eq=False)
class Pending:
    """What of a batch is not in the register: its number, whether it waits or was returned, who sent it, the day it came, and
    what it would change."""

    batch_id: int
    status: BatchStatus
    sent_by: str
    received_on: dt.date
    preview: Preview

    @property
    def agency(self) -> str:
        """Whose word it is."""
        return self.preview.agency


def latest(found: Iterable[Pending]) -> tuple[Pending, ...]:
    """The last word about every place, by number of batch: what the register came to have another content of since, or a later
    batch speaks of, is left out, and so are batches of which nothing stays."""
    spoken: set[tuple[str, str, str]] = set()
    kept = []
    for one in sorted(found, key=lambda one: one.batch_id, reverse=True):
        preview = one.preview
        moved = {place_of(conflict.change) for conflict in preview.conflicts}
        places = {place_of(change) for change in preview.changes} - moved - spoken
        # What rows would register are other agreements in each batch.
        spoken |= {place for place in places if not place[0].startswith(NEW)}
        if places:
            kept.append(dataclasses.replace(one, preview=preview.only(places)))
    return tuple(reversed(kept))


def declared(register: Register, found: Iterable[Pending]) -> Register:
    """A register with everything that agencies say: what is pending on top of what there is, each with its batch.

    Agreements that would be registered have their batch and row for a reference.
    """
    for one in found:
        before = register.status_events.select(pl.col("id").max().fill_null(0)).item()
        known = register.agreements.select(pl.col("id").max().fill_null(0)).item()
        register = projected(register, one.preview)
        reference = pl.format("{}{}", pl.lit(one.batch_id), "ref")
        register = dataclasses.replace(
            register,
            agreements=register.agreements.with_columns(
                ref=pl.when(pl.col("id") > known).then(reference).otherwise("ref")
            ),
            status_events=register.status_events.with_columns(
                batch_id=pl.when(pl.col("id") > before).then(pl.lit(one.batch_id)).otherwise("batch_id")
            ),
        )
    return register
