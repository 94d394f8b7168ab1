"""Definitions read from a folder. All errors are collected and told at once, each with file:line and a fix."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lienthong.contract import vocabulary
from lienthong.contract.derive import derived
from lienthong.contract.document import Document, read
from lienthong.contract.finding import Finding, refuse_errors
from lienthong.contract.model import Agency, Contract
from lienthong.contract.registry import Registry, by_id
from lienthong.contract.rules import check
from lienthong.contract.rules.across import check_across
from lienthong.contract.shape import shaped
from lienthong.contract.vocabulary import Vocabulary
from lienthong.kernel.text import both


@dataclass
class Reading:
    """What a folder holds, and what is wrong with it."""

    contracts: dict[str, tuple[Contract, Document]] = field(default_factory=dict)
    agencies: dict[str, Agency] = field(default_factory=dict)
    vocabularies: dict[str, Vocabulary] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


def load(path: Path) -> Contract:
    """The contract in one file; its folder's code lists come in force. Raises Invalid with all errors."""
    reading = Reading()
    _vocabularies(path.resolve().parents[2], reading)
    contract, document = read_contract(path)
    refuse_errors([*reading.findings, *document.findings])
    assert contract is not None
    return contract


def load_all(folder: Path) -> Registry:
    """All definitions under `folder`; its code lists come in force. Raises Invalid with all errors of all files."""
    reading = read_all(folder)
    refuse_errors(reading.findings)
    contracts = [contract for contract, _ in reading.contracts.values()]
    aggregates = [found for contract in contracts if (found := derived(contract))]
    return Registry(by_id([*contracts, *aggregates]), reading.agencies, reading.vocabularies)


def read_all(folder: Path) -> Reading:
    """All definitions under `folder`, with errors and warnings side by side."""
    reading = Reading()
    _vocabularies(folder, reading)
    for path in sorted(folder.glob("[!_]*/agency.yaml")):
        _agency(path, reading)
    documents = []
    for path in contract_files(folder):
        contract, document = read_contract(path)
        documents.append(document)
        if contract is None:
            continue
        if contract.id in reading.contracts:
            other = reading.contracts[contract.id][1].path
            fix = both("mỗi bộ dữ liệu một id", "one id for each dataset")
            document.error(("id",), both(f"id đã dùng ở {other}", f"the id is taken by {other}"), fix)
            continue
        reading.contracts[contract.id] = (contract, document)
        if contract.agency not in reading.agencies:
            reading.agencies[contract.agency] = _unnamed(path.parents[1], document)
    broken = {document.path.parent.name for document in documents} - set(reading.contracts)
    check_across(reading.contracts, broken)
    reading.findings += [finding for document in documents for finding in document.findings]
    return reading


def contract_files(folder: Path) -> Iterator[Path]:
    """The contracts under a folder: <agency>/<dataset>/contract.yaml."""
    yield from sorted(folder.glob("[!_]*/*/contract.yaml"))


def read_contract(path: Path) -> tuple[Contract | None, Document]:
    """One contract as far as its file tells, with what is wrong with it."""
    document = read(path)
    agency = path.resolve().parents[1].name
    for key in ("agency", "derivedFrom", "derived_from"):
        if isinstance(document.data, dict) and key in document.data:
            detail = both(f"khóa '{key}' do nền tảng đặt", f"the platform sets the key '{key}'")
            document.error((key,), detail, both("bỏ đi", "leave it out"))
    contract = shaped(document, Contract, agency=agency)
    if contract is None:
        return None, document
    if contract.id != path.resolve().parent.name:
        detail = both(f"id '{contract.id}' khác tên thư mục", f"the id '{contract.id}' is not the folder's name")
        document.error(("id",), detail, both("đặt tên thư mục theo id", "name the folder after the id"))
    check(contract, document)
    return contract, document


def _agency(path: Path, reading: Reading) -> None:
    document = read(path)
    agency = shaped(document, Agency)
    if agency and agency.id != path.parent.name:
        detail = both(f"id '{agency.id}' khác tên thư mục", f"the id '{agency.id}' is not the folder's name")
        document.error(("id",), detail, both("đặt tên thư mục theo id", "name the folder after the id"))
    if agency:
        reading.agencies[agency.id] = agency
    reading.findings += document.findings


def _unnamed(folder: Path, document: Document) -> Agency:
    """A folder without a right `agency.yaml` is an agency that bears the folder's name."""
    detail = both(f"{folder.name} chưa có agency.yaml đúng", f"{folder.name} has no right agency.yaml yet")
    document.warning((), detail, both("thêm agency.yaml với tên cơ quan", "add agency.yaml with the agency's name"))
    title = folder.name.replace("_", " ")
    return Agency(id=folder.name, name=both(title, title))


def _vocabularies(folder: Path, reading: Reading) -> None:
    """Read the code lists and put them in force."""
    for path in sorted((folder / "_vocab").glob("*.yaml")):
        found, document = vocabulary.read_vocabulary(path)
        reading.findings += document.findings
        if found:
            reading.vocabularies[found.id] = found
    vocabulary.use(reading.vocabularies)
