"""The log of who did what: entries chained by their hashes, and the log as it is read."""

from data_access.audit.chain import ChainCheck, first_broken, follow, last_number, verify, write

__all__ = ["ChainCheck", "first_broken", "follow", "last_number", "verify", "write"]
