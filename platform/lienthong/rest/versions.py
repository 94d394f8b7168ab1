"""Versions of a dataset: those of its contract. The first number changes when readers must; only one of them is served.

`name@1` in the address or `version=1` in Accept pins it. Headers tell the version of every answer, and when it ends
(Deprecation: RFC 9745, Sunset: RFC 8594).
"""

import re
from datetime import UTC, date, datetime, time
from email.utils import format_datetime

from lienthong.contract.model import Contract
from lienthong.kernel.problem import Gone, NotFound, QueryInvalid
from lienthong.kernel.text import both, slug

_IN_ACCEPT = re.compile(r';\s*version\s*=\s*"?([^",;]*)', re.IGNORECASE)


def major(version: str) -> int:
    """The first number of a version."""
    return int(version.partition(".")[0])


def accepted(accept: str | None) -> str | None:
    """The version that an Accept header pins, if any."""
    found = _IN_ACCEPT.search(accept or "")
    return found[1].strip() if found else None


def check(contract: Contract, wanted: str | None) -> None:
    """Raises Gone or NotFound, with the right one, when the version asked for is not the one that is served."""
    if wanted is None:
        return
    served = major(contract.version)
    if not re.fullmatch(r"[0-9]{1,6}", wanted):
        detail = both("Phiên bản là số nguyên", "The version is a whole number")
        raise QueryInvalid(detail, place="version", fix=f"{contract.slug}@{served}")
    if int(wanted) != served:
        kind = Gone if 0 < int(wanted) < served else NotFound
        detail = both(
            f"Phiên bản {wanted} của {contract.slug} không được phục vụ",
            f"Version {wanted} of {contract.slug} is not served",
        )
        raise kind(detail, place=f"{contract.slug}@{wanted}", fix=f"{contract.slug}@{served}")


def headers(contract: Contract) -> dict[str, str]:
    """The headers that every answer about the dataset carries."""
    found = {"Lienthong-Contract": f"{contract.slug}@{contract.version}"}
    ending = contract.deprecated
    if ending:
        found["Deprecation"] = f"@{int(_midnight(ending.since).timestamp())}"
        if ending.sunset:
            found["Sunset"] = format_datetime(_midnight(ending.sunset), usegmt=True)
        if ending.successor:
            found["Link"] = f'</api/v1/datasets/{slug(ending.successor)}>; rel="successor-version"'
    return found


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)
