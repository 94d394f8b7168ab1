"""What programs look for at addresses that they know (RFC 8615)."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta

import orjson

LINKSET = 'application/linkset+json; profile="https://www.rfc-editor.org/info/rfc9727"'
_INTERFACES = {
    "/api/v1": ("/api/v1/openapi.json", "application/json", "/docs/rest"),
    "/graphql": ("/graphql/schema.graphql", "text/plain", "/docs/developers"),
    "/api/3/action": ("/api/3/action/help_show?name=package_search", "application/json", "/docs/ckan"),
    "/ogc": ("/ogc/api", "application/vnd.oai.openapi+json;version=3.0", "/docs/ogc"),
}


def robots(site: str) -> bytes:
    """Everything may be read; what only costs is better left alone."""
    kept = ("/api/", "/graphql", "/ogc/", "/datastore/", "/account", "/steward")
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in kept), "Allow: /", "", f"Sitemap: {site}/sitemap.xml"]
    return ("\n".join(lines) + "\n").encode()


def security(site: str, contacts: Sequence[str]) -> bytes:
    """Whom to tell of a hole; good for a year from the day of asking."""
    until = datetime.combine(datetime.now(UTC).date() + timedelta(days=365), time.min, UTC)
    told = [f"Contact: mailto:{address}" for address in contacts[:3]] or [f"Contact: {site}/docs/security"]
    lines = [*told, f"Expires: {until:%Y-%m-%dT%H:%M:%SZ}", "Preferred-Languages: vi, en",
             f"Canonical: {site}/.well-known/security.txt", f"Policy: {site}/docs/security"]  # fmt: skip
    return ("\n".join(lines) + "\n").encode()


def interfaces(site: str) -> bytes:
    """Every programming interface, with its description and its page."""
    told = [
        {
            "anchor": site + path,
            "service-desc": [{"href": site + description, "type": kind}],
            "service-doc": [{"href": site + page, "type": "text/html"}],
        }
        for path, (description, kind, page) in _INTERFACES.items()
    ]
    return orjson.dumps({"linkset": told})
