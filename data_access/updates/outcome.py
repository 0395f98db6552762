"""What comes of an update."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Receipt:
    """What was done: `batch_id` is the batch's number, `applied` whether this call stored anything.

    Not applied with a batch number means that this very confirmation was carried out before, as that batch; not applied
    without one, that there was nothing to change. `data_version` is the one that holds now. `returned` is the batch in which the
    rest of a batch that was published in part goes back to its agency.
    """

    batch_id: int | None
    applied: bool
    changes: int
    data_version: int
    returned: int | None = None


@dataclasses.dataclass(frozen=True)
class HandedIn:
    """What became of a confirmed upload: the receipt for what went straight in (None: nothing had to), and the number of the
    batch that waits for review (None: nothing has to). `repeated`: this very confirmation was handed in before."""

    applied: Receipt | None
    waiting: int | None
    repeated: bool = False
