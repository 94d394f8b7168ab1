"""An agency's developer: what the agreement says and no more, over every surface, and on record."""

import ckanapi
import httpx
import psycopg
import pytest
from gql import Client, gql
from gql.transport.httpx import HTTPXTransport

from lienthong.store import owner
from tests.conftest import Platform

AGREED = "dossiers"
SECRET = "applicant_name"


def test_nobody_reads_rows_that_are_not_open(anonymous: httpx.Client) -> None:
    answer = anonymous.get(f"/api/v1/datasets/{AGREED}/rows")
    assert answer.status_code == 401
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert "dossier-statistics" in answer.json()["fix"]


def test_a_wrong_token_is_told_so(platform: Platform) -> None:
    with platform.client("lt_wrong") as client:
        assert client.get("/api/v1/datasets/enterprises/rows").status_code == 401


def test_the_agency_reads_the_agreed_fields_and_rows(agency: httpx.Client) -> None:
    rows = agency.get(f"/api/v1/datasets/{AGREED}/rows", params={"limit": 200}).json()["data"]
    assert len(rows) == 200
    assert SECRET not in rows[0] and "dossier_code" in rows[0]
    assert {row["applicant_type"] for row in rows} == {"business"} or len({row["applicant_type"] for row in rows}) == 1


def test_a_field_outside_the_agreement_is_refused_with_its_name_and_clause(agency: httpx.Client) -> None:
    answer = agency.get(f"/api/v1/datasets/{AGREED}/rows", params={"fields": f"dossier_code,{SECRET}"})
    assert answer.status_code == 403
    assert answer.json()["field"] == SECRET and answer.json()["clause"].startswith("TT-2026")


@pytest.mark.parametrize("parameter", [f"{SECRET}__contains=an", f"sort={SECRET}", f"{SECRET}__is_null=false"])
def test_a_hidden_field_cannot_be_guessed_by_filter_or_order(agency: httpx.Client, parameter: str) -> None:
    assert agency.get(f"/api/v1/datasets/{AGREED}/rows?{parameter}").status_code == 403


def test_a_dataset_without_agreement_stays_closed(agency: httpx.Client) -> None:
    assert agency.get("/api/v1/datasets/appointments/rows").status_code == 403


def test_all_surfaces_give_the_same_rows(platform: Platform, agency: httpx.Client) -> None:
    token = platform.credentials["agency"]["token"]
    params = {"limit": 20, "fields": "dossier_code,procedure_code", "sort": "dossier_code"}
    rest = agency.get(f"/api/v1/datasets/{AGREED}/rows", params=params).json()["data"]
    transport = HTTPXTransport(platform.url + "/graphql", headers={"Authorization": f"Bearer {token}"})
    client = Client(transport=transport)
    found = client.execute(gql("{ dossiers(first: 20) { edges { node { dossierCode procedureCode } } } }"))
    nodes = [edge["node"] for edge in found["dossiers"]["edges"]]
    assert [{"dossier_code": n["dossierCode"], "procedure_code": n["procedureCode"]} for n in nodes] == rest
    site = ckanapi.RemoteCKAN(platform.url, apikey=token)
    search = site.action.datastore_search(
        resource_id=AGREED, limit=20, fields=["dossier_code", "procedure_code"], sort="dossier_code"
    )
    assert search["records"] == rest


def test_one_query_walks_from_an_enterprise_to_its_province(anonymous: httpx.Client) -> None:
    query = (
        "{ enterprises(first: 5) { edges { node { enterpriseCode commune { nameVi province { nameVi level } } } } } }"
    )
    answer = anonymous.post("/graphql", json={"query": query}).json()
    assert "errors" not in answer
    nodes = [edge["node"] for edge in answer["data"]["enterprises"]["edges"]]
    assert len(nodes) == 5
    assert all("Lạng Sơn" in node["commune"]["province"]["nameVi"] for node in nodes)


def test_every_governed_read_is_in_the_ledger(platform: Platform, agency: httpx.Client) -> None:
    answer = agency.get(f"/api/v1/datasets/{AGREED}/rows", params={"limit": 7})
    receipt = answer.headers["Lienthong-Receipt"]
    with owner.connect(platform.settings) as connection:
        shown = "select agency, dataset, purpose, agreement, rows, surface from platform."
        entry = connection.execute(  # still in the inbox, or sealed already
            f"{shown}ledger where receipt = %s union all {shown}ledger_log where receipt = %s",  # type: ignore[arg-type]
            (receipt, receipt),
        ).fetchone()
    assert entry is not None
    assert entry[0] == platform.credentials["agency"]["id"] and entry[1] == "dossiers"
    assert entry[2] and entry[3].startswith("TT-2026") and entry[4] == 7 and entry[5] == "rest"


def test_the_database_itself_refuses_what_the_agreement_does_not_cover(platform: Platform) -> None:
    role = "lienthong_agency_" + platform.credentials["agency"]["id"] + "__tax_administration"
    with owner.connect(platform.settings) as connection:
        connection.execute(psycopg.sql.SQL("set role {}").format(psycopg.sql.Identifier(role)))
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select applicant_name from governed.dossiers limit 1")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select * from governed.civil_servants limit 1")
        kinds = connection.execute("select distinct applicant_type from governed.dossiers").fetchall()
        assert len(kinds) == 1
        connection.execute("set role lienthong_public")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select dossier_code from governed.dossiers limit 1")
