"""Real data through the project's own contracts, and a real spreadsheet through a contract of the test."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.journey.ingest_world import Installation, contract, field, installed


@pytest.fixture(scope="module")
def country(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """The project's contracts, with all administrative units of the country loaded."""
    with installed(tmp_path_factory.mktemp("country"), own=True) as made:
        report = made.ingest("administrative_units")
        assert report.state == "done", report.problem
        yield made


def deliver_real(country: Installation, name: str, path: Path) -> None:
    country.deliver(name, path.read_bytes())


def test_all_units_of_the_country_and_their_parents(country: Installation) -> None:
    levels = (
        "select level, count(*) from governed.administrative_units "
        "where %s between valid_from and coalesce(valid_to, 'infinity') group by 1"
    )
    assert dict(country.rows(levels, "2025-07-01")) == {"province": 34, "commune": 3321}
    before = dict(country.rows(levels, "2025-06-30"))
    assert before == {"province": 63, "district": 696, "commune": 10035}
    orphans = "parent_code is not null and parent_code_from is null"
    assert country.value(f"select count(*) from governed.administrative_units where {orphans}") == 0
    # Code 80 was Long An, and is Tây Ninh: the parent of a commune is the province of its time.
    renamed = (
        "select u.name_vi, p.name_vi from governed.administrative_units u join governed.administrative_units p on "
        "p.code = u.province_code and p.valid_from = u.province_code_from where u.code = '27694' order by u.valid_from"
    )
    assert [p for _, p in country.rows(renamed)] == ["Tỉnh Long An", "Tỉnh Tây Ninh"]
    again = country.ingest("administrative_units")
    assert again.state == "unchanged"
    assert country.ingest("administrative_unit_changes").state == "done"


def test_the_real_index_of_legal_documents(country: Installation, shared: Path) -> None:
    deliver_real(country, "legal_index/legal_documents_index.csv", shared / "data/legal/legal_documents_index.csv")
    report = country.ingest("legal_documents")
    assert report.state == "done", report.problem
    assert (report.counts["read"], report.counts["accepted"]) == (3305, 3305)
    assert report.files[0]["absent"] == ["expired_date", "replaced_by", "url"]
    assert country.value("select title from governed.legal_documents where doc_number = '20/2020/QĐ-TTg'")
    assert not country.value("select bool_or(synthetic) from governed.legal_documents")


def test_the_real_records_of_procedures(country: Installation, shared: Path) -> None:
    deliver_real(country, "procedure_database/tthc_bqp_207.jsonl", shared / "data/procedures/tthc_bqp_207_raw.jsonl")
    report = country.ingest("procedures")
    assert report.state == "done", report.problem
    assert (report.counts["read"], report.counts["accepted"]) == (207, 202)
    told = "select distinct field, value, reason_vi from platform.quarantine where run_id = %s"
    assert {field for field, _, _ in country.rows(told, report.run)} == {"decision_no"}, "five are beyond repair"
    numbers = "select count(*) from governed.procedures where decision_no !~ '^[0-9]+/QĐ-[A-ZĐ-]+$'"
    assert country.value(numbers) == 0


def test_a_real_spreadsheet(country: Installation, shared: Path) -> None:
    """A list of communes as the statistics office publishes it: codes with zeros, names with marks."""
    name = "Danh sách quận huyện phường xã thuộc Tỉnh Lạng Sơn.xls"
    deliver_real(country, name, shared / "data/admin/old_63/excel_2023" / name)
    columns = {"code": "Mã PX", "name": "Phường Xã", "level": "Cấp", "district": "Quận Huyện"}
    fields: list[dict[str, Any]] = [
        field("code", "admin_unit", options={"at": "none"}, required=True),
        field("name", required=True),
        field("level"),
        field("district"),
    ]
    source = {"files": [{"pattern": "Danh sách*.xls", "reader": "excel"}], "columns": columns}
    country.define(contract("communes_of_2023", fields, ["code"], source))
    report = country.ingest("communes_of_2023")
    assert report.state == "done", report.problem
    assert report.counts["accepted"] == 200
    assert country.value("select name from governed.communes_of_2023 where code = '05971'") == "Phường Hoàng Văn Thụ"
    assert country.ingest("communes_of_2023").state == "unchanged"
