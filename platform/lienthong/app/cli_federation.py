"""`lienthong push`, `lienthong harvest`, `lienthong catalogue`: this catalogue among others."""

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import Group
from rich.text import Text

from lienthong.app import output
from lienthong.app.definitions import registry as read_registry
from lienthong.kernel.problem import Invalid
from lienthong.kernel.settings import settings
from lienthong.kernel.text import both

if TYPE_CHECKING:
    from lienthong.pipelines.federation.records import Report

push = typer.Typer(help="Đẩy dữ liệu mở / Push open data to others", no_args_is_help=True)
harvest = typer.Typer(help="Thu thập danh mục / Harvest catalogues of others", no_args_is_help=True)
catalogue = typer.Typer(help="Danh mục / The catalogue of hosted datasets", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="one JSON document on standard output")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="tell what would be done; write nothing")]
Url = Annotated[str, typer.Argument(help="địa chỉ / address of the site")]
Source = Annotated[str, typer.Argument(help="địa chỉ hoặc tệp / address, or a file")]
Org = Annotated[str | None, typer.Option("--org", help="the organization that gets everything")]
Only = Annotated[list[str] | None, typer.Option("--only", help="names; for CKAN also conditions: organization:x")]
Limit = Annotated[int | None, typer.Option("--limit", min=1, help="at most so many datasets")]
Prune = Annotated[bool, typer.Option("--prune", help="delete here what vanished there")]
Full = Annotated[bool, typer.Option("--full", help="read everything, not only what changed")]
SOME_FAILED = 8


@push.callback()
def _push() -> None:
    """Đẩy dữ liệu mở sang nơi khác / Push open data to others."""


@harvest.callback()
def _harvest() -> None:
    """Thu thập danh mục của nơi khác / Harvest catalogues of others."""


@catalogue.callback()
def _catalogue() -> None:
    """Danh mục / The catalogue of hosted datasets."""


@push.command("ckan")
def push_ckan(
    url: Url,
    dataset: Annotated[
        list[str] | None, typer.Option("--dataset", help="only these; default: all that is open")
    ] = None,
    token_env: Annotated[str, typer.Option("--token-env", help="the variable that holds the token")] = "CKAN_TOKEN",
    org: Annotated[str | None, typer.Option("--org", help="the organization there")] = None,
    upload: Annotated[bool, typer.Option("--upload", help="send the files too; default: links to ours")] = False,
    gone: Annotated[str, typer.Option(help="what was withdrawn: mark or delete")] = "mark",
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Đẩy các bản công bố sang một CKAN / Push open releases to a CKAN; only what changed. Exit code 8: some failed."""
    if gone not in ("mark", "delete"):
        raise Invalid(both("--gone là mark hoặc delete", "--gone is mark or delete"), place="--gone")
    token = os.environ.get(token_env)
    if token is None and not dry_run:
        fix = both(f"Đặt biến {token_env}", f"Set the variable {token_env}")
        raise Invalid(both("Cần mã truy cập của nơi nhận", "The site's token is needed"), place=token_env, fix=fix)
    from lienthong.pipelines.federation.push import Order
    from lienthong.pipelines.federation.push import push as run

    offers, withdrawn, only = asyncio.run(_offers(dataset or []))
    order = Order(url, settings().public_url, org, token, only, withdrawn, upload, _gone(gone), dry_run)
    with output.progress(json) as report:
        made = run(offers, order, settings().federation_allow, report)
    _tell(made, json)


def _gone(text: str) -> Literal["mark", "delete"]:
    return "delete" if text == "delete" else "mark"


async def _offers(names: list[str]) -> Any:
    from lienthong.app import federating

    async with federating.database(settings()) as engine:
        return await federating.offers(settings(), read_registry(settings()), engine, names)


@harvest.command("ckan")
def harvest_ckan(
    source: Source, org: Org = None, only: Only = None, limit: Limit = None, prune: Prune = False, full: Full = False,
    dry_run: DryRun = False, json: Json = False,
) -> None:  # fmt: skip
    """Từ một CKAN / From a CKAN, or a file that `ckanapi dump datasets` wrote."""
    _run("ckan", source, org, json, only=tuple(only or ()), limit=limit, prune=prune, full=full, dry_run=dry_run)


@harvest.command("dcat")
def harvest_dcat(
    source: Source, org: Org = None, only: Only = None, limit: Limit = None, prune: Prune = False,
    dry_run: DryRun = False, json: Json = False,
) -> None:  # fmt: skip
    """Từ một danh mục DCAT / From a DCAT catalogue: Turtle, RDF/XML, JSON-LD; pages of Hydra are followed."""
    _run("dcat", source, org, json, only=tuple(only or ()), limit=limit, prune=prune, dry_run=dry_run)


@harvest.command("lienthong")
def harvest_lienthong(
    source: Url, org: Org = None, only: Only = None, limit: Limit = None, prune: Prune = False, full: Full = False,
    dry_run: DryRun = False, json: Json = False,
) -> None:  # fmt: skip
    """Từ một Liên Thông khác / From another Liên Thông, in both languages."""
    _run("lienthong", source, org, json, only=tuple(only or ()), limit=limit, prune=prune, full=full, dry_run=dry_run)


@catalogue.command("load")
def load(
    file: Annotated[Path, typer.Argument(help="JSON lines: title, notes, organization, license, resources ...")],
    org: Org = None, limit: Limit = None, prune: Prune = False, dry_run: DryRun = False, json: Json = False,
) -> None:  # fmt: skip
    """Nạp danh mục từ tệp / Load a catalogue from a file as hosted datasets; doing it twice is doing it once."""
    _run("lines", str(file), org, json, limit=limit, prune=prune, dry_run=dry_run)


def _run(kind: Any, source: str, org: str | None, json: bool, **options: Any) -> None:
    with output.progress(json) as report:
        made = asyncio.run(_harvested(kind, source, org, report, options))
    _tell(made, json)


async def _harvested(
    kind: Any, source: str, org: str | None, progress: output.Progressed, options: Mapping[str, Any]
) -> "Report":
    from lienthong.app import federating
    from lienthong.pipelines.federation.harvest import Order
    from lienthong.pipelines.federation.harvest import harvest as run

    async with federating.database(settings()) as engine:
        ours = federating.house(read_registry(settings()))
        owner = await federating.organization(engine, ours, org)
        order: Order = Order(kind, source, owner, **options)
        return await run(engine, ours, order, settings().federation_allow, progress)


def _tell(report: "Report", json: bool) -> None:
    """The report; exit code 8 when datasets failed."""
    output.emit(report.as_json(), json, lambda: _shown(report))
    if report.failed:
        raise typer.Exit(SOME_FAILED)


def _shown(report: "Report") -> Group:
    told = report.as_json()
    counts = ("created", "updated", "unchanged", "removed", "skipped", "requests", "seconds")
    head = "Chạy thử, không ghi gì / Dry run, nothing written\n" if report.dry_run else ""
    parts: list[Any] = [Text(f"{head}{report.source}"), output.table([told], *counts)]
    if report.lost:
        rows = [{"field": name, "count": count} for name, count in report.lost.most_common(40)]
        parts.append(output.table(rows, "field", "count", title="Mất khi chuyển / Lost in mapping"))
    if report.failed:
        title = f"Không chuyển được / Failed: {len(report.failed)}"
        parts.append(output.table(report.failed[:20], "dataset", "reason", title=title))
    return Group(*parts)
