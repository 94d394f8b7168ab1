"""Advice about a contract that is right: what would make it better. Never stops a load."""

from lienthong.contract.document import Document
from lienthong.contract.model import Contract
from lienthong.kernel.content import content
from lienthong.kernel.text import both

_SHORT = 30  # characters; a description shorter than this says nothing (rule CAT-08)


def advise(contract: Contract, document: Document) -> None:
    """Note warnings."""
    _texts(contract, document)
    _sources(contract, document)
    _playbooks(contract, document)
    if not (document.path.parent / "README.md").is_file():
        fix = both("viết vài dòng cho người dùng dữ liệu", "write a few lines for those who use the data")
        document.warning((), both("thiếu README.md", "README.md is missing"), fix)


def _texts(contract: Contract, document: Document) -> None:
    purpose = contract.description.purpose
    for language, text in (("vi", purpose.vi), ("en", purpose.en)):
        if len(text) < _SHORT:
            document.warning(
                ("description", "purpose", language),
                both(f"mô tả ngắn hơn {_SHORT} ký tự", f"the purpose has fewer than {_SHORT} characters"),
                both("nói dữ liệu để làm gì, phạm vi nào", "say what the data is for and what it covers"),
            )
    if not contract.catalogue.keywords:
        fix = both("thêm vài từ người ta sẽ tìm", "add the words that people will look for")
        document.warning(("catalogue",), both("thiếu từ khóa", "there are no keywords"), fix)
    for at, field in enumerate(contract.fields):
        if field.title.vi == field.title.en and not field.title.vi.isupper():
            detail = both(f"{field.name}: nhãn hai ngôn ngữ giống nhau", f"{field.name}: both titles are the same")
            document.warning(("fields", at, "title"), detail, both("dịch nhãn", "translate the title"))


def _sources(contract: Contract, document: Document) -> None:
    if not contract.source.files:
        fix = both("thêm source.files", "add source.files")
        document.warning(("source",), both("không có tệp nguồn", "there are no source files"), fix)
    for at, field in enumerate(contract.fields):
        fed = any(contract.source.column(field.name, file) for file in contract.source.files)
        if contract.source.files and not fed:
            detail = both(f"'{field.name}' không có cột nguồn nào", f"no source column feeds '{field.name}'")
            fix = both(f"thêm source.columns.{field.name} hoặc bỏ trường", "add one, or leave the field out")
            document.warning(("fields", at, "name"), detail, fix)


def _playbooks(contract: Contract, document: Document) -> None:
    try:
        folder = content("quality/playbooks")
    except FileNotFoundError:
        return
    for at, rule in enumerate(contract.quality):
        if rule.playbook and not (folder / f"{rule.playbook}.md").is_file():
            detail = both(f"không có playbook '{rule.playbook}'", f"there is no playbook '{rule.playbook}'")
            fix = both(f"viết quality/playbooks/{rule.playbook}.md", f"write quality/playbooks/{rule.playbook}.md")
            document.warning(("quality", at, "playbook"), detail, fix)
