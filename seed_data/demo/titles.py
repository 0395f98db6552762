"""What each agreement is about, who stands in its title, and the title itself, in Vietnamese and English.

Topics, counterparts and forms of titles are lists in `data/`. An agreement gets the topics of its sector and agency in
turn, so that hardly two with the same partner say the same; where they would, a period or phase tells them apart.
"""

from __future__ import annotations

import polars as pl

from seed_data.demo.counterparts import with_counterparts
from seed_data.demo.draws import below, dates_of, read_data, stream
from seed_data.demo.exchanges import english_names
from seed_data.demo.plan import partner_traits
from seed_data.demo.signatories import parties, signing_agency

_KIND = {"TREATY": "t", "LOAN": "l", "JS": "j"}
_TEXTS = ("subject_vi", "subject_en", "product_vi", "product_en")


def write(seed: int, plan: pl.DataFrame) -> pl.DataFrame:
    """The plan with signing_agency, subject, product, counterpart, title (each _vi and _en), second partner and topic.

    `topic` is the row of the topic list, -1 for the agreements whose words are fixed. Rows keep their order.
    """
    numbered = plan.with_row_index("_row")
    fixed = numbered.filter(pl.col("group").is_in(["flagship", "voluntary", "free_trade"]))
    free = numbered.filter(~pl.col("group").is_in(["flagship", "voluntary", "free_trade"]))
    titled = pl.concat([_fixed(fixed), _free(seed, free)], how="diagonal").sort("_row").drop("_row")
    return told_apart(titled)


# --- Fixed words -----------------------------------------------------------------------------------------------------


def _fixed(plan: pl.DataFrame) -> pl.DataFrame:
    flagships = read_data("flagships").with_row_index("item")
    ocean = read_data("voluntary").with_row_index("item")
    free_trade = pl.DataFrame(
        {
            "item": [0, 1],
            "title_vi": [
                "Hiệp định Thương mại tự do giữa Chính phủ nước CHXHCN Việt Nam và Chính phủ Nhà nước Israel (VIFTA)",
                "Hiệp định Đối tác kinh tế toàn diện giữa Chính phủ nước CHXHCN Việt Nam và Chính phủ Các Tiểu vương quốc "
                "Ả-rập Thống nhất (CEPA)",
            ],
            "title_en": [
                "Free Trade Agreement between the Government of the Socialist Republic of Viet Nam and the Government of "
                "the State of Israel (VIFTA)",
                "Comprehensive Economic Partnership Agreement between the Government of the Socialist Republic of Viet Nam "
                "and the Government of the United Arab Emirates (CEPA)",
            ],
            "subject_vi": ["thương mại tự do", "đối tác kinh tế toàn diện"],
            "subject_en": ["free trade", "comprehensive economic partnership"],
            "product_vi": ["Biểu thuế ưu đãi được áp dụng", "Biểu thuế ưu đãi được áp dụng"],
            "product_en": ["Preferential tariffs applied", "Preferential tariffs applied"],
            "former": ["", ""],
        }
    )
    words = pl.concat(
        [
            flagships.select("item", "title_vi", "title_en", *_TEXTS, "former", group=pl.lit("flagship")),
            ocean.select(
                "item",
                ("Cam kết tự nguyện của Việt Nam tại UNOC 3 về " + pl.col("subject_vi")).alias("title_vi"),
                ("Voluntary commitment of Viet Nam at UNOC 3 on " + pl.col("subject_en")).alias("title_en"),
                *_TEXTS,
                pl.lit("").alias("former"),
                group=pl.lit("voluntary"),
            ),
            free_trade.select(
                pl.col("item").cast(pl.UInt32), "title_vi", "title_en", *_TEXTS, "former", group=pl.lit("free_trade")
            ),
        ]
    ).with_columns(pl.col("item").cast(pl.Int64))
    names = pl.concat(
        [
            partner_traits().select("partner", counterpart_vi="state_vi", counterpart_en="state_en"),
            read_data("organisations").select("partner", counterpart_vi="name_vi", counterpart_en="name_en"),
        ]
    )
    joined = plan.join(words, on=["group", "item"], how="left", maintain_order="left").join(
        names, on="partner", how="left", maintain_order="left"
    )
    return signing_agency(joined).with_columns(
        topic=pl.lit(-1, dtype=pl.Int64), second_partner=pl.lit(None, dtype=pl.String)
    )


# --- Topics ----------------------------------------------------------------------------------------------------------


def _free(seed: int, plan: pl.DataFrame) -> pl.DataFrame:
    traits = partner_traits().select("partner", "region", "sea", "tech", "nuclear", "state_vi", "state_en")
    province = pl.col("agency").str.contains(r"^T\d")
    organisation = pl.col("partner").str.starts_with("ORG-")
    binding = pl.col("doc_type").replace_strict(_KIND, default="g", return_dtype=pl.String)
    described = plan.join(traits, on="partner", how="left", maintain_order="left").with_columns(
        _kind=pl.when(organisation & (binding != "l")).then(pl.lit("o")).otherwise(binding),
        _pool=pl.when(binding == "l").then(pl.lit("*")).when(province).then(pl.lit("PROV")).otherwise("agency"),
        _traits=pl.concat_str(
            pl.col(name).fill_null(True).cast(pl.Int8).cast(pl.String) for name in ("sea", "tech", "nuclear")
        ),
    )
    topics = read_data("topics").with_row_index("topic").with_columns(pl.col("topic").cast(pl.Int64))
    signed = signing_agency(_with_topics(seed, described, topics))
    return _with_titles(seed, with_counterparts(seed, signed))


def _with_topics(seed: int, plan: pl.DataFrame, topics: pl.DataFrame) -> pl.DataFrame:
    """Topics in turn within sector, agency and kind, of those that suit the partner (a sea, a nuclear industry)."""
    groups = ["sector", "_pool", "_kind", "_traits"]
    met = plan.select("_traits").unique().sort("_traits")
    possible = topics.with_columns(_pool="agency", _kind=pl.col("kind").replace({"ts": "t"})).join(met, how="cross")
    fits = pl.col("needs") == ""
    for place, name in enumerate(("sea", "tech", "nuclear")):
        fits = fits | ((pl.col("needs") == name) & (pl.col("_traits").str.slice(place, 1) == "1"))
    possible = possible.filter(fits).sort(*groups, "topic")
    possible = possible.with_columns(_turn=pl.int_range(pl.len()).over(groups))
    turns = possible.group_by(groups, maintain_order=True).agg(_turns=pl.len())
    order = stream(seed, "topics").permutation(plan.height)
    return (
        plan.with_columns(_order=pl.Series(order))
        .with_columns(_turn=pl.col("_order").rank("ordinal").over(groups).cast(pl.Int64) - 1)
        .join(turns, on=groups, how="left", maintain_order="left")
        .with_columns(_turn=pl.col("_turn") % pl.col("_turns"))
        .join(
            possible.select(*groups, "_turn", "topic", "former", "family", "kind", *_TEXTS),
            on=[*groups, "_turn"],
            how="left",
            maintain_order="left",
        )
        .drop("_turn", "_turns")
    )


# --- Titles ----------------------------------------------------------------------------------------------------------


def _with_titles(seed: int, plan: pl.DataFrame) -> pl.DataFrame:
    random = stream(seed, "titles")
    forms = read_data("forms").with_columns(_turn=pl.int_range(pl.len()).over("doc_type", "kind"))
    turns = forms.group_by("doc_type", "kind").agg(_turns=pl.len())
    form = pl.when(pl.col("doc_type") == "LEAD").then(pl.lit("g")).otherwise("kind")
    first_year = pl.coalesce(dates_of(pl.col("signed")).dt.year(), pl.lit(2026))
    last_year = first_year + 2 + pl.Series(below(random, plan.height, 3))
    own = parties().rename({"agency": "signing_agency"})
    three = pl.col("second_vi").is_not_null()
    words = {
        "title_vi": {
            "{a}": pl.when(three).then(pl.format("{}, {}", "party_vi", "counterpart_vi")).otherwise("party_vi"),
            "{b}": pl.coalesce("second_vi", "counterpart_vi"),
            "{state}": pl.col("state_vi"),
            "{short}": pl.col("short_vi"),
            "{s}": pl.col("subject_vi"),
        },
        "title_en": {
            "{a_en}": pl.when(three).then(pl.format("{}, {}", "party_en", "counterpart_en")).otherwise("party_en"),
            "{b_en}": pl.coalesce("second_en", "counterpart_en"),
            "{state_en}": pl.col("state_en"),
            "{short_en}": pl.col("with_article"),
            "{s_en}": pl.col("subject_en"),
        },
    }
    titled = (
        plan.with_columns(_form=form)
        .join(turns, left_on=["doc_type", "_form"], right_on=["doc_type", "kind"], how="left", maintain_order="left")
        .with_columns(_turn=pl.Series(below(random, plan.height, 1 << 30)) % pl.col("_turns"))
        .join(
            forms,
            left_on=["doc_type", "_form", "_turn"],
            right_on=["doc_type", "kind", "_turn"],
            how="left",
            maintain_order="left",
        )
        .join(own, on="signing_agency", how="left", maintain_order="left")
        .join(english_names(), on="partner", how="left", maintain_order="left")
        .with_columns(_y1=first_year.cast(pl.String), _y2=last_year.cast(pl.String))
    )
    for column, replaced in words.items():
        text = pl.col(column).str.replace("{y1}", pl.col("_y1"), literal=True)
        text = text.str.replace("{y2}", pl.col("_y2"), literal=True)
        for mark, value in replaced.items():
            text = text.str.replace(mark, value.fill_null(""), literal=True)
        titled = titled.with_columns(said_once(text).alias(column))
    return titled.with_columns(
        counterpart_vi=pl.concat_str("counterpart_vi", pl.lit("; ") + pl.col("second_vi"), ignore_nulls=True)
    ).select(*plan.columns[: plan.columns.index("region")], *_RESULT)


def said_once(title: pl.Expr) -> pl.Expr:
    """A memorandum or plan "of cooperation" is about its field, not about cooperation in that field once more."""
    cooperative_vi = title.str.contains("^(Bản ghi nhớ|Thỏa thuận|Kế hoạch|Chương trình) hợp tác ")
    cooperative_en = title.str.contains("^(Memorandum of Cooperation|Cooperation )")
    shorter_vi = title.str.replace(" về hợp tác (trong|tại|giữa) ", " $1 ").str.replace(" về hợp tác ", " về ")
    shorter_en = title.str.replace(" on cooperation (in|on) ", " on ").str.replace(
        " on cooperation against ", " against "
    )
    return pl.when(cooperative_vi).then(shorter_vi).when(cooperative_en).then(shorter_en).otherwise(title)


_RESULT = (
    "topic",
    "former",
    *_TEXTS,
    "signing_agency",
    "second_partner",
    "counterpart_vi",
    "counterpart_en",
    "title_vi",
    "title_en",
)


def told_apart(titled: pl.DataFrame) -> pl.DataFrame:
    """Titles that say the same get a period, an amendment, a phase or, in large registers, a number."""
    repeat = pl.int_range(pl.len()).over("title_vi")
    period = pl.col("title_vi").str.contains("giai đoạn") | (pl.col("doc_type") == "LOAN")
    year = pl.coalesce(dates_of(pl.col("signed")).dt.year(), pl.lit(2026))
    numbered = titled.with_columns(_repeat=repeat, _period=period, _y1=year)
    first = (pl.col("_repeat") == 1) & ~pl.col("_period")
    amended = ((pl.col("_repeat") == 1) & pl.col("_period")) | ((pl.col("_repeat") == 2) & ~pl.col("_period"))
    more = pl.col("_repeat") > 0
    number = pl.col("_repeat").cast(pl.String)
    vi = (
        pl.when(first)
        .then(pl.format(" giai đoạn {} - {}", "_y1", pl.col("_y1") + 5))
        .when(amended)
        .then(pl.lit(" (sửa đổi, bổ sung)"))
        .when(more)
        .then(" (giai đoạn " + number + ")")
        .otherwise(pl.lit(""))
    )
    en = (
        pl.when(first)
        .then(pl.format(" for {} - {}", "_y1", pl.col("_y1") + 5))
        .when(amended)
        .then(pl.lit(" (amended)"))
        .when(more)
        .then(" (phase " + number + ")")
        .otherwise(pl.lit(""))
    )
    return numbered.with_columns(title_vi=pl.col("title_vi") + vi, title_en=pl.col("title_en") + en).drop(
        "_repeat", "_period", "_y1"
    )
