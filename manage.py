"""Starts the operator's tool; `python manage.py --help` lists its commands."""

from __future__ import annotations

import sys

from cli.main import main

if __name__ == "__main__":
    sys.exit(main())
