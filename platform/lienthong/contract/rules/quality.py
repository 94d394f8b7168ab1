"""Rules about quality rules, relationships and groups of fields as far as one contract tells."""

import re
from collections import Counter

from lienthong.contract.document import Document
from lienthong.contract.finding import nearest
from lienthong.contract.model import Contract
from lienthong.kernel.text import both

_COLUMN_ARGUMENTS = ("column", "column_A", "column_B", "column_list", "column_set")

_NAMES = both("expect_… hoặc unexpected_rows_expectation", "expect_… or unexpected_rows_expectation")


def quality_rules(contract: Contract, document: Document) -> None:
    """Ids are unique, expectations are named as great_expectations does, and their columns exist."""
    ids = Counter(rule.id for rule in contract.quality)
    columns = {c.name for f in contract.fields for c in f.columns}
    for at, rule in enumerate(contract.quality):
        key = ("quality", at)
        if ids[rule.id] > 1:
            detail = both(f"mã quy tắc '{rule.id}' lặp lại", f"the rule id '{rule.id}' stands twice")
            document.error((*key, "id"), detail, both("mỗi quy tắc một mã", "one id for each rule"))
        if not re.fullmatch(r"expect_[a-zA-Z0-9_]+|unexpected_rows_expectation", rule.expectation):
            detail = both(f"'{rule.expectation}' không phải tên kỳ vọng", f"'{rule.expectation}' is no expectation")
            document.error((*key, "expectation"), detail, _NAMES)
        for argument in _COLUMN_ARGUMENTS:
            given = rule.kwargs.get(argument, ())
            for name in [given] if isinstance(given, str) else given:
                if name not in columns:
                    detail = both(f"{argument}: không có cột '{name}'", f"{argument}: there is no column '{name}'")
                    document.error((*key, "kwargs", argument), detail, nearest(str(name), columns))


def relationships(contract: Contract, document: Document) -> None:
    """Local fields exist; names are free."""
    taken = Counter([*contract.by_name, *(r.name for r in contract.relationships)])
    for at, relation in enumerate(contract.relationships):
        if taken[relation.name] > 1:
            document.error(
                ("relationships", at, "name"),
                both(f"tên '{relation.name}' đã dùng", f"the name '{relation.name}' is taken"),
                both("đặt tên khác", "choose another name"),
            )
        for local in relation.on:
            if local not in contract.by_name:
                detail = both(f"quan hệ: không có trường '{local}'", f"relationship: there is no field '{local}'")
                document.error(("relationships", at, "on", local), detail, nearest(local, contract.by_name))


def groups_of_fields(contract: Contract, document: Document) -> None:
    """The fields of indexes and of roll-ups exist and can be sorted by."""
    known = {name for name, field in contract.by_name.items() if field.type.sortable}
    for part, listed in (("indexes", contract.indexes), ("rollups", contract.rollups)):
        for at, names in enumerate(listed):
            for name in names:
                if name not in known:
                    detail = both(f"{part}: không có trường '{name}'", f"{part}: there is no field '{name}'")
                    document.error((part, at), detail, nearest(name, known))


RULES = (quality_rules, relationships, groups_of_fields)
