"""Operations that are known by name or hash: those of graphql/operations, and those that callers have shown before."""

from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any

from lienthong.gql.asked import Asked
from lienthong.gql.cache import Recent
from lienthong.kernel.problem import Invalid
from lienthong.kernel.text import both

SCOPE = "graphql:persisted"
"""The scope of a token that may run the operations of graphql/operations only."""
ADDRESS = "/graphql/operations"
MAX_TEXT = 8_192
MAX_SHOWN = 500  # so the memory for operations that callers show is bounded: 500 x 8 kB


class UnknownOperation(Invalid):
    """No operation has this name or hash. Clients of automatic persisted queries send the text then."""

    status, code = 400, "PERSISTED_QUERY_NOT_FOUND"


class Operations:
    """Texts of operations. The trusted ones come with the platform; the shown ones are forgotten when many follow."""

    def __init__(self, files: Iterable[Path]) -> None:
        self._trusted = {path.stem: path.read_text("utf-8") for path in sorted(files)}
        self._by_hash = {digest(form): text for text in self._trusted.values() for form in (text, text.strip())}
        self._shown: Recent[str] = Recent(MAX_SHOWN)

    def text(self, asked: Asked, only_trusted: bool = False) -> str:
        """The text of what is asked. Raises UnknownOperation; Invalid when text and hash do not belong together."""
        if asked.query is None:
            return self._known(asked, only_trusted)
        given = digest(asked.query)
        named = (asked.document or given).removeprefix("sha256:")
        if asked.sha256 not in (None, given) or (named != given and self._trusted.get(named) != asked.query):
            raise Invalid(both("Mã băm không phải của query", "The hash is not that of query"), place="extensions")
        if only_trusted and given not in self._by_hash:
            raise _unknown(trusted=True)
        return asked.query

    def show(self, asked: Asked) -> None:
        """Remember a valid text that came with its hash."""
        if asked.query and asked.sha256 and len(asked.query.encode()) <= MAX_TEXT:
            self._shown.put(asked.sha256, asked.query)

    def listed(self) -> list[dict[str, Any]]:
        """The trusted operations, for people and clients."""
        return [
            {"documentId": name, "sha256": digest(text), "document": text, "address": f"/graphql?documentId={name}"}
            for name, text in self._trusted.items()
        ]

    def _known(self, asked: Asked, only_trusted: bool) -> str:
        name = (asked.document or asked.sha256 or "").removeprefix("sha256:")
        text = self._named(name)
        if text is None and not only_trusted:
            text = self._shown.get(name)
        if text is None:
            raise _unknown(only_trusted)
        return text

    def _named(self, name: str) -> str | None:
        return self._trusted.get(name) or self._by_hash.get(name)


def digest(text: str) -> str:
    """The SHA-256 of a text, as hexadecimal digits."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _unknown(trusted: bool) -> UnknownOperation:
    if trusted:
        return UnknownOperation(
            both("Mã truy cập này chỉ chạy các phép toán đã lưu", "This token runs known operations only"),
            fix=both(f"Xem {ADDRESS}", f"See {ADDRESS}"),
        )
    return UnknownOperation(
        both("Không có phép toán với mã băm hay tên này", "No operation has this hash or name"),
        fix=both(f"Gửi kèm query, hoặc xem {ADDRESS}", f"Send the query with it, or see {ADDRESS}"),
    )
