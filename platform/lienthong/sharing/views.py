"""Agreements as the endpoints show them to one caller."""

from collections.abc import Mapping, Sequence

from lienthong.contract.registry import Registry
from lienthong.governance.agreements.calendar import doubt
from lienthong.governance.agreements.items import items, purpose_title
from lienthong.governance.agreements.states import possible
from lienthong.governance.agreements.tables import Agreement, AgreementEvent
from lienthong.governance.agreements.timeliness import in_time, overdue, timeliness
from lienthong.governance.subject import Subject
from lienthong.kernel.text import Bilingual, both, slug
from lienthong.sharing import models

API = "/api/v1/agreements"
Agencies = Mapping[str, Bilingual]


def _head(row: Agreement, subject: Subject, registry: Registry, agencies: Agencies) -> dict[str, object]:
    contract = registry.contracts.get(row.dataset)
    title = contract.title if contract else both(row.dataset, row.dataset)
    own = f"{API}/{row.id}"
    return {
        **{n: getattr(row, n) for n in ("id", "version", "valid_from", "expires", "requested_at", "answer_due",
                                        "answered_at", "suspend_from", "suspend_until")},
        "state": row.state_now,
        "provider": _party(row.provider, agencies),
        "consumer": _party(row.consumer, agencies),
        "dataset": models.SharedDataset(name=slug(row.dataset), title=title),
        "purpose": models.Purpose(code=row.purpose, title=purpose_title(registry, row.purpose)),
        "answer_due_note": doubt(registry, row.answer_due) if row.answered_at is None else None,
        "answered_in_time": in_time(row),
        "overdue": overdue(row),
        "actions": possible(subject, row),
        "links": models.AgreementLinks(self=own, odrl=own + "/odrl", page=f"/agreements/{row.id}"),
    }  # fmt: skip


def _party(id: str, agencies: Agencies) -> models.Party:
    return models.Party(id=slug(id), name=agencies.get(id, both(id, id)))


def listed(rows: Sequence[Agreement], subject: Subject, registry: Registry, agencies: Agencies) -> models.AgreementList:
    """The list, with how its requests were answered."""
    data = [models.AgreementSummary.model_validate(_head(row, subject, registry, agencies)) for row in rows]
    return models.AgreementList(
        data=data, count=len(data), timeliness=models.TimelinessModel.model_validate(timeliness(rows))
    )


def detail(
    row: Agreement, history: Sequence[AgreementEvent], subject: Subject, registry: Registry, agencies: Agencies
) -> models.AgreementDetail:
    """All of one agreement."""
    own = {n: getattr(row, n) for n in ("legal_basis", "quota", "application", "frequency", "renews", "requested_by")}
    return models.AgreementDetail.model_validate(
        _head(row, subject, registry, agencies)
        | own
        | {
            "fields": _fields(row, registry),
            "where": row.condition,
            "items": [models.Item.model_validate(item) for item in items(registry, row, agencies)],
            "history": [models.Event.model_validate(event) for event in history],
        }
    )


def _fields(row: Agreement, registry: Registry) -> list[models.SharedField]:
    contract = registry.contracts.get(row.dataset)
    found = []
    for name in row.fields:
        field = contract.by_name.get(name) if contract else None
        mask = field.mask.method if field and field.mask and name not in row.clear else None
        title = field.title if field else both(name, name)
        classification = field.classification if field else "internal"
        found.append(models.SharedField(name=name, title=title, classification=classification, mask=mask))
    return found
