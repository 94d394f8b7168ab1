"""The catalogue's endpoints, declared with FastAPI: what there is, what can go wrong."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response

from lienthong.access.services import Services
from lienthong.catalog.snapshot import Snapshot
from lienthong.contract.finding import nearest
from lienthong.kernel.problem import QueryInvalid
from lienthong.kernel.text import both, fold, slug
from lienthong.rest import models, views
from lienthong.rest.downloads import find
from lienthong.web.caching import CURRENT
from lienthong.web.parameters import strict
from lienthong.web.problems import GuardedRoute

NAME = Path(description="Tên bộ dữ liệu / Name of the dataset")
Name = Annotated[str, NAME]
TAGS = {"catalogue": "Danh mục / Catalogue", "releases": "Công bố / Releases", "caller": "Người gọi / Caller"}


def router(services: Services) -> APIRouter:
    """The endpoints over one set of services."""
    found = APIRouter(prefix=views.API, route_class=GuardedRoute, dependencies=[Depends(strict)])
    _catalogue(found, services)
    _releases(found, services)
    _caller(found)
    return found


def _catalogue(found: APIRouter, services: Services) -> None:
    @found.get(
        "/datasets", operation_id="listDatasets", tags=["catalogue"], summary="Danh mục bộ dữ liệu / List datasets"
    )
    async def datasets(
        response: Response,
        q: Annotated[
            str | None,
            Query(description="từ khóa, không phân biệt dấu / words, compared without tone marks", max_length=200),
        ] = None,
        agency: Annotated[str | None, Query(description="cơ quan / agency", max_length=100)] = None,
        theme: Annotated[str | None, Query(description="chủ đề / theme", examples=["GOVE"], max_length=100)] = None,
    ) -> models.SummaryList:
        """Mọi bộ dữ liệu và cách truy cập; lọc theo từ khóa, cơ quan, chủ đề.

        All datasets and how each can be reached; filtered by words, agency, theme.
        """
        response.headers["Cache-Control"] = CURRENT
        data = _listed(await services.catalog.current(), q, agency, theme)
        return models.SummaryList(data=data, count=len(data))

    @found.get(
        "/datasets/{name}",
        operation_id="describeDataset",
        tags=["catalogue"],
        summary="Mô tả bộ dữ liệu / Describe a dataset",
    )
    async def dataset(name: Name, response: Response) -> models.Description:
        """Mọi trường với tên, kiểu, phân loại; quan hệ, chất lượng, bản phát hành.

        Every field with its title, type and classification; relations, quality, releases.
        """
        response.headers["Cache-Control"] = CURRENT
        contract = services.registry.get(name)
        state = (await services.catalog.current()).get(contract.id)
        return views.description(state, services.registry)


def _listed(snapshot: Snapshot, q: str | None, agency: str | None, theme: str | None) -> list[models.Summary]:
    """The datasets that fit, by title. Raises QueryInvalid when an agency or a theme does not exist."""
    states = sorted(snapshot.datasets.values(), key=lambda s: fold(s.contract.title.vi))
    _known("agency", agency, {slug(s.agency.id) for s in states})
    _known("theme", theme, {s.contract.catalogue.theme for s in states})
    words = fold(q or "").split()
    return [
        views.summary(s)
        for s in states
        if (agency is None or slug(s.agency.id) == agency)
        and (theme is None or s.contract.catalogue.theme == theme)
        and all(word in snapshot.texts[s.contract.id] for word in words)
    ]


def _known(name: str, value: str | None, values: set[str]) -> None:
    if value is not None and value not in values:
        raise QueryInvalid(both(f"Không có {value}", f"There is no {value}"), place=name, fix=nearest(value, values))


def _releases(found: APIRouter, services: Services) -> None:
    @found.get(
        "/datasets/{name}/releases",
        operation_id="listReleases",
        tags=["catalogue"],
        summary="Các bản phát hành / List releases",
    )
    async def releases(name: Name) -> models.ReleaseList:
        """Mọi bản phát hành của dữ liệu mở, mới nhất trước, kèm tệp và mã băm.

        All releases of the open data, the latest first, with files and checksums.
        """
        contract = services.registry.get(name)
        state = (await services.catalog.current()).get(contract.id)
        data = [views.release(r, contract.slug) for r in state.releases]
        return models.ReleaseList(data=data, count=len(data))

    @found.get(
        "/datasets/{name}/releases/{number}",
        operation_id="describeRelease",
        tags=["catalogue"],
        summary="Một bản phát hành / One release",
    )
    async def one(name: Name, number: Annotated[str, Path(pattern=r"^[1-9][0-9]{0,8}$")]) -> models.Release:
        """Một bản phát hành với các tệp; 410 kèm lý do khi đã thu hồi.

        One release with its files; 410 with the reason when it was withdrawn.
        """
        contract = services.registry.get(name)
        state = (await services.catalog.current()).get(contract.id)
        return views.release(find(state, number), contract.slug)

    @found.get(
        "/datasets/{name}/versions",
        operation_id="listVersions",
        tags=["catalogue"],
        summary="Các phiên bản / List versions",
    )
    async def versions(name: Name) -> models.VersionList:
        """Các phiên bản của hợp đồng dữ liệu, phiên bản đang phục vụ trước, kèm các bản phát hành theo từng phiên bản.

        The versions of the contract, the one that is served first, and the releases made under each.
        """
        contract = services.registry.get(name)
        state = (await services.catalog.current()).get(contract.id)
        data = views.versions(state)
        return models.VersionList(data=data, count=len(data))


def _caller(found: APIRouter) -> None:
    @found.get("/problems", operation_id="listProblems", tags=["caller"], summary="Các loại lỗi / Kinds of problems")
    async def problems() -> models.ProblemList:
        """Mọi loại lỗi mà nền tảng trả về, mỗi loại có một trang giải thích.

        Every kind of problem that the platform answers with; each has a page that explains it.
        """
        data = views.problems()
        return models.ProblemList(data=data, count=len(data))
