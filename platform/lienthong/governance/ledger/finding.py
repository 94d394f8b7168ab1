"""What a verification tells."""

from dataclasses import asdict, dataclass, field
from typing import Any

from lienthong.kernel.text import Bilingual, both

KINDS: dict[str, Bilingual] = {
    "altered": both("nội dung khác với bản đã niêm phong", "the content is not what was sealed"),
    "removed": both("đã niêm phong nhưng bị mất", "sealed, and gone"),
    "inserted": both("số thứ tự xuất hiện hai lần hoặc sai chỗ", "a number that stands twice or in the wrong place"),
    "rewritten": both("không khớp gốc đã ký", "they do not add up to the signed root"),
    "truncated": both("đã niêm phong nhưng mất phần đuôi", "sealed, and the end of the ledger is gone"),
    "unsigned": both("không có điểm niêm phong nào bao gồm", "no signed checkpoint covers them"),
    "forked": both(
        "khác với mốc neo bên ngoài: sổ đã bị viết lại", "not what was anchored outside: the ledger was rewritten"
    ),
    "signature": both("chữ ký của điểm niêm phong sai", "the signature of the checkpoint is wrong"),
    "checkpoint": both("điểm niêm phong không khớp hoặc bị mất", "a checkpoint that is gone or does not fit"),
    "missing": both("bị xóa trước khi niêm phong", "deleted before it was sealed"),
    "sequence": both("số thứ tự của nguồn ghi bị hở", "the numbers of its writer have a hole"),
    "stray": both("không do nền tảng ghi theo thứ tự của nó", "not written by the platform in its order"),
    "leaves": both("bản sao mã băm bị mất", "the copy of the hashes is gone"),
    "anchor": both("dòng hỏng trong mốc neo", "a damaged line in an anchor"),
    "unreadable": both("dòng không đọc được", "a line that cannot be read"),
    "empty": both("không có khóa hoặc không có gì để kiểm tra", "no key, or nothing to verify"),
}


@dataclass(frozen=True)
class Finding:
    """Something that is wrong: what, and where. `number` .. `last` are numbers of entries, counted from 0."""

    kind: str
    number: int | None = None
    last: int | None = None
    receipt: str | None = None
    detail: str = ""
    columns: tuple[str, ...] = ()

    @property
    def title(self) -> Bilingual:
        """What the kind means."""
        return KINDS[self.kind]

    @property
    def place(self) -> str:
        """The entry or entries."""
        if self.number is None:
            return ""
        return str(self.number) if self.last in (None, self.number) else f"{self.number}–{self.last}"

    def as_json(self) -> dict[str, Any]:
        """For machines; members that say nothing are left out."""
        found = {name: value for name, value in asdict(self).items() if value not in (None, "", ())}
        return found | {"title": self.title.model_dump()}


@dataclass
class Report:
    """What was verified, and what was found."""

    entries: int = 0
    checkpoints: int = 0
    anchored: int = 0
    size: int = 0
    root: str = ""
    keys: tuple[str, ...] = ()
    seconds: float = 0.0
    findings: list[Finding] = field(default_factory=list)
    more: int = 0  # findings that are not listed

    @property
    def ok(self) -> bool:
        """Is nothing wrong?"""
        return not self.findings

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        found = {name: value for name, value in vars(self).items() if name != "findings"}
        return {"ok": self.ok, **found, "findings": [finding.as_json() for finding in self.findings]}
