"""How much waits for review, what of it is out of the ordinary, and what waits twice."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

import polars as pl
import sqlalchemy as sa

from data_access import store
from data_access.clock import local_time
from data_access.store import models
from data_access.updates.reading import current_rows, table
from kpi.update import Change, Kind, kind_of, place_of
from kpi.update.layout import NEW
from kpi.update.reasons import reasons_of
from kpi.vocabulary import BatchStatus


def count_waiting(engine: sa.Engine) -> int:
    """How many batches wait for review. For coordinators."""
    batch = table(models.UploadBatch)
    statement = sa.select(sa.func.count().label("n")).select_from(batch).where(batch.c.status == BatchStatus.WAITING)
    return int(store.read_frame(engine, statement)["n"].item())


def count_kinds(engine: sa.Engine, batch_ids: Collection[int]) -> pl.DataFrame:
    """How many changes of each kind (`intake.KINDS`) were sent with these batches: batch_id, kind, places. For coordinators.

    What has to be decided together (a state and its day, a new agreement) counts once.
    """
    found = [
        (number, kind, count)
        for number, seen in _seen(engine, batch_ids).items()
        for kind, count in (seen.get("kinds") or _kinds_in(seen["changes"])).items()
    ]
    return pl.DataFrame(found, schema={"batch_id": pl.Int64, "kind": pl.String, "places": pl.Int64}, orient="row")


def _kinds_in(cells: Sequence[Sequence[Any]]) -> Counter[Kind]:
    changes = [Change(*cell) for cell in cells]
    return Counter(kind for kind, _ in {(kind_of(change), place_of(change)) for change in changes})


def count_signs(engine: sa.Engine, waiting: pl.DataFrame) -> pl.DataFrame:
    """What is out of the ordinary in batches that wait (rows of `list_waiting`): batch_id, sign, is_notice, places.

    A sign is a reason for which something waits whatever its kind (`kpi.update.reasons`), as it stands to the register of now, or
    the code of a notice that the sender acknowledged. For coordinators.
    """
    kept = _seen(engine, waiting["id"].to_list())
    found: list[tuple[int, str, bool, int]] = []
    for (agency,), batches in waiting.drop_nulls("agency").group_by("agency", maintain_order=True):
        current = current_rows(engine, str(agency))
        known = set(current.standing["agreement_id"])
        for number, created_at in batches.select("id", "created_at").iter_rows():
            seen = kept.get(number)
            if seen is None:
                continue
            changes = [Change(*cell) for cell in seen["changes"]]
            there = [change for change in changes if change.subject.startswith(NEW) or change.agreement_id in known]
            reasons = reasons_of(there, current, received_on=local_time(created_at).date())
            counts = Counter(str(reason) for held in reasons.values() for reason in held)
            found.extend((number, sign, False, places) for sign, places in counts.items())
            noticed = Counter(str(notice[0]) for notice in seen.get("notices", ()))
            found.extend((number, sign, True, places) for sign, places in noticed.items())
    schema = {"batch_id": pl.Int64, "sign": pl.String, "is_notice": pl.Boolean, "places": pl.Int64}
    return pl.DataFrame(found, schema=schema, orient="row")


def _seen(engine: sa.Engine, batch_ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """What was seen when these batches were sent."""
    submission = table(models.UploadSubmission)
    kept = store.read_frame(
        engine,
        sa.select(submission.c.batch_id, submission.c.seen).where(submission.c.batch_id.in_(list(batch_ids))),
    )
    return {number: json.loads(seen) for number, seen in kept.select("batch_id", "seen").iter_rows()}
