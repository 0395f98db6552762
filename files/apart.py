"""Reading in a process of its own, with a limit on memory and on time: whatever a file does there, the server goes on.

The process is a fresh interpreter of the standard library alone (0.1 s), not a fork, which a server with threads must not make.
It is given the bytes and no environment, and asks back about headings. Both sides speak in lines of JSON, since a pickle could
hold one long text twenty thousand times in a few bytes.

The limit on memory is the kernel's (RLIMIT_AS). macOS knows the limit and does not hold to it: there only the length of the
answer and the time are bounded.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import json
import os
import pathlib
import resource
import subprocess
import sys
import threading
from collections.abc import Sequence
from typing import IO, Any

from files import reading
from files.form import Form, Heading
from files.grid import Grid
from files.limits import Limits
from files.problems import FileProblem

COMMAND = (sys.executable, "-ESs", "-m", "files.apart")
_NICENESS = 10
"""How far the reading of files stands back for everybody else's pages."""
_ROOT = pathlib.Path(__file__).resolve().parents[1]


def read(
    data: bytes, name: str, *, form: Form | None = None, limits: Limits | None = None, heading: Heading | None = None
) -> Grid | list[FileProblem]:
    """What `reading.read` gives; or one problem where that took too much memory or time, or its process ended."""
    form, limits, heading = form or Form(), limits or Limits(), heading or Heading()
    is_late = threading.Event()
    with subprocess.Popen(COMMAND, cwd=_ROOT, env={}, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:

        def stop() -> None:
            is_late.set()
            child.kill()

        deadline = threading.Timer(limits.seconds, stop)
        deadline.start()
        try:
            return _asked(child, data, name, form, limits, heading)
        except (EOFError, BrokenPipeError):
            return [
                FileProblem("needs_time", params={"most": f"{limits.seconds:g}"})
                if is_late.is_set()
                else FileProblem("reading_stopped")
            ]
        finally:
            deadline.cancel()
            child.kill()
            _close(child.stdin)


def _asked(
    child: subprocess.Popen[bytes], data: bytes, name: str, form: Form, limits: Limits, heading: Heading
) -> Grid | list[FileProblem]:
    assert child.stdin is not None
    assert child.stdout is not None
    _send(child.stdin, [name, len(data), dataclasses.asdict(form), dataclasses.asdict(limits)], data)
    while True:
        line = child.stdout.readline(limits.answer)
        if len(line) == limits.answer:
            return [FileProblem("unfolds_too_large", params={"most": limits.answer // 1024 // 1024})]
        if not line:
            raise EOFError
        kind, *content = json.loads(line)
        if kind == "grid":
            rows, faults, notices, encoding, delimiter = content
            return Grid(
                [(number, cells) for number, cells in rows],
                [FileProblem(*fault) for fault in faults],
                [FileProblem(*notice) for notice in notices],
                encoding,
                delimiter,
            )
        if kind == "problems":
            return [FileProblem(*problem) for problem in content]
        _send(child.stdin, getattr(heading, kind)(content))


def _send(pipe: IO[bytes], said: Any, data: bytes = b"") -> None:
    pipe.write(json.dumps(said, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n" + data)
    pipe.flush()


def _close(pipe: IO[bytes] | None) -> None:
    """Close it, also where a process that has ended left in it what it was sent, which closing would send once more."""
    if pipe is not None:
        with contextlib.suppress(BrokenPipeError):
            pipe.close()


# --- In the process ----------------------------------------------------------------------------------------------------


def _answer(questions: IO[bytes], answers: IO[bytes]) -> None:
    name, length, form, bounds = json.loads(questions.readline())
    limits = Limits(**bounds)
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory, most))
    os.nice(_NICENESS)

    def ask(kind: str, cells: Sequence[str]) -> int:
        _send(answers, [kind, *cells])
        reply: int = json.loads(questions.readline())
        return reply

    heading = Heading(functools.partial(ask, "known"), functools.partial(ask, "is_ours"))
    try:
        found = reading.read(questions.read(length), name, form=Form(**form), limits=limits, heading=heading)
        _send(answers, _plain(found))
    except MemoryError:
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        _send(answers, _plain([FileProblem("needs_memory", params={"most": limits.memory // 1024 // 1024})]))


def _plain(found: Grid | list[FileProblem]) -> list[Any]:
    if isinstance(found, Grid):
        faults, notices = ([list(vars(problem).values()) for problem in part] for part in (found.faults, found.notices))
        return ["grid", found.rows, faults, notices, found.encoding, found.delimiter]
    return ["problems", *(list(vars(problem).values()) for problem in found)]


if __name__ == "__main__":
    _answer(sys.stdin.buffer, sys.stdout.buffer)
