"""What everything costs, as ratios within one run, against the budgets there are.

Run by `make bench` (`SIZES=1000,100000` for other sizes, `ONLY=load,upload` for some groups of rows); prints a table and writes
`bench.json`. Not a test: clocks differ between machines, and what else runs on one shows.
"""

from __future__ import annotations

import json
import os
import pathlib
import tempfile
from collections.abc import Callable, Iterator, Mapping

from tests.benchmarks import browser, crowd, figures, filling, screens, uploads
from tests.benchmarks.measured import Measured, table

WRITTEN = pathlib.Path("bench.json")
SIZES = "1006,100000"

OF_A_SIZE: Mapping[str, Callable[[int, pathlib.Path], Iterator[Measured]]] = {
    "figures": figures.measure,
    "load": filling.measure,
    "pages": screens.measure,
    "browser": browser.measure,
}
ONCE: Mapping[str, Callable[[pathlib.Path], Iterator[Measured]]] = {"upload": uploads.measure, "people": crowd.measure}


def measure(sizes: list[int], only: list[str], folder: pathlib.Path) -> Iterator[Measured]:
    """What is asked for, the smallest register first."""
    for size in sizes:
        for name, group in OF_A_SIZE.items():
            if name in only:
                yield from group(size, folder)
    for name, once in ONCE.items():
        if name in only:
            yield from once(folder)


def main() -> None:
    """Print and write what is found, each line as soon as it is."""
    sizes = sorted(int(size) for size in os.environ.get("SIZES", SIZES).split(","))
    only = os.environ.get("ONLY", ",".join([*OF_A_SIZE, *ONCE])).split(",")
    if unknown := set(only) - {*OF_A_SIZE, *ONCE}:
        raise SystemExit(f"ONLY: {', '.join(sorted(unknown))} is none of {', '.join([*OF_A_SIZE, *ONCE])}")
    found: list[Measured] = []

    def noted() -> Iterator[Measured]:
        with tempfile.TemporaryDirectory(prefix="bench") as folder:
            for one in measure(sizes, only, pathlib.Path(folder)):
                found.append(one)
                yield one

    for line in table(noted()):
        print(line, flush=True)
    WRITTEN.write_text(json.dumps([one.row() for one in found], indent=1), encoding="utf-8")
    judged = [one for one in found if one.met is not None]
    print(f"{sum(one.met is True for one in judged)} of {len(judged)} budgets met")


if __name__ == "__main__":
    main()
