"""The kit that screens are built from."""
