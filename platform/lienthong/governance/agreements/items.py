"""The twelve items of NĐ 47/2020 Điều 38, filled from one agreement: for people, for print, for the API."""

from collections.abc import Mapping
from dataclasses import dataclass

from lienthong.contract.registry import Registry
from lienthong.governance.agreements.calendar import code_list
from lienthong.governance.agreements.tables import Agreement
from lienthong.kernel.text import Bilingual, both


@dataclass(frozen=True)
class Item:
    """One item: its number, its title, what the agreement says."""

    number: int
    title: Bilingual
    text: Bilingual


def items(registry: Registry, row: Agreement, agencies: Mapping[str, Bilingual]) -> list[Item]:
    """All items in order."""
    texts = _own(registry, row, agencies)
    for clause in code_list(registry, "agreement_clause").codes:
        number = int(clause.parent or 12)
        given = row.clauses.get(clause.code)
        said = both(given["vi"], given["en"]) if given else clause.title
        texts[number] = _joined(texts[number], said) if number in texts else said
    titles = code_list(registry, "agreement_item").codes
    return [Item(int(code.code), code.title, texts[int(code.code)]) for code in titles]


def _own(registry: Registry, row: Agreement, agencies: Mapping[str, Bilingual]) -> dict[int, Bilingual]:
    """The items that the agreement's own members tell."""
    provider, consumer = (agencies.get(id, both(id, id)) for id in (row.provider, row.consumer))
    contract = registry.contracts.get(row.dataset)
    title = contract.title if contract else both(row.dataset, row.dataset)
    purpose = purpose_title(registry, row.purpose)
    count, often = len(row.fields), row.frequency
    quota_vi, quota_en = (f"{row.quota} dòng/ngày", f"{row.quota} rows a day") if row.quota else ("không", "none")
    return {
        1: both(f"Cung cấp: {provider.vi}. Khai thác: {consumer.vi}.",
                f"Provider: {provider.en}. Consumer: {consumer.en}."),
        2: both(f"{title.vi}: {count} mục tin ({', '.join(row.fields)}).",
                f"{title.en}: {count} fields ({', '.join(row.fields)})."),
        4: both(f"Từ {row.valid_from:%d/%m/%Y} đến hết {row.expires:%d/%m/%Y}.",
                f"From {row.valid_from} to {row.expires}, both days included."),
        5: both(_line("Ứng dụng", row.application) + _line("Tần suất", often),
                _line("Application", row.application) + _line("Frequency", often)),
        7: both(f"Mục đích: {purpose.vi}. Căn cứ: {row.legal_basis}. Hạn mức: {quota_vi}.",
                f"Purpose: {purpose.en}. Legal basis: {row.legal_basis}. Quota: {quota_en}."),
    }  # fmt: skip


def purpose_title(registry: Registry, purpose: str) -> Bilingual:
    """The title of a purpose, or its bare name where no list has it."""
    listed = registry.vocabularies.get("purpose")
    code = listed.by_code.get(purpose) if listed else None
    return code.title if code else both(purpose, purpose)


def _line(name: str, value: str) -> str:
    return f"{name}: {value}. " if value else ""


def _joined(first: Bilingual, second: Bilingual) -> Bilingual:
    return both(f"{first.vi} {second.vi}".strip(), f"{first.en} {second.en}".strip())
