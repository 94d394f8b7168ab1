"""Words of a search: whole ones, compared without tone marks, found through an index of words.

`minh phat` finds rows with both words, `"minh phat"` rows with one right after the other, `vin*` words that begin so.
Parts within words are what `contains` looks for.
"""

import re
from dataclasses import dataclass

from psycopg import sql

from lienthong.kernel.text import fold

_MARKS = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"  # else PostgreSQL's parser sees addresses, paths and signed numbers
_BLANKS = str.maketrans(_MARKS, " " * len(_MARKS))
_TOKEN = re.compile(r'"([^"]*)"?|([^\s"]+)')
_LONGEST = 255  # characters of a word; PostgreSQL's index has none above 2 kB


BUCKET = '"_id" / 16384'
"""So many rows of a release lie together on disk, in the order of their key: a first page reads few of these places."""


@dataclass(frozen=True, slots=True)
class Term:
    """Words that stand one after the other; `prefix`: the last one may go on."""

    words: tuple[str, ...]
    prefix: bool = False


def terms(given: str) -> tuple[Term, ...]:
    """What is looked for; marks and blanks between words mean nothing."""
    found = []
    for phrase, word in _TOKEN.findall(given):
        words = tuple(fold(phrase or word).translate(_BLANKS).split())
        if phrase or word.endswith("*"):
            found += [Term(words, prefix=not phrase)] if words else []
        else:
            found += [Term((one,)) for one in words]
    return tuple(dict.fromkeys(found))


def words_sql(search: str) -> str:
    """The words in the folded text `search` (a quoted column); the very expression that the index is made of."""
    return f"to_tsvector('simple'::regconfig, {_plain(search)})"


def index_sql(in_key_order: bool) -> sql.SQL:
    """What an index of words is made of; `in_key_order`: the rows of the table are numbered in the order of the key."""
    place = f"({BUCKET}), " if in_key_order else ""
    return sql.SQL(f"using gin ({place}({words_sql('_search')}))")


def by_bucket(source: str, alias: str, rows: str, where: str, order: str, limit: int, start: str, skip: int) -> str:
    """`limit` of `rows` after `skip` in the order of the key, bucket by bucket, and no further than needed.

    `start` selects the bucket to begin with; empty: the first one.
    """
    last = f"select max({alias}._id) / 16384 from {source} {alias}"
    one = f"select {rows} where {alias}.{BUCKET} = b.n and {where} order by {order} limit {limit + skip}"
    offset = f" offset {skip}" if skip else ""
    begin = f"({start})" if start else "0"
    return f"select w.* from generate_series({begin}, ({last})) b(n) cross join lateral ({one}) w limit {limit}{offset}"


def _plain(search: str) -> str:
    marks = _MARKS.replace("\\", "\\\\").replace("'", "\\'")
    return f"translate({search}, E'{marks}', '{' ' * len(_MARKS)}')"


def tsquery(found: tuple[Term, ...]) -> str | None:
    """The text of a tsquery that all terms fulfil; None when no row can."""
    if any(len(word) > _LONGEST for term in found for word in term.words):
        return None
    return " & ".join(f"({' <-> '.join(_lexemes(term))})" for term in found)


def _lexemes(term: Term) -> list[str]:
    last = len(term.words) - 1
    return [f"'{word}'" + (":*" if term.prefix and n == last else "") for n, word in enumerate(term.words)]


def pattern(term: Term) -> str:
    """A regular expression of PostgreSQL that finds the term in the folded text; the same rows, without the index."""
    return r"\m" + r"\W+".join(re.escape(word) for word in term.words) + ("" if term.prefix else r"\M")


def plain(search: str) -> str:
    """A folded text without marks, as `plain_sql` has it."""
    return search.translate(_BLANKS)


def plain_sql(search: str) -> str:
    """The text that a pattern is looked for in."""
    return _plain(search)
