"""Ranking."""

from pages.screen import Screen

SCREEN = Screen(__file__, icon=":material/leaderboard:", order=20, of_agencies=True)
