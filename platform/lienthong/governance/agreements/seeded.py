"""Agreements that come with a definition instead of a request: the same rows, the same events, written by the owner."""

import json

import psycopg

from lienthong.contract.registry import Registry
from lienthong.governance.agreements import calendar
from lienthong.governance.agreements.asked import Asked
from lienthong.governance.agreements.workflow import clauses
from lienthong.kernel.clock import today

WHO = "platform"
_INSERT = (
    "insert into platform.agreement (id, provider, consumer, dataset, fields, clear, condition, purpose, legal_basis,"
    " quota, valid_from, expires, clauses, state, requested_by, answer_due, answered_at)"
    " values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 'signed', %s, %s, now()) on conflict (id) do nothing"
)
_CHANGE = (
    "update platform.agreement set fields = %(fields)s, clear = %(clear)s, condition = %(where)s, expires ="
    " %(expires)s, version = version + 1 where id = %(id)s and state in ('signed', 'active')"
    " and (fields, clear, condition, expires) is distinct from"
    " (%(fields)s::varchar[], %(clear)s::varchar[], %(where)s::jsonb, %(expires)s::date) returning state"
)
_EVENT = "insert into platform.agreement_event (agreement, who, what, state) values (%s, %s, %s, %s)"


def ensure(connection: psycopg.Connection, registry: Registry, id: str, consumer: str, asked: Asked) -> None:
    """The agreement is there, signed; terms that differ from `asked` are brought up to it. Safe to repeat."""
    contract, where = registry.get(asked.dataset), json.dumps(asked.where) if asked.where else None
    made = connection.execute(
        _INSERT,
        (id, contract.agency, consumer, contract.id, asked.fields, asked.clear, where, asked.purpose, asked.legal_basis,
         asked.quota, asked.valid_from or today(), asked.expires,
         json.dumps(clauses(registry, asked.clauses.model_dump()), ensure_ascii=False), WHO,
         calendar.due(registry, "answer", today())),
    )  # fmt: skip
    if made.rowcount:
        for what, state in (("request", "requested"), ("review", "reviewed"), ("sign", "signed")):
            connection.execute(_EVENT, (id, WHO, what, state))
        return
    terms = {"id": id, "fields": asked.fields, "clear": asked.clear, "where": where, "expires": asked.expires}
    for (state,) in connection.execute(_CHANGE, terms).fetchall():
        connection.execute(_EVENT, (id, WHO, "change", state))
