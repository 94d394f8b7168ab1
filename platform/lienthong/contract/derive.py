"""The contract of an aggregate open view: a dataset of its own, made of another's groups and measures."""

from typing import Any

from lienthong.contract.model import (
    Access,
    Contract,
    FieldContract,
    GroupBy,
    Measure,
    OpenView,
    Privacy,
    Relationship,
    Source,
)
from lienthong.kernel.text import Bilingual

# transform -> logical type and options of the dimension
_TRANSFORMED: dict[str, tuple[str, dict[str, Any]]] = {
    "year": ("integer", {}),
    "quarter": ("text", {"pattern": "[0-9]{4}-Q[1-4]"}),
    "month": ("partial_date", {}),
    "band5": ("text", {"pattern": "[0-9]{1,4}-[0-9]{1,4}"}),
}
_SUFFIX: dict[str, tuple[str, str]] = {
    "year": ("năm", "year"),
    "quarter": ("quý", "quarter"),
    "month": ("tháng", "month"),
    "band5": ("nhóm 5", "band of 5"),
}


def derived(contract: Contract) -> Contract | None:
    """The contract of the aggregate open view, or None when the open view is none.

    Its key is its dimensions; all its fields are public. It has no source: releases of `derived_from` fill it.
    """
    view = contract.open_view
    if view is None or not view.is_aggregate or view.id is None:
        return None
    dimensions = tuple(_dimension(contract, group) for group in view.group_by)
    purpose = view.description or contract.description.purpose
    # Built anew, not copied: a copy would carry along what the first has cached.
    return Contract.model_validate(
        {name: getattr(contract, name) for name in Contract.model_fields}
        | {
            "id": view.id,
            "title": view.title or contract.title,
            "description": contract.description.model_copy(update={"purpose": purpose}),
            "primary_key": tuple(f.name for f in dimensions),
            "validity": None,
            "fields": (*dimensions, *(_number(contract, measure) for measure in view.measures)),
            "relationships": _relationships(contract, view),
            "indexes": (),
            "rollups": (),
            "quality": (),
            "catalogue": contract.catalogue.model_copy(update={"data_class": "open"}),
            "privacy": Privacy(k=view.k),
            "access": Access(),
            "open_view": OpenView(k=view.k),
            "source": Source(system=contract.source.system),
            "derived_from": contract.id,
        }
    )


def _dimension(contract: Contract, group: GroupBy) -> FieldContract:
    of = contract.by_name[group.of]
    kind, options = _TRANSFORMED.get(group.transform) or _plain(of)
    title = group.title or of.title
    if group.title is None and group.transform in _SUFFIX:
        vi, en = _SUFFIX[group.transform]
        title = Bilingual(vi=f"{of.title.vi} ({vi})", en=f"{of.title.en} ({en})")
    return FieldContract(
        name=group.field,
        title=title,
        description=of.description,
        logical_type=kind,
        options=options,
        classification="public",
        index=True,
    )


def _plain(of: FieldContract) -> tuple[str, dict[str, Any]]:
    """A dimension without transform keeps its type; a unit's code stands without the second column."""
    if of.logical_type == "admin_unit":
        return "text", {"max_length": 5}
    return of.logical_type, {k: v for k, v in of.options.items() if k not in ("formats", "repair")}


def _number(contract: Contract, measure: Measure) -> FieldContract:
    of = contract.by_name[measure.of] if measure.of else None
    kind: str = "integer"
    options: dict[str, Any] = {}
    if measure.measure == "avg":
        kind, options = "decimal", {"scale": 2}
    elif measure.measure == "sum" and of:
        scale = of.options.get("scale", 2) if of.logical_type == "decimal" else 0
        kind, options = "decimal", {"scale": scale, "precision": 30}
    elif measure.measure in ("min", "max") and of:
        kind, options = _plain(of)
    return FieldContract(
        name=measure.name, title=measure.title, logical_type=kind, options=options, classification="public"
    )


def _relationships(contract: Contract, view: OpenView) -> tuple[Relationship, ...]:
    """The relationships whose local fields are dimensions as they are; the far side does not see them."""
    kept = {g.of: g.field for g in view.group_by if g.transform == "none"}
    single = {name for name in kept if len(contract.by_name[name].columns) == 1}
    return tuple(
        r.model_copy(update={"on": {kept[local]: remote for local, remote in r.on.items()}, "inverse": None})
        for r in contract.relationships
        if set(r.on) <= single
    )
