"""The catalogue's own values -> what the endpoints answer with."""

from collections.abc import Sequence

from lienthong.catalog.snapshot import DatasetState, ReleaseInfo
from lienthong.contract.model import Contract, FieldContract
from lienthong.contract.registry import Registry
from lienthong.kernel.problem import PROBLEMS
from lienthong.kernel.text import slug
from lienthong.rest import models
from lienthong.rest.downloads import address

API = "/api/v1"
OPEN_TO_ALL = {"Access-Control-Allow-Origin": "*"}


def reach(contract: Contract) -> models.Reach:
    """Who can get at the rows."""
    if contract.is_open:
        return "open"
    if contract.open_view is not None and contract.open_view.id:
        return "aggregate"
    return "agreement" if contract.access.shared else "closed"


def release(info: ReleaseInfo, name: str) -> models.Release:
    """A release with the addresses of its files."""
    files = [
        models.Distribution(
            format=f.format, media_type=f.media_type, size=f.size, sha256=f.sha256, href=address(info, f, name)
        )
        for f in info.files
    ]
    told, place = info.manifest, f"/datasets/{name}/releases/{info.number}"
    is_gone = info.state == "withdrawn"
    previous = told.get("previous") or {}
    counts = {kind: previous[kind] for kind in ("added", "changed", "removed") if kind in previous}
    keys = ((told.get("changes") or {}).get("file") or {}).get("name")
    return models.Release(
        number=info.number,
        state=info.state,
        published_at=info.published_at,
        contract_version=info.contract_version,
        rows=info.rows,
        distributions=[] if is_gone else files,
        page=f"/releases/{name}/{info.number}",
        manifest=None if is_gone else f"{place}/manifest.json",
        changes=counts or None,
        changed_keys=f"{place}/{keys}" if keys and not is_gone else None,
        review_due=info.review_due if info.state == "published" else None,
        withdrawn_at=info.withdrawn_at,
        reason=info.reason,
        successor=info.successor,
    )


def waiting(
    info: ReleaseInfo, name: str, possible: Sequence[str], steps: list[models.ReleaseStepModel]
) -> models.WaitingRelease:
    """A release as its stewards see it."""
    return models.WaitingRelease(
        dataset=name,
        number=info.number,
        state=info.state,
        rows=info.rows,
        contract_version=info.contract_version,
        drafted_by=info.drafted_by,
        approved_by=info.approved_by,
        approved_at=info.approved_at,
        publish_at=info.publish_at,
        review_due=info.review_due,
        problem=dict(info.problem) if info.problem else None,
        manifest=dict(info.manifest),
        possible=list(possible),
        steps=steps,
    )


def review(info: ReleaseInfo, name: str) -> models.Review:
    """A release whose review comes."""
    assert info.review_due is not None
    return models.Review(dataset=name, number=info.number, review_due=info.review_due, overdue=info.review_overdue)


def _head(state: DatasetState) -> dict[str, object]:
    contract, own = state.contract, f"{API}/datasets/{state.contract.slug}"
    view = contract.open_view.id if contract.open_view else None
    return {
        "name": contract.slug,
        "title": contract.title,
        "description": contract.description.purpose,
        "agency": models.AgencyRef(id=slug(state.agency.id), name=state.agency.name),
        "theme": contract.catalogue.theme,
        "keywords": list(contract.catalogue.keywords),
        "licence": contract.licence,
        "access": reach(contract),
        "open_view": slug(view) if view else (contract.slug if contract.is_open else None),
        "release": release(state.release, contract.slug) if state.release else None,
        "links": models.Links(
            self=own, rows=own + "/rows", releases=own + "/releases", page=f"/datasets/{contract.slug}"
        ),
    }


def versions(state: DatasetState) -> list[models.Version]:
    """The version that is served, and those of earlier releases."""
    contract, ending = state.contract, state.contract.deprecated
    found = dict.fromkeys([contract.version, *(r.contract_version for r in state.releases)])
    served = models.Version(
        version=contract.version,
        served=True,
        releases=[r.number for r in state.releases if r.contract_version == contract.version],
        deprecated_since=ending.since if ending else None,
        sunset=ending.sunset if ending else None,
        successor=slug(ending.successor) if ending and ending.successor else None,
    )
    earlier = [
        models.Version(version=v, served=False, releases=[r.number for r in state.releases if r.contract_version == v])
        for v in found
        if v != contract.version
    ]
    return [served, *earlier]


def summary(state: DatasetState) -> models.Summary:
    """A dataset in the list."""
    return models.Summary.model_validate(_head(state))


def description(state: DatasetState, registry: Registry) -> models.Description:
    """A dataset with everything that its contract says to the public."""
    contract, catalogue = state.contract, state.contract.catalogue
    relations = [
        models.RelationModel(
            name=r.name, title=r.title, dataset=slug(r.dataset), on=[list(pair) for pair in r.on], many=r.many
        )
        for r in registry.relations(contract.id).values()
    ]
    validity = contract.validity
    return models.Description.model_validate(
        _head(state)
        | {
            "limitations": contract.description.limitations,
            "usage": contract.description.usage,
            "version": contract.version,
            "primary_key": list(contract.primary_key),
            "validity": [validity.from_, validity.to] if validity else None,
            "update_frequency": catalogue.update_frequency,
            "data_class": catalogue.data_class,
            "legal_basis": list(catalogue.legal_basis),
            "contact": catalogue.contact.model_dump(),
            "derived_from": slug(contract.derived_from) if contract.derived_from else None,
            "fields": [_field(f, contract) for f in contract.fields],
            "relations": relations,
            "quality": models.Quality.model_validate(state.quality) if state.quality else None,
            "releases": [release(r, contract.slug) for r in state.releases],
        }
    )


def _field(field: FieldContract, contract: Contract) -> models.FieldModel:
    return models.FieldModel(
        name=field.name,
        title=field.title,
        description=field.description,
        type=field.logical_type,
        options=field.options,
        required=field.required or field.name in contract.primary_key,
        classification=field.classification,
        open=contract.is_open and field.is_open,
        search=field.search,
        operators=sorted(field.type.operators),
        sortable=field.type.sortable,
        examples=list(field.examples),
    )


def problems() -> list[models.ProblemKind]:
    """Every kind of problem, with its page."""
    return [
        models.ProblemKind(slug=p.slug, status=p.status, code=p.code, title=p.title, href=f"/docs/problems/{p.slug}")
        for p in PROBLEMS
    ]
