"""Users, groups and organizations as CKAN shows them (CKAN 2.12, model_dictize.py)."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from lienthong.catalog.hosted import users
from lienthong.catalog.hosted.tables import HostedGroup, HostedUser
from lienthong.catalog.hosted.writing import Session
from lienthong.ckan import ids
from lienthong.ckan.call import Call
from lienthong.ckan.documents import Document


def user(row: HostedUser, created: int, capacity: str | None, site: str) -> Document:
    """A user, as everybody sees them: without e-mail."""
    body, image = row.body, row.body.get("image_url")
    shown = {
        "id": row.id,
        "name": row.name,
        "fullname": body.get("fullname"),
        "created": ids.stamp(row.created),
        "about": body.get("about"),
        "last_active": moment(row.last_active),
        "activity_streams_email_notifications": bool(body.get("activity_streams_email_notifications")),
        "sysadmin": row.sysadmin,
        "state": row.state,
        "image_url": image,
        "display_name": display_name(row),
        "email_hash": email_hash(row.email),
        "number_created_packages": created,
        "image_display_url": image if image is None else address(image, "user", site),
    }
    return shown if capacity is None else shown | {"capacity": capacity}


async def listed(
    call: Call, session: Session, given: Iterable[tuple[HostedUser, str | None]], *, all: bool = False
) -> list[Document]:
    """Users, each with a capacity or none. `all`: their count of datasets holds private ones, too."""
    rows, site = list(given), call.services.settings.public_url
    counts = await users.created_by(session, [row.id for row, _ in rows], all=all)
    return [user(row, counts.get(row.id, 0), capacity, site) for row, capacity in rows]


def private(row: HostedUser) -> Document:
    """What only the user and sysadmins see. There are no legacy keys."""
    return {"apikey": None, "email": row.email}


def sees_private(call: Call, row: HostedUser) -> bool:
    """May the caller see the e-mail of a user?"""
    return call.caller.sysadmin or call.caller.id == row.id


def display_name(row: HostedUser) -> str:
    """The full name, or the name."""
    return str(row.body.get("fullname") or "").strip() and str(row.body["fullname"]) or row.name


def email_hash(email: str | None) -> str:
    """What portraits are asked by at Gravatar (MD5 is theirs)."""
    return hashlib.md5((email or "").strip().lower().encode(), usedforsecurity=False).hexdigest()


def moment(at: datetime | None) -> str | None:
    """A moment as CKAN writes it, or null."""
    return ids.stamp(at) if at else None


# --- groups ----------------------------------------------------------------------------------------------------------


def short(row: HostedGroup) -> Document:
    """A group or organization as it stands inside others."""
    body = row.body
    return {
        "id": row.id,
        "name": row.name,
        "title": body.get("title", ""),
        "type": body.get("type", row.kind),
        "description": body.get("description", ""),
        "image_url": body.get("image_url", ""),
        "created": ids.stamp(row.created),
        "is_organization": row.kind == "organization",
        "approval_status": body.get("approval_status", "approved"),
        "state": row.state,
    }


def named(document: Document, site: str) -> Document:
    """A short document with the name and picture that are shown."""
    image = address(str(document["image_url"] or ""), "group", site)
    return document | {"display_name": document["title"] or document["name"], "image_display_url": image}


def address(image: str, kind: str, site: str) -> str:
    """Where a picture is: our own address for one that was uploaded."""
    return image if not image or image.startswith("http") else f"{site}/uploads/{kind}/{image}"


def extras(given: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Extra fields in the order in which they were given."""
    return [{"key": extra["key"], "value": extra["value"]} for extra in given]
