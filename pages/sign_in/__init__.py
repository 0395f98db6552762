"""The sign-in, with a password or by single sign-on."""
