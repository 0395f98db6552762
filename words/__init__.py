"""Every visible word, number and date, in the reader's language.

Nothing is known here of the store or of the screen: whoever has them says so, with `named_by` and `spoken_by`.
"""

from words.catalogs import raise_on_missing, read_catalog, t
from words.formats import date, days, marks, number, percent, texts, tn
from words.letters import fold, fold_expr, sort_key, sort_keys
from words.names import (
    KINDS_IN_STORE,
    LANGUAGES_IN_STORE,
    Names,
    column,
    labels,
    language_in_store,
    name,
    name_expr,
    named,
    named_by,
)
from words.own import OwnWords, worded, worded_by
from words.phrases import Kept, Listed, Named, Phrase, Quantity, say
from words.spoken import (
    DEFAULT_LANGUAGE,
    first_language,
    in_language,
    known_language,
    language,
    languages,
    own_name,
    read_from,
    spoken_by,
)
from words.typed import plain

__all__ = [
    "DEFAULT_LANGUAGE",
    "KINDS_IN_STORE",
    "LANGUAGES_IN_STORE",
    "Kept",
    "Listed",
    "Named",
    "Names",
    "OwnWords",
    "Phrase",
    "Quantity",
    "column",
    "date",
    "days",
    "first_language",
    "fold",
    "fold_expr",
    "in_language",
    "known_language",
    "labels",
    "language",
    "language_in_store",
    "languages",
    "marks",
    "name",
    "name_expr",
    "named",
    "named_by",
    "number",
    "own_name",
    "percent",
    "plain",
    "raise_on_missing",
    "read_catalog",
    "read_from",
    "say",
    "sort_key",
    "sort_keys",
    "spoken_by",
    "t",
    "texts",
    "tn",
    "worded",
    "worded_by",
]
