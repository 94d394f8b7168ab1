"""What a contract of the right form must fulfil besides: one file a part, each rule a small function.

A rule takes the contract and its document, and notes findings at the keys that are wrong.
"""

from collections.abc import Callable

from lienthong.contract.document import Document
from lienthong.contract.model import Contract
from lienthong.contract.rules import catalogue, fields, opening, privacy, protection, quality, source
from lienthong.contract.types import TYPES

Rule = Callable[[Contract, Document], None]

RULES: tuple[Rule, ...] = (
    *fields.RULES,
    *quality.RULES,
    *opening.RULES,
    *catalogue.RULES,
    *source.RULES,
    *privacy.RULES,
    *protection.RULES,
)


def check(contract: Contract, document: Document) -> None:
    """Apply all rules that need one contract alone; an unknown type hides what only types can tell."""
    known = all(field.logical_type in TYPES for field in contract.fields)
    for rule in RULES if known else (fields.logical_types,):
        rule(contract, document)
