"""Why the store did not do what somebody asked for, in the reader's words."""

from __future__ import annotations

import words
from data_access.acting import Refused
from kpi.update.columns import name_of


def sentence(refusal: Refused) -> str:
    """Why nothing was done, and what to do. Safe for elements that render Markdown."""
    refs = words.plain(", ".join(refusal.refs))
    if refusal.code == "wait":
        return words.tn("sign_in.wait", refusal.seconds)
    if refusal.code != "overlaps":
        most = words.number(refusal.most)
        return words.t(f"refused.{refusal.code}", refs=refs, period=words.plain(refusal.period), most=most)
    batches = sorted({overlap.batch_id for overlap in refusal.overlaps})
    fields = sorted({overlap.field.partition("[")[0] for overlap in refusal.overlaps})
    return words.t(
        "upload.undo_blocked",
        batches=", ".join(str(number) for number in batches),
        refs=refs,
        fields=", ".join(name_of(field, words.language()) for field in fields),
    )
