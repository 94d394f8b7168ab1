"""Rules between contracts: relationships, ids, agencies."""

from collections.abc import Mapping, Set

from lienthong.contract.document import Document, Key
from lienthong.contract.finding import nearest
from lienthong.contract.model import Contract, Relationship
from lienthong.contract.registry import joined_columns
from lienthong.kernel.text import both


def check_across(contracts: Mapping[str, tuple[Contract, Document]], broken: Set[str]) -> None:
    """Note what is wrong between the contracts, each in its own document; `broken` ones have errors of their own."""
    taken: dict[str, set[str]] = {
        name: {*contract.by_name, *(r.name for r in contract.relationships)}
        for name, (contract, _) in contracts.items()
    }
    for contract, document in contracts.values():
        view = contract.open_view
        if view and view.is_aggregate and view.id in contracts:
            fix = both("đặt id khác", "give another id")
            document.error(("openView", "id"), both(f"'{view.id}' đã dùng", f"'{view.id}' is taken"), fix)
        for at, relation in enumerate(contract.relationships):
            key = ("relationships", at)
            if relation.to in broken:
                continue
            if relation.to not in contracts:
                detail = both(
                    f"quan hệ tới bộ dữ liệu lạ '{relation.to}'",
                    f"relationship to an unknown dataset '{relation.to}'",
                )
                document.error((*key, "to"), detail, nearest(relation.to, contracts))
                continue
            target = contracts[relation.to][0]
            if _joins(contract, target, relation, key, document):
                _one(contract, target, relation, key, document)
            if relation.inverse and relation.inverse.name in taken[target.id]:
                name = relation.inverse.name
                detail = both(f"'{name}' đã dùng trong {target.id}", f"'{name}' is taken in {target.id}")
                document.error((*key, "inverse", "name"), detail, both("đặt tên khác", "choose another name"))
            elif relation.inverse:
                taken[target.id].add(relation.inverse.name)


def _joins(contract: Contract, target: Contract, relation: Relationship, key: Key, document: Document) -> bool:
    """Do both sides of `on` exist and hold the same kind of value?"""
    good = all(local in contract.by_name for local in relation.on)
    for local, remote in relation.on.items():
        if remote not in target.by_name:
            good = False
            detail = both(f"{target.id} không có trường '{remote}'", f"{target.id} has no field '{remote}'")
            document.error((*key, "on", local), detail, nearest(remote, target.by_name))
        elif local in contract.by_name:
            near, far = (
                contract.by_name[local].columns[0].sql_type,
                target.by_name[remote].columns[0].sql_type,
            )
            if near != far:
                good = False
                detail = both(
                    f"{local} ({near}) và {remote} ({far}) khác kiểu",
                    f"{local} ({near}) and {remote} ({far}) differ",
                )
                document.error((*key, "on", local), detail, both("dùng cùng kiểu", "use one type"))
    return good


def _one(contract: Contract, target: Contract, relation: Relationship, key: Key, document: Document) -> None:
    """The target of a relationship of cardinality one is found by a whole key; of dated versions the latest."""
    if relation.cardinality != "one":
        return
    remote = {far for _, far in joined_columns(contract, target, relation)}
    single = {f.name for f in target.fields if f.unique}
    dated = {target.validity.from_} if target.validity else set()
    if not (set(target.primary_key) <= remote | dated or remote & single):
        whole = ", ".join(target.primary_key)
        detail = both(
            f"cardinality one nhưng {', '.join(sorted(remote))} không phải khóa của {target.id}",
            f"cardinality is one, but {', '.join(sorted(remote))} is no key of {target.id}",
        )
        fix = both(f"nối theo ({whole}) hoặc cardinality: many", f"join on ({whole}) or cardinality: many")
        document.warning(key, detail, fix)
