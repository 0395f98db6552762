"""Briefings: made once of facts that are frozen when one starts, drawn in many forms that compute nothing."""
