"""Rules about fields, keys and validity."""

from collections import Counter

from lienthong.contract.document import Document
from lienthong.contract.finding import nearest
from lienthong.contract.model import Contract
from lienthong.contract.types import TYPES, ParseError
from lienthong.kernel.text import both

# Words that queries use for themselves.
RESERVED = frozenset(
    [
        "and",
        "or",
        "not",
        "q",
        "fields",
        "sort",
        "order",
        "limit",
        "offset",
        "page",
        "cursor",
        "format",
        "lang",
        "bbox",
        "crs",
        "datetime",
        "as_of",
        "count",
        "f",
        "total",
    ]
)
_SEARCHABLE = frozenset({"text", "identifier", "document_number", "email", "phone", "url"})


def names(contract: Contract, document: Document) -> None:
    """Field and column names are unique and not words of queries."""
    columns = Counter(c.name for f in contract.fields for c in f.columns)
    for at, field in enumerate(contract.fields):
        key = ("fields", at, "name")
        if field.name in RESERVED:
            fix = both("đặt tên khác", "choose another name")
            document.error(
                key,
                both(f"'{field.name}' là từ của truy vấn", f"'{field.name}' is a word of queries"),
                fix,
            )
        if columns[field.name] > 1:
            document.error(
                key,
                both(
                    f"cột '{field.name}' trùng (đơn vị hành chính có cột thứ hai <tên>_from)",
                    f"the column '{field.name}' stands twice (a unit has a second column <name>_from)",
                ),
                both("đổi tên một trường", "rename one field"),
            )


def logical_types(contract: Contract, document: Document) -> None:
    """The logical type exists and its options are right."""
    for at, field in enumerate(contract.fields):
        if field.logical_type not in TYPES:
            detail = both(f"không có kiểu '{field.logical_type}'", f"there is no logical type '{field.logical_type}'")
            document.error(("fields", at, "logicalType"), detail, nearest(field.logical_type, TYPES))
            continue
        for wrong in field.type.lint(field.options):
            fix = both(
                f"xem kiểu {field.logical_type} trong docs/contract.md",
                f"see the type {field.logical_type} in docs/contract.md",
            )
            document.error(("fields", at, "options"), wrong, fix)
        version = str(field.options.get("version", ""))
        if version.startswith("field:") and version[6:] not in contract.by_name:
            fix = nearest(version[6:], contract.by_name)
            document.error(("fields", at, "options", "version"), both("không có trường này", "no such field"), fix)


def linking_dates(contract: Contract, document: Document) -> None:
    """The option `at` of a unit names a date of the row, `today` or `none`."""
    for at, field in enumerate(contract.fields):
        given = field.options.get("at")
        if given is None or given in ("today", "none"):
            continue
        dated = [f.name for f in contract.fields if f.logical_type in ("date", "datetime")]
        if given not in dated:
            document.error(
                ("fields", at, "options", "at"),
                both(f"at: '{given}' không phải trường ngày", f"at: '{given}' is no date field"),
                nearest(str(given), [*dated, "today", "none"]),
            )


def examples(contract: Contract, document: Document) -> None:
    """Examples are values of the type."""
    for at, field in enumerate(contract.fields):
        if field.type.lint(field.options):
            continue
        for n, example in enumerate(field.examples):
            text = str(example).lower() if isinstance(example, bool) else str(example)
            try:
                if not isinstance(example, list | dict):
                    field.type.parse(text, field.options)
            except ParseError as error:
                fix = both("sửa ví dụ hoặc kiểu", "put the example or the type right")
                document.error(("fields", at, "examples", n), error.reason, fix)


def primary_key(contract: Contract, document: Document) -> None:
    """The key is made of fields that are required and can be compared."""
    for at, name in enumerate(contract.primary_key):
        key = ("primaryKey", at)
        field = contract.by_name.get(name)
        if field is None:
            detail = both(f"khóa chính '{name}' không phải trường", f"the key '{name}' is no field")
            document.error(key, detail, nearest(name, contract.by_name))
        elif not field.required:
            fix = both(f"đặt required: true cho {name}", f"set required: true on {name}")
            document.error(key, both(f"khóa chính '{name}' có thể trống", f"the key '{name}' may be missing"), fix)
        elif not field.type.sortable:
            fix = both("chọn một mã", "choose a code")
            detail = both(f"'{name}' không làm khóa được", f"'{name}' cannot be a key")
            document.error(key, detail, fix)
    if len(set(contract.primary_key)) != len(contract.primary_key):
        document.error(("primaryKey",), both("khóa lặp trường", "a key field stands twice"), both("bỏ bớt", "keep one"))


def validity(contract: Contract, document: Document) -> None:
    """The fields of the validity are dates."""
    if contract.validity is None:
        return
    dates = [f.name for f in contract.fields if f.logical_type == "date"]
    for end, name in (("from", contract.validity.from_), ("to", contract.validity.to)):
        if name not in dates:
            detail = both(
                f"validity.{end}: '{name}' không phải trường date",
                f"validity.{end}: '{name}' is no date field",
            )
            document.error(("validity", end), detail, nearest(name, dates))


def searched(contract: Contract, document: Document) -> None:
    """Only texts are searched without tone marks."""
    for at, field in enumerate(contract.fields):
        if field.search and field.logical_type not in _SEARCHABLE:
            document.error(
                ("fields", at, "search"),
                both(
                    f"kiểu {field.logical_type} không tìm kiếm được",
                    f"{field.logical_type} cannot be searched",
                ),
                both("bỏ search, dùng index: true", "drop search, use index: true"),
            )


RULES = (names, logical_types, linking_dates, examples, primary_key, validity, searched)
