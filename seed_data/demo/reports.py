"""Quarterly progress reports with their seven fields: who reports, in time and in full, and what they say."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl

from kpi.vocabulary import PROVINCE_KINDS
from seed_data.demo.blockers import Blockers
from seed_data.demo.calendar import DATA_DATE, month_words, working_before
from seed_data.demo.draws import Bools, Floats, Ints, below, dates_of, lists, read_data, stream, tailed, whole
from seed_data.demo.history import recorded
from seed_data.demo.life import END, NEVER, Life
from seed_data.demo.signatories import authority

_MINISTRIES_MERGED, _PROVINCES_MERGED = dt.date(2025, 3, 1), dt.date(2025, 7, 1)
_NO_DIFFICULTY = (
    "Không có khó khăn, vướng mắc.",
    "Chưa phát sinh khó khăn, vướng mắc trong kỳ.",
    "Không có.",
)
_NO_REQUEST = (
    "Không có kiến nghị.",
    "Không.",
    "Đề nghị tiếp tục theo dõi, đôn đốc phía đối tác.",
)
_STAGES = ("signed", "approval", "in_force", "planned", "early", "middle", "late", "no_change", "suspended")
_SIGNED, _APPROVAL, _FORCE, _PLANNED, _EARLY, _MIDDLE, _LATE, _SAME, _PAUSED = range(9)


def periods() -> pl.DataFrame:
    """The quarters of 2024 to 2026; reports are due on the 10th day of the month that follows. Those of 2026 are still to come."""
    starts = [dt.date(year, month, 1) for year in (2024, 2025, 2026) for month in (1, 4, 7, 10)]
    nexts = [*starts[1:], dt.date(2027, 1, 1)]
    return pl.DataFrame(
        {
            "code": [f"{start.year}-Q{start.month // 3 + 1}" for start in starts],
            "starts_on": starts,
            "ends_on": [following - dt.timedelta(days=1) for following in nexts],
            "due_on": [following.replace(day=10) for following in nexts],
        }
    )


def report(seed: int, base: pl.DataFrame, life: Life, blockers: Blockers) -> pl.DataFrame:
    """Rows of ProgressReport, agreement by agreement and period by period."""
    quarters = periods().filter(pl.col("due_on") <= DATA_DATE)
    dates = quarters.select(pl.col("ends_on", "due_on").to_physical().cast(pl.Int64))
    parts = [
        _period(stream(seed, f"reports {code}"), base, life, blockers, code, ends, due, place / (quarters.height - 1))
        for place, (code, ends, due) in enumerate(zip(quarters["code"], dates["ends_on"], dates["due_on"], strict=True))
    ]
    rows = pl.concat(parts).sort("place", "ends")
    # A report that says "no change" repeats the share of the last one that showed progress.
    shown = pl.when("shows_progress").then("percent").forward_fill().over("place").fill_null(0)
    rows = rows.with_columns(percent=shown)
    return _worded(base, rows).select(
        pl.int_range(1, pl.len() + 1).alias("id"),
        pl.exclude("place", "ends"),
    )


def _period(
    random: np.random.Generator,
    base: pl.DataFrame,
    life: Life,
    blockers: Blockers,
    code: str,
    ends: int,
    due: int,
    progress_of_time: float,
) -> pl.DataFrame:
    """The reports of one period: numbers only, words come later. Reporting has become better over the two years."""
    place = np.flatnonzero(life.followed & (life.signed <= ends) & (life.closed > ends))
    size = len(place)
    skill = base["reporting"].to_numpy()[place]
    comes = random.random(size) < 0.685 + 0.07 * progress_of_time + 0.245 * skill
    late = random.random(size) < 0.16 - 0.155 * skill
    received = np.where(late, due + 1 + whole(12 * tailed(random, size)), due - below(random, size, 7))
    received = working_before(received)
    gap = random.random(size)
    blank = random.random(size) < 0.12 - 0.118 * skill
    share, stage = _standing(life, place, ends)
    started = stage >= _EARLY
    awake = (life.asleep[place] > ends) & (stage != _PAUSED)
    shows = awake & (random.random(size) < np.where(started, 0.93, 0.62))
    numbered = random.random(size) >= 0.06
    percent = np.where(started, 5 + whole(18 * share) * 5, np.where(stage >= _FORCE, 5, 0))
    open_text = _open_blocker(blockers, base.height, ends)[place]
    frame = pl.DataFrame(
        {
            "place": place,
            "received": received,
            "stage": np.where(stage == _PAUSED, _PAUSED, np.where(shows, stage, _SAME)),
            "percent": percent,
            "numbered": numbered,
            "shows_progress": shows,
            "blocker": open_text,
            "blank": np.where(blank, np.where(gap < 0.7, 1, np.where(gap < 0.85, 2, 3)), 0),
            "draw": below(random, size, 1 << 30),
            "target": life.target[place],
        }
    ).filter(pl.Series(comes & (received <= END)))
    return frame.with_columns(period=pl.lit(code), ends=pl.lit(ends))


def _standing(life: Life, place: Ints, ends: int) -> tuple[Floats, Ints]:
    """The share carried out by the end of the period, from 0 to 1, and the stage the report speaks of."""
    days = life.stages[place]
    reached = np.where(days[:, :4] <= ends, np.arange(1, 5), 0).max(axis=1)
    start = life.started[place]
    until = np.minimum(ends, life.asleep[place])
    length = np.maximum(life.expected[place] - start, 200)
    share = np.clip((until - start) / length, 0.0, 1.0)
    share = share * (1.12 - 0.12 * share)
    stage = np.where(reached == 4, np.searchsorted([0.3, 0.7], share) + _EARLY, reached)
    paused = (life.suspended[place] <= ends) & (life.resumed[place] > ends)
    return share, np.where(paused, _PAUSED, stage)


def _open_blocker(blockers: Blockers, size: int, ends: int) -> Ints:
    """Per agreement, the text of a blocker open at the end of the period; -1 without one."""
    text = np.full(size, -1)
    is_open: Bools = (blockers.opened <= ends) & (blockers.resolved > ends)
    text[blockers.place[is_open]] = blockers.text[is_open]
    return text


# --- Words -----------------------------------------------------------------------------------------------------------


def _worded(base: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """The numbers turned into the seven fields. Texts are written once per subject and picked by number."""
    subjects = base.select("subject_vi", "product_vi").unique(maintain_order=True).with_row_index("_subject")
    subject = base.join(subjects, on=["subject_vi", "product_vi"], how="left", maintain_order="left")["_subject"]
    place = rows["place"].to_numpy()
    of_row = subject.cast(pl.Int64).to_numpy()[place]
    draw = rows["draw"].to_numpy()
    progress = _progress(subjects, of_row, rows["stage"].to_numpy(), draw)
    difficulty, request = _difficulties(subjects, of_row, rows["blocker"].to_numpy(), draw)
    names = _names(base)
    target = dates_of(pl.col("target"))
    planned = (
        pl.when(pl.col("target") == NEVER)
        .then(pl.lit("Chưa xác định thời hạn"))
        .when(pl.col("target") > pl.col("ends"))
        .then(pl.lit("Tháng ") + month_words(target))
        .otherwise(pl.lit("Quá hạn từ tháng ") + month_words(target) + pl.lit(", đang đề nghị điều chỉnh"))
    )
    begun = pl.col("stage").is_in([_EARLY, _MIDDLE, _LATE]) & pl.col("numbered")
    content = pl.concat_str(_capital(pl.col("subject_vi")), pl.lit(". Sản phẩm cam kết: "), "product_vi", pl.lit("."))
    contents = subjects.select(content.alias("content"))["content"]
    merged = pl.when(pl.col("_province")).then(pl.lit(_PROVINCES_MERGED)).otherwise(pl.lit(_MINISTRIES_MERGED))
    return rows.with_columns(
        names["before"][place].alias("_before"),
        names["now"][place].alias("_now"),
        names["province"][place].alias("_province"),
        reported_on=dates_of(pl.col("received")),
        _progress=progress,
        _difficulty=difficulty,
        _request=request,
    ).select(
        "place",
        "ends",
        base["id"][place].alias("agreement_id"),
        "period",
        "reported_on",
        pl.when(pl.col("reported_on") < merged).then("_before").otherwise("_now").alias("presiding_agency"),
        base["counterpart_vi"][place].alias("cooperation_partners"),
        contents[of_row].alias("content"),
        pl.when(begun)
        .then(pl.format("{} Ước đạt khoảng {}% khối lượng công việc.", "_progress", "percent"))
        .otherwise("_progress")
        .alias("progress"),
        pl.when(pl.col("blank") == 3).then(pl.lit("")).otherwise(planned).alias("completion_time"),
        pl.when(pl.col("blank") == 1).then(pl.lit("")).otherwise("_difficulty").alias("difficulties"),
        pl.when(pl.col("blank") == 2).then(pl.lit("")).otherwise("_request").alias("recommendations"),
        pl.when("numbered").then(pl.col("percent").cast(pl.Float64)).alias("progress_pct"),
        "shows_progress",
        recorded(pl.col("reported_on"), pl.lit(0)).alias("recorded_at"),
    )


def _capital(text: pl.Expr) -> pl.Expr:
    return text.str.slice(0, 1).str.to_uppercase() + text.str.slice(1)


def _names(base: pl.DataFrame) -> pl.DataFrame:
    """Who presided before the mergers and presides now, row by row of the base."""
    agencies = lists()["Agency"].select(agency="key", name=authority(pl.col("name_vi")), kind="kind")
    loan = pl.col("doc_type") == "LOAN"
    return (
        base.select("agency", "doc_type", former=pl.when(loan).then("agency").otherwise("signing_agency"))
        .join(agencies, on="agency", how="left", maintain_order="left")
        .join(agencies.select(former="agency", before="name"), on="former", how="left", maintain_order="left")
        .select("before", now="name", province=pl.col("kind").is_in(PROVINCE_KINDS))
    )


def _picked(written: pl.DataFrame, name: str, width: int, of_row: Ints, place: Ints) -> pl.Series:
    """The text of each row's subject and place among `width` texts; `written` is sorted by subject, then place."""
    return written[name][of_row * width + place]


def _progress(subjects: pl.DataFrame, of_row: Ints, stage: Ints, draw: Ints) -> pl.Series:
    texts = read_data("report_texts")
    first = np.array([(texts["stage"] == name).arg_max() for name in _STAGES])
    number = np.array([(texts["stage"] == name).sum() for name in _STAGES])
    product = pl.col("product_vi").str.slice(0, 1).str.to_lowercase() + pl.col("product_vi").str.slice(1)
    written = subjects.join(texts.select("text"), how="cross").select(
        text=pl.col("text")
        .str.replace("{s}", pl.col("subject_vi"), literal=True)
        .str.replace("{p}", product, literal=True)
    )
    return _picked(written, "text", texts.height, of_row, first[stage] + draw % number[stage])


def _difficulties(subjects: pl.DataFrame, of_row: Ints, blocker: Ints, draw: Ints) -> tuple[pl.Series, pl.Series]:
    """What the report says of difficulties, and what it asks for: of the open blocker, or that there is none."""
    texts = read_data("blocker_texts")
    none = len(_NO_DIFFICULTY)
    said = pl.concat(
        [
            texts.select("description", "recommendation"),
            pl.DataFrame({"description": _NO_DIFFICULTY, "recommendation": _NO_REQUEST}),
        ]
    )
    written = subjects.join(said, how="cross").with_columns(
        pl.col("description").str.replace("{s}", pl.col("subject_vi"), literal=True)
    )
    place = np.where(blocker >= 0, blocker, texts.height + draw % none)
    asked = np.where(blocker >= 0, blocker, texts.height + draw // none % none)
    difficulty = _picked(written, "description", said.height, of_row, place)
    return difficulty, _picked(written, "recommendation", said.height, of_row, asked)
