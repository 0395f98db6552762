"""What roles there are.

Roles: `leader` reads everything, `agency` the ranking and its own agreements, `coordinator` reviews and consolidates,
`administrator` looks after accounts.
"""

from __future__ import annotations

from typing import Final

ROLES: Final = ("leader", "agency", "coordinator", "administrator")
PROCESSES: Final = ("manage.py", "system")
"""Names under which commands and the start-up act; no account may bear one."""
