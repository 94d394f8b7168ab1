"""Rules about the protection of open views: fields that exist and are open, margins of dimensions, steps that fit."""

from collections.abc import Iterable, Mapping

from lienthong.contract.document import Document, Key
from lienthong.contract.finding import nearest
from lienthong.contract.model import Contract
from lienthong.contract.rules.condition import check_condition
from lienthong.kernel.text import both

# step -> logical types that it takes; drop takes all
STEPS: dict[str, frozenset[str]] = {
    "year": frozenset({"date", "datetime", "partial_date"}),
    "month": frozenset({"date", "datetime", "partial_date"}),
    "band": frozenset({"integer", "decimal", "money", "date", "partial_date"}),
    "prefix": frozenset({"text", "identifier", "vsic_code", "agency_code", "rank_code"}),
    "province": frozenset({"admin_unit"}),
    "grid": frozenset({"point"}),
}


def margins(contract: Contract, document: Document) -> None:
    """Margins name dimensions; a contributor is a field; protection is for aggregates."""
    view = contract.open_view
    if view is None:
        return
    key: Key = ("openView", "protection")
    if not view.is_aggregate:
        if "protection" in view.model_fields_set:
            detail = both("protection chỉ dùng cho dạng tổng hợp", "protection is for aggregates")
            document.error(
                key, detail, both("thêm groupBy, hoặc bỏ protection", "add groupBy, or leave protection out")
            )
        return
    dimensions = [group.field for group in view.group_by]
    if not isinstance(view.protection.margins, str):
        for at, margin in enumerate(view.protection.margins):
            _known(margin, dimensions, (*key, "margins", at), document)
    if view.protection.contributor:
        _known([view.protection.contributor], contract.by_name, (*key, "contributor"), document)


def extremes(contract: Contract, document: Document) -> None:
    """The smallest or largest value of a group is one person's value."""
    view = contract.open_view
    for at, measure in enumerate(view.measures if view else ()):
        field = contract.by_name.get(measure.of or "")
        if measure.measure in ("min", "max") and field and field.classification in ("personal", "sensitive"):
            detail = both(
                f"{measure.name}: {measure.measure} của trường cá nhân là giá trị của một người",
                f"{measure.name}: the {measure.measure} of a personal field is the value of one person",
            )
            document.error(("openView", "measures", at, "measure"), detail, both("dùng avg hoặc sum", "use avg or sum"))
        elif measure.measure in ("min", "max") and contract.privacy.personal:
            detail = both(
                f"{measure.name}: {measure.measure} là giá trị của một người",
                f"{measure.name}: the {measure.measure} of a group is the value of one person",
            )
            fix = both("dùng avg hoặc sum", "use avg or sum")
            document.warning(("openView", "measures", at, "measure"), detail, fix)


def hidden_dimensions(contract: Contract, document: Document) -> None:
    """A count of those alone who have something personal is a cell that nobody protects: one of six has this faith."""
    view = contract.open_view
    personal = {f.name for f in contract.fields if f.classification in ("personal", "sensitive")}
    for at, measure in enumerate(view.measures if view else ()):
        looked = personal & (set(_names(measure.where)) | ({measure.of} if measure.measure == "count" else set()))
        if named := sorted(
            name for name in looked if name and not (name == measure.of and _is_always_there(contract, name))
        ):
            listed = ", ".join(named)
            detail = both(
                f"{measure.name}: chỉ tính những người có {listed}",
                f"{measure.name}: counts those alone who have {listed}",
            )
            fix = both(f"đưa {listed} vào groupBy", f"make {listed} a dimension (groupBy)")
            document.error(("openView", "measures", at), detail, fix)


def _names(given: object) -> Iterable[str]:
    """All names in a condition: of fields, operators and relations."""
    if isinstance(given, Mapping):
        for name, value in given.items():
            yield str(name)
            yield from _names(value)
    elif isinstance(given, (list, tuple)):
        for value in given:
            yield from _names(value)


def _is_always_there(contract: Contract, name: str) -> bool:
    return contract.by_name[name].required or name in contract.primary_key


def anonymity(contract: Contract, document: Document) -> None:
    """Quasi-identifiers and sensitive fields are published fields; steps fit their types."""
    view = contract.open_view
    if view is None or view.anonymity is None:
        return
    key: Key = ("openView", "anonymity")
    if view.is_aggregate:
        fix = both("bỏ anonymity", "leave anonymity out")
        document.error(key, both("anonymity chỉ dùng cho dạng theo dòng", "anonymity is for views of rows"), fix)
        return
    opened = [field.name for field in contract.fields if field.is_open]
    _known(view.anonymity.quasi_identifiers, opened, (*key, "quasiIdentifiers"), document)
    _known(view.anonymity.sensitive, opened, (*key, "sensitive"), document)
    for at, step in enumerate(view.anonymity.steps):
        if not _known([step.field], view.anonymity.quasi_identifiers, (*key, "steps", at, "field"), document):
            continue
        field = contract.by_name.get(step.field)
        if field and step.to in STEPS and field.logical_type not in STEPS[step.to]:
            detail = both(
                f"bước {step.to} không dùng cho kiểu {field.logical_type}",
                f"the step {step.to} is not made for {field.logical_type}",
            )
            fits = sorted(name for name, types in STEPS.items() if field.logical_type in types) + ["drop"]
            document.error(
                (*key, "steps", at, "to"), detail, both(f"chọn: {', '.join(fits)}", f"choose: {', '.join(fits)}")
            )
        if field and step.to == "drop" and (field.required or step.field in contract.primary_key):
            fix = both("bước khác, hoặc required: false", "another step, or required: false")
            detail = both(f"{step.field} là bắt buộc", f"{step.field} is required")
            document.error((*key, "steps", at, "to"), detail, fix)


def places(contract: Contract, document: Document) -> None:
    """Places are published points; what is emptied beside them may be empty."""
    view = contract.open_view
    if view is None:
        return
    points = [f.name for f in contract.fields if f.is_open and f.logical_type == "point"]
    for at, place in enumerate(view.places):
        key: Key = ("openView", "places", at)
        _known([place.field], points, (*key, "field"), document)
        if place.where:
            check_condition(contract, place.where, (*key, "where"), document)
        if place.metres is None and place.field in contract.by_name and contract.by_name[place.field].required:
            fix = both("đặt metres, hoặc required: false", "set metres, or required: false")
            document.error(key, both(f"{place.field} là bắt buộc", f"{place.field} is required"), fix)
        for name in place.without:
            field = contract.by_name.get(name)
            if field is None or not field.is_open or field.required or name in contract.primary_key:
                detail = both(f"'{name}' không để trống được", f"'{name}' cannot be emptied")
                fix = both("một trường mở, không bắt buộc", "an open field that is not required")
                document.error((*key, "without"), detail, fix)
    told = {place.field for place in view.places}
    if contract.privacy.personal and not view.is_aggregate:
        for at, field in enumerate(contract.fields):
            if field.name in points and field.name not in told:
                detail = both(
                    f"{field.name}: vị trí được công bố trong dữ liệu có người",
                    f"{field.name}: a position is published in data that tells of persons",
                )
                fix = both("thêm openView.places, nếu có chỗ ở", "add openView.places when some are homes")
                document.warning(("fields", at), detail, fix)


def may_hold(contract: Contract, document: Document) -> None:
    """An exception from the scan is for running text that is published."""
    for at, field in enumerate(contract.fields):
        if field.may_hold and (field.logical_type not in ("text", "url", "list") or not field.is_open):
            detail = both(f"{field.name}: mayHold không có tác dụng", f"{field.name}: mayHold has no effect")
            fix = both("chỉ dùng cho văn bản được công bố", "it is for text that is published")
            document.error(("fields", at, "mayHold"), detail, fix)


def _known(given: Iterable[str], names: Iterable[str], key: Key, document: Document) -> bool:
    """Are all the names there? The wrong ones are noted."""
    there, right = list(names), True
    for name in given:
        if name not in there:
            right = False
            document.error(key, both(f"không có '{name}' ở đây", f"there is no '{name}' here"), nearest(name, there))
    return right


RULES = (margins, extremes, hidden_dimensions, anonymity, places, may_hold)
