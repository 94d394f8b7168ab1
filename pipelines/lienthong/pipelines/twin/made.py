"""Values of nobody: made from a field's type alone, in ranges where no real number lies.

Citizen ids: born in 2060 to 2099, with the sex and where it can be the last digits of the row's year of birth
(NĐ 137/2015: a digit of century and sex, two of the year). Tax codes: area 99, which no tax office has (TT 105/2020
Điều 5), check digit right. Telephones: 071, which no network has been given. E-mail and web: `.example` (RFC 2606).
Dossiers: serials of seven digits from 9,000,000.
"""

import json
import uuid
from collections.abc import Mapping
from random import Random
from typing import Any

from lienthong.contract.model import Contract, FieldContract
from lienthong.contract.types import TYPES
from lienthong.contract.types.coded import Coded
from lienthong.contract.types.pattern import PatternType
from lienthong.pipelines.twin.pattern import like
from lienthong.pipelines.twin.words import Words

_WEIGHTS = (31, 29, 23, 19, 17, 13, 7, 5, 3)
_DOMAIN = "mophong.example"
_PROVINCES = ("001", "020", "024", "022", "031", "048", "079", "092")
Row = dict[str, str | None]


class Maker:
    """Makes values of one contract. `serial` is a number that no other row of the twin has."""

    def __init__(self, contract: Contract, words: Words, random: Random) -> None:
        self._contract = contract
        self._words = words
        self._random = random
        births = [f.name for f in contract.fields if f.logical_type == "partial_date"]
        self._birth = births[0] if len(births) == 1 else None
        self._sex = next((f.name for f in contract.fields if f.options.get("list") == "sex"), None)

    def value(self, field: FieldContract, serial: int, row: Row, place: str) -> str | None:
        """A value of the field for this row."""
        if field.logical_type == "text":
            return self._text(field, serial, row, place)
        if field.logical_type == "list":
            return self._list(field)
        return self._of(field.logical_type, field.options, serial, row, field)

    def is_male(self, row: Row) -> bool:
        """The sex that the row says, or any."""
        given = row.get(self._sex) if self._sex else None
        return given == "male" if given else self._random.random() < 0.5

    def _of(
        self, kind: str, options: Mapping[str, Any], serial: int, row: Row, field: FieldContract | None
    ) -> str | None:
        """A value of the logical type `kind`."""
        random = self._random
        match kind:
            case "citizen_id":
                return self._citizen_id(serial, row)
            case "tax_code":
                return tax_code(serial)
            case "phone":
                return f"071{serial % 10_000_000:07}"
            case "email":
                return f"hopthu{serial}@{_DOMAIN}"
            case "url":
                return f"https://{_DOMAIN}/{serial}"
            case "uuid":
                return str(uuid.UUID(int=self._random.getrandbits(128), version=4))
            case "dossier_code":
                return self._dossier(serial, row)
            case "identifier":
                return f"TWIN-{serial:06}"
            case "document_number":
                return f"{serial % 100_000}/QĐ-MP"
            case "boolean":
                return "true" if field and field.name == "synthetic" else self._random.choice(("true", "false"))
            case "integer" | "money" | "decimal":
                return self._number(kind, options, serial, field)
            case "date" | "partial_date":
                return f"{random.randint(2015, 2025)}-{random.randint(1, 12):02}-{random.randint(1, 28):02}"
            case "datetime":
                return f"{self._of('date', {}, serial, row, None)} {random.randint(8, 16):02}:00:00+07"
            case "point":
                return f"SRID=4326;POINT({random.uniform(106.2, 107.2):.4f} {random.uniform(21.4, 22.2):.4f})"
            case "multipolygon":
                return self._area()
        return self._by_type(kind, options)

    def _by_type(self, kind: str, options: Mapping[str, Any]) -> str | None:
        found = TYPES[kind]
        if isinstance(found, Coded) and (codes := found.codes(options)):
            return self._random.choice(sorted(codes))
        if isinstance(found, PatternType):
            return like(found.full_pattern(options), self._random)
        return None

    def _text(self, field: FieldContract, serial: int, row: Row, place: str) -> str:
        kind, template = self._words.kind(field.name), self._words.template(field.name)
        limit = int(field.options.get("max_length") or 200)
        if kind:
            return str(self._of(kind, {}, serial, row, None))[:limit]
        if pattern := field.options.get("pattern"):
            return like(str(pattern), self._random)[:limit]
        if template:
            given = {
                "number": str(self._random.randint(1, 300)),
                "serial": str(serial),
                "place": place or "xã Mô Phỏng",
                "person": self._words.person(self._random, self.is_male(row)),
            }
            return self._words.text(template, self._random, given)[:limit]
        # A key must differ: its number comes first, so that a short field keeps it.
        if limit < 40 or field.name in self._contract.primary_key or field.unique:
            return f"TWIN-{serial:06}"[:limit]
        return f"{field.title.vi} (mô phỏng)"[:limit]

    def _citizen_id(self, serial: int, row: Row) -> str:
        born = (row.get(self._birth) if self._birth else None) or str(self._random.randint(1960, 2005))
        year = 60 + int(born[2:4]) % 40 if int(born[2:4]) < 60 else int(born[2:4])
        return f"{self._random.choice(_PROVINCES)}{2 if self.is_male(row) else 3}{year:02}{serial % 1_000_000:06}"

    def _dossier(self, serial: int, row: Row) -> str:
        agency, day = "Y00", "250101"
        for field in self._contract.fields:
            given = row.get(field.name)
            if given and field.logical_type == "agency_code" and agency == "Y00":
                agency = given
            if given and field.logical_type == "datetime" and field.required and day == "250101":
                day = given[2:10].replace("-", "")
        return f"{agency}-{day}-{9_000_000 + serial % 1_000_000}"

    def _number(self, kind: str, options: Mapping[str, Any], serial: int, field: FieldContract | None) -> str:
        low = float(options.get("min") or 0)
        high = float(options.get("max") or low + 100)
        if field and (field.unique or self._contract.primary_key == (field.name,)):
            return str(900_000_000 + serial if "max" not in options else int(low) + serial)
        value = self._random.uniform(low, high)
        return f"{value:.{int(options.get('scale', 2))}f}" if kind == "decimal" else str(round(value))

    def _area(self) -> str:
        west, south, size = self._random.uniform(106.3, 107), self._random.uniform(21.5, 22), 0.01
        ring = [(west, south), (west + size, south), (west + size, south + size), (west, south + size), (west, south)]
        return "SRID=4326;MULTIPOLYGON(((" + ",".join(f"{x:.5f} {y:.5f}" for x, y in ring) + ")))"

    def _list(self, field: FieldContract) -> str:
        """No, one or two items of the type that the contract tells."""
        items = field.options.get("items") or {}
        given = items if isinstance(items, dict) else {"logicalType": items}
        return json.dumps([self._item(given) for _ in range(self._random.choice((0, 1, 1, 2)))], ensure_ascii=False)

    def _item(self, given: Mapping[str, Any]) -> Any:
        if "properties" in given:
            return {part["name"]: self._item(part) for part in given["properties"]}
        kind, options = given.get("logicalType", "text"), given.get("options") or {}
        title = given.get("title") or {}
        if kind == "text":
            pattern = options.get("pattern")
            return like(str(pattern), self._random) if pattern else f"{title.get('vi', 'Mục')} (mô phỏng)"
        value = self._of(kind, options, self._random.randint(1, 99_999), {}, None)
        if value is None or kind not in {"integer", "money", "decimal", "boolean"}:
            return value.replace(" ", "T") + ":00" if value and kind == "datetime" else value
        return json.loads(value)


def tax_code(serial: int) -> str:
    """A tax code of ten digits with a right check digit in area 99; serials whose rest is 0 move on by one area."""
    for area in (99, 98, 97):
        body = f"{area}{serial % 10_000_000:07}"
        rest = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, body, strict=True)) % 11
        if rest:
            return f"{body}{10 - rest}"
    raise AssertionError("two areas in turn never both have rest 0")
