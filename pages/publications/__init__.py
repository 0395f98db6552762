"""Published scorecards: drafts and what agencies say of them, what was published, what has changed of it since."""

from pages.screen import Screen

SCREEN = Screen(__file__, icon=":material/approval:", order=155, section="how_sure", filtered=False, looks_back=False)
