"""Is a condition of a contract one that queries can answer? The grammar is that of queries, without relations."""

from typing import Any

from lienthong.contract.document import Document, Key
from lienthong.contract.finding import nearest
from lienthong.contract.model import Contract, FieldContract
from lienthong.contract.types import ParseError
from lienthong.kernel.text import both


def check_condition(contract: Contract, given: Any, key: Key, document: Document) -> None:
    """Note what is wrong with the condition `given` at `key`."""
    if not isinstance(given, dict):
        fix = both("{trường: {toán tử: giá trị}}", "{field: {operator: value}}")
        document.error(key, both("điều kiện phải là ánh xạ", "a condition is a mapping"), fix)
        return
    for name, value in given.items():
        inner = (*key, name)
        if name in ("and", "or"):
            for at, part in enumerate(value if isinstance(value, list) else [value]):
                check_condition(contract, part, (*inner, at), document)
        elif name == "not":
            check_condition(contract, value, inner, document)
        elif name not in contract.by_name:
            detail = both(f"điều kiện: không có trường '{name}'", f"condition: there is no field '{name}'")
            document.error(inner, detail, nearest(name, contract.by_name))
        else:
            comparisons = value if isinstance(value, dict) else {"eq": value}
            for operator, operand in comparisons.items():
                _check_comparison(contract.by_name[name], operator, operand, inner, document)


def _check_comparison(field: FieldContract, operator: str, operand: Any, key: Key, document: Document) -> None:
    if operator not in field.type.operators:
        detail = both(
            f"kiểu {field.logical_type} không có toán tử '{operator}'",
            f"the type {field.logical_type} has no operator '{operator}'",
        )
        document.error((*key, operator), detail, nearest(operator, field.type.operators))
        return
    if operator in ("is_null", "bbox", "within", "near", "contains"):
        return
    for value in operand if isinstance(operand, list) else [operand]:
        try:
            field.type.parse(str(value).lower() if isinstance(value, bool) else str(value), field.options)
        except ParseError as error:
            fix = both(f"giá trị của kiểu {field.logical_type}", f"a value of the type {field.logical_type}")
            document.error((*key, operator), error.reason, fix)
