"""Transport, envelope, datasets, agencies, search: what CKAN answers, over the small world."""

import json
from typing import Any
from uuid import UUID

import pytest

from lienthong.ckan import ids
from tests.surface.small import ADMIN, AGENCY, REVOKED, World

PUBLISHED = ["case-statistics", "firms", "permits", "places"]


def result(world: World, name: str, token: str | None = None, prefix: str = "", /, **params: Any) -> Any:
    """The result of an action that succeeds."""
    answer = world.client(token).post(f"{prefix}/api/3/action/{name}", json=params)
    assert answer.status_code == 200, answer.text
    assert answer.json()["success"] is True
    return answer.json()["result"]


def error(world: World, name: str, status: int, token: str | None = None, /, **params: Any) -> dict[str, Any]:
    """The error of one that does not."""
    answer = world.client(token).post(f"/api/action/{name}", json=params)
    assert answer.status_code == status, answer.text
    assert answer.json()["success"] is False
    return dict(answer.json()["error"])


def found(world: World, **params: Any) -> list[str]:
    """The names that a search finds."""
    return [package["name"] for package in result(world, "package_search", **params)["results"]]


# --- transport --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("prefix", ["", "/vi", "/en"])
@pytest.mark.parametrize(("path", "number"), [("", 1), ("/", 1), ("/1", 1), ("/2", 2), ("/3", 3), ("/3/", 3)])
def test_versions(world: World, prefix: str, path: str, number: int) -> None:
    assert world.anonymous.get(f"{prefix}/api{path}").json() == {"version": number}


def test_headers(world: World) -> None:
    answer = world.anonymous.get("/api/3/action/package_list")
    assert answer.headers["content-type"] == "application/json;charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=0, must-revalidate"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.json()["help"].endswith("/api/3/action/help_show?name=package_list")


@pytest.mark.parametrize("path", ["/api/3/action", "/api/3/action/", "/api/3/action/status_show/"])
def test_what_is_no_action_is_a_page(world: World, path: str) -> None:
    answer = world.anonymous.get(path)
    assert answer.status_code in (404, 307)
    if path != "/api/3/action":
        assert answer.headers["content-type"].startswith("text/html")


def test_methods(world: World) -> None:
    path = "/api/3/action/status_show"
    assert world.anonymous.request("HEAD", path).status_code == 200
    options = world.anonymous.request("OPTIONS", path)
    assert (options.status_code, options.headers["allow"], options.content) == (200, "HEAD, POST, GET, OPTIONS", b"")
    for method in ("PUT", "PATCH", "DELETE"):
        assert world.anonymous.request(method, path).status_code == 405


def test_unknown_and_writing_actions(world: World) -> None:
    for method in ("GET", "POST"):
        answer = world.anonymous.request(method, "/api/3/action/foo")
        assert (answer.status_code, answer.json()) == (400, "Bad request: Action name not known: foo")
    answer = world.anonymous.get("/api/3/action/package_create?name=x")
    told = "Bad request: JSON Error: Invalid request. Please use POST method for your request"
    assert (answer.status_code, answer.json()) == (400, told)
    assert error(world, "package_create", 403, name="x")["__type"] == "Authorization Error"


FORM = "application/x-www-form-urlencoded"
PARAMETERS: list[tuple[dict[str, Any], str]] = [
    ({"content": b'{"name":"package_list"}', "headers": {"content-type": "application/json"}}, "package_list"),
    ({"content": b'{"name":"package_list"}', "headers": {"content-type": "application/vnd.x+json"}}, "package_list"),
    ({"content": b'{"name":"package_list"}', "headers": {"content-type": FORM}}, "package_list"),
    ({"data": {"name": "package_list"}}, "package_list"),
    ({"files": {"name": (None, "package_list")}}, "package_list"),
    ({"json": {"name": "package_list"}, "params": {"name": "tag_list"}}, "tag_list"),
    ({"data": {"name": "package_list"}, "params": {"name": "tag_list"}}, "package_list"),
    ({"params": {"name": "tag_list"}}, "tag_list"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "name"), PARAMETERS)
def test_form_beats_query_beats_json(world: World, given: dict[str, Any], name: str) -> None:
    answer = world.anonymous.post("/api/3/action/help_show", **given).json()
    assert answer["result"] == result(world, "help_show", name=name)


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{}", "text/plain", 415), (b"{}", "", 415), (b"[1]", "application/json", 400),
        (b"{", "application/json", 400),
        (b"[" * 100_000, "application/json", 400), (b'{"name":"\\ud800"}', "application/json", 400),
        (b"{" + b" " * 2_000_000, "application/json", 413), (b"\xff", "application/json", 400),
        (b"x", "multipart/form-data", 400),
        (b"a=1&" * 2_000, "application/x-www-form-urlencoded", 413),
    ],
)  # fmt: skip
def test_a_body_that_cannot_be_read(world: World, content: bytes, kind: str, status: int) -> None:
    headers = {"content-type": kind} if kind else {}
    assert world.anonymous.post("/api/3/action/help_show", content=content, headers=headers).status_code == status


def test_jsonp_drops_the_caller(world: World) -> None:
    answer = world.client(AGENCY).get("/api/3/action/package_show?id=cases&callback=f")
    assert answer.status_code == 403
    answer = world.client(AGENCY).get("/api/3/action/package_list?callback=<f>")
    assert answer.headers["content-type"] == "application/javascript;charset=utf-8"
    assert answer.text.startswith("&lt;f&gt;({") and answer.text.endswith("});")


def test_a_wrong_token_is_nobody(world: World) -> None:
    assert result(world, "package_list", REVOKED) == PUBLISHED
    assert error(world, "package_show", 403, REVOKED, id="cases")["__type"] == "Authorization Error"


@pytest.mark.parametrize("header", ["Authorization", "X-CKAN-API-Key"])
def test_both_headers_carry_a_token(world: World, header: str) -> None:
    answer = world.anonymous.get("/api/3/action/package_show?id=cases", headers={header: AGENCY})
    assert answer.status_code == 200


def test_messages_are_vietnamese_under_vi(world: World) -> None:
    answer = world.anonymous.get("/vi/api/3/action/package_show?id=zz")
    assert (answer.status_code, answer.json()["error"]["message"]) == (404, "Không tìm thấy")
    answer = world.anonymous.get("/vi/api/3/action/package_show")
    assert answer.json()["error"] == {"name_or_id": ["Thiếu giá trị"], "__type": "Validation Error"}


# --- datasets ---------------------------------------------------------------------------------------------------


def test_package(world: World) -> None:
    package = result(world, "package_show", id="firms")
    assert result(world, "package_show", id=package["id"]) == package
    assert package["id"] == ids.package_id("firms") and UUID(package["id"]).version == 5
    assert (package["title"], package["private"], package["isopen"]) == ("Hãng", False, True)
    assert package["organization"]["name"] == "office" and package["owner_org"] == package["organization"]["id"]
    assert [tag["name"] for tag in package["tags"]] == ["doanh nghiệp"]
    assert result(world, "package_show", None, "/en", id="firms")["title"] == "Firms"
    extras = {extra["key"]: extra["value"] for extra in package["extras"]}
    assert extras["release"] == "1" and extras["legal_basis"] == "168/2025/NĐ-CP"
    assert all(isinstance(value, str) for value in extras.values())
    assert len(package["metadata_modified"]) == 26 and "+" not in package["metadata_modified"]


def test_file(world: World) -> None:
    package = result(world, "package_show", id="firms")
    resource = package["resources"][0]
    assert result(world, "resource_show", id=resource["id"]) == resource
    assert (resource["format"], resource["mimetype"], resource["datastore_active"]) == ("CSV", "text/csv", True)
    assert resource["url"].endswith(f"/dataset/{package['id']}/resource/{resource['id']}/download/firms.csv")
    path = "/" + resource["url"].split("/", 3)[3]
    whole = world.anonymous.get(path)
    assert len(whole.content) == resource["size"]
    assert whole.headers["etag"] == f'"{resource["hash"]}"'
    part = world.anonymous.get(path, headers={"Range": "bytes=3-7"})
    assert (part.status_code, part.content) == (206, whole.content[3:8])
    assert world.anonymous.get(path, headers={"If-None-Match": whole.headers["etag"]}).status_code == 304
    other = world.anonymous.get(path.replace("firms.csv", "x.bin"))
    assert other.headers["content-disposition"] == 'inline; filename="x.bin"'
    assert world.anonymous.get(path.replace(package["id"], ids.package_id("places"))).status_code == 404


def test_private_datasets_are_for_those_who_may_read_them(world: World) -> None:
    assert error(world, "package_show", 403, id="cases")["__type"] == "Authorization Error"
    assert error(world, "package_show", 404, id="zz") == {"__type": "Not Found Error", "message": "Not found"}
    package = result(world, "package_show", AGENCY, id="cases")
    assert (package["private"], package["resources"]) == (True, [])
    assert result(world, "package_list", AGENCY) == PUBLISHED
    for token, count in ((None, 0), (AGENCY, 1), (ADMIN, 1)):
        assert result(world, "package_search", token, q="name:cases", include_private=True)["count"] == count
        assert result(world, "package_search", token, q="name:cases")["count"] == 0


def test_lists(world: World) -> None:
    assert result(world, "package_list") == PUBLISHED
    assert result(world, "package_list", limit=2, offset=1) == PUBLISHED[1:3]
    assert result(world, "package_list", limit=0) == PUBLISHED
    packages = result(world, "current_package_list_with_resources", limit=3, page=1)
    moments = [package["metadata_modified"] for package in packages]
    assert len(packages) == 3 and moments == sorted(moments, reverse=True)
    rest = result(world, "current_package_list_with_resources", limit=3, page=2)
    assert sorted(package["name"] for package in packages + rest) == PUBLISHED
    assert error(world, "package_list", 409, limit="x")["limit"] == ["Invalid integer"]


def test_organizations(world: World) -> None:
    assert result(world, "organization_list") == ["registry-office", "office"]
    shown = result(world, "organization_list", all_fields=True, sort="package_count")
    assert [(o["name"], o["package_count"]) for o in shown] == [("office", 3), ("registry-office", 1)]
    assert result(world, "organization_list", organizations=["office"]) == ["office"]
    assert error(world, "organization_list", 409, sort="zzz")["message"] == "Cannot sort by field `zzz`"
    whole = result(world, "organization_show", id="office", include_datasets=True)
    assert sorted(package["name"] for package in whole["packages"]) == ["firms", "permits", "places"]
    assert result(world, "organization_show", id=whole["id"])["package_count"] == 3
    assert result(world, "organization_show", ADMIN, id="registry-office")["package_count"] == 2
    assert error(world, "organization_show", 404, id="zz")["__type"] == "Not Found Error"
    assert [o["name"] for o in result(world, "organization_autocomplete", q="phong thu")] == ["office"]
    assert result(world, "organization_list_for_user") == []
    assert [o["name"] for o in result(world, "organization_list_for_user", AGENCY)] == ["office"]


def test_keywords(world: World) -> None:
    names = result(world, "tag_list")
    assert "doanh nghiệp" in names
    assert result(world, "tag_list", query="nghiep") == ["doanh nghiệp"]
    tag = result(world, "tag_show", id="doanh nghiệp", include_datasets=True)
    assert result(world, "tag_show", id=tag["id"])["name"] == "doanh nghiệp"
    assert [package["name"] for package in tag["packages"]] == ["firms"]
    assert result(world, "tag_search", query="doanh")["count"] == 1


def test_licences(world: World) -> None:
    licences = {licence["id"]: licence for licence in result(world, "license_list")}
    package = result(world, "package_show", id="firms")
    assert licences[package["license_id"]]["title"] == package["license_title"]
    assert licences[package["license_id"]]["url"] == package["license_url"]


def test_autocomplete(world: World) -> None:
    assert result(world, "package_autocomplete", q="hang")[0] == {
        "name": "firms", "title": "Hãng", "match_field": "title", "match_displayed": "Hãng (firms)",
    }  # fmt: skip
    assert result(world, "package_autocomplete", q="fir")[0]["match_field"] == "name"


def test_resource_search(world: World) -> None:
    assert result(world, "resource_search", query="format:csv")["count"] == len(PUBLISHED)
    assert result(world, "resource_search", query=["format:CSV", "name:FIRMS"])["results"][0]["name"] == "firms.csv"
    assert "query" in error(world, "resource_search", 409, query="zzz:x")
    assert error(world, "resource_search", 409, query="csv")["query"] == "Must be <field>:<value> pair(s)"


@pytest.mark.parametrize(
    ("path", "where"),
    [
        ("/dataset/firms", "/datasets/firms"), (f"/dataset/{ids.package_id('firms')}", "/datasets/firms"),
        ("/en/dataset/firms", "/en/datasets/firms"), ("/vi/dataset/firms?a=b", "/dataset/firms?a=b"),
        (f"/organization/{ids.organization_id('office')}", "/organization/office"),
    ],
)  # fmt: skip
def test_pages_are_those_of_the_portal(world: World, path: str, where: str) -> None:
    answer = world.anonymous.get(path)
    assert (answer.status_code, answer.headers["location"]) == (302, where)
    assert world.anonymous.get("/dataset/zz").status_code == 404
    for page in ("/dataset", "/organization", "/organization/office", "/en/group"):
        assert world.anonymous.get(page).status_code == 200, page


# --- search -----------------------------------------------------------------------------------------------------

SEARCHES = [
    ({}, PUBLISHED), ({"q": "*:*"}, PUBLISHED), ({"q": "*"}, []), ({"q": "fir*"}, []), ({"q": "title:fir*"}, ["firms"]),
    ({"q": "hang"}, ["firms", "permits"]), ({"q": "Hãng xyzzy"}, []), ({"q": "hãng giấy xyzzy"}, ["permits"]),
    ({"q": '"giay phep"'}, ["permits"]), ({"q": '"phep giay"'}, []), ({"q": "hang -giay"}, ["firms"]),
    ({"q": '"hang'}, ["firms", "permits"]), ({"q": ["hang"]}, []),
    ({"q": "hang xyzzy", "mm": "1"}, ["firms", "permits"]),
    ({"q": "name:firms OR name:places"}, ["firms", "places"]), ({"q": "title:firm"}, ["firms"]),
    ({"q": "organization:office AND NOT name:(firms OR places)"}, ["permits"]), ({"q": "title:fierms~"}, ["firms"]),
    ({"q": 'tags:"doanh nghiệp"'}, ["firms"]), ({"q": "tags:doanh\\ nghiệp"}, ["firms"]), ({"q": "Hà Nội: bản đồ"}, []),
    ({"q": "extras_theme:ECON +name:firms"}, ["firms"]), ({"q": "res_format:CSV"}, PUBLISHED), ({"q": "nofield:x"}, []),
    ({"q": "fir*", "defType": "edismax"}, ["firms", "permits"]),
    ({"q": "name:[firms TO permits]"}, ["firms", "permits"]),
    ({"q": "metadata_modified:[NOW-1DAY TO *]"}, PUBLISHED), ({"q": "metadata_modified:[* TO NOW-1DAY/DAY]"}, []),
    ({"fq": "metadata_modified:[2020-01-01T00:00:00.123456Z TO *]"}, PUBLISHED), ({"fq": "capacity:private"}, []),
    ({"fq": "-organization:office"}, ["case-statistics"]), ({"fq": "+dataset_type:dataset +state:active"}, PUBLISHED),
    ({"fq_list": ["organization:office", "-name:firms"]}, ["permits", "places"]), ({"q": "extras:*"}, []),
    ({"fq": '(organization:"office" OR organization:"x")', "q": "firm"}, ["firms", "permits"]),
    ({"rows": ""}, PUBLISHED),
]  # fmt: skip


@pytest.mark.parametrize(("params", "names"), SEARCHES)
def test_search(world: World, params: dict[str, Any], names: list[str]) -> None:
    assert sorted(found(world, **params)) == names


def test_title_hits_come_first(world: World) -> None:
    assert found(world, q="hang")[0] == "firms"


@pytest.mark.parametrize("sort", ["name asc", "name desc", "metadata_created asc", "title_string asc, name desc"])
def test_sort(world: World, sort: str) -> None:
    packages = result(world, "package_search", sort=sort)["results"]
    field, way = sort.split(",")[0].replace("title_string", "name").split()
    if "title" not in sort:
        values = [package[field] for package in packages]
        assert values == sorted(values, reverse=way == "desc")
    assert len(packages) == len(PUBLISHED)


def test_pages(world: World) -> None:
    whole = found(world, sort="name asc")
    assert [found(world, sort="name asc", rows=1, start=n)[0] for n in range(4)] == whole
    beyond = result(world, "package_search", start=999)
    assert (beyond["count"], beyond["results"]) == (4, [])


def test_facets(world: World) -> None:
    given = {"facet.field": ["organization", "tags", "zzz"], "rows": 0}
    answer = result(world, "package_search", **given)
    assert list(answer) == ["count", "facets", "results", "sort", "search_facets"]
    assert answer["facets"]["organization"] == {"office": 3, "registry-office": 1}
    assert answer["facets"]["zzz"] == {} and answer["search_facets"]["zzz"] == {"title": "zzz", "items": []}
    titles = [item["display_name"] for item in answer["search_facets"]["organization"]["items"]]
    assert titles == sorted(titles, reverse=True) and "Phòng Thử nghiệm" in titles
    url = "/api/3/action/package_search?rows=0&facet.field=organization&facet.field=tags&facet.limit=1&facet.mincount=2"
    assert world.anonymous.get(url).json()["result"]["facets"]["organization"] == {"office": 3}
    text = json.dumps(["organization"])
    assert result(world, "package_search", **{"facet.field": text})["facets"]["organization"]["office"] == 3
    assert result(world, "package_search", **given, facet="false")["facets"] == {}


@pytest.mark.parametrize(
    ("params", "status", "kind"),
    [
        ({"foo": 1}, 400, "Search Query Error"), ({"limit": 1}, 400, "Search Query Error"),
        ({"sort": "nonsense"}, 400, "Search Query Error"), ({"sort": "name up"}, 400, "Search Query Error"),
        ({"rows": -1}, 409, "Validation Error"), ({"start": "abc"}, 409, "Validation Error"),
        ({"facet.field": "tags"}, 409, "Validation Error"), ({"facet.limit": "x"}, 409, "Validation Error"),
        ({"q": "title:["}, 409, "Search Error"), ({"q": 'title:"abc'}, 409, "Search Error"),
        ({"q": "_query_:x"}, 409, "Search Error"), ({"q": "{!lucene}a:b"}, 409, "Search Error"),
        ({"q": "a:("}, 409, "Search Error"), ({"q": "a:b AND"}, 409, "Search Error"),
        ({"q": "a:" + "(" * 500}, 409, "Search Error"),
        ({"q": "a:b " + "!" * 5000}, 409, "Search Error"), ({"q": "a:b" + "c" * 9000}, 409, "Search Error"),
        ({"q": "metadata_modified:[yesterday TO *]"}, 409, "Search Error"),
        ({"q": "metadata_modified:[NOW-999999YEARS TO *]"}, 409, "Search Error"),
        ({"fq": ["a:b"]}, 409, "Search Error"),
        ({"fq_list": '["a:b"]'}, 409, "Search Error"), ({"q": "a b", "mm": "x"}, 409, "Search Error"),
    ],
)  # fmt: skip
def test_a_wrong_search_is_told(world: World, params: dict[str, Any], status: int, kind: str) -> None:
    assert error(world, "package_search", status, **params)["__type"] == kind


ODD = ["\\", "a:\\", "a:~", "a:^2", "a:b^2", "a:~~~", '"\\"', "a:\u202e", "a\0:b", "🙂:🙂", "a:b~2^3", "a:* AND b:?"]


@pytest.mark.parametrize("text", ODD)
def test_odd_texts_never_crash(world: World, text: str) -> None:
    for name in ("q", "fq"):
        answer = world.anonymous.post("/api/3/action/package_search", json={name: text})
        assert answer.status_code in (200, 409), answer.text
