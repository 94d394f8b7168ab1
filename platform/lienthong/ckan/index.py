"""The catalogue in memory: every dataset once, fields as sets of documents, changed in place with each dataset."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping
from itertools import count
from typing import Any, TypeVar

from lienthong.catalog.snapshot import FileInfo
from lienthong.ckan import documents as made
from lienthong.ckan.documents import Document
from lienthong.ckan.entry import PUBLIC, Entry
from lienthong.ckan.postings import ExactField, TextField, documents
from lienthong.ckan.words import Text, analysed
from lienthong.kernel.text import fold

T = TypeVar("T")
MayRead = Callable[[str], bool]
Order = tuple[tuple[str, bool], ...]
# Fields that are compared word by word; any other as it stands.
WORDED = frozenset({"title", "notes", "text", "author", "maintainer", "res_name", "res_description", "urls"})
_MOST_ANSWERS = 2_000
_MOST_ORDERED = 64
_MOST_FIELDS = 300
_MOST_BYTES = 64_000_000
_versions = count(1)


def is_worded(field: str) -> bool:
    """Is the field compared word by word?"""
    return field in WORDED or field.startswith("extras_")


class Index:
    """The datasets of one language as searches see them.

    A dataset has a number as long as it does not change; a set of datasets is a whole number with those bits.
    `agencies` are the organizations of contracts by name, `resources` the files of contracts by id. What is asked
    twice between two changes is kept: `kept` for values, `answers` for whole answers.
    """

    def __init__(self) -> None:
        self.version = next(_versions)
        self.agencies: Mapping[str, Document] = {}
        self.resources: dict[str, tuple[Entry, Document, FileInfo]] = {}
        self.datastores: dict[str, str] = {}
        self.every = 0
        self._entries: list[Entry | None] = []
        self._numbers: dict[str, int] = {}
        self._named: dict[str, str] = {}
        self._holders: dict[str, str] = {}
        self._texts: dict[str, TextField] = {}
        self._exact: dict[str, ExactField] = {}
        self._kept: dict[Hashable, Any] = {}
        self._ordered: dict[tuple[Order, int], list[int]] = {}
        self._answers: dict[Hashable, bytes] = {}
        self._answered = 0

    # --- changing ---------------------------------------------------------------------------------------------

    def put(self, entry: Entry) -> None:
        """Take a dataset in, in place of what has its id."""
        self.drop(entry.id)
        number = len(self._entries)
        self._entries.append(entry)
        self._numbers[entry.id] = number
        self.every |= 1 << number
        if not entry.is_deleted or not self._is_taken(entry.name):
            self._named[entry.name] = entry.id
        self._holders |= dict.fromkeys(entry.resources, entry.id)
        for field, texts in self._texts.items():
            texts.add(number, _text(entry, field))
        for field, values in self._exact.items():
            values.add(number, entry.exact.get(field, ()))

    def put_all(self, entries: Iterable[Entry]) -> None:
        """Take several datasets in."""
        for entry in entries:
            self.put(entry)

    def drop(self, id: str) -> None:
        """Take the dataset out, if it is there."""
        self.changed()
        number = self._numbers.pop(id, None)
        entry = None if number is None else self._entries[number]
        if number is None or entry is None:
            return
        self._entries[number] = None
        self.every &= ~(1 << number)
        if self._named.get(entry.name) == id:
            del self._named[entry.name]
        for resource in entry.resources:
            self._holders.pop(resource, None)
        for field, texts in self._texts.items():
            texts.remove(number, _text(entry, field))
        for field, values in self._exact.items():
            values.remove(number, entry.exact.get(field, ()))

    def changed(self) -> None:
        """Nothing that was told before need be true any more."""
        self.version = next(_versions)
        self._kept.clear()
        self._ordered.clear()
        self._answers.clear()
        self._answered = 0

    def _is_taken(self, name: str) -> bool:
        found = self.find(name)
        return found is not None and not found.is_deleted

    # --- looking up -------------------------------------------------------------------------------------------

    def __getitem__(self, number: int) -> Entry:
        """The dataset with the number."""
        found = self._entries[number]
        assert found is not None
        return found

    def find(self, name: str) -> Entry | None:
        """The dataset with the id or name; a name that was given again is the living one's."""
        number = self._numbers.get(self._named.get(name, name))
        return None if number is None else self._entries[number]

    def holder(self, resource: str) -> Entry | None:
        """The dataset that holds the resource with the id."""
        found = self._holders.get(resource)
        return self.find(found) if found else None

    @property
    def entries(self) -> Mapping[str, Entry]:
        """Every dataset that is active, by name."""
        return self.kept("entries", lambda: {e.name: e for e in self.of(self.exact("state").bits.get("active", 0))})

    @property
    def public(self) -> list[Entry]:
        """What anybody can read, by name."""
        return self.kept("public", lambda: sorted(self.of(self.labelled((PUBLIC,))), key=lambda e: e.name))

    def of(self, bits: int) -> list[Entry]:
        """The datasets of a set."""
        return [self[number] for number in documents(bits)]

    def visible(self, may_read: MayRead) -> list[Entry]:
        """What a caller can read of what is active, contracts' private ones too, by name."""
        found = [e for e in self.entries.values() if e.is_public or (e.contract and may_read(e.contract))]
        return sorted(found, key=lambda e: e.name)

    def labelled(self, labels: Iterable[str]) -> int:
        """The datasets that bear one of the labels."""
        known, found = self.exact("permission_labels").bits, 0
        for label in labels:
            found |= known.get(label, 0)
        return found

    def governed(self) -> int:
        """The datasets that a contract governs."""
        return sum(1 << n for n in documents(self.every) if self[n].state)

    # --- agencies and keywords --------------------------------------------------------------------------------

    def titles(self, field: str) -> Mapping[str, str]:
        """The titles of organizations, groups or licences by their names."""
        all_of_them = self.kept("titles", lambda: [t for e in self.of(self.every) for t in e.titles])
        return self.kept(("titles", field), lambda: {name: title for of, name, title in all_of_them if of == field})

    def organization(self, name: str) -> Document | None:
        """The agency with the id or name."""
        return next((o for o in self.agencies.values() if name in (o["id"], o["name"])), None)

    def counted(self, entries: list[Entry]) -> list[Document]:
        """The agencies of `entries`, each with its count of packages, by title."""
        counts = Counter(entry.owner for entry in entries)
        found = (made.whole_organization(o, counts[o["id"]]) for o in self.agencies.values())
        return sorted((o for o in found if o["package_count"]), key=lambda o: fold(o["title"]))

    @property
    def tags(self) -> list[str]:
        """The free keywords of what anybody can read."""
        return self.kept("tags", lambda: sorted({t for e in self.public for t in e.exact["tags"]}, key=fold))

    def held(self, number: int, field: str) -> Text:
        """The words of a field of one dataset."""
        return _text(self[number], field)

    # --- searching --------------------------------------------------------------------------------------------

    def text(self, field: str) -> TextField:
        """A field that is compared word by word; made when it is first asked for."""
        found = self._texts.get(field)
        if found is None:
            found = self._texts[field] = TextField()
            for number in documents(self.every):
                found.add(number, _text(self[number], field))
        return found

    def exact(self, field: str) -> ExactField:
        """A field whose values are compared as they are; made when it is first asked for."""
        found = self._exact.get(field)
        if found is None:
            found = ExactField()
            for number in documents(self.every):
                found.add(number, self[number].exact.get(field, ()))
            # Names come from outside: not every one that nobody uses is remembered.
            if found.bits or len(self._exact) < _MOST_FIELDS:
                self._exact[field] = found
        return found

    def ranks(self, order: Order) -> tuple[list[int], dict[int, int]]:
        """Every dataset in the order, and the place of each; what is missing comes last, then the older number."""
        return self.kept(("ranks", order), lambda: self._ranked(order))

    def ordered(self, order: Order, bits: int) -> list[int]:
        """The datasets of a set in the order: who turns pages asks for the same again and again."""
        found = self._ordered.get((order, bits))
        if found is None:
            if len(self._ordered) >= _MOST_ORDERED:
                self._ordered.clear()
            found = [number for number in self.ranks(order)[0] if bits >> number & 1]
            self._ordered[order, bits] = found
        return found

    def _ranked(self, order: Order) -> tuple[list[int], dict[int, int]]:
        numbers = documents(self.every)
        for field, descending in reversed(order):
            keys = {n: _sort_key(self[n], field) for n in numbers}
            given = sorted((n for n in numbers if keys[n] is not None), key=keys.__getitem__, reverse=descending)
            numbers = given + [n for n in numbers if keys[n] is None]
        return numbers, {number: place for place, number in enumerate(numbers)}

    # --- what is asked again ----------------------------------------------------------------------------------

    def kept(self, key: Hashable, make: Callable[[], T]) -> T:
        """A value that stays the same until the next change."""
        found: T | None = self._kept.get(key)
        if found is None:
            found = self._kept[key] = make()
        return found

    def answer(self, key: Hashable) -> bytes | None:
        """An answer that was given since the last change."""
        return self._answers.get(key)

    def keep_answer(self, key: Hashable, body: bytes) -> None:
        """Keep an answer until the next change; at most so many and so much."""
        if len(self._answers) >= _MOST_ANSWERS or self._answered + len(body) > _MOST_BYTES:
            self._answers.clear()
            self._answered = 0
        self._answers[key] = body
        self._answered += len(body)


def _text(entry: Entry, field: str) -> Text:
    found = entry.text.get(field)
    if found is None:
        found = analysed(*entry.exact.get("res_url" if field == "urls" else field, ()))
    return found


def _sort_key(entry: Entry, field: str) -> Any:
    values = entry.exact.get(field)
    if not values:
        return None
    if field.startswith("num_"):
        return int(values[0])
    return fold(values[0]) if field == "title" else values[0]
