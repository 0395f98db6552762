"""What a screen is: one declaration in the folder of its page, checked when it is made, and found where it stands."""

from __future__ import annotations

import functools
import importlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pages
from data_access.accounts import ROLES, May, Person, roles_that_may

_ADDRESS: Final = re.compile(r"[a-z]+(_[a-z]+)*")
_ICON: Final = re.compile(r":material/[a-z_]+:")


@dataclass(frozen=True)
class Screen:
    """A screen of the menu, declared as `SCREEN = Screen(__file__, ...)` in the `__init__.py` of its folder.

    The folder's name is its address, `page.py` in it what Streamlit runs, `frame.page_<name>` in the catalogs what it is
    called. Screens stand in the menu by `order`; those of a `section` share one entry there (`frame.section_<section>`),
    so that the menu of an agency, which has one page more, fits a laptop's screen. Raises ValueError for what cannot be.
    """

    declared_in: str
    icon: str
    order: int
    section: str = ""
    needs: May | None = None
    """What its reader must be allowed to do; None for everybody who is signed in."""
    or_needs: May | None = None
    """What opens it as well."""
    in_menu: bool = True
    """Whether it is offered in the menu, or reached by links only."""
    filtered: bool = True
    """Whether the filters are drawn above it: not where nothing it shows depends on them."""
    looks_back: bool = True
    """Whether it can show the register as it was known on a day: not where somebody works on the register of now."""
    of_agencies: bool = False
    """Whether it tells of agencies alone: it is not offered where a register names none."""
    is_bare: bool = False
    """Whether it is shown to a room: larger, without header, menu and filters."""
    formerly: tuple[str, ...] = ()
    """Addresses it had before, which lead to it."""

    def __post_init__(self) -> None:
        wrong = [
            f"{what} {value!r}"
            for what, value, form in (
                ("name", self.name, _ADDRESS),
                ("section", self.section or "none", _ADDRESS),
                ("icon", self.icon, _ICON),
                *(("former address", address, _ADDRESS) for address in self.formerly),
            )
            if not form.fullmatch(value)
        ]
        if not self.page.is_file():
            wrong.append("no page.py beside it")
        if self.needs is not None and not self.roles:
            wrong.append(f"no role may {self.needs.value}")
        if wrong:
            raise ValueError(f"The screen declared in {self.declared_in} cannot be: {', '.join(wrong)}.")

    @functools.cached_property
    def name(self) -> str:
        """Its address."""
        return self.page.parent.name

    @functools.cached_property
    def page(self) -> Path:
        """The script that draws it."""
        return Path(self.declared_in).with_name("page.py")

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles it is open to."""
        if self.needs is None:
            return tuple(ROLES)
        opens = {*roles_that_may(self.needs), *(roles_that_may(self.or_needs) if self.or_needs else ())}
        return tuple(code for code in ROLES if code in opens)

    def is_open_to(self, person: Person) -> bool:
        """Whether this person may see it: the guard of its page asks here, and so does the menu."""
        return self.needs is None or person.role in self.roles


@functools.cache
def screens() -> tuple[Screen, ...]:
    """Every screen, in the order of the menu; the first one is where everybody begins.

    A folder with a page and without a declaration raises AttributeError, an order or address that is taken ValueError.
    """
    folders = sorted(page.parent.name for room in pages.__path__ for page in Path(room).glob("*/page.py"))
    found: list[Screen] = [importlib.import_module(f"pages.{folder}").SCREEN for folder in folders]
    if len({screen.order for screen in found}) < len(found):
        raise ValueError(f"Two screens have one order: {sorted((screen.order, screen.name) for screen in found)}.")
    addresses = [address for screen in found for address in (screen.name, *screen.formerly)]
    if len({*addresses}) < len(addresses):
        raise ValueError(f"Two screens have one address: {sorted(addresses)}.")
    return tuple(sorted(found, key=lambda screen: screen.order))
