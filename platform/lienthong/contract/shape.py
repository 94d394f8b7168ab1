"""Does a document have the form of a model? Every complaint names the key, its line and a fix."""

import difflib
import types
from typing import Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from lienthong.contract.document import Document, Key
from lienthong.contract.finding import nearest
from lienthong.kernel.text import Bilingual, both

Model = TypeVar("Model", bound=BaseModel)


def shaped(document: Document, model: type[Model], **further: Any) -> Model | None:
    """The document as `model` (`further`: what the file does not say), or None with the errors noted."""
    if not isinstance(document.data, dict):
        if not document.findings:
            fix = both("xem docs/contract.md", "see docs/contract.md")
            document.error((), both("tệp trống hoặc không phải ánh xạ", "the file is empty or no mapping"), fix)
        return None
    try:
        return model.model_validate(document.data | further)
    except ValidationError as error:
        seen: set[tuple[Key, str]] = set()
        for detail in error.errors(include_url=False):
            key, annotation = _resolve(detail["loc"], model, document)
            message, fix = _explain(detail, annotation)
            if (key, message.en) not in seen:
                seen.add((key, message.en))
                document.error(key, message, fix)
        return None


def _resolve(loc: tuple[str | int, ...], model: Any, document: Document) -> tuple[Key, Any]:
    """The document's key of a pydantic location, and the annotation of the part that holds its last name."""
    key: Key = ()
    annotation: Any = model
    holder: Any = model
    data = document.data
    for part in loc:
        inside = (isinstance(data, dict) and part in data) or (
            isinstance(data, list) and isinstance(part, int) and part < len(data)
        )
        if inside:
            data = data[part]
            key = (*key, part)
            holder, annotation = annotation, _step(annotation, part)
        elif part == loc[-1]:
            holder = annotation
    return key, holder


def _step(annotation: Any, part: str | int) -> Any:
    """The annotation of `part` inside `annotation`."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        found = [_step(a, part) for a in arguments if a is not type(None)]
        return next((f for f in found if f is not None), None)
    if origin is dict:
        return arguments[1]
    if origin is tuple:
        return arguments[0]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for name, field in annotation.model_fields.items():
            if part in (name, field.alias):
                return field.annotation
    return None


def _keys(annotation: Any) -> set[str]:
    """The keys that a YAML mapping of this annotation may have."""
    if get_origin(annotation) in (Union, types.UnionType, tuple):
        return set().union(*(_keys(a) for a in get_args(annotation)))
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return {f.alias or name for name, f in annotation.model_fields.items()} - {"agency", "derivedFrom"}
    return set()


def _explain(error: ErrorDetails, annotation: Any) -> tuple[Bilingual, Bilingual]:
    """What is wrong and what to do, for one pydantic error."""
    name, context = str(error["loc"][-1]), error.get("ctx") or {}
    shown = str(error.get("input"))[:60]
    match error["type"]:
        case "missing":
            return both(f"thiếu khóa '{name}'", f"the key '{name}' is missing"), _missing_fix(name)
        case "extra_forbidden":
            return both(f"khóa lạ '{name}'", f"unknown key '{name}'"), nearest(name, _keys(annotation))
        case "literal_error":
            allowed = str(context.get("expected", "")).replace("'", "").replace(" or ", ", ").split(", ")
            close = difflib.get_close_matches(shown, allowed, n=1, cutoff=0.5)
            fix = nearest(shown, close or allowed)
            return both(f"{name}: giá trị lạ '{shown}'", f"{name}: unknown value '{shown}'"), fix
        case "string_pattern_mismatch":
            pattern = context.get("pattern")
            fix = both(f"viết theo mẫu {pattern}", f"write it in the form {pattern}")
            return both(f"{name}: '{shown}' sai mẫu", f"{name}: '{shown}' has a wrong form"), fix
        case _:
            message = error["msg"]
            fix = both("xem docs/contract.md", "see docs/contract.md")
            return both(f"{name}: giá trị '{shown}' sai ({message})", f"{name}: wrong value '{shown}' ({message})"), fix


def _missing_fix(name: str) -> Bilingual:
    if name == "classification":
        values = "public | internal | personal | sensitive"
        return both(f"mỗi trường phải được phân loại: {values}", f"each field must be classified: {values}")
    if name in ("vi", "en"):
        return both("viết cả hai ngôn ngữ {vi: …, en: …}", "write both languages {vi: …, en: …}")
    return both(f"thêm '{name}: …'", f"add '{name}: …'")
