"""Writing rows: who may, what a row must be before anything is stored, and asking the worker for it."""

import asyncio
import json
import re
import uuid
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import insert as insert_new
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col

from lienthong.catalog.tables import Run
from lienthong.catalog.writes import ROW_ETAG, Writing
from lienthong.contract.finding import nearest
from lienthong.contract.model import Contract, FieldContract
from lienthong.contract.types import ParseError
from lienthong.governance.subject import Subject
from lienthong.kernel.problem import Invalid, NotFound, NotPermitted, Unauthenticated
from lienthong.kernel.text import Bilingual, both, nfc
from lienthong.store.landing import Landing

Mode = Literal["upsert", "delete"]
WRITERS = ("publisher", "steward")
MOST_ERRORS = 100


class Number(float):
    """A number that remembers how it was written; in a list or an object it is a number like any other."""

    __slots__ = ("text",)
    text: str

    @classmethod
    def of(cls, text: str) -> "Number":
        """The number that JSON writes so."""
        made = cls(text)
        made.text = text
        return made


Error = tuple[str, Bilingual, Bilingual | str | None]
"""Place, what is wrong, what to do."""


def authorise(subject: Subject, contract: Contract, mode: Mode) -> None:
    """Raises Unauthenticated or NotPermitted unless the subject may write rows of the dataset.

    That is a publisher or steward of the providing agency, or a token of the agency that has been made for it.
    """
    place, write = contract.slug, contract.access.write
    if subject.kind == "anonymous":
        raise Unauthenticated(both("Cần mã truy cập để ghi", "Writing needs a token"), place=place)
    scope = f"write:{contract.slug}"
    scoped = bool(subject.scopes and {scope, "write:*"} & subject.scopes)
    allowed = scoped if subject.kind == "agency" or subject.scopes is not None else subject.role in WRITERS
    if subject.agency != contract.agency or not allowed:
        raise NotPermitted(
            both(f"Không được ghi vào {contract.slug}", f"You may not write to {contract.slug}"),
            place=place,
            fix=both(
                f"Cần cán bộ công bố hoặc quản lý dữ liệu của {contract.agency}, hoặc mã truy cập có phạm vi {scope}",
                f"A publisher or steward of {contract.agency} may, or its token with the scope {scope}",
            ),
            clause="access.write",
        )
    if write is None or mode not in write.modes:
        detail = both(f"{contract.slug}: hợp đồng không cho {mode}", f"{contract.slug}: the contract allows no {mode}")
        raise NotPermitted(detail, place=place, fix=both("access.write.modes", "access.write.modes"))


def key_of(contract: Contract, parts: Sequence[str]) -> tuple[Any, ...]:
    """The typed key of an address. Raises Invalid."""
    names = contract.primary_key
    form = ",".join(f"{{{name}}}" for name in names)
    if len(parts) != len(names):
        detail = both(f"Khóa gồm {len(names)} phần", f"The key has {len(names)} parts")
        raise Invalid(detail, place="key", fix=both(f"Viết: {form}", f"Write: {form}"))
    try:
        return tuple(_typed(contract.by_name[n], part) for n, part in zip(names, parts, strict=True))
    except ParseError as error:
        raise Invalid(error.reason, place="key", fix=both(f"Viết: {form}", f"Write: {form}")) from error


def check(contract: Contract, given: Any, key: tuple[Any, ...], *, partial: bool = False) -> None:
    """Raises Invalid that tells every wrong field of one row, with place and fix. `partial`: a merge patch."""
    _raise(_wrong(contract, given, "", key, partial))


def check_all(contract: Contract, given: Sequence[Any]) -> None:
    """Raises Invalid that tells every wrong field of a list of rows; each key stands once.

    A row may bear its own condition (`ROW_ETAG`).
    """
    errors: list[Error] = []
    seen: dict[tuple[Any, ...], int] = {}
    for n, row in enumerate(given):
        wrong = _wrong_condition(row, f"[{n}].") + _wrong(contract, _without(row), f"[{n}].", None, False)
        errors += wrong
        if not wrong and (first := seen.setdefault(_key(contract, row), n)) != n:
            errors.append((f"[{n}]", both(f"Khóa trùng với dòng {first}", f"The key of row {first} again"), None))
    _raise(errors)


def _without(row: Any) -> Any:
    """The row without its condition."""
    return {n: v for n, v in row.items() if n != ROW_ETAG} if isinstance(row, Mapping) else row


def _wrong_condition(row: Any, at: str) -> list[Error]:
    given = row.get(ROW_ETAG) if isinstance(row, Mapping) else None
    if given is None or (isinstance(given, str) and re.fullmatch(r'"?[!#-~]{1,100}"?', given)):
        return []
    fix = both("ETag của dòng, hoặc null khi dòng chưa có", "The row's ETag, or null for a row that is not there yet")
    return [(at + ROW_ETAG, both("Không phải ETag", "Not an ETag"), fix)]


def _wrong(contract: Contract, row: Any, at: str, key: tuple[Any, ...] | None, partial: bool) -> list[Error]:
    if not isinstance(row, Mapping):
        return [(at.rstrip(".") or "body", both("Cần một đối tượng JSON", "A JSON object is needed"), None)]
    errors: list[Error] = [(at + name, *_stranger(contract, name)) for name in row if name not in contract.by_name]
    for name, field in contract.by_name.items():
        mandatory = field.required or name in contract.primary_key
        if row.get(name) is None:
            if mandatory and (name in row if partial else not (key and name in contract.primary_key)):
                errors.append((at + name, both(f"Thiếu {name}", f"{name} is missing"), _example(field)))
            continue
        try:
            value = _typed(field, row[name])
        except ParseError as error:
            errors.append((at + name, error.reason, _example(field)))
            continue
        if key and name in contract.primary_key and value != key[contract.primary_key.index(name)]:
            detail = both(f"{name} khác khóa trong địa chỉ", f"{name} is not the key of the address")
            errors.append((at + name, detail, both(f"bỏ {name}", f"leave {name} out")))
    return errors


def _stranger(contract: Contract, name: str) -> tuple[Bilingual, Bilingual | str]:
    """Why a member is refused that is no field."""
    if name.startswith("_"):
        return both(f"{name} do hệ thống ghi", f"{name} is kept by the platform"), both("bỏ đi", "leave it out")
    return both(f"Không có trường “{name}”", f"Unknown field “{name}”"), nearest(name, contract.by_name)


def _example(field: FieldContract) -> Bilingual | None:
    if not field.examples:
        return None
    return both(f"ví dụ: {field.examples[0]}", f"for example: {field.examples[0]}")


def _key(contract: Contract, row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(_typed(contract.by_name[name], row[name]) for name in contract.primary_key)


def _typed(field: FieldContract, value: Any) -> Any:
    """The value as the pipeline will read it. Raises ParseError."""
    text = _cell(value).strip()
    if "\0" in text or any("\ud800" <= c <= "\udfff" for c in text):
        raise ParseError(both("Có ký tự không hợp lệ", "It holds an invalid character"))
    if not text:
        raise ParseError(both("Giá trị trống: dùng null", "An empty value: use null"))
    return field.type.parse(text, field.options)


def _cell(value: Any) -> str:
    """A JSON value as the text of a cell."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Number):
        return format(Decimal(value.text), "f")
    if isinstance(value, str | int):
        return nfc(str(value))
    return nfc(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def _raise(errors: list[Error]) -> None:
    if not errors:
        return
    told = [
        {"place": place, "detail": detail.model_dump(), "fix": fix.model_dump() if isinstance(fix, Bilingual) else fix}
        for place, detail, fix in errors[:MOST_ERRORS]
    ]
    place, detail, fix = errors[0]
    raise Invalid(detail, place=place, fix=fix, errors=told)


async def keep(home: Path, body: bytes) -> str:
    """Put a body into the landing, as it came; its SHA-256."""
    landed = await asyncio.to_thread(Landing(home / "landing").keep_bytes, body)
    return landed.sha256


async def run_of(engine: AsyncEngine, number: uuid.UUID) -> Mapping[str, Any]:
    """A run, and the ETag that its write left. Raises NotFound."""
    query = select(Run, col(Writing.etag)).outerjoin(Writing, col(Writing.run) == Run.id).where(col(Run.id) == number)
    async with engine.connect() as connection:
        row = (await connection.execute(query)).mappings().first()
    if row is None:
        raise NotFound(both("Không có lượt này", "There is no such run"), place=str(number))
    return dict(row)


async def ask(engine: AsyncEngine, writing: Writing) -> uuid.UUID:
    """Put the write down for the worker; the number of its run. The same idempotency key again gives the same run.

    Raises Invalid when the key was used for something else.
    """
    values = writing.model_dump(exclude={"etag"})
    async with engine.begin() as connection:
        if writing.idempotency_key and (known := await _known(connection, writing)):
            return known
        run = {"id": writing.run, "dataset": writing.dataset, "kind": "write", "state": "queued", "step": "land"}
        await connection.execute(insert(Run).values(**run, started_at=writing.asked_at))
        placed = await connection.execute(
            insert_new(Writing).values(**values).on_conflict_do_nothing().returning(col(Writing.run))
        )
        if placed.first():
            return writing.run
        await connection.rollback()
    async with engine.connect() as connection:
        known = await _known(connection, writing)
    assert known
    return known


async def _known(connection: Any, writing: Writing) -> uuid.UUID | None:
    query = select(col(Writing.run), col(Writing.request_hash)).where(
        col(Writing.subject) == writing.subject, col(Writing.idempotency_key) == writing.idempotency_key
    )
    row = (await connection.execute(query)).first()
    if row and row.request_hash != writing.request_hash:
        raise Invalid(
            both("Idempotency-Key này đã dùng cho yêu cầu khác", "This Idempotency-Key was used for another request"),
            place="Idempotency-Key",
            fix=both("Dùng khóa mới", "Use a new key"),
        )
    return row.run if row else None
