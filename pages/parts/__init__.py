"""Sections that several screens share."""
