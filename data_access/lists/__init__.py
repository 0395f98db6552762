"""The lists the register goes by, as the coordinator keeps them: agencies and provinces, partners and their tiers, sectors, kinds
of documents, exchanges. Entries are added, renamed, given further names, merged, split and closed from a day on, and any of it is
taken back.

`kinds` declares the lists, `reading` tells them, `changing` is what holds for every day, `ending` what holds from a day on,
`tiers` how close relations with a partner are from a day on. Writes take a `session` and an `actor`, leave an audit entry, raise
the data version and never commit.
"""

from data_access.lists.changing import add, call_also, call_no_more, remove, rename
from data_access.lists.ending import close, merge, reopen, split
from data_access.lists.kinds import AGENCIES, LISTS, PARTNERS, TIERS, Entry, ListOf
from data_access.lists.reading import read, told
from data_access.lists.tiers import set_tier, split_tier, unset_tier

__all__ = [
    "AGENCIES",
    "LISTS",
    "PARTNERS",
    "TIERS",
    "Entry",
    "ListOf",
    "add",
    "call_also",
    "call_no_more",
    "close",
    "merge",
    "read",
    "remove",
    "rename",
    "reopen",
    "set_tier",
    "split",
    "split_tier",
    "told",
    "unset_tier",
]
