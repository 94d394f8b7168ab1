"""The data dictionary: docs/dictionary/*.md, written from contracts."""

from pathlib import Path

from lienthong.contract.model import Contract, FieldContract
from lienthong.contract.registry import Registry


def write_dictionary(registry: Registry, folder: Path) -> list[Path]:
    """Write an index and a page for each dataset; pages of datasets that are gone are removed."""
    folder.mkdir(parents=True, exist_ok=True)
    pages = {f"{c.slug}.md": page(registry, c) for c in registry.contracts.values()}
    pages["README.md"] = index(registry)
    for old in folder.glob("*.md"):
        if old.name not in pages:
            old.unlink()
    for name, text in pages.items():
        (folder / name).write_text(text, "utf-8")
    return [folder / name for name in sorted(pages)]


def index(registry: Registry) -> str:
    """All datasets with agency and openness."""
    lines = [
        "# Từ điển dữ liệu / Data dictionary",
        "",
        "Sinh từ hợp đồng bằng `make docs` / written from contracts.",
        "",
    ]
    lines += ["| bộ dữ liệu / dataset | cơ quan / agency | mở / open | trường / fields |", "|---|---|---|---|"]
    for c in sorted(registry.contracts.values(), key=lambda c: c.slug):
        agency = registry.agencies[c.agency].name
        how = "có / yes" if c.is_open else "theo thỏa thuận / by agreement"
        title = f"[{c.title.vi} / {c.title.en}]({c.slug}.md)"
        lines.append(f"| {title} | {agency.vi} / {agency.en} | {how} | {len(c.fields)} |")
    return "\n".join(lines) + "\n"


def page(registry: Registry, contract: Contract) -> str:
    """One dataset: purpose, key, fields, relations, rules."""
    purpose = contract.description.purpose
    lines = [f"# {contract.title.vi} / {contract.title.en}", "", purpose.vi, "", f"*{purpose.en}*", ""]
    lines += [f"`{contract.slug}` · {contract.version} · khóa / key: `{', '.join(contract.primary_key)}`", ""]
    lines += ["| trường / field | tên / title | kiểu / type | phân loại / class | mở / open |", "|---|---|---|---|---|"]
    lines += [_field(contract, field) for field in contract.fields]
    relations = registry.relations(contract.id).values()
    if relations:
        lines += ["", "**Liên kết / relations**", ""]
        lines += [
            f"- `{r.name}` → [{r.dataset.replace('_', '-')}]({r.dataset.replace('_', '-')}.md)" for r in relations
        ]
    if contract.quality:
        lines += ["", "**Quy tắc / rules**", ""]
        lines += [f"- **{q.id}** ({q.severity}) {q.title.vi} / *{q.title.en}*" for q in contract.quality]
    return "\n".join(lines) + "\n"


def _field(contract: Contract, field: FieldContract) -> str:
    required = " \\*" if field.required or field.name in contract.primary_key else ""
    is_open = "✓" if contract.is_open and field.is_open else ""
    title = f"{field.title.vi} / {field.title.en}"
    return f"| `{field.name}`{required} | {title} | `{field.logical_type}` | {field.classification} | {is_open} |"
