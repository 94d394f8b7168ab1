"""Actions about tokens of users: told once, kept as hashes, revoked at once."""

import secrets
from typing import Any

from lienthong.access.callers import PREFIX
from lienthong.catalog.hosted import users
from lienthong.catalog.hosted.tables import ACTIVE, HostedToken, HostedUser
from lienthong.catalog.hosted.writing import Session, reading, writing
from lienthong.ckan import ids, people
from lienthong.ckan.call import Call, action
from lienthong.ckan.checks import text as plain
from lienthong.ckan.errors import denied, missing, not_found
from lienthong.ckan.form import Form
from lienthong.governance.credentials import token_hash


def make_token(session: Session, user: HostedUser, name: str) -> tuple[str, str]:
    """A new token of a user: its id and its text, which is not kept."""
    id, token = secrets.token_urlsafe(32), PREFIX + secrets.token_urlsafe(32)
    session.add(HostedToken(id=id, user_id=user.id, name=name, sha256=token_hash(token)))
    return id, token


@action
async def api_token_create(call: Call) -> Any:
    """Make a token of a user: of oneself, or of anybody (sysadmins). It is told once.

    :param user: the id or name of the user
    :param name: what the token is called
    """
    given = Form(call.params)
    given.need("user", "name")
    given.done()
    async with writing(call.engine) as session:
        user = await users.find(session, plain(call.params["user"]))
        if user is None:
            raise not_found("User not found")
        call.check("api_token", user)
        if call.caller.is_limited or (user.person_id or "").startswith("agency:") or user.state != ACTIVE:
            raise denied()
        name = given.text("name")
        given.done()
        id, token = make_token(session, user, name)
    return {"token": token, "id": id}


@action
async def api_token_list(call: Call) -> Any:
    """List the tokens of a user, without what opens: of oneself, or of anybody (sysadmins).

    :param user_id: the id or name of the user; or `user`
    """
    name = call.params.get("user_id", call.params.get("user"))
    if not name:
        raise missing("user_id")
    async with reading(call.engine) as session:
        user = await users.find(session, plain(name))
        call.check("api_token", user)
        if user is None:
            raise not_found("User not found")
        rows = await users.tokens(session, user)
    return [
        {
            "id": row.id,
            "name": row.name,
            "user_id": row.user_id,
            "created_at": ids.stamp(row.created_at),
            "last_access": people.moment(row.last_access),
        }
        for row in rows
    ]


@action
async def api_token_revoke(call: Call) -> Any:
    """End a token: one's own, or anybody's (sysadmins). It stops to work at once.

    :param token: the token
    :param jti: or its id
    """
    id, token = call.params.get("jti"), call.params.get("token")
    if not id and not token:
        raise missing("token")
    async with writing(call.engine) as session:
        if id:
            row = await users.token(session, id=plain(id))
        else:
            row = await users.token(session, sha256=token_hash(plain(token)))
        if not call.caller.sysadmin and (row is None or row.user_id != call.caller.id):
            raise denied()  # whether there is such a token is not told
        if row is not None:
            row.revoked = True
    call.callers.forget()
