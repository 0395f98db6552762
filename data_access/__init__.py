"""The store: tables, sessions, frames in and out, accounts, audit."""
