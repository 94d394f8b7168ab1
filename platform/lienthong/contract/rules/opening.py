"""Rules about what is opened: no personal field row by row, no thin groups, no view without its key."""

from collections import Counter

from lienthong.contract.document import Document, Key
from lienthong.contract.finding import nearest
from lienthong.contract.model import Contract, FieldContract, GroupBy, Measure
from lienthong.contract.rules.condition import check_condition
from lienthong.kernel.text import both

# transform -> logical types that it takes; none takes all
TAKES: dict[str, frozenset[str]] = {
    "year": frozenset({"date", "datetime", "partial_date"}),
    "quarter": frozenset({"date", "datetime"}),
    "month": frozenset({"date", "datetime", "partial_date"}),
    "band5": frozenset({"integer", "date", "partial_date"}),
}
NUMBERS = frozenset({"integer", "decimal", "money"})
# Types that tell one person from another: never a dimension as they are.
_DISTINGUISHING = frozenset({"text", "identifier", "uuid", "citizen_id", "phone", "email", "tax_code", "point"})


def published_fields(contract: Contract, document: Document) -> None:
    """A personal field is never published as it is, whether there is an open view today or not."""
    for at, field in enumerate(contract.fields):
        key = ("fields", at, "open")
        if field.open != "publish" or field.classification == "public":
            continue
        detail = both(
            f"trường {field.name} phân loại {field.classification} mà công bố",
            f"the field {field.name} is {field.classification}, yet published",
        )
        if field.classification == "internal":
            fix = both("phân loại public nếu luật cho công bố", "classify it public when the law publishes it")
            document.warning(key, detail, fix)
        else:
            document.error(
                key,
                detail,
                both(
                    "open: suppress, hoặc công bố dạng tổng hợp (openView.groupBy)",
                    "open: suppress, or publish it in an aggregate (openView.groupBy)",
                ),
            )


def row_view(contract: Contract, document: Document) -> None:
    """A view of rows publishes the key, and has the keys of a row view only."""
    view = contract.open_view
    if view is None or view.is_aggregate:
        return
    if view.measures:
        fix = both("thêm groupBy", "add groupBy")
        document.error(("openView",), both("measures cần groupBy", "measures need groupBy"), fix)
    for name in contract.primary_key:
        field = contract.by_name.get(name)
        if field and not field.is_open:
            document.error(
                ("openView",),
                both(
                    f"dữ liệu mở theo dòng cần khóa '{name}' được công bố",
                    f"rows are open but their key '{name}' is not",
                ),
                both(
                    "công bố một khóa riêng, hoặc mở dạng tổng hợp",
                    "publish a key of its own, or open an aggregate",
                ),
            )
    if view.where:
        check_condition(contract, view.where, ("openView", "where"), document)


def aggregate_view(contract: Contract, document: Document) -> None:
    """An aggregate has an id and a title of its own, dimensions that fit, and cells that are not too thin."""
    view = contract.open_view
    if view is None or not view.is_aggregate:
        return
    for name in ("id", "title"):
        if getattr(view, name) is None:
            document.error(
                ("openView",),
                both(f"thiếu openView.{name}", f"openView.{name} is missing"),
                both("thêm vào", "add it"),
            )
    if view.where:
        check_condition(contract, view.where, ("openView", "where"), document)
    if view.k < contract.privacy.k:
        fix = both(f"đặt k: {contract.privacy.k} trở lên", f"set k: {contract.privacy.k} or more")
        detail = both(f"openView.k = {view.k} nhỏ hơn privacy.k", f"openView.k = {view.k} is less than privacy.k")
        document.error(("openView", "k"), detail, fix)
    names = Counter([*(g.field for g in view.group_by), *(m.name for m in view.measures)])
    for at, group in enumerate(view.group_by):
        _dimension(contract, group, ("openView", "groupBy", at), names[group.field] > 1, document)
    for at, measure in enumerate(view.measures):
        _measure(contract, measure, ("openView", "measures", at), names[measure.name] > 1, document)
    if not view.measures:
        fix = both("thêm {name, title, measure: count}", "add {name, title, measure: count}")
        document.error(("openView",), both("thiếu measures", "measures are missing"), fix)


def _dimension(contract: Contract, group: GroupBy, key: Key, twice: bool, document: Document) -> None:
    field = _known(contract, group.of, key, document)
    if twice:
        _twice(group.field, key, document)
    if field is None:
        return
    takes = TAKES.get(group.transform)
    if takes is not None and field.logical_type not in takes:
        detail = both(
            f"transform {group.transform} không dùng cho kiểu {field.logical_type}",
            f"the transform {group.transform} does not take the type {field.logical_type}",
        )
        fix = both(f"kiểu: {', '.join(sorted(takes))}", f"types: {', '.join(sorted(takes))}")
        document.error((*key, "transform"), detail, fix)
    elif field.logical_type in ("list", "point", "multipolygon"):
        fix = both("chọn một mã", "choose a code")
        document.error(key, both(f"không nhóm theo {field.name}", f"{field.name} cannot be a dimension"), fix)
    elif takes is None and field.classification in ("personal", "sensitive") and _tells_persons(field):
        document.error(
            key,
            both(f"nhóm theo {field.name} làm lộ cá nhân", f"groups by {field.name} tell persons apart"),
            both("dùng transform, hoặc một mã ít giá trị", "use a transform, or a code of few values"),
        )


def _tells_persons(field: FieldContract) -> bool:
    return field.logical_type in _DISTINGUISHING or field.logical_type in ("date", "datetime", "partial_date")


def _measure(contract: Contract, measure: Measure, key: Key, twice: bool, document: Document) -> None:
    if twice:
        _twice(measure.name, key, document)
    if measure.where:
        check_condition(contract, measure.where, (*key, "where"), document)
    if measure.of is None:
        if measure.measure != "count":
            fix = both("of: <trường số>", "of: <number field>")
            document.error(key, both(f"{measure.measure} cần 'of'", f"{measure.measure} needs 'of'"), fix)
        return
    field = _known(contract, measure.of, key, document)
    if field is None or measure.measure == "count":
        return
    if field.logical_type not in NUMBERS and not (measure.measure in ("min", "max") and field.logical_type == "date"):
        numbers = ", ".join(f.name for f in contract.fields if f.logical_type in NUMBERS)
        detail = both(
            f"{measure.measure} của '{field.name}' không phải số",
            f"{measure.measure} of '{field.name}' is no number",
        )
        document.error((*key, "of"), detail, both(f"một trong: {numbers}", f"one of: {numbers}"))


def _known(contract: Contract, name: str, key: Key, document: Document) -> FieldContract | None:
    field = contract.by_name.get(name)
    if field is None:
        detail = both(f"không có trường '{name}'", f"there is no field '{name}'")
        document.error((*key, "of"), detail, nearest(name, contract.by_name))
    return field


def _twice(name: str, key: Key, document: Document) -> None:
    fix = both("đặt name khác", "give another name")
    document.error(key, both(f"'{name}' lặp lại", f"'{name}' stands twice"), fix)


def personal_data(contract: Contract, document: Document) -> None:
    """Personal fields need privacy.personal, its legal basis and how long they are kept."""
    personal = [f.name for f in contract.fields if f.classification in ("personal", "sensitive")]
    if personal and not contract.privacy.personal:
        listed = ", ".join(personal)
        detail = both(f"có trường cá nhân ({listed})", f"there are personal fields ({listed})")
        document.error(("privacy",), detail, both("đặt privacy.personal: true", "set privacy.personal: true"))
    if not contract.privacy.personal:
        return
    for name, value in (
        ("legalBasis", contract.privacy.legal_basis),
        ("retention", contract.privacy.retention),
    ):
        if not value:
            detail = both(f"dữ liệu cá nhân cần privacy.{name}", f"personal data needs privacy.{name}")
            document.error(("privacy",), detail, both(f"thêm {name}", f"add {name}"))


def identity_numbers(contract: Contract, document: Document) -> None:
    """A personal identification number is personal data, whatever the dataset (Luật 91/2025/QH15)."""
    for at, field in enumerate(contract.fields):
        if field.logical_type == "citizen_id" and field.classification in ("public", "internal"):
            detail = both(f"{field.name}: số định danh cá nhân", f"{field.name}: a personal identification number")
            fix = both("classification: personal", "classification: personal")
            document.error(("fields", at, "classification"), detail, fix)


RULES = (identity_numbers, published_fields, row_view, aggregate_view, personal_data)
