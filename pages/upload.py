"""Upload."""

from pages.ui import session

session.require("agency", "coordinator", "administrator")
