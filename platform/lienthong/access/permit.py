"""May this subject ask these queries? If so: the scopes that they are read in, and the fields that they name."""

from dataclasses import dataclass, field

from lienthong.access import policy, synthetic
from lienthong.contract.registry import Registry, Relation
from lienthong.governance.subject import Subject, Terms
from lienthong.kernel.problem import QueryInvalid
from lienthong.kernel.text import both
from lienthong.store.condition import unknown
from lienthong.store.formula import Formula, properties
from lienthong.store.mask import keeps_type
from lienthong.store.query import ROW_NUMBER, Compare, Condition, Item, Nested, Query, Related, walk
from lienthong.store.roles import PUBLIC
from lienthong.store.scope import OWN_DATA, Scope
from lienthong.store.twin import READER


@dataclass
class Permit:
    """What queries of one subject may read. `named`: the fields of each dataset that they show or look at."""

    registry: Registry
    subject: Subject
    scopes: dict[str, Scope] = field(default_factory=dict)
    named: dict[str, dict[str, None]] = field(default_factory=dict)

    @property
    def governed(self) -> list[Scope]:
        """The scopes that are not open data: each is read on record."""
        return [scope for scope in self.scopes.values() if scope.schema == "governed"]

    @property
    def held_with_quota(self) -> list[Terms]:
        """The agreements that the queries read under and that give so many rows a day only."""
        used = {scope.agreement for scope in self.governed}
        return [terms for terms in self.subject.agreements if terms.quota and terms.id in used]

    @property
    def reader(self) -> str:
        """The database role of a read of open data, or of twins."""
        return READER if any(scope.schema == "twin" for scope in self.scopes.values()) else PUBLIC

    @property
    def role(self) -> str:
        """The database role of the read. Raises QueryInvalid when its agreements are for different purposes."""
        agreed = {s.purpose for s in self.governed if s.agreement not in OWN_DATA}
        if len(agreed) > 1:
            found = ", ".join(sorted(filter(None, agreed)))
            raise QueryInvalid(
                both(
                    f"Truy vấn đọc theo thỏa thuận cho nhiều mục đích khác nhau: {found}",
                    f"The query reads under agreements for different purposes: {found}",
                ),
                place=policy.PURPOSE_HEADER,
                fix=both("Mỗi truy vấn một mục đích", "One purpose a query"),
            )
        return self.subject.database_role(agreed.pop() if agreed else None)

    def scope(self, dataset: str) -> Scope:
        """The subject's scope on a dataset. Raises NotFound, QueryInvalid, Unauthenticated, NotPermitted."""
        if dataset not in self.scopes:
            contract = self.registry.get(dataset)
            self.scopes[dataset] = policy.scope(self.registry, self.subject, contract)
            if self.scopes[dataset].schema == "twin":
                synthetic.note()
            self.named[dataset] = {}
        return self.scopes[dataset]

    def visit(self, query: Query) -> None:
        """Check everything that a query names, nested ones too."""
        scope = self.scope(query.dataset)
        self._items(query, scope)
        for name in scope.contract.primary_key if query.key is not None else ():
            self._name(scope, name, compared=True)
        made = {g.key for g in query.groups} | {m.key for m in query.measures}
        named = [o.field for o in query.order if o.field not in made] + [g.field for g in query.groups]
        for name in [*named, *(m.field for m in query.measures if m.field)]:
            self._name(scope, name, compared=True)
        for condition in (query.where, *(m.where for m in query.measures)):
            self._condition(condition, scope)

    def show(self, dataset: str, name: str) -> None:
        """Check a field that is shown besides those of the query."""
        self._name(self.scope(dataset), name)

    def _items(self, query: Query, scope: Scope) -> None:
        if not query.selected and not query.is_aggregate and query.connection is None:
            self.named[query.dataset] |= dict.fromkeys(scope.visible)
        for item in query.selected:
            if isinstance(item, Nested):
                relation = self._relation(scope, item.relation)
                self.visit(item.query.but(dataset=relation.dataset))
                self._joined(relation, scope, self.scopes[relation.dataset])
            elif isinstance(item, Item) and item.literal is None:
                self._name(scope, item.field)

    def _condition(self, condition: Condition | None, scope: Scope) -> None:
        for leaf in walk(condition):
            if isinstance(leaf, Compare):
                self._name(scope, leaf.field, compared=True)
            elif isinstance(leaf, Formula):
                for part in properties(leaf):
                    # What a mask shows may be compared with by whoever sees it: it tells nothing more.
                    seen = part.masked and part.name in scope.masked
                    self._name(scope, part.name, not (seen and keeps_type(scope.contract.by_name[part.name])))
            elif isinstance(leaf, Related):
                relation = self._relation(scope, leaf.relation)
                far = self.scope(relation.dataset)
                self._condition(leaf.where, far)
                self._joined(relation, scope, far)
            elif scope.schema != "open":
                # The search text of a governed row is made of all search fields: each must be the caller's to read.
                for found in scope.contract.fields:
                    if found.search:
                        self._name(scope, found.name, compared=True)

    def _relation(self, scope: Scope, name: str) -> Relation:
        relations = self.registry.relations(scope.contract.id)
        if name not in relations:
            raise unknown("quan hệ", "relation", name, relations)
        return relations[name]

    def _joined(self, relation: Relation, near: Scope, far: Scope) -> None:
        """A relation tells the values that it joins on: the caller must be allowed to read them on both sides."""
        for scope, stored in zip((near, far), zip(*relation.on, strict=True), strict=True):
            for found in scope.contract.fields:
                if any(column.name in stored for column in found.columns):
                    self._name(scope, found.name, compared=True)

    def _name(self, scope: Scope, name: str, compared: bool = False) -> None:
        if name == ROW_NUMBER:
            return
        if name not in scope.fields:
            if name in scope.contract.by_name:
                raise policy.hidden_field(self.subject, scope, name)
            raise unknown("trường", "field", name, scope.fields)
        if compared and name in scope.masked:
            raise policy.masked_field(scope, name)
        self.named[scope.contract.id][name] = None
