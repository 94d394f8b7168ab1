"""A text that fits a regular expression, for types and fields that are told by a pattern alone."""

import re._constants as c  # type: ignore[import-not-found, unused-ignore]
import re._parser as parser  # type: ignore[import-not-found, unused-ignore]
from random import Random
from typing import Any

_MORE = 3  # repetitions beyond the least, where a pattern sets no end
_LETTERS = "ABCDEGHKLMNPQRSTVX0123456789"


def like(pattern: str, random: Random) -> str:
    """A text that the whole pattern matches. What a pattern only looks at (assertions) is not followed."""
    return "".join(_part(op, value, random) for op, value in parser.parse(pattern))


def _part(op: Any, value: Any, random: Random) -> str:
    match op:
        case c.LITERAL:
            return chr(value)
        case c.ANY | c.NOT_LITERAL:
            return random.choice(_LETTERS)
        case c.IN:
            return _one_of(value, random)
        case c.MAX_REPEAT | c.MIN_REPEAT:
            low, high, inner = value
            count = random.randint(low, min(high, low + _MORE) if high is not c.MAXREPEAT else low + _MORE)
            return "".join(_part(o, v, random) for _ in range(count) for o, v in inner)
        case c.SUBPATTERN:
            return "".join(_part(o, v, random) for o, v in value[3])
        case c.BRANCH:
            return "".join(_part(o, v, random) for o, v in random.choice(value[1]))
    return ""


def _one_of(members: Any, random: Random) -> str:
    if members[0][0] is c.NEGATE:
        return random.choice(_LETTERS)
    op, value = random.choice([m for m in members if m[0] is not c.CATEGORY] or [(c.RANGE, (48, 57))])
    return chr(value) if op is c.LITERAL else chr(random.randint(*value))
