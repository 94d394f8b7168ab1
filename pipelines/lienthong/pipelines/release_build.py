"""How a release is made: tables filled, checked and indexed, files written, all in one transaction on one snapshot."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Literal
from uuid import UUID, uuid4

import orjson
import psycopg
from psycopg import Connection
from psycopg.types.json import Jsonb

from lienthong.catalog.releases import Actor
from lienthong.contract.model import Contract
from lienthong.contract.registry import Registry
from lienthong.formats import Format
from lienthong.kernel.clock import now
from lienthong.kernel.settings import Settings
from lienthong.pipelines import release_serve
from lienthong.pipelines.release_diff import Changes, write_changes
from lienthong.pipelines.release_files import Files, write_files
from lienthong.pipelines.release_folder import MANIFEST, ReleaseFolder, clean
from lienthong.pipelines.release_life import record
from lienthong.pipelines.release_manifest import Made, document, manifest, quality
from lienthong.pipelines.release_package import complete
from lienthong.privacy.disclosure import DisclosureReport, check_release
from lienthong.privacy.protecting import Protector
from lienthong.store import release, release_changes
from lienthong.store.disclosure_cells import counted
from lienthong.store.disclosure_told import remember
from lienthong.store.release_fill import Cells, fill_groups, fill_rows
from lienthong.store.schema import create_release, preview

Progressed = Callable[[str, int, int | None, str], None]
State = Literal["published", "unchanged", "unloaded", "closed", "failed", "draft", "checked", "approved"]
LAYOUT = "3"  # of tables and files: another one makes a new release of the same data
_MEMORY = "256MB"  # for sorting and indexing


@dataclass(frozen=True)
class ReleaseReport:
    """What became of a publication.

    `state`: published, unchanged, unloaded, closed (nothing is open), failed; checked or approved: it waits; draft: it
    did not pass.
    """

    dataset: str
    state: State
    number: int | None = None
    rows: int | None = None
    seconds: float = 0.0
    manifest: Mapping[str, Any] | None = None
    problem: dict[str, Any] | None = None

    def as_json(self) -> dict[str, Any]:
        """A JSON value."""
        return {
            "dataset": self.dataset,
            "state": self.state,
            "number": self.number,
            "rows": self.rows,
            "seconds": self.seconds,
            "manifest": dict(self.manifest) if self.manifest else None,
            "problem": self.problem,
        }


@dataclass(frozen=True)
class Publication:
    """One publication of the open view `contract`: until it is served (`straight`), or until it waits."""

    connection: Connection
    settings: Settings
    registry: Registry
    contract: Contract
    formats: Mapping[str, Format]
    progress: Progressed
    actor: Actor
    straight: bool

    @property
    def base(self) -> Contract:
        """The dataset whose rows are published."""
        return self.registry.get(self.contract.derived_from) if self.contract.derived_from else self.contract

    def make(self, force: bool) -> ReleaseReport:
        """Everything in one transaction."""
        started = time.monotonic()
        with self.connection.transaction():
            for setting in ("maintenance_work_mem", "work_mem"):
                self.connection.execute(f"set local {setting} = '{_MEMORY}'")
            known = self._known()
            served = next((n for n, (state, _) in known.items() if state == "published"), None)
            self._clean(known, served)
            run = self._run()
            if run is None:
                return ReleaseReport(self.contract.id, "unloaded")
            fingerprint = sha256(f"{run}/{self.base.fingerprint}/{LAYOUT}".encode()).hexdigest()
            if served and not force and known[served][1] == fingerprint and self._folder(served).final.is_dir():
                return ReleaseReport(self.contract.id, "unchanged", served)
            if waiting := self._waiting(known, fingerprint, force):
                return waiting
            made, told = self._new(served, run, fingerprint)
        seconds = round(time.monotonic() - started, 2)
        state: State = "published" if self.straight else "checked"
        return ReleaseReport(self.contract.id, state, made.number, made.rows, seconds, told)

    def _waiting(self, known: Mapping[int, tuple[str, str]], fingerprint: str, force: bool) -> ReleaseReport | None:
        """The release that waits already, served when that may be; one of other data is discarded, unless approved."""
        number = next((n for n, (state, _) in known.items() if state in ("checked", "approved")), None)
        if number is None:
            release_serve.discard(self.connection, self.settings, self.contract)  # one that did not pass
            return None
        state, of = known[number]
        same = of == fingerprint and self._folder(number).is_whole and not force
        if not same and (state == "checked" or force):
            release_serve.discard(self.connection, self.settings, self.contract)
            return None
        if not self.straight or not same:
            return ReleaseReport(self.contract.id, "approved" if state == "approved" else "checked", number)
        self._step("serve")
        told = release_serve.serve(self.connection, self.settings, self.contract, number)
        return ReleaseReport(self.contract.id, "published", number, told["rows"], 0.0, told)

    def _new(self, served: int | None, run: UUID, fingerprint: str) -> tuple[Made, dict[str, Any]]:
        """A release made of what is governed now, served when that may be."""
        folder = self._folder(release_serve.last_number(self.connection, self.contract.id) + 1)
        try:
            made, files, told = self._write(folder, run, served)
            self._record(made, fingerprint, files, told)
            folder.finish()
            if self.straight:
                self._step("serve")
                told = release_serve.serve(self.connection, self.settings, self.contract, made.number, made.at)
            else:
                preview(self.connection, self.contract.open_fields, release.release_name(self.contract.id, made.number))
            if self.actor.is_operator:  # a steward's step was written down when it was asked for
                action = "publish" if self.straight else "draft"
                record(self.connection, self.contract, made.number, action, self.actor, {})
        except BaseException:
            folder.forget()
            raise
        return made, told

    def _step(self, text: str, done: int = 0, total: int | None = None) -> None:
        self.progress(f"publish {self.contract.id}", done, total, text)

    def _folder(self, number: int) -> ReleaseFolder:
        return ReleaseFolder(self.settings.home / "releases", self.contract.id, number)

    def _known(self) -> dict[int, tuple[str, str]]:
        """Number -> (state, fingerprint) of the releases there are, the newest first."""
        rows = self.connection.execute(
            "select number, state, fingerprint from platform.release where dataset = %s order by number desc",
            (self.contract.id,),
        ).fetchall()
        return {number: (state, fingerprint) for number, state, fingerprint in rows}

    def _run(self) -> UUID | None:
        row = self.connection.execute("select loaded_run from platform.dataset where id = %s", (self.base.id,))
        found = row.fetchone()
        return found[0] if found else None

    def _clean(self, known: Mapping[int, tuple[str, str]], served: int | None) -> None:
        """What a killed publication left."""
        kept = [n for n, (state, _) in known.items() if state != "withdrawn"]
        clean(self.settings.home / "releases", self.contract.id, kept)
        release.drop_old(self.connection, self.contract.id, [*kept, *([] if served else [0])])

    def _write(self, folder: ReleaseFolder, run: UUID, served: int | None) -> tuple[Made, Files, dict[str, Any]]:
        """Tables filled, checked and indexed; files written aside."""
        name = release.release_name(self.contract.id, folder.number)
        previous = served if served in release.numbers(self.connection, self.contract.id) else None
        before = release.release_name(self.contract.id, previous) if previous is not None else None
        disclosure = self._fill(name, previous)
        release_serve.forget_withdrawn(self.connection, self.contract, name)
        self._step("index")
        release.index_release(self.connection, self.registry, self.contract, name)
        aside = folder.begin()
        made = self._facts(
            name, run, disclosure, served, write_changes(self.connection, self.contract, name, before, aside)
        )
        self._hold_back(run, disclosure)
        followed = before if served == release_serve.last_published(self.connection, self.contract.id) else None
        release_changes.fill(self.connection, self.contract, name, followed)
        files = write_files(
            self.connection, self.contract, name, document(made), aside, self.formats.values(),
            lambda rows: self._step("files", rows, made.rows),
        )  # fmt: skip
        files = complete(files, made, aside, self.formats)
        told = manifest(made, files)
        (aside / MANIFEST).write_bytes(orjson.dumps(told, option=orjson.OPT_INDENT_2))
        return made, files, told

    def _facts(
        self, name: str, run: UUID, disclosure: DisclosureReport, served: int | None, changes: Changes | None
    ) -> Made:
        return Made(
            registry=self.registry,
            contract=self.contract,
            base=self.base,
            number=int(name.rpartition("_")[2]),
            run=run,
            at=now(),
            rows=self._count(name),
            versions=self._count(name + "_history"),
            disclosure=disclosure,
            quality=quality(self.connection, self.base.id),
            previous=served,
            changes=changes,
        )

    def _fill(self, name: str, previous: int | None) -> DisclosureReport:
        self._step("fill")
        cells: Cells | None = None
        protector = Protector()
        create_release(self.connection, self.contract, self.contract.open_fields, name)
        if self.contract.derived_from:
            before = release.release_name(self.contract.id, previous) if previous is not None else None
            same = before is not None and self._same_columns(before)
            before = before if same else None
            cells = fill_groups(self.connection, self.registry, self.contract, name, before, protector)
        else:
            fill_rows(self.connection, self.registry, self.contract, name)
        self._step("disclosure check")
        checked = check_release(self.connection, self.registry, self.contract, name, cells, protector.told)
        if self.contract.derived_from and (count := counted(self.base)):
            number = int(name.rpartition("_")[2])
            base = self.contract.derived_from or self.contract.id
            remember(self.connection, self.contract.id, base, number, self.contract.primary_key, count)
        return checked

    def _same_columns(self, before: str) -> bool:
        there = release.columns_of(self.connection, "release", before)
        return {c: t for c, t in there.items() if not c.startswith("_")} == release.wanted_columns(self.contract)

    def _count(self, name: str) -> int:
        query = psycopg.sql.SQL("select count(*) from {}").format(psycopg.sql.Identifier("release", name))
        found = self.connection.execute(query).fetchone()
        assert found is not None
        return int(found[0])

    def _hold_back(self, run: UUID, disclosure: DisclosureReport) -> None:
        """Show the steward the rows that were left out: key and place, never the value."""
        rule = "disclosure"
        self.connection.execute(
            "delete from platform.quarantine where run_id = %s and dataset = %s and rule = %s",
            (run, self.base.id, rule),
        )
        vi = "Có dấu hiệu thông tin cá nhân trong trường được công bố: dòng không được công bố"
        en = "A personal identifier stands in a published field: the row is not published"
        with self.connection.cursor() as cursor:
            cursor.executemany(
                "insert into platform.quarantine (run_id, dataset, rule, field, reason_vi, reason_en, file, row) "
                "values (%s, %s, %s, %s, %s, %s, '', %s)",
                [
                    (run, self.base.id, rule, place.split(":")[0], f"{vi} ({place})", f"{en} ({place})", Jsonb(key))
                    for key, places in disclosure.keys
                    for place in places
                ],
            )

    def _record(self, made: Made, fingerprint: str, files: Files, told: dict[str, Any]) -> None:
        """Rows of the catalogue."""
        id_ = uuid4()
        self.connection.execute(
            "insert into platform.release (id, dataset, number, state, published_at, run_id, contract_version, "
            "fingerprint, rows, manifest, drafted_by) values (%s, %s, %s, 'checked', %s, %s, %s, %s, %s, %s, %s)",
            (
                id_,
                self.contract.id,
                made.number,
                made.at,
                made.run,
                self.contract.version,
                fingerprint,
                made.rows,
                Jsonb(told),
                self.actor.id,
            ),
        )
        for written in files.written:
            path = f"{self.contract.id}/{made.number}/{written.name}"
            self.connection.execute(
                "insert into platform.distribution (id, release_id, format, media_type, path, size, sha256) "
                "values (%s, %s, %s, %s, %s, %s, %s)",
                (uuid4(), id_, written.format.name, written.format.media_type, path, written.size, written.sha256),
            )
