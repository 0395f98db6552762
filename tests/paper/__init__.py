"""Briefings as files: each form is read back."""
