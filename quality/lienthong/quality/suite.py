"""Contract -> the JSON of a great_expectations suite. Reading or making one needs no great_expectations.

A rule's `meta` carries what the platform makes of it: id, severity, dimension, titles, fields, onFailure, playbook.
"""

import json
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from lienthong.contract.model import Contract, FieldContract, QualityRule
from lienthong.contract.vocabulary import current
from lienthong.kernel.problem import Invalid
from lienthong.kernel.text import Bilingual, both

ROW_COUNT = "expect_table_row_count_to_be_between"
# ODCS severities as great_expectations knows them.
_SEVERITY = {"error": "critical", "warning": "warning"}
_COLUMN_ARGUMENTS = ("column", "column_A", "column_B", "column_list", "column_set")


def compile_suite(contract: Contract) -> dict[str, Any]:
    """The suite of a contract: what follows from keys, required, unique, types and validity, then its own rules."""
    expectations = [*_derived(contract), *(_given(rule) for rule in contract.quality)]
    return {
        "name": contract.id,
        "expectations": expectations,
        "meta": {
            "contract": contract.id,
            "version": contract.version,
            "suite_hash": suite_hash(expectations),
        },
    }


def suite_hash(expectations: list[dict[str, Any]]) -> str:
    """SHA-256 (hex) of the canonical JSON of the expectations: the same rules have the same hash."""
    canonical = json.dumps(expectations, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return sha256(canonical.encode()).hexdigest()


def fields_of(kwargs: dict[str, Any]) -> list[str]:
    """The columns that an expectation names."""
    given = [kwargs[name] for name in _COLUMN_ARGUMENTS if name in kwargs]
    return [name for part in given for name in ([part] if isinstance(part, str) else part)]


def _entry(type_: str, kwargs: dict[str, Any], **meta: Any) -> dict[str, Any]:
    title: Bilingual = meta["title"]
    meta |= {"title": {"vi": title.vi, "en": title.en}, "fields": fields_of(kwargs)}
    return {"type": type_, "kwargs": kwargs, "severity": _SEVERITY[meta["severity"]], "meta": meta}


def _codes(kwargs: dict[str, Any]) -> dict[str, Any]:
    """`value_set: {list: <vocabulary>}` written out. Raises Invalid when there is no such list."""
    given = kwargs.get("value_set")
    if not isinstance(given, dict):
        return kwargs
    found = current().get(str(given.get("list")))
    if found is None:
        raise Invalid(both(f"không có danh mục {given}", f"there is no list {given}"), place="value_set")
    return kwargs | {"value_set": list(found.by_code)}


def _given(rule: QualityRule) -> dict[str, Any]:
    kwargs = _codes(dict(rule.kwargs))
    if rule.mostly is not None:
        kwargs["mostly"] = rule.mostly
    return _entry(
        rule.expectation,
        kwargs,
        id=rule.id,
        severity=rule.severity,
        dimension=rule.dimension,
        title=rule.title,
        onFailure=rule.on_failure,
        playbook=rule.playbook or rule.id,
    )


def _rule(kind: str, at: str, type_: str, kwargs: dict[str, Any], dimension: str, title: Bilingual) -> dict[str, Any]:
    """A rule that follows from the contract's form: a row that breaks it goes to quarantine."""
    return _entry(
        type_,
        kwargs,
        id=f"{kind}:{at}" if at else kind,
        severity="error",
        dimension=dimension,
        title=title,
        onFailure="quarantine" if at else "score",
        playbook=kind,
    )


def _derived(contract: Contract) -> Iterator[dict[str, Any]]:
    if contract.source.mode == "snapshot" and not any(r.expectation == ROW_COUNT for r in contract.quality):
        title = both("Dữ liệu không trống", "The data is not empty")
        yield _rule("row-count", "", ROW_COUNT, {"min_value": 1}, "completeness", title)
    yield _key(contract)
    for field in contract.fields:
        yield from _field(contract, field)
    if contract.validity:
        yield _validity(contract)


def _key(contract: Contract) -> dict[str, Any]:
    names = list(contract.primary_key)
    title = both(f"Khóa không trùng: {', '.join(names)}", f"The key is unique: {', '.join(names)}")
    if len(names) == 1:
        type_, kwargs = "expect_column_values_to_be_unique", {"column": names[0]}
    else:
        type_, kwargs = "expect_compound_columns_to_be_unique", {"column_list": names}  # type: ignore[dict-item]
    return _rule("primary-key", ",".join(names), type_, kwargs, "uniqueness", title)


def _field(contract: Contract, field: FieldContract) -> Iterator[dict[str, Any]]:
    name, label = field.name, field.title
    column = {"column": name}
    if field.required or name in contract.primary_key:
        title = both(f"{label.vi}: bắt buộc", f"{label.en}: required")
        yield _rule("required", name, "expect_column_values_to_not_be_null", column, "completeness", title)
    if field.unique and contract.primary_key != (name,):
        title = both(f"{label.vi}: không trùng", f"{label.en}: unique")
        yield _rule("unique", name, "expect_column_values_to_be_unique", column, "uniqueness", title)
    for number, found in enumerate(field.type.expectations(name, field.options), 1):
        title = both(f"{label.vi}: đúng kiểu {field.logical_type}", f"{label.en}: of type {field.logical_type}")
        at = name if number == 1 else f"{name}:{number}"
        yield _rule("type", at, found["type"], dict(found["kwargs"]), "conformity", title)


def _validity(contract: Contract) -> dict[str, Any]:
    assert contract.validity
    start, end = contract.validity.from_, contract.validity.to
    kwargs = {
        "column_A": end,
        "column_B": start,
        "or_equal": True,
        "ignore_row_if": "either_value_is_missing",
    }
    title = both("Hiệu lực không kết thúc trước khi bắt đầu", "Validity does not end before it begins")
    type_ = "expect_column_pair_values_a_to_be_greater_than_b"
    return _rule("validity", f"{start},{end}", type_, kwargs, "consistency", title)
