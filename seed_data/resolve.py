"""An agency's name as somebody typed it, to the agency responsible now; or to nothing, where that would be a guess.

What counts as sure: a code, name, abbreviation or alias of an agency as `kpi.names` finds them, and a name whatever the order of
its words; a unit that names the ministry above it; a province with the words of its
authorities ("People's Committee", "Department of"); a long name with a letter or two wrong. Agencies and provinces that
no longer exist lead to their default successor. A town that is not a province, a project unit without a place, a
company, two different ministries in one text, a ministry of another country: all of these stay unresolved, unless an
alias says otherwise.
"""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

import polars as pl

from data_access.packs import VIET_NAM, pack_of
from kpi.names import Names, is_another_short_word
from kpi.vocabulary import PROVINCE_KINDS, AgencyKind
from words.letters import bare

_SAME_WORDS = {
    "labour": "labor",
    "defence": "defense",
    "centre": "center",
    "programme": "program",
    "organisation": "organization",
    "labours": "labor",
}
_PLACE_SPELLINGS = (("bac kan", "bac can"), ("kon tum", "con tum"), ("ho chi minh", "hcm"), ("ho chi minh", "hcmc"))
_VIET_NAM = ("vietnam", "vn", "socialist republic of vietnam", "sr vietnam", "viet nam")
_LINK = re.compile(r" (?:of|in|for|cua)(?: the)? ")
_OF_A_STATE = re.compile(
    r"^(?:(?:the|royal|federal|islamic|people s|peoples|democratic|socialist|nuoc|chinh phu|cong hoa|vuong quoc|"
    r"(?:government|republic|kingdom|state|union|commonwealth|federation) of)(?: the)? )+"
)
_UNITS_EN = (
    "department departments office agency directorate administration bureau division unit pmu piu pcu cpmu board "
    "institute center cabinet inspectorate secretariat authority management"
)
_UNITS_VI = "vu cuc tong van vien ban trung thanh"
_UNIT_WORDS = frozenset(f"{_UNITS_EN} {_UNITS_VI}".split())
_OF = re.compile(r" (?:of|under|in|from|at|thuoc|truc thuoc)(?: the)? ")
_STOP_WORDS = frozenset(("of", "and", "the", "for", "on", "in", "va", "cua"))
_SEGMENT_END = re.compile(r"[,;:()\[\]/|\n\r\t]+|\s[-–—]+\s|[–—]+")


def names_of_home(lists: Mapping[str, pl.DataFrame]) -> frozenset[str]:
    """What the country whose agencies the lists hold is called, folded; nothing where they are no country's in particular."""
    home = pack_of(lists).home
    if home == VIET_NAM.home:
        return frozenset(_VIET_NAM)
    named = lists["Partner"].filter(pl.col("code") == home).select("code", "name_en", "name_vi", "name_pl").rows()
    called = lists["PartnerAlias"].filter(pl.col("partner") == home)["alias"]
    return frozenset(fold(name) for name in [*(name for row in named for name in row), *called]) - {""}


def fold(text: str) -> str:
    """Lower case, without diacritics and apostrophes, `đ` as `d`, `&` as `and`, other punctuation as spaces."""
    plain = re.sub(r"['’‘`´ʼ]", "", bare(text).replace("&", " and "))
    words = re.sub(r"[^a-z0-9]+", " ", plain).replace("viet nam", "vietnam").split()
    if words[:1] == ["the"]:
        words = words[1:]
    return " ".join(_SAME_WORDS.get(word, word) for word in words)


def _squash(folded: str) -> str:
    return folded.replace(" ", "")


@dataclasses.dataclass(frozen=True)
class Resolution:
    """What became of a name: `agency` is a key or None.

    `how` is declared (in a mapping), code, name, folded (without marks, or in another order), alias (of the list), part, place
    or misspelling where it was found; foreign, ambiguous or unknown where not.
    """

    name: str
    agency: str | None
    how: str


class AgencyResolver:
    """Looks names up among agencies, their aliases and successions.

    `agencies` has the columns key, code, kind, abbr_vi, abbr_en, name_vi, name_en; `aliases` alias, agency;
    `successions` predecessor, successor, is_default. `extra` are further aliases (text -> key), which win
    over everything else. `countries` are the names of other countries; `usual` what they are called besides, which may be
    words of other things, so that it counts only where it stands alone; `home` what their own country is called, folded.
    """

    def __init__(
        self,
        *,
        agencies: pl.DataFrame,
        aliases: pl.DataFrame,
        successions: pl.DataFrame,
        extra: Mapping[str, str] | None = None,
        countries: Iterable[str] = (),
        usual: Iterable[str] = (),
        home: Iterable[str] = _VIET_NAM,
    ) -> None:
        self._home = tuple(home)
        defaults = successions.filter("is_default").select("predecessor", "successor")
        self._successor = dict(defaults.iter_rows())
        self._declared = self._as_names((extra or {}).items())
        self._keys = {key: self.responsible_now(key) for key in agencies["key"]}
        self._exact: dict[str, set[str]] = defaultdict(set)
        self._whole: dict[str, set[str]] = defaultdict(set)
        self._short: dict[str, set[str]] = defaultdict(set)
        self._words: dict[tuple[str, ...], set[str]] = defaultdict(set)
        self._long: list[tuple[list[str], str]] = []
        self._places: dict[str, set[tuple[str, bool]]] = defaultdict(set)
        self._vocabulary: dict[str, set[str]] = defaultdict(set)
        official, besides = list(countries), list(usual)
        long = [name for name in besides if len(name.split()) >= 3]
        first = [re.split(r"[,(]", name)[0] for name in [*official, *besides]]  # "Korea (Republic of)"
        self._countries = frozenset(map(fold, [*official, *long])) - {"", *self._home}
        called = {fold(name) for name in [*official, *besides, *first]}
        self._called = frozenset(called | {_OF_A_STATE.sub("", name) for name in called}) - {"", *self._home}
        for key, code, kind, abbr_vi, abbr_en, name_vi, name_en in agencies.select(
            "key", "code", "kind", "abbr_vi", "abbr_en", "name_vi", "name_en"
        ).iter_rows():
            now = self.responsible_now(key)
            self._exact[_squash(fold(key))].add(now)
            if kind in PROVINCE_KINDS:
                self._add_place(name_vi, now, kind)
                self._add_place(name_en, now, kind)
                continue
            self._exact[_squash(fold(code))].add(now)
            for short in (abbr_vi, abbr_en):
                self._short[_squash(fold(short))].add(now)
            for name in (name_vi, name_en):
                self._add_name(name, now)
        kinds = dict(agencies.select("key", "kind").iter_rows())
        known = agencies.unpivot(
            ["abbr_vi", "abbr_en", "name_vi", "name_en"], index="key", variable_name="what", value_name="name"
        )
        self._names = self._as_names(known.select("name", "key").iter_rows())
        self._aliases = self._as_names(
            (alias, key)
            for alias, key in aliases.select("alias", "agency").iter_rows()
            if not _is_town(alias, kinds.get(key, ""))
        )
        for alias, key in aliases.select("alias", "agency").iter_rows():
            self._add_alias(alias, self.responsible_now(key), kinds.get(key, ""))
        for text, key in (extra or {}).items():
            self._add_alias(text, self.responsible_now(key), "")
        for right, other in _PLACE_SPELLINGS:
            self._places[_squash(other)] |= self._places.get(_squash(right), set())
        self._place_patterns = _place_patterns(self._places)

    @classmethod
    def from_lists(cls, frames: Mapping[str, pl.DataFrame], extra: Mapping[str, str] | None = None) -> AgencyResolver:
        """A resolver over the reference lists, as `seed_data.reference.frames()` gives them."""
        countries = frames["Partner"].filter(pl.col("kind").is_in(["country", "territory"]))
        countries = countries.filter(pl.col("code") != pack_of(frames).home)
        called = frames["PartnerAlias"].join(countries, left_on="partner", right_on="code", how="semi")
        official = called.filter(pl.col("source") != "usual")
        return cls(
            agencies=frames["Agency"],
            aliases=frames["AgencyAlias"],
            successions=frames["AgencySuccession"],
            extra=extra,
            countries=[*countries["name_en"], *countries["name_vi"], *official["alias"]],
            usual=[*countries["name_pl"], *called["alias"]],
            home=names_of_home(frames),
        )

    def _as_names(self, named: Iterable[tuple[str, str]]) -> Names:
        """What is called how, by the agency responsible now."""
        entries: dict[str, list[str]] = defaultdict(list)
        for name, key in named:
            entries[self.responsible_now(key)].append(unicodedata.normalize("NFC", name))
        return Names(entries.items())

    def responsible_now(self, key: str) -> str:
        """The agency that has taken over, by default successions, from the one with this key."""
        seen = {key}
        while (following := self._successor.get(key)) is not None and following not in seen:
            seen.add(following)
            key = following
        return key

    def resolve_all(self, names: pl.Series) -> pl.DataFrame:
        """Each different name once: name, agency (null where unresolved), how. Empty texts are left out."""
        different = names.drop_nulls().unique().sort()
        found = [self.resolve(name) for name in different.to_list() if name.strip()]
        return pl.DataFrame(
            [dataclasses.astuple(item) for item in found],
            schema={"name": pl.String, "agency": pl.String, "how": pl.String},
            orient="row",
        )

    def as_written(self, name: str) -> Resolution | None:
        """By the rule that holds for every list; None where the parts of the name have to tell."""
        text = unicodedata.normalize("NFC", name.strip())
        declared = self._declared.find(text)
        if declared.how in ("name", "folded", "ambiguous"):
            return Resolution(name, declared.code, "declared" if declared.code else declared.how)
        if text in self._keys:
            return Resolution(name, self._keys[text], "code")
        own, further = self._names.find(text), self._aliases.find(text)
        if own.code and further.code and own.code != further.code:
            return Resolution(name, None, "ambiguous")
        if own.code:
            return Resolution(name, own.code, "name" if own.how == "code" else own.how)
        if further.code:
            return Resolution(name, further.code, "alias")
        return Resolution(name, None, "unknown") if is_another_short_word(text) else None

    def resolve(self, name: str) -> Resolution:
        """The agency a name stands for, and how that was seen."""
        written = self.as_written(name)
        if written is not None:
            return written
        whole = fold(name)
        segments = [part for part in _SEGMENT_END.split(name) if fold(part)]
        if self._is_foreign(whole, [fold(part) for part in segments]):
            return Resolution(name, None, "foreign")
        bare = self._without_country(whole)
        found = self._named(whole, short=True) | self._named(bare, short=True) | self._whole.get(_squash(bare), set())
        if found:
            return _only(name, found, "folded")
        places = self._place_of([bare]) | self._place_of([self._without_country(fold(part)) for part in segments])
        parts = self._in_parts(segments)
        if parts or places:
            return _only(name, parts | places, "part" if parts else "place")
        return _only(name, self._misspelt(segments), "misspelling")

    # --- what is known -----------------------------------------------------------------------------------------------

    def _add_name(self, name: str, now: str) -> None:
        for form in {name, re.sub(r"\(.*?\)", " ", name)}:
            words = fold(form).split()
            if not words:
                continue
            self._exact["".join(words)].add(now)
            self._vocabulary[now].update(words)
            if len(words) >= 4:
                self._words[tuple(sorted(words))].add(now)
            if sum(map(len, words)) >= 12:
                self._long.append((words, now))

    def _add_alias(self, alias: str, now: str, kind: str) -> None:
        """One in capitals is an abbreviation; one of a province is a place, which inside a text may be an address."""
        folded = fold(alias)
        if _is_town(alias, kind):
            return
        if kind in PROVINCE_KINDS:
            self._whole[_squash(folded)].add(now)
            if not re.search(r"committee|uy ban|ubnd|unit", folded):
                self._add_place(alias, now, kind)
        elif alias.isupper() and " " not in alias.strip():
            self._short[_squash(fold(alias))].add(now)
        else:
            self._add_name(alias, now)

    def _add_place(self, name: str, now: str, kind: str) -> None:
        place = re.sub(r"^(?:tinh|thanh pho|tp|province of|city of) | (?:province|city)$", "", fold(name))
        self._places[_squash(place)].add((now, kind == AgencyKind.CENTRALLY_RUN_CITY))

    # --- how it is looked for ----------------------------------------------------------------------------------------

    def _is_foreign(self, whole: str, segments: list[str]) -> bool:
        """Whether a country stands in the name: as a part of its own, whatever it is called; or anywhere, by a long name."""
        parts = [*segments, *_LINK.split(whole)[1:]]
        if not self._called.isdisjoint([*parts, *(_OF_A_STATE.sub("", part) for part in parts)]):
            return True
        padded = f" {whole} "
        return any(f" {country} " in padded for country in self._countries if len(country) >= 5)

    def _without_country(self, folded: str) -> str:
        """A name without the country it may end with, which says nothing among its own agencies."""
        for country in self._home:
            for ending in (f" of {country}", f" {country}"):
                if folded.endswith(ending):
                    return folded.removesuffix(ending)
        return folded

    def _named(self, folded: str, *, short: bool) -> set[str]:
        squashed = _squash(folded)
        found = set(self._exact.get(squashed, ())) | set(self._words.get(tuple(sorted(folded.split())), ()))
        return found | set(self._short.get(squashed, ())) if short else found

    def _in_parts(self, segments: list[str]) -> set[str]:
        """Agencies named by some of the segments, longest runs of segments first, or after "of" within one of them.

        An empty text stands for a further ministry that could not be told.
        """
        found: set[str] = set()
        unread = list(range(len(segments)))
        for first, last in _runs(len(segments)):
            if not set(range(first, last)) <= set(unread):
                continue
            text = re.sub(r"^(?:and|va) ", "", fold(" ".join(segments[first:last])))
            hits = self._named(self._without_country(text), short=False) or self._above(text)
            if hits:
                found |= hits
                unread = [position for position in unread if not first <= position < last]
        rest = [segments[position] for position in unread]
        if found and any(re.match(r"(?:and |va )?(?:ministry of|bo) ", fold(text)) for text in rest):
            return found | {""}  # a second ministry, and not a known one
        for text in rest:
            found |= self._abbreviated(text.strip(), [other for other in rest if other is not text])
        return found

    def _abbreviated(self, text: str, others: list[str]) -> set[str]:
        """Agencies whose abbreviation a segment is.

        Not so if it stands for an unknown name beside it: "Max Planck Institute (MPI)" is not the Ministry of Planning.
        """
        known = self._short.get(_squash(fold(text)), set()) if text.isupper() and len(text) >= 3 else set()
        for other in others:
            words = [word for word in fold(other).split() if word not in _STOP_WORDS]
            if "".join(word[0] for word in words) == fold(text):
                known = {key for key in known if 2 * len(set(words) & self._vocabulary[key]) >= len(words)}
        return set(known)

    def _above(self, folded: str) -> set[str]:
        """The agency a unit names as its own: "Office of the Ministry of Finance", "Vụ Hợp tác quốc tế Bộ Y tế"."""
        found: set[str] = set()
        for match in _OF.finditer(folded):
            if _UNIT_WORDS & set(folded[: match.start()].split()):
                name = self._without_country(folded[match.end() :])
                found |= self._named(name, short=len(name) >= 3)
        words = folded.split()
        if words[:1] and words[0] in _UNIT_WORDS:
            for position in (index for index, word in enumerate(words) if word in ("bo", "ministry") and index):
                found |= self._named(self._without_country(" ".join(words[position:])), short=False)
        return found

    def _place_of(self, segments: list[str]) -> set[str]:
        texts = list(segments)
        if len(segments) > 1:  # a place alone in a part is an address; with its own unit it completes the part before
            texts = [text for text in segments if not self._place_patterns[-1].fullmatch(text)]
            if len(segments) == 2 and re.search(r" (?:province|city)$|^(?:tinh|thanh pho) ", segments[1]):
                texts.append(f"{segments[0]} of {segments[1]}")
        found: set[str] = set()
        for text in texts:
            for pattern in self._place_patterns:
                if match := pattern.fullmatch(text):
                    found |= self._province(match)
        return found

    def _province(self, match: re.Match[str]) -> set[str]:
        """The province a pattern found; nothing for a town that merely bears a province's name."""
        known = self._places.get(_squash(match["place"]), set())
        as_city = (
            "city" in (match.groupdict().get("unit") or "") or "thanh pho" in match[0] or match[0].startswith("city of")
        )
        return {now for now, is_city in known if is_city or not as_city}

    def _misspelt(self, segments: list[str]) -> set[str]:
        for first, last in _runs(len(segments)):
            words = self._without_country(fold(" ".join(segments[first:last]))).split()
            found = {now for known, now in self._long if _nearly(words, known)}
            if found:
                return found
        return set()


def _is_town(alias: str, kind: str) -> bool:
    """Whether an alias of a province names the town that is called like it, which has authorities of its own."""
    is_province = kind in PROVINCE_KINDS and kind != AgencyKind.CENTRALLY_RUN_CITY
    return is_province and re.search(r"\b(?:city|thanh pho|tp)\b", fold(alias)) is not None


def _only(name: str, found: set[str], how: str) -> Resolution:
    if len(found) == 1:
        return Resolution(name, next(iter(found)), how)
    return Resolution(name, None, "ambiguous" if found else "unknown")


def _runs(count: int) -> Iterator[tuple[int, int]]:
    """Every run of neighbours among `count` things, longest first."""
    for length in range(count, 0, -1):
        for first in range(count - length + 1):
            yield first, first + length


def _place_patterns(places: Iterable[str]) -> list[re.Pattern[str]]:
    """How a province's authorities are written, around the place; the last pattern is the place alone."""
    names = sorted(places, key=len, reverse=True)
    place = "(?P<place>" + "|".join(" ?".join(name) for name in names) + ")"
    unit = "(?P<unit> city| province| provincial)?"
    committee = r"peoples? committees?"
    project_unit = r"(?:oda )?(?:pmu|project management unit|project management board)"
    written = (
        rf"{place}{unit} {committee}(?: re\w*ented by .*)?",
        rf"(?:provincial )?{committee} of (?:the )?(?:province of |city of )?{place}{unit}",
        rf"(?:uy ban nhan dan|ubnd) (?:tinh |thanh pho |tp )?{place}",
        rf"{place}{unit} departments? of [a-z ]+",
        rf"(?:provincial )?departments? of [a-z ]+ (?:of|in) {place}{unit}",
        rf"so [a-z ]+ (?:tinh |thanh pho |tp ){place}",
        rf"{project_unit} (?:of|in) {place}{unit}",
        rf"{place}{unit} {project_unit}",
        rf"(?:tinh |thanh pho |tp |province of |city of )?{place}{unit}",
    )
    return [re.compile(pattern) for pattern in written]


def _nearly(words: list[str], known: list[str]) -> bool:
    """Whether two names differ by a slip of the pen: at most two letters in all, one in a short word, never the first.

    The bound is tight on purpose: "Wealth" is not "Health", and one Vietnamese syllable is never taken for another.
    """
    if len(words) != len(known) or words == known:
        return False
    total = 0
    for word, right in zip(words, known, strict=True):
        if word == right:
            continue
        if min(len(word), len(right)) < 4 or word[0] != right[0]:
            return False
        distance = _distance(word, right)
        if distance > (2 if len(right) >= 9 else 1):
            return False
        total += distance
    return total <= (2 if sum(map(len, known)) >= 20 else 1)


def _distance(a: str, b: str) -> int:
    """Letters inserted, left out, changed or swapped with a neighbour (optimal string alignment)."""
    if abs(len(a) - len(b)) > 2:
        return 3
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, start=1):
        following = [i]
        for j, y in enumerate(b, start=1):
            cost = min(row[j] + 1, following[j - 1] + 1, row[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, before[j - 2] + 1)
            following.append(cost)
        before, row = row, following
    return row[-1]
