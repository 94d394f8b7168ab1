"""A JSON body, read strictly: of bounded size, every member known, each complaint with its place and the way out."""

import types
from collections.abc import Mapping
from typing import Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from starlette.requests import Request

from lienthong.contract.finding import nearest
from lienthong.kernel.problem import Invalid
from lienthong.kernel.text import Bilingual, both
from lienthong.web import strict_json
from lienthong.web.complaints import allowed, complaint

MAX_BYTES = 65_536
Model = TypeVar("Model", bound=BaseModel)
Json = dict[str, Any]


async def read(request: Request, model: type[Model], *, empty: bool = False) -> Model:
    """The body as `model`; `empty`: none at all counts as an empty object. Raises Invalid; QueryInvalid for no JSON."""
    raw = await whole(request, MAX_BYTES)
    return validated({} if empty and not raw.strip() else strict_json.loads(raw, "body"), model)


async def whole(request: Request, most: int) -> bytes:
    """The bytes of the body. Raises Invalid when they are more than `most`; no more than that is ever held."""
    found = b""
    async for piece in request.stream():
        found += piece
        if len(found) > most:
            raise Invalid(both(f"Nội dung lớn hơn {most} byte", f"The body is larger than {most} bytes"), place="body")
    return found


def validated(given: Any, model: type[Model]) -> Model:
    """`given` as `model`. Raises Invalid that tells every wrong member, the first one in full."""
    if not isinstance(given, Mapping):
        raise Invalid(both("Cần một đối tượng JSON", "A JSON object is needed"), place="body")
    try:
        return model.model_validate(given)
    except ValidationError as error:
        told = [_told(each, model) for each in error.errors(include_url=False, include_input=False)[:20]]
    place, detail, fix = told[0]
    errors = [{"place": p, "detail": d.model_dump(), "fix": f.model_dump() if f else None} for p, d, f in told]
    raise Invalid(detail, place=place, fix=fix, errors=errors)


def documented(model: type[BaseModel], example: Json | None = None, *, required: bool = True) -> Json:
    """What FastAPI is told of a body that is read here (`openapi_extra`): the schema, with nothing referred to."""
    schema = model.model_json_schema()
    content: Json = {"schema": _inlined(schema, schema.pop("$defs", {}))}
    if example:
        content["example"] = example
    return {"requestBody": {"required": required, "content": {"application/json": content}}}


def _told(error: ErrorDetails, model: type[BaseModel]) -> tuple[str, Bilingual, Bilingual | None]:
    """Place, what is wrong, what to do; never the caller's own value."""
    place, name = ".".join(str(part) for part in error["loc"]), str(error["loc"][-1] if error["loc"] else "")
    match error["type"]:
        case "missing":
            return place, both(f"Thiếu '{name}'", f"'{name}' is missing"), both(f"thêm '{name}'", f"add '{name}'")
        case "extra_forbidden":
            detail = both(f"Không có thành phần '{name}'", f"Unknown member '{name}'")
            return place, detail, nearest(name, _members(model, error["loc"][:-1]))
        case "literal_error":
            values = allowed(error)
            return place, both(f"'{name}': giá trị lạ", f"'{name}': unknown value"), both(values, values)
        case _:
            told = complaint(error)
            return place, both(f"'{name}' sai: {told.vi}", f"'{name}' is wrong: {told.en}"), None


def _members(annotation: Any, path: tuple[int | str, ...]) -> list[str]:
    """The members of the model that `path` leads to."""
    if path and isinstance(path[0], int):
        return _members(_inside(annotation), path[1:])
    if get_origin(annotation) in (Union, types.UnionType):
        return [name for part in get_args(annotation) for name in _members(part, path)]
    if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
        return []
    fields = {field.alias or name: field for name, field in annotation.model_fields.items()}
    if not path:
        return list(fields)
    return _members(fields[str(path[0])].annotation, path[1:]) if str(path[0]) in fields else []


def _inside(annotation: Any) -> Any:
    """What the entries of a list are; `Annotated` taken off."""
    while hasattr(annotation, "__metadata__"):
        annotation = annotation.__origin__
    return get_args(annotation)[0] if get_origin(annotation) in (list, tuple) else annotation


def _inlined(part: Any, definitions: Mapping[str, Any]) -> Any:
    if isinstance(part, Mapping):
        if "$ref" in part:
            return _inlined(definitions[str(part["$ref"]).rpartition("/")[2]], definitions)
        return {name: _inlined(value, definitions) for name, value in part.items()}
    return [_inlined(each, definitions) for each in part] if isinstance(part, list) else part
