"""The linter: every error of the definitions, and advice besides."""

from pathlib import Path

from lienthong.contract import vocabulary
from lienthong.contract.advice import advise
from lienthong.contract.finding import Finding
from lienthong.contract.loader import read_all, read_contract


def lint(path: Path) -> list[Finding]:
    """What is wrong (errors) and what could be better (warnings) in a contract, its folder, or all definitions.

    One contract is read alone: what depends on other contracts is found only in the folder of all.
    """
    single = path if path.is_file() else path / "contract.yaml"
    if single.is_file():
        lists = single.resolve().parents[2] / "_vocab"
        found = [vocabulary.read_vocabulary(file) for file in sorted(lists.glob("*.yaml"))]
        vocabulary.use(v for v, _ in found if v)
        contract, document = read_contract(single)
        if contract:
            advise(contract, document)
        return sorted(document.findings, key=_by_place)
    reading = read_all(path)
    before = {id(finding) for finding in reading.findings}
    for contract, document in reading.contracts.values():
        advise(contract, document)
        reading.findings += [f for f in document.findings if id(f) not in before]
    return sorted(reading.findings, key=_by_place)


def _by_place(finding: Finding) -> tuple[str, int]:
    file, _, line = finding.place.rpartition(":")
    return file, int(line)
