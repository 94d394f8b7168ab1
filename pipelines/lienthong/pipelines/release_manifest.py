"""What a release says of itself: the facts in its files, and its manifest.

The manifest is made with the draft. When the release is published it gets the moment, the approval and the signature.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection

from lienthong.contract.model import Contract, FieldContract
from lienthong.contract.registry import Registry
from lienthong.formats import Document
from lienthong.kernel.clock import VIETNAM
from lienthong.kernel.text import Bilingual, both
from lienthong.pipelines.release_diff import MEDIA_TYPE, NAME, Changes
from lienthong.pipelines.release_files import Files
from lienthong.privacy.disclosure import DisclosureReport
from lienthong.quality.outcome import dimension_scores

FORM = 2  # of the manifest


@dataclass(frozen=True)
class Made:
    """Everything that is known when the files are written."""

    registry: Registry
    contract: Contract
    base: Contract
    number: int
    run: UUID
    at: datetime
    rows: int
    versions: int
    disclosure: DisclosureReport
    quality: dict[str, Any] | None
    previous: int | None
    changes: Changes | None


def document(made: Made) -> Document:
    """The facts that stand in the files themselves."""
    contract, agency = made.contract, made.registry.agency(made.contract.agency)
    licence = contract.catalogue.licence
    titles = made.registry.vocabularies.get("licence")
    title = titles.by_code[licence].vi if titles and licence in titles.by_code else ""
    facts = [
        (both("Cơ quan công bố", "Publisher"), agency.name.vi),
        (both("Giấy phép", "Licence"), f"{licence} {title}".strip()),
        (both("Bản công bố", "Release"), str(made.number)),
        (both("Công bố lúc", "Published at"), made.at.astimezone(VIETNAM).isoformat(timespec="seconds")),
        (both("Số dòng", "Rows"), str(made.rows)),
        (both("Nguồn", "Source"), contract.source.system.vi),
        (both("Căn cứ pháp lý", "Legal basis"), "; ".join(contract.catalogue.legal_basis)),
        (both("Phiên bản hợp đồng dữ liệu", "Contract version"), contract.version),
        (both("Liên hệ", "Contact"), contract.catalogue.contact.email),
    ]
    return Document(contract.slug, contract.title, contract.open_fields, tuple(facts), made.at)


def manifest(made: Made, files: Files) -> dict[str, Any]:
    """The manifest: a JSON value that tells what the release is, where it comes from and what its files hold."""
    contract, agency = made.contract, made.registry.agency(made.contract.agency)
    return {
        "manifest": FORM,
        "dataset": contract.id,
        "slug": contract.slug,
        "number": made.number,
        "title": _both(contract.title),
        "description": _both(contract.description.purpose),
        "publisher": {"id": agency.slug, "name": _both(agency.name)},
        "contact": {"name": _both(contract.catalogue.contact.name), "email": contract.catalogue.contact.email},
        "licence": contract.catalogue.licence,
        "legal_basis": list(contract.catalogue.legal_basis),
        "source": _both(contract.source.system),
        "derived_from": contract.derived_from,
        "contract": {"version": contract.version, "fingerprint": made.base.fingerprint},
        "run": str(made.run),
        "made_at": made.at.isoformat(timespec="seconds"),
        "rows": made.rows,
        "versions": made.versions,
        "suppressed_rows": made.disclosure.suppressed_rows,
        "primary_key": list(contract.primary_key),
        "columns": [_column(field) for field in contract.open_fields],
        "quality": made.quality,
        "disclosure": made.disclosure.as_json(),
        "files": [
            {
                "format": w.format.name,
                "name": w.name,
                "media_type": w.format.media_type,
                "size": w.size,
                "sha256": w.sha256,
                "notes": [_both(note) for note in w.notes],
                "variants": [variant.as_json() for variant in w.variants],
            }
            for w in files.written
        ],
        "not_written": [{"format": name, "reason": _both(reason)} for name, reason in files.left_out],
        "previous": _previous(made),
        "changes": _changes(made.changes),
    }


def _previous(made: Made) -> dict[str, int] | None:
    """The release before, and how many rows are not as they were in it."""
    if made.previous is None:
        return None
    counts = {name: getattr(made.changes, name) for name in ("added", "changed", "removed")} if made.changes else {}
    return {"number": made.previous, **counts}


def _changes(made: Changes | None) -> dict[str, Any] | None:
    """The file of changed keys."""
    if made is None:
        return None
    return {"file": {"name": NAME, "media_type": MEDIA_TYPE, "size": made.size, "sha256": made.sha256}}


def quality(connection: Connection, dataset: str) -> dict[str, Any] | None:
    """The last validation of a dataset in short; None when there was none."""
    row = connection.execute(
        "select at, success, score, suite_hash, engine, results from platform.validation_result "
        "where dataset = %s order by at desc limit 1",
        (dataset,),
    ).fetchone()
    if row is None:
        return None
    at, success, score, suite, engine, results = row
    return {
        "at": at.isoformat(timespec="seconds"),
        "success": success,
        "score": score,
        "dimensions": dimension_scores(results),
        "suite_hash": suite,
        "engine": engine,
    }


def _column(field: FieldContract) -> dict[str, Any]:
    kind, options = field.type.odcs_type(field.options)
    told = {
        "name": field.name,
        "title": _both(field.title),
        "description": _both(field.description) if field.description else None,
        "type": kind,
        "logical_type": field.logical_type,
        "required": field.required,
        "options": options or None,
    }
    return {name: value for name, value in told.items() if value is not None}


def _both(text: Bilingual) -> dict[str, str]:
    return {"vi": text.vi, "en": text.en}
