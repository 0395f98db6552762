"""What everything costs, as ratios within one run, against the budgets there are.

Run by `make bench` (`SIZES=1000,100000` for other sizes); prints a table and writes `bench.json`. Not a test: clocks differ
between machines, and what else runs on one shows.
"""

from __future__ import annotations

import json
import os
import pathlib
import tempfile
from collections.abc import Iterator

from tests.benchmarks import crowd, figures, screens
from tests.benchmarks.measured import Measured, table

WRITTEN = pathlib.Path("bench.json")
SIZES = "1006,100000"


def measure(sizes: list[int], folder: pathlib.Path) -> Iterator[Measured]:
    """Everything, the smallest register first."""
    for size in sizes:
        yield from figures.measure(size)
        yield from screens.measure(size, folder)
    yield from crowd.measure(folder)


def main() -> None:
    """Print and write what is found, each line as soon as it is."""
    found: list[Measured] = []

    def noted() -> Iterator[Measured]:
        with tempfile.TemporaryDirectory(prefix="bench") as folder:
            for one in measure([int(size) for size in os.environ.get("SIZES", SIZES).split(",")], pathlib.Path(folder)):
                found.append(one)
                yield one

    for line in table(noted()):
        print(line, flush=True)
    WRITTEN.write_text(json.dumps([one.row() for one in found], indent=1), encoding="utf-8")
    judged = [one for one in found if one.met is not None]
    print(f"{sum(one.met is True for one in judged)} of {len(judged)} budgets met")


if __name__ == "__main__":
    main()
