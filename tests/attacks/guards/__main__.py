"""Every guard is taken away in turn, in a copy of the tree, and the test named for it must fail.

    python -m tests.attacks.guards            all of them, some minutes
    python -m tests.attacks.guards header     those whose name contains the word
    python -m tests.attacks.guards --quick    without first running all the tests with the guards in place

A guard whose test still passes is not guarded by it. `docs/security.md` lists the same guards and tests.
"""

from __future__ import annotations

import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

from tests.attacks.guards import GUARDS, ROOT, Guard


def main(words: list[str]) -> int:
    """Try the guards whose names hold one of the words (all without any); 0 when each is missed."""
    is_quick = "--quick" in words
    words = [word for word in words if word != "--quick"]
    chosen = [guard for guard in GUARDS if not words or any(word in guard.name for word in words)]
    survived = []
    with tempfile.TemporaryDirectory(prefix="guards") as folder:
        tree = _copy(pathlib.Path(folder) / "tree")
        print(f"{len(chosen)} guards.", "" if is_quick else "First their tests with all of them in place.", flush=True)
        for store in sorted({guard.store for guard in chosen}) if not is_quick else ():
            tests = sorted({guard.test for guard in chosen if guard.store == store})
            if (code := _run(tree, tests, store, stop=False)) != 0:
                print(f"They do not: pytest ended with {code}.")
                return 2
        for guard in chosen:
            began = time.monotonic()
            is_missed = _is_missed(tree, guard)
            took = time.monotonic() - began
            print(f"{'ok  ' if is_missed else 'GONE'} {took:5.1f} s  {guard.name}  [{guard.test}]", flush=True)
            survived += [] if is_missed else [guard.name]
    print(f"{len(chosen) - len(survived)} of {len(chosen)} guards are missed by the test named for them.")
    return 1 if survived else 0


def _copy(tree: pathlib.Path) -> pathlib.Path:
    """The files of the project as they are now, without what is kept out of the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tree / name)
    return tree


def _is_missed(tree: pathlib.Path, guard: Guard) -> bool:
    """Whether the test fails without the guard. That it cannot even be collected does not count."""
    path = tree / guard.path
    whole = path.read_text(encoding="utf-8")
    path.write_text(whole.replace(guard.text, guard.without), encoding="utf-8")
    try:
        return _run(tree, [guard.test], guard.store, stop=True) == 1
    finally:
        path.write_text(whole, encoding="utf-8")


def _run(tree: pathlib.Path, tests: list[str], store: str, *, stop: bool) -> int:
    command = [sys.executable, "-m", "pytest", "-q", "--no-header", "-p", "no:cacheprovider", "--tb=no"]
    command += ["-m", store] if store else []
    command += ["-x"] if stop else ["-n", "2"]
    ended = subprocess.run([*command, *tests], cwd=tree, capture_output=True, text=True)
    if ended.returncode not in (0, 1) or (not stop and ended.returncode):
        print(ended.stdout[-2000:], ended.stderr[-2000:], sep="\n")
    return ended.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
