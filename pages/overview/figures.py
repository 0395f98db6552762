"""What the overview is made of, worked out before anybody asks."""

from __future__ import annotations

from kpi import readers
from pages.parts import places
from pages.ui import data_edition, loaders, trends, view_codes
from pages.ui.data_edition import DataEdition


def prepare(edition: DataEdition) -> None:
    """Have the figures of the overview as it opens kept for this edition: they are the same for everybody."""
    with data_edition.showing(edition):
        offered = view_codes.choices()
        if not offered.has_data:
            return
        view = view_codes.read({}, offered, reader=readers.EVERYTHING).view
        for day in (view.as_of, view.compare_with, *trends.days(view.as_of)):
            loaders.counts(view.on(day))
            loaders.scorecards(view.on(day))
        loaders.reported(view)
        for group in places.GROUPS:
            loaders.league_table(view.where(agency_group=group), by="agency")
