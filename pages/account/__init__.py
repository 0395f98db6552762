"""My account."""

from pages.screen import Screen

SCREEN = Screen(__file__, icon=":material/account_circle:", order=190, in_menu=False, filtered=False)
