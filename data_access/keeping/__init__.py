"""Keeping what is kept: whether a store is sound, and a store in one file and back."""
