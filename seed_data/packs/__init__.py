"""Country packs: a folder of lists and words in place of Viet Nam's. `docs/country_packs.md` explains every file and column.

The frames of a pack are those of `seed_data.reference`, by table name, and one more, `CountryPack`, by which whoever is given the
lists knows whose they are.
"""

from __future__ import annotations

import string
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import polars as pl
import sqlalchemy as sa

import words
from data_access import data_date, store
from data_access.clock import today
from data_access.packs import PACK, VIET_NAM, Pack
from data_access.store import models
from data_access.store.arrow import table_of
from kpi.register import TIERS
from kpi.vocabulary import FLOOR_TIERS, MILESTONES, AgencyGroup, AgencyKind, Scope, State, texts
from seed_data import reference
from seed_data.mapping.parse import loaded
from seed_data.mapping.problems import Problems
from seed_data.mapping.toml import Reader
from seed_data.packs import lists
from seed_data.shape import shaped

FOLDER: Final = Path(__file__).parent
"""Where the packs that come along are."""

FILE: Final = "pack.toml"
ALL: Final = "ALL"

_NAMED: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "scopes": ("terms.scope", (*texts(Scope), ALL)),
    "rankings": ("terms.agency_group", texts(AgencyGroup)),
}
"""Table of `pack.toml` -> the words it gives, and the codes it may give them to."""

OWN_NAMES: Final = Pack(
    code="own", name_vi="Tên của chính danh mục", name_en="The register's own names", home="", takes_names=True
)
"""The pack of a store whose lists are what registers name."""


def read(folder: Path) -> dict[str, pl.DataFrame]:
    """The lists of a pack, as `seed_data.reference.frames` gives Viet Nam's, with the pack itself in front.

    Raises `MappingError` with every problem of its files.
    """
    problems = Problems(FILE)
    document = _document(folder, problems)
    problems.refuse()
    reader = Reader(problems)
    pack = _pack(reader, document)
    kinds = reader.texts(document, "agency_kinds", "")
    for name, kind in kinds.items():
        reader.choice(kind, f"agency_kinds.{name}", texts(AgencyKind))
    has_world = reader.table(document, "pack").get("world", True) is True
    tiers, called = _tiers(reader, document)
    frames = lists.read(folder, problems, kinds=kinds, tiers=tiers, world=_world() if has_world else None)
    problems.refuse()
    frames[models.EntryAlias.__name__] = pl.concat([called, frames[models.EntryAlias.__name__]])
    return {PACK: _frame(pack), **frames}


def own_names() -> dict[str, pl.DataFrame]:
    """The lists of a store that takes what registers name: the world's partners, and no agency, sector or kind of document."""
    ours = reference.frames()
    frames = {name: frame.clear() for name, frame in ours.items()}
    tiers = {models.Tier.__name__: ours[models.Tier.__name__]}
    return {PACK: _frame(OWN_NAMES), **frames, **tiers, **lists.of_world(_world())}


def of_country(country: str) -> dict[str, pl.DataFrame] | None:
    """The lists of the pack that comes along for a country; None where none does."""
    for folder in sorted(FOLDER.glob(f"*/{FILE}")):
        if tomllib.loads(folder.read_text(encoding="utf-8"))["pack"].get("home") == country != "":
            return read(folder.parent)
    return None


def stored(engine: sa.Engine) -> dict[str, pl.DataFrame] | None:
    """The lists of a store, as they are there by now, with the pack it was begun with if it was, and what has ended (`EntryEnd`);
    None of a store without lists."""
    names, end = (PACK, *reference.frames()), table_of(models.EntryEnd)
    with store.session(engine, read_only=True) as session:
        day = today(data_date.read(session))
    ended = sa.select(end).where(end.c.is_whole, end.c.retracted_at.is_(None), end.c.effective_on <= day)
    with store.snapshot(engine) as read_frame:
        found = {name: read_frame(sa.select(table_of(getattr(models, name)))) for name in names}
        found[models.EntryEnd.__name__] = read_frame(ended)
    if found[models.Partner.__name__].is_empty():
        return None
    return {name: frame for name, frame in found.items() if name != PACK or not frame.is_empty()}


def _tiers(reader: Reader, document: Mapping[str, Any]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The tiers that a pack names, in its order, with those that every list has, and their further names; ours without any."""
    usual = {code: (vi, en) for code, vi, en, *_ in reference.frames()[models.Tier.__name__].iter_rows()}
    given = reader.table(document, "tiers")
    found: list[dict[str, object]] = []
    called: list[dict[str, str]] = []
    names: list[tuple[str, tuple[str, ...]]] = []
    for code, value in given.items():
        path = f"tiers.{code}"
        named = reader.as_table(value, path)
        reader.only(named, path, (*words.LANGUAGES_IN_STORE, "also"))
        en, vi = reader.text(named, "en", path), reader.text(named, "vi", path)
        if not code.isascii() or not code.replace("-", "").replace("_", "").isalnum():
            reader.problems.add("code_strange", column=path, value=code)
        if not en and not vi:
            reader.problems.add("value_missing", column=f"{path}.en", value="")
        found.append({"code": code, "name_vi": vi or en or "", "name_en": en or vi or ""})
        also = reader.list_of_texts(named, "also", path)
        called += [{"alias": name, "list_of": TIERS, "code": code} for name in also]
        names.append((code, (vi or en or "", en or vi or "", *also)))
    for code, (vi, en) in usual.items():
        if code not in given and (not given or code in FLOOR_TIERS):
            found.append({"code": code, "name_vi": vi, "name_en": en})
            names.append((code, (vi, en)))
    lists.check_names(lists.Checked(f"{FILE} [tiers]", reader.problems), names)
    return lists.with_places(models.Tier, found), lists.shaped_rows(models.EntryAlias, called)


def _world() -> dict[str, pl.DataFrame]:
    """Every country and territory, ours among them, and the usual organisations, with their further names; nobody's tiers."""
    frames = reference.frames()
    ours = {"code": VIET_NAM.home, "name_vi": "Việt Nam", "name_en": "Viet Nam", "kind": "country", "region": "Asia"}
    called = {"alias": ["Vietnam", "Wietnam"], "partner": [VIET_NAM.home] * 2, "source": ["CLDR"] * 2}
    return {
        "Partner": pl.concat([shaped(models.Partner, pl.DataFrame([ours])), frames["Partner"]]),
        "PartnerAlias": pl.concat([frames["PartnerAlias"], shaped(models.PartnerAlias, pl.DataFrame(called))]),
    }


def _frame(pack: Pack) -> pl.DataFrame:
    row = {name: [getattr(pack, name)] for name in Pack.__dataclass_fields__}
    return shaped(models.CountryPack, pl.DataFrame({"id": [1], **row}))


def _document(folder: Path, problems: Problems) -> dict[str, Any]:
    for name in (FILE, *(f"{name}.csv" for name in lists.LISTS)):
        if not (folder / name).is_file():
            problems.add("pack_lacks", column=name, value=str(folder))
    if problems:
        return {}
    return loaded((folder / FILE).read_bytes(), problems)


def _pack(reader: Reader, document: Mapping[str, Any]) -> Pack:
    reader.only(document, "", ("pack", *_NAMED, "tiers", "agency_kinds", "words", "instead"))
    table = reader.table(document, "pack")
    reader.only(table, "pack", ("code", "name_vi", "name_en", "home", "start", "default_scope", "language", "world"))
    name_en = reader.text(table, "name_en", "pack", required=True) or ""
    start = reader.choice(
        reader.text(table, "start", "pack") or State.IN_PROGRESS.value, "pack.start", MILESTONES[1:-1]
    )
    scopes = (*texts(Scope), ALL)
    scope = reader.choice(reader.text(table, "default_scope", "pack"), "pack.default_scope", scopes)
    return Pack(
        code=reader.text(table, "code", "pack", required=True) or "",
        name_vi=reader.text(table, "name_vi", "pack") or name_en,
        name_en=name_en,
        home=reader.text(table, "home", "pack") or "",
        starts_with=start or State.IN_PROGRESS.value,
        default_scope=scope,
        words=_words(reader, document).written(),
    )


def _words(reader: Reader, document: Mapping[str, Any]) -> words.OwnWords:
    """What the pack says otherwise. A name given in one language only stands in the other too."""
    said: dict[str, dict[str, str]] = {code: {} for code in words.LANGUAGES_IN_STORE}
    for part, (room, codes) in _NAMED.items():
        for code, value in reader.table(document, part).items():
            path = f"{part}.{code}"
            reader.choice(code, path, codes)
            named = reader.as_table(value, path)
            reader.only(named, path, words.LANGUAGES_IN_STORE)
            given = {name: reader.text(named, name, path) for name in words.LANGUAGES_IN_STORE}
            for language in said:
                said[language][f"{room}.{code}"] = given[language] or next(filter(None, given.values()), code)
    for language, value in reader.table(document, "words").items():
        for key, text in reader.texts(
            {language: reader.as_table(value, f"words.{language}")}, language, "words"
        ).items():
            _check_key(reader, language, key, text)
            said.setdefault(language, {})[key] = text
    instead = reader.table(document, "instead")
    pairs = {language: reader.texts(instead, language, "instead") for language in instead}
    first = reader.text(reader.table(document, "pack"), "language", "pack")
    return words.OwnWords(said, pairs, reader.choice(first, "pack.language", words.languages()) or "")


def _check_key(reader: Reader, language: str, key: str, text: str) -> None:
    """Words of a pack stand where the catalogs have some, with no placeholder that those do not have."""
    path = f"words.{language}"
    if language not in words.languages():
        reader.problems.add("unknown_code", column=path, value=language, known=", ".join(words.languages()))
        return
    message = words.read_catalog(language).get(key)
    if message is None:
        reader.problems.add("unknown_words", column=path, value=key)
        return
    forms = [message.string] if isinstance(message.string, str) else list(message.string or ())
    known = {name for form in forms for name in _placeholders(form)}
    if strange := sorted(_placeholders(text) - known):
        reader.problems.add("words_strange", column=path, value=key, strange=", ".join(strange))


def _placeholders(text: str) -> set[str]:
    try:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
    except ValueError:
        return {text}
