"""Rules about where the data comes from."""

import re

from lienthong.contract.document import Document, Key
from lienthong.contract.finding import nearest
from lienthong.contract.model import ColumnSource, Contract, FieldContract
from lienthong.contract.types import ParseError
from lienthong.kernel.text import both


def columns(contract: Contract, document: Document) -> None:
    """Source columns feed fields that exist, in ways that their types understand."""
    mappings: list[tuple[Key, dict[str, ColumnSource | str]]] = [(("source", "columns"), contract.source.columns)]
    for at, file in enumerate(contract.source.files):
        mappings.append((("source", "files", at, "columns"), file.columns or {}))
    for key, mapping in mappings:
        for name, given in mapping.items():
            field = contract.by_name.get(name)
            if field is None:
                detail = both(
                    f"source.columns: không có trường '{name}'", f"source.columns: there is no field '{name}'"
                )
                document.error((*key, name), detail, nearest(name, contract.by_name))
            elif isinstance(given, ColumnSource):
                _column(field, given, (*key, name), document)


def _column(field: FieldContract, given: ColumnSource, key: Key, document: Document) -> None:
    if (given.from_ is None) == (given.value is None):
        fix = both("from: <cột>, hoặc value: <hằng>", "from: <column>, or value: <constant>")
        document.error(key, both("cần đúng một trong from và value", "exactly one of from and value is needed"), fix)
    if given.extract and not given.extract.startswith("$"):
        try:
            re.compile(given.extract)
        except re.error as error:
            fix = both(
                "biểu thức chính quy một nhóm, hoặc $.đường.dẫn", "a regular expression of one group, or a $.path"
            )
            document.error((*key, "extract"), both(f"extract sai: {error}", f"extract is wrong: {error}"), fix)
    if given.formats and not field.type.lint(field.options):
        for wrong in field.type.lint({**field.options, "formats": list(given.formats)}):
            document.error((*key, "formats"), wrong, both("xem docs/contract.md", "see docs/contract.md"))
    texts = [*given.map.values(), *([given.value] if given.value is not None else [])]
    for text in texts:
        try:
            if not field.type.lint(field.options):
                field.type.parse(text, field.options)
        except ParseError as error:
            part = "map" if text in given.map.values() else "value"
            fix = both(f"giá trị của trường {field.name}", f"a value of the field {field.name}")
            document.error((*key, part), error.reason, fix)


def required_columns(contract: Contract, document: Document) -> None:
    """Each required field has a source in each file."""
    for at, file in enumerate(contract.source.files):
        for field in contract.fields:
            if field.required and contract.source.column(field.name, file) is None:
                document.error(
                    ("source", "files", at),
                    both(
                        f"trường bắt buộc '{field.name}' không có cột nguồn",
                        f"the required field '{field.name}' has no source column",
                    ),
                    both(f"thêm source.columns.{field.name}", f"add source.columns.{field.name}"),
                )


def writes(contract: Contract, document: Document) -> None:
    """A dataset that is written to row by row is not also delivered as a whole, which would undo what was written."""
    if contract.access.write and contract.source.mode == "snapshot":
        detail = both(
            "access.write không đi cùng source.mode: snapshot: bản giao sau sẽ xóa những gì đã ghi",
            "access.write does not go with source.mode: snapshot: the next delivery would undo what was written",
        )
        document.error(("access", "write"), detail, both("source.mode: upsert", "source.mode: upsert"))


RULES = (columns, required_columns, writes)
