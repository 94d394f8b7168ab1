"""Real descriptions of datasets (../shared/data/catalog) as packages, for tests and measurements."""

import hashlib
import json
import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lienthong.kernel.text import fold

Row = dict[str, Any]


def packages(folder: Path) -> Iterator[Row]:
    """What package_create is given: 2,631 datasets of real portals."""
    taken: set[str] = set()
    for line in (folder / "catalogue_merged.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        title = row["title"] or "?"
        name = slug(title)
        while name in taken:
            name = f"{name[:90]}-{len(taken)}"
        taken.add(name)
        yield {
            "name": name,
            "title": title,
            "notes": row.get("notes") or "",
            "author": row.get("maintainer") or "",
            "license_id": row.get("license") or "",
            "tags": [{"name": tag} for tag in sorted({tag_name(c) for c in _listed(row.get("categories"))}) if tag],
            "extras": [
                {"key": "source", "value": row["source"]},
                {"key": "updated", "value": row.get("updated") or ""},
            ],
            "organization": row.get("organization") or "none",
            "resources": [
                {"name": r.get("name") or "", "format": r.get("format") or "", "url": r.get("url") or ""}
                for r in row.get("resources") or ()
            ],
        }


def slug(title: str) -> str:
    """A name as CKAN allows it."""
    return re.sub(r"[^a-z0-9_-]+", "-", fold(title)).strip("-")[:90].ljust(2, "-")


def tag_name(text: str) -> str:
    """A tag as CKAN allows it."""
    return re.sub(r"[^\w \-.]", " ", text).strip()[:100]


def shown(given: Row) -> Row:
    """A package as package_show gives it."""
    number, organization = _id("p" + given["name"]), given["organization"]
    owner = {"id": _id("o" + organization), "name": slug(organization), "title": organization, "type": "organization",
             "description": "", "image_url": "", "created": "2026-01-01T00:00:00.000000", "is_organization": True,
             "approval_status": "approved", "state": "active"}  # fmt: skip
    resource = dict.fromkeys(("cache_last_updated", "cache_url", "last_modified", "mimetype", "mimetype_inner"))
    resource |= {"created": "2026-01-01T00:00:00.000000", "datastore_active": False, "description": None, "hash": "",
                 "metadata_modified": "2026-01-01T00:00:00.000000", "package_id": number, "resource_type": None,
                 "size": None, "state": "active", "url_type": None}  # fmt: skip
    nothing = dict.fromkeys(("author_email", "maintainer", "maintainer_email", "url", "version", "creator_user_id"))
    return {
        **nothing, "author": given["author"], "id": number, "isopen": True, "license_id": given["license_id"],
        "license_title": given["license_id"], "metadata_created": "2026-01-01T00:00:00.000000",
        "metadata_modified": f"2026-01-01T00:00:00.{int(number[:5], 16) % 1_000_000:06}", "name": given["name"],
        "notes": given["notes"], "num_resources": len(given["resources"]), "num_tags": len(given["tags"]),
        "organization": owner, "owner_org": owner["id"], "private": False, "state": "active", "title": given["title"],
        "type": "dataset", "extras": given["extras"], "groups": [],
        "resources": [resource | r | {"id": _id(f"{number}{n}"), "position": n} for n, r in enumerate(given["resources"])],
        "tags": [{"display_name": t["name"], "id": _id("t" + t["name"]), "name": t["name"], "state": "active",
                  "vocabulary_id": None} for t in given["tags"]],
        "relationships_as_subject": [], "relationships_as_object": [],
    }  # fmt: skip


def _id(text: str) -> str:
    return str(uuid.UUID(bytes=hashlib.md5(text.encode()).digest()))


def _listed(value: Any) -> list[str]:
    return [str(v) for v in value] if isinstance(value, list) else []
