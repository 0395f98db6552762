"""Accounts."""

from data_access.accounts import May
from pages.screen import Screen

SCREEN = Screen(
    __file__,
    icon=":material/manage_accounts:",
    order=170,
    section="administration",
    needs=May.ADMINISTER,
    filtered=False,
)
