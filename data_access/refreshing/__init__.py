"""A newer export of the register's source: what it says anew, stored as a batch that is reviewed and undone like any other."""

from data_access.refreshing.batches import SORTS, Waiting, counts_of, decided, hand_in, publish, waiting
from data_access.refreshing.differences import DIFFERENCES, KINDS, NotTheSourceError, differences, newer_of
from data_access.refreshing.export import Export, Newer
from data_access.refreshing.held import read_held

__all__ = [
    "DIFFERENCES",
    "KINDS",
    "SORTS",
    "Export",
    "Newer",
    "NotTheSourceError",
    "Waiting",
    "counts_of",
    "decided",
    "differences",
    "hand_in",
    "newer_of",
    "publish",
    "read_held",
    "waiting",
]
