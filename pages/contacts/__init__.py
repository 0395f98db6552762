"""Contacts."""

from data_access.accounts import May
from pages.screen import Screen

SCREEN = Screen(
    __file__,
    icon=":material/contact_mail:",
    order=115,
    section="coordination",
    needs=May.KEEP_CONTACTS,
    filtered=False,
)
