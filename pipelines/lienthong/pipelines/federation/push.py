"""Push open releases to another CKAN through its Action API, with ckanapi.

What the other site holds of ours bears `lienthong_source`, `lienthong_dataset` and `lienthong_fingerprint`: one search
tells what is unchanged. The fingerprint is written last, so that a push that was cut off is taken up again.
"""

import hashlib
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import orjson
from ckanapi import RemoteCKAN
from ckanapi.errors import CKANAPIError, NotAuthorized, NotFound

from lienthong.kernel.problem import Problem
from lienthong.pipelines.federation.harvest import Progressed
from lienthong.pipelines.federation.records import MOST_NAME, Report
from lienthong.pipelines.federation.web import Limits, Web, unavailable

Document = dict[str, Any]
PAGE = 100
_TEXTS = ("title", "notes", "author", "author_email", "maintainer", "maintainer_email", "url", "version")
_FILE = ("name", "description", "format", "mimetype", "hash", "size", "last_modified", "url")
_SPDX = {"CC-BY-4.0": "cc-by", "CC-BY-SA-4.0": "cc-by-sa", "CC0-1.0": "cc-zero", "ODbL-1.0": "odc-odbl",
         "ODC-BY-1.0": "odc-by", "PDDL-1.0": "odc-pddl"}  # fmt: skip
_MOST_UPLOAD = 200_000_000
_SOURCE, _DATASET, _RELEASE = "lienthong_source", "lienthong_dataset", "lienthong_release"
_FINGERPRINT, _WITHDRAWN = "lienthong_fingerprint", "lienthong_withdrawn"


@dataclass(frozen=True)
class Offer:
    """An open release. `package`: as our own package_show tells it; `files`: of each resource, by its name.

    `extras`: what CKAN has no member for, besides those of the package. `lost`: what stays behind, counted.
    """

    dataset: str
    release: int
    package: Mapping[str, Any]
    files: Mapping[str, Path] = field(default_factory=dict)
    extras: Mapping[str, str] = field(default_factory=dict)
    lost: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Order:
    """Where to push. `source`: our address. `withdrawn`: why datasets are not open any more, by id.

    `datasets`: push only these. `gone`: what becomes of what we withdrew: marked, its files removed; or deleted.
    """

    url: str
    source: str
    organization: str | None = None
    token: str | None = None
    datasets: frozenset[str] | None = None
    withdrawn: Mapping[str, str] = field(default_factory=dict)
    upload: bool = False
    gone: Literal["mark", "delete"] = "mark"
    dry_run: bool = False


def push(
    offers: Sequence[Offer], order: Order, allowed: str, progress: Progressed, limits: Limits | None = None
) -> Report:
    """Push what is new or changed; what was done. A dataset that is refused is told and stops no other.

    Raises Unavailable when the site does not answer, Invalid when its address may not be spoken to.
    """
    began, web = time.monotonic(), Web(allowed, limits)
    report = Report(order.url.rstrip("/"), order.dry_run)
    pusher = _Push(order, web.ckan(order.url, order.token), report)
    pusher.look()
    for done, offer in enumerate(offers, 1):
        _guarded(report, offer.dataset, pusher.put, offer)
        progress(order.url, done, len(offers), offer.dataset)
    open_now = {offer.dataset for offer in offers}
    for dataset in sorted(pusher.held.keys() - open_now):
        if order.datasets is None or dataset in order.datasets:
            _guarded(report, dataset, pusher.withdraw, dataset)
    report.requests, report.lost = web.requests, +report.lost
    report.seconds = round(time.monotonic() - began, 2)
    return report


def _guarded(report: Report, dataset: str, act: Any, given: Any) -> None:
    try:
        act(given)
    except (CKANAPIError, OSError, Problem, KeyError, TypeError, ValueError) as error:
        report.fail(dataset, f"{type(error).__name__}: {error}")


class _Push:
    """One run. `held`: the packages there that are ours, by our dataset."""

    def __init__(self, order: Order, remote: RemoteCKAN, report: Report) -> None:
        self._order, self._remote, self._report = order, remote, report
        self.held: dict[str, Document] = {}
        self._licences: frozenset[str] = frozenset()

    def look(self) -> None:
        """Which licences the site knows, and what it holds of ours. Raises Unavailable."""
        try:
            self._licences = frozenset(str(known["id"]) for known in self._act("license_list"))
            for package in self._ours():
                self.held[_told(package)[_DATASET]] = package
        except (CKANAPIError, KeyError, TypeError, OSError) as error:
            raise unavailable(self._order.url, f"{type(error).__name__}: {error}") from error

    def _ours(self) -> Iterator[Document]:
        asked = {"q": f'extras_{_SOURCE}:"{self._order.source}"', "rows": PAGE, "sort": "id asc"}
        if self._order.token:
            asked["include_private"] = True
        start = 0
        while page := self._act("package_search", **asked, start=start)["results"]:
            start += len(page)
            yield from (package for package in page if self._is_ours(package))
            if len(page) < PAGE:
                return

    def _is_ours(self, package: Document) -> bool:
        """Anybody there may write such extras; ours stand in our organization, if we have one there."""
        told, wanted = _told(package), self._order.organization
        owner = package.get("organization") or {}
        if wanted and wanted not in (owner.get("name"), owner.get("id")):
            return False
        return told.get(_SOURCE) == self._order.source and _DATASET in told

    def put(self, offer: Offer) -> None:
        """Push a release, unless it is there."""
        if offer.package.get("private") or offer.package.get("state") != "active":
            raise ValueError("not open")
        wanted = self._payload(offer)
        print_ = _fingerprint(wanted, self._order.upload)
        found, name = self._find(offer)
        if found is not None and _told(found).get(_FINGERPRINT) == print_ and found.get("state") == "active":
            self._report.unchanged += 1
            return
        self._report.lost.update(offer.lost)
        if self._order.dry_run:
            self._count(found)
            return
        files = [f for f in wanted["resources"] if self._uploads(offer, f)]
        if files:
            made = self._save(wanted | {"name": name}, found, None if found else [])
            self._upload(offer, made["id"], made["resources"], wanted["resources"], files)
            made = self._act("package_patch", id=made["id"], extras=_extras(wanted, print_))
        else:
            wanted["extras"] = _extras(wanted, print_)
            made = self._save(wanted | {"name": name}, found, _with_ids(wanted["resources"], found))
        self._count(found)
        self._compare(wanted, made)

    def _count(self, found: Document | None) -> None:
        self._report.created += found is None
        self._report.updated += found is not None

    def _payload(self, offer: Offer) -> Document:
        package = offer.package
        told = {extra["key"]: str(extra["value"]) for extra in package.get("extras", ())} | dict(offer.extras)
        told |= {_SOURCE: self._order.source, _DATASET: offer.dataset, _RELEASE: str(offer.release)}
        licence = package.get("license_id")
        known = licence if licence in self._licences else _SPDX.get(str(licence))
        if licence and known != licence:
            told["licence"] = str(licence)
        return {
            **{key: package.get(key) or "" for key in _TEXTS},
            "license_id": known or licence,
            "private": False,
            "state": "active",
            "tags": [{"name": tag["name"]} for tag in package.get("tags", ())],
            "extras": [{"key": key, "value": value} for key, value in sorted(told.items())],
            "resources": [{key: r[key] for key in _FILE if r.get(key) is not None} for r in package["resources"]],
        } | ({"owner_org": self._order.organization} if self._order.organization else {})

    def _find(self, offer: Offer) -> tuple[Document | None, str]:
        """What is there of the dataset, and the name to give it: ours if it is free, else with a mark."""
        found = self.held.get(offer.dataset)
        if found is not None:
            return found, str(found["name"])
        mark = hashlib.sha256(f"{self._order.source}\n{offer.dataset}".encode()).hexdigest()[:8]
        name = str(offer.package["name"])
        for wanted in (name, f"{name[: MOST_NAME - 9]}-{mark}"):
            try:
                package = self._act("package_show", id=wanted)
            except NotFound:
                return None, wanted
            except NotAuthorized:
                continue
            if self._is_ours(package) and _told(package)[_DATASET] == offer.dataset:
                return package, wanted
        raise ValueError(f"the names {name} and {name}-{mark} belong to others")

    def _save(self, wanted: Document, found: Document | None, files: list[Document] | None) -> Document:
        """Make or change the package; `files` None: its resources stay."""
        given = {key: value for key, value in wanted.items() if key != "resources"}
        if files is not None:
            given["resources"] = files
        if found is None:
            return dict(self._act("package_create", **given))
        return dict(self._act("package_patch", **given | {"id": found["id"]}))

    def _uploads(self, offer: Offer, file: Document) -> bool:
        path = offer.files.get(str(file.get("name"))) if self._order.upload else None
        if path is None:
            return False
        if not path.is_file() or path.stat().st_size > _MOST_UPLOAD:
            self._report.lost["resources.upload (a link instead)"] += 1
            return False
        return True

    def _upload(
        self, offer: Offer, id: str, there: list[Document], all_: list[Document], files: list[Document]
    ) -> None:
        """Send the files that are not there yet; remove what is not of the release."""
        known = {str(r.get("name")): r for r in there}
        for resource in there:
            if str(resource.get("name")) not in {str(f["name"]) for f in all_}:
                self._act("resource_delete", id=resource["id"])
        for file in all_:
            given = {key: value for key, value in file.items() if key != "url" or file not in files}
            old = known.get(str(file["name"]))
            if old and old.get("hash") == file.get("hash") and (old.get("url_type") == "upload") == (file in files):
                continue
            action = "resource_patch" if old else "resource_create"
            given |= {"id": old["id"]} if old else {"package_id": id}
            if file in files:
                with offer.files[str(file["name"])].open("rb") as content:
                    self._act(action, **given, upload=content)
            else:
                self._act(action, **given)

    def withdraw(self, dataset: str) -> None:
        """We do not publish it any more: its files go there too, and the page tells why; or it is deleted."""
        found, order = self.held[dataset], self._order
        told = _told(found)
        if _WITHDRAWN in told or found.get("state") != "active":
            self._report.unchanged += 1
            return
        self._report.removed += 1
        if order.dry_run:
            return
        if order.gone == "delete":
            self._act("package_delete", id=found["id"])
            return
        reason = order.withdrawn.get(dataset) or "Không còn công bố / Not published any more"
        told = {key: value for key, value in told.items() if key != _FINGERPRINT} | {_WITHDRAWN: reason}
        extras = [{"key": key, "value": value} for key, value in sorted(told.items())]
        notes = f"**Đã thu hồi / Withdrawn**: {reason}"
        self._act("package_patch", id=found["id"], resources=[], extras=extras, notes=notes)

    def _compare(self, wanted: Document, made: Document) -> None:
        """What the site has made of it."""
        lost: Counter[str] = self._report.lost
        for key in (*_TEXTS, "license_id"):
            lost[f"{key} (changed by the site)"] += (made.get(key) or "") != (wanted[key] or "")
        kept = _told(made)
        for extra in wanted["extras"]:
            lost[f"extras.{extra['key']}"] += extra["key"] not in kept
        lost["tags"] += max(0, len(wanted["tags"]) - len(made.get("tags") or ()))
        for file, there in zip(wanted["resources"], made.get("resources") or (), strict=False):
            for key in ("name", "format", "hash"):
                lost[f"resources.{key} (changed by the site)"] += (there.get(key) or "") != (file.get(key) or "")

    def _act(self, action: str, **given: Any) -> Any:
        return getattr(self._remote.action, action)(**given)


def _told(package: Mapping[str, Any]) -> dict[str, str]:
    return {str(extra["key"]): str(extra["value"]) for extra in package.get("extras") or ()}


def _extras(wanted: Document, print_: str) -> list[Document]:
    return [*wanted["extras"], {"key": _FINGERPRINT, "value": print_}]


def _fingerprint(wanted: Document, upload: bool) -> str:
    return hashlib.sha256(orjson.dumps([wanted, upload], option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]


def _with_ids(files: list[Document], found: Document | None) -> list[Document]:
    """Resources that are there keep their ids, so that their addresses stay."""
    ids = {str(r.get("name")): r["id"] for r in (found or {}).get("resources") or ()}
    return [file | ({"id": ids[str(file["name"])]} if str(file["name"]) in ids else {}) for file in files]
