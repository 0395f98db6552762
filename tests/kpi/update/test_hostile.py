"""Thousands of broken and malicious files: each ends in a table or in problems with words, never in an exception, and a file
that is accepted changes nothing that its preview does not show."""

from __future__ import annotations

import csv
import io
import os
import random
import zipfile
from collections import Counter
from collections.abc import Callable, Hashable

import pytest

from files import ENCODINGS, reading
from kpi.update import Checked, Current, Problem, Table, check_rows, compare, message, read_table, template
from kpi.update.current import known_cells
from tests.kpi.update import messes
from tests.kpi.update.samples import TODAY, current, say

FILES = int(os.environ.get("HOSTILE", "5000"))
SHARES = 2
"""The files are spread over this many tests, which can run side by side."""

CHECKED_TWICE = 10
"""So many of each test's tables that change something are checked a second time: that checking is a function of its arguments
shows with these or not at all."""

TOKENS = [
    *(
        "\x00",
        "\x1b",
        "\u200b",
        "\u202e",
        "\ufeff",
        "\ufffd",
        "\ufffe",
        "e\u0301",
        "\ud7ff",
        "\U0001f600",
        "\u0085",
        "\u2028",
    ),
    *(
        '"',
        '""',
        '"""',
        ",",
        ";",
        "\t",
        "\n",
        "\r",
        "\r\n",
        "\n\n",
        "'",
        "=1+1",
        "'=1",
        "@SUM(A1)",
        "-",
        "[xóa]",
        "[clear]",
    ),
    *(
        "31/02/2024",
        "3/4/2025",
        "12/31/2025",
        "0001-01-01",
        "9999-12-31",
        "45678",
        "2026-01-10",
        "20/01/2026",
        "-1",
        "1e309",
    ),
    *(
        "SIGNED",
        "IN_FORCE",
        "Hoàn thành",
        "COMPLETED",
        "100%",
        "37,5",
        "101",
        "A-1",
        "A-2",
        "B-1",
        "ref",
        "state",
        "A" * 40_000,
    ),
    *(
        "https://x.vn",
        "javascript:alert(1)",
        "<script>",
        "![](http://x)",
        "{0}",
        "%(x)s",
        "'; DROP TABLE agreement; --",
        "NaN",
    ),
]


def _bytes_changed(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.choice((1, 3, 20))):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def _cut(data: bytes, chance: random.Random) -> bytes:
    start = chance.choice((0, 0, 0, chance.randrange(len(data))))
    return data[start : chance.randrange(len(data)) + 1] or data[:1]


def _tokens_put_in(data: bytes, chance: random.Random) -> bytes:
    text = data.decode("utf-8-sig")
    for _ in range(chance.choice((1, 2, 8))):
        place = chance.randrange(len(text) + 1)
        text = text[:place] + chance.choice(TOKENS) + text[place:]
    return text.encode(chance.choice(("utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-32")), "surrogatepass")


def _cells_exchanged(data: bytes, chance: random.Random) -> bytes:
    """Cells replaced by others of the file or by tokens, so that the form stays good and the content turns strange."""
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    for _ in range(chance.choice((1, 1, 2, 6))):
        row = chance.choice(rows[1:])
        row[chance.randrange(len(row))] = chance.choice((chance.choice(chance.choice(rows)), chance.choice(TOKENS)))
    if chance.random() < 0.2:
        rows.insert(chance.randrange(len(rows)), chance.choice(rows))
    written = io.StringIO(newline="")
    csv.writer(written, delimiter=chance.choice(",;\t"), quoting=csv.QUOTE_ALL).writerows(rows)
    return written.getvalue().encode()


def _texts_exchanged(data: bytes, chance: random.Random) -> bytes:
    """Strange texts where texts are wanted: most of them are honest changes."""
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    place = chance.choice((rows[0].index("Sản phẩm"), rows[0].index("Sản phẩm (tiếng Anh)")))
    rows[1 + chance.randrange(len(rows) - 1)][place] = chance.choice(TOKENS)
    written = io.StringIO(newline="")
    csv.writer(written, quoting=csv.QUOTE_ALL).writerows(rows)
    return written.getvalue().encode()


def _part_changed(data: bytes, chance: random.Random) -> bytes:
    """A workbook one of whose XML parts was changed, left out or given twice."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(target, "w") as after:
        names = before.namelist()
        chosen = chance.choice(names)
        for name in names:
            part = before.read(name)
            if name == chosen:
                part = chance.choice((_xml_changed, _bytes_changed, _cut))(part, chance)
                if chance.random() < 0.1:
                    continue
            after.writestr(name, part)
    return target.getvalue()


def _xml_changed(part: bytes, chance: random.Random) -> bytes:
    text = part.decode()
    for old, new in chance.sample(
        [
            ("<v>", "<f>1+1</f><v>"),
            ("<v>", "<v>9"),
            ('t="s"', chance.choice(('t="n"', 't="e"', 't="d"', 't="b"', 't="str"', 't="?"'))),
            ('r="A', chance.choice(('r="AA', 'r="ZZZ', 'r="', 'r="B'))),
            ('<row r="2"', chance.choice(('<row r="1"', '<row r="1048576"', '<row r="-2"', "<row"))),
            ("</sheetData>", '</sheetData><mergeCells><mergeCell ref="A1:B2"/></mergeCells>'),
            ("<t>", "<t>_xD800_"),
            ("<t>", "<t>\u200b"),
            ("<?xml", "<!DOCTYPE x><?xml"),
            ("<sst", '<!DOCTYPE sst [<!ENTITY e "x">]><sst'),
            ('state="', 'state="hidden" x="'),
            ("<sheet ", '<sheet state="hidden" '),
            ('numFmtId="', 'numFmtId="1'),
            ("worksheets/sheet1.xml", "../../../etc/passwd"),
        ],
        k=chance.choice((1, 2, 3)),
    ):
        text = text.replace(old, new, chance.choice((1, 1, -1)))
    return text.encode()


CSV_CHANGES = (_bytes_changed, _cut, _tokens_put_in, _cells_exchanged, _texts_exchanged)
XLSX_CHANGES = (_bytes_changed, _cut, _part_changed, _part_changed)
Change = Callable[[bytes, random.Random], bytes]


def _judge(data: bytes, name: str, encoding: str | None, now: Current, judged: dict[Hashable, str]) -> str:
    """What became of a file; raises for anything but the two honest outcomes. Equal tables are judged once."""
    outcome = read_table(data, name, encoding=encoding, reader=reading.read)  # here, where an exception is seen
    if not isinstance(outcome, Table):
        return _refused(outcome)
    says = (outcome.frame.write_json(), tuple(outcome.headers.items()), tuple(map(repr, outcome.notices)))
    if says not in judged:
        judged[says] = _judge_table(outcome, now, twice=list(judged.values()).count("changes") < CHECKED_TWICE)
    return judged[says]


def _judge_table(table: Table, now: Current, *, twice: bool) -> str:
    checked = check_rows(table, now, today=TODAY)
    if not isinstance(checked, Checked):
        return _refused(checked)
    preview = compare(checked, now)
    if not preview.changes:
        return "same"
    if twice:
        again = check_rows(table, now, today=TODAY)
        assert isinstance(again, Checked)
        assert compare(again, now).changes == preview.changes
    assert _mentioned(preview.writes) <= {change.subject for change in preview.changes}
    return "changes"


def _refused(problems: list[Problem]) -> str:
    assert any(problem.blocking for problem in problems)
    for problem in problems:
        assert message(problem, say=say, language="vi")
    return "refused"


def _mentioned(writes: object) -> set[str]:
    return {subject for frame in vars(writes).values() for subject in frame["subject"].to_list()}


@pytest.mark.slow
@pytest.mark.parametrize("share", range(SHARES))
def test_no_hostile_file_ends_in_an_exception(share: int) -> None:
    now = current()
    csv_file = template(now, language="vi", format="csv", say=say)
    xlsx_file = template(now, language="en", format="xlsx", say=say)
    outcomes: Counter[str] = Counter()
    judged: dict[Hashable, str] = {}

    for number in range(share, FILES, SHARES):
        chance = random.Random(number)
        good, changes, name = (csv_file, CSV_CHANGES, "a.csv") if number % 3 else (xlsx_file, XLSX_CHANGES, "a.xlsx")
        change: Change = chance.choice(changes)
        encoding = chance.choice(ENCODINGS) if chance.random() < 0.2 else None
        outcomes[_judge(change(good, chance), name, encoding, now, judged)] += 1

    assert outcomes["refused"] > outcomes["changes"] > 20, outcomes


# --- What was meant --------------------------------------------------------------------------------------------------

MESSES_TRIED = int(os.environ.get("MESSES", "160"))
"""So many files in all families together; more of them take 0.02 s each."""


@pytest.mark.timeout(60 + MESSES_TRIED)
def test_no_file_says_silently_something_else_than_was_meant() -> None:
    """Each is refused, or comes to what its clerk meant, or says in a notice where it does not."""
    now = current(**messes.register())
    outcomes: Counter[tuple[str, str]] = Counter()
    silent: list[tuple[str, int, object]] = []
    for number in range(MESSES_TRIED):
        chance = random.Random(number)
        family = list(messes.MESSES)[number % len(messes.MESSES)]
        sheet = messes.filled(chance)
        data, name = messes.MESSES[family](sheet, chance)
        outcome, said = _meant(data, name, sheet.meant, now)
        outcomes[family, outcome] += 1
        if outcome == "silent":
            silent.append((family, number, said))

    assert not silent, (len(silent), silent[:5])
    for family in ("dialect", "heading", "around", "written_otherwise", "cleared", "typed"):
        assert outcomes[family, "as_meant"], (family, outcomes)


def _meant(data: bytes, name: str, meant: messes.Meant, now: Current) -> tuple[str, object]:
    """What became of a file beside what was meant by it: refused, as_meant, said or silent; with the differences of the last."""
    table = read_table(data, name, reader=reading.read)
    checked = check_rows(table, now, today=TODAY) if isinstance(table, Table) else table
    if not isinstance(checked, Checked):
        return _refused(checked), None
    changes = compare(checked, now).changes
    found = {(change.ref, change.column): change.new for change in changes}
    known = {
        (f"A-{n}", column): text
        for n, column, text in known_cells(now, now.agreements["agreement_id"])
        .select("agreement_id", "column", "stored")
        .iter_rows()
    }
    wanted = {cell: text for cell, text in meant.items() if text != known.get(cell)}
    differing = {ref for (ref, _), _ in set(found.items()) ^ set(wanted.items())}
    if not differing:
        return "as_meant", None
    refs = dict(checked.table.frame.select("row", "ref").iter_rows())
    told = {refs.get(notice.row) for notice in checked.notices if notice.row is not None}
    if any(notice.row is None for notice in checked.notices) or differing <= told:
        return "said", None
    return "silent", (
        sorted(set(found.items()) ^ set(wanted.items()), key=str)[:3],
        [n.code for n in checked.notices][:3],
    )
