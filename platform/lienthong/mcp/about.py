"""The tools that tell about datasets, code lists, the caller and the documentation."""

from functools import cache
from pathlib import Path
from typing import Any

from lienthong.access import policy
from lienthong.catalog.snapshot import DatasetState
from lienthong.contract.finding import nearest
from lienthong.contract.model import Contract, FieldContract
from lienthong.contract.types.coded import Coded
from lienthong.governance.subject import Subject
from lienthong.kernel.content import content
from lienthong.kernel.problem import NotFound, NotPermitted, Problem, QueryInvalid, Unauthenticated
from lienthong.kernel.text import Bilingual, both, fold, slug
from lienthong.mcp import arguments
from lienthong.mcp.call import Call
from lienthong.privacy.twinned import has_twin
from lienthong.store.scope import Scope

SHOWN_CODES = 40


async def search(call: Call, given: arguments.Search) -> dict[str, Any]:
    """`search_datasets`"""
    snapshot = await call.services.catalog.current()
    found = snapshot.search(given.words, everything=True) if given.words.strip() else snapshot.all()
    return {"datasets": [_summary(state) for state in found[: given.limit]], "count": len(found)}


def _summary(state: DatasetState) -> dict[str, Any]:
    contract = state.contract
    return {
        "dataset": contract.slug,
        "title": _both(contract.title),
        "purpose": _both(contract.description.purpose),
        "agency": _both(state.agency.name),
        "open": contract.is_open,
        "twin": has_twin(contract),
        "release": state.release.number if state.release else None,
        "rows": state.release.rows if state.release else None,
    }


async def describe(call: Call, given: arguments.Describe) -> dict[str, Any]:
    """`describe_dataset`"""
    subject = await call.subject(given)
    registry = call.services.registry
    contract = registry.get(given.dataset)
    state = (await call.services.catalog.current()).get(contract.id)
    scope, refused = _scope(call, subject, contract)
    return _summary(state) | {
        "version": contract.version,
        "limitations": _both(contract.description.limitations),
        "usage": _both(contract.description.usage),
        "key": list(contract.primary_key),
        "validity": [contract.validity.from_, contract.validity.to] if contract.validity else None,
        "update_frequency": contract.catalogue.update_frequency,
        "licence": contract.licence,
        "fields": [_field(f, contract, subject, scope) for f in contract.fields],
        "relations": [
            {"name": r.name, "title": _both(r.title), "dataset": slug(r.dataset), "many": r.many, "on": list(r.on)}
            for r in registry.relations(contract.id).values()
        ],
        "quality": state.quality.score if state.quality else None,
        "access": {
            "by": (scope.agreement or "open") if scope else None,
            "rows": "filtered" if scope and scope.where is not None else "all" if scope else "none",
            "refused": refused.as_json("en") if refused else None,
            "purposes": list(contract.access.shared.purposes) if contract.access.shared else [],
        },
    }


def _scope(call: Call, subject: Subject, contract: Contract) -> tuple[Scope | None, Problem | None]:
    try:
        return call.services.door.scope(subject, contract.id), None
    except (Unauthenticated, NotPermitted, QueryInvalid) as problem:
        return None, problem


def _field(field: FieldContract, contract: Contract, subject: Subject, scope: Scope | None) -> dict[str, Any]:
    told: dict[str, Any] = {
        "name": field.name,
        "title": _both(field.title),
        "description": _both(field.description),
        "type": field.logical_type,
        "classification": field.classification,
        "required": field.required or field.name in contract.primary_key,
        "operators": sorted(field.type.operators),
        "sortable": field.type.sortable,
        "you_may_read": _may_read(field, subject, scope),
    }
    if isinstance(field.type, Coded):
        codes = field.type.codes(field.options)
        told["list"] = field.options.get("list")
        told["codes"] = {c.code: _both(c.title) for c in codes.values()} if len(codes) <= SHOWN_CODES else None
    return told


def _may_read(field: FieldContract, subject: Subject, scope: Scope | None) -> str:
    """yes, masked, with a purpose, or no."""
    if scope is None:
        return "no"
    if field.name in scope.masked:
        return "masked"
    if field.name in scope.fields:
        return "yes"
    return "with a purpose" if field.name in policy.needs_purpose(subject, scope) else "no"


async def me(call: Call, _: arguments.Nothing) -> dict[str, Any]:
    """`my_access`"""
    subject = await call.subject()
    readable = []
    for contract in call.services.registry.contracts.values():
        scope, _refused = _scope(call, subject, contract)
        if scope is None:
            continue
        needed = policy.needs_purpose(subject, scope)
        readable.append(
            {
                "dataset": contract.slug,
                "by": scope.agreement or "open",
                "fields": list(scope.visible),
                "masked": sorted(scope.masked),
                "with_a_purpose": [f.name for f in contract.fields if f.name in needed],
            }
        )
    agreements = [
        {
            "id": t.id,
            "dataset": slug(t.dataset),
            "purpose": t.purpose,
            "fields": list(t.fields),
            "expires": str(t.expires),
        }
        for t in subject.agreements
    ]
    caller = {"kind": subject.kind, "id": subject.id, "role": subject.role, "agency": subject.agency}
    scopes = sorted(subject.scopes) if subject.scopes is not None else None
    return {"caller": caller | {"scopes": scopes}, "agreements": agreements, "readable": readable}


async def lookup(call: Call, given: arguments.Lookup) -> dict[str, Any]:
    """`lookup_code`"""
    lists = call.services.registry.vocabularies
    if given.list is None:
        words = fold(given.words)
        found = [v for v in lists.values() if words in fold(f"{v.id} {v.title.vi} {v.title.en}")]
        codes = [{"list": v.id, "title": _both(v.title), "codes": len(v.codes)} for v in found[: given.limit]]
        return {"list": None, "codes": codes}
    if given.list not in lists:
        detail = both(f"Không có danh mục '{given.list}'", f"There is no list '{given.list}'")
        raise NotFound(detail, place="list", fix=nearest(given.list, lists))
    wanted = fold(given.words).split()
    hits = [
        c
        for c in lists[given.list].codes
        if c.code == given.words.strip() or all(w in fold(f"{c.code} {c.vi} {c.en}") for w in wanted)
    ]
    codes = [{"code": c.code, "title": _both(c.title), "parent": c.parent} for c in hits[: given.limit]]
    return {"list": given.list, "codes": codes, "count": len(hits)}


async def docs(call: Call, given: arguments.Docs) -> dict[str, Any]:
    """`read_docs`"""
    pages = _pages()
    if given.page is None:
        return {"pages": list(pages), "text": None}
    if given.page not in pages:
        detail = both(f"Không có trang '{given.page}'", f"There is no page '{given.page}'")
        raise NotFound(detail, place="page", fix=nearest(given.page, pages))
    return {"pages": [given.page], "text": pages[given.page].read_text("utf-8")}


@cache
def _pages() -> dict[str, Path]:
    """The pages by name: guides, problems, the dictionary. A name is looked up, never joined to a path."""
    root = content("docs")
    found = [*root.glob("*.md"), *root.glob("problems/*.md"), *root.glob("dictionary/*.md")]
    return {path.relative_to(root).with_suffix("").as_posix(): path for path in sorted(found)}


def _both(text: Bilingual | None) -> dict[str, str] | None:
    return {"vi": text.vi, "en": text.en} if text else None
