"""What makes the files of a release a package: `datapackage.json` (Frictionless), and one ZIP of everything."""

import csv
import io
from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from lienthong.contract.model import Contract
from lienthong.contract.types.coded import Coded
from lienthong.formats import FORMATS
from lienthong.formats.delimited import harmless_cell
from lienthong.formats.tableschema import table_schema
from lienthong.kernel.text import Bilingual
from lienthong.pipelines.release_files import Files, Written, sealed_all
from lienthong.pipelines.release_manifest import Made
from lienthong.pipelines.release_seal import SUFFIXES
from lienthong.pipelines.release_zip import Zip

PACKAGE, ZIP, TABLE = "datapackage", "zip", "csv-plain"
LICENCES = {
    "CC-BY-4.0": "https://creativecommons.org/licenses/by/4.0/legalcode",
    "CC0-1.0": "https://creativecommons.org/publicdomain/zero/1.0/legalcode",
    "ODbL-1.0": "https://opendatacommons.org/licenses/odbl/1-0/",
    "MIT": "https://opensource.org/license/mit",
}


def complete(files: Files, made: Made, folder: Path, formats: Collection[str]) -> Files:
    """Add `datapackage.json`, which tells what the other files are."""
    if PACKAGE not in formats:
        return files
    path = folder / "datapackage.json"
    path.write_bytes(orjson.dumps(package(made, files), option=orjson.OPT_INDENT_2))
    return Files((*files.written, *sealed_all([(FORMATS[PACKAGE], path, ())])), files.left_out)


def pack(folder: Path, contract: Contract, number: int, manifest: Mapping[str, Any]) -> Written:
    """`<dataset>-<number>.zip`: all that lies in the folder (files, manifest, its signature), and what a reader needs.

    To be called last, when the manifest is there: it does not list the ZIP that holds it.
    """
    name = f"{contract.slug}-{number}"
    path = folder / f"{name}.zip"
    made = Zip(path, name, datetime.fromisoformat(manifest["published_at"]))
    for title, text in texts(contract, manifest).items():
        made.text(title, text.encode())
    variants = {f["name"] + SUFFIXES[v["coding"]] for f in manifest["files"] for v in f.get("variants", ())}
    for file in sorted(folder.iterdir()):
        if file != path and file.name not in variants and not file.name.startswith("."):
            made.file(file)
    made.close()
    return sealed_all([(FORMATS[ZIP], path, ())])[0]


def package(made: Made, files: Files) -> dict[str, Any]:
    """The Data Package (https://specs.frictionlessdata.io/data-package/). The CSV for programs is its table."""
    contract, agency = made.contract, made.registry.agency(made.contract.agency)
    catalogue = contract.catalogue
    return {
        "profile": "data-package",
        "name": contract.slug,
        "id": f"{contract.slug}-{made.number}",
        "title": contract.title.vi,
        "title_en": contract.title.en,
        "description": contract.description.purpose.vi,
        "description_en": contract.description.purpose.en,
        "version": f"{made.number}.0.0",
        "contract_version": contract.version,
        "created": made.at.isoformat(timespec="seconds"),
        "licenses": [{"name": catalogue.licence} | _licence(catalogue.licence)],
        "sources": [{"title": contract.source.system.vi}],
        "contributors": [
            {"title": agency.name.vi, "role": "publisher"},
            {"title": catalogue.contact.name.vi, "email": catalogue.contact.email, "role": "maintainer"},
        ],
        "keywords": [keyword.vi for keyword in catalogue.keywords],
        "resources": [_resource(made, file) for file in files.written],
    }


def _licence(name: str) -> dict[str, str]:
    return {"path": LICENCES[name]} if name in LICENCES else {}


def _resource(made: Made, file: Written) -> dict[str, Any]:
    told: dict[str, Any] = {
        "name": f"{made.contract.slug}-{file.format.name}",
        "path": file.name,
        "title": file.format.title.vi,
        "title_en": file.format.title.en,
        "description": file.format.use.vi,
        "mediatype": file.format.media_type,
        "bytes": file.size,
        "hash": f"sha256:{file.sha256}",
    }
    if file.format.name != TABLE:
        return told | {"profile": "data-resource", "type": "file"}
    return told | {
        "profile": "tabular-data-resource",
        "type": "table",
        "format": "csv",
        "encoding": "utf-8",
        "dialect": {"delimiter": ",", "lineTerminator": "\r\n", "quoteChar": '"', "doubleQuote": True, "header": True},
        "schema": table_schema(made.contract.open_fields, made.contract.primary_key),
    }


def texts(contract: Contract, manifest: Mapping[str, Any]) -> dict[str, str]:
    """Name -> text of what a reader needs beside the data."""
    return {
        "README.md": readme(manifest, contract),
        "LICENCE.txt": licence(manifest),
        "codebook.csv": codebook(contract),
        "codes.csv": codes(contract),
    }


_APOSTROPHES = """
## Dấu nháy đơn trong CSV / Apostrophes in the CSV

Một ô chữ bắt đầu bằng = + - @, TAB hay CR (hoặc dạng toàn khổ) có thêm dấu ' ở đầu để bảng tính không coi là công thức;
ô đã bắt đầu bằng ' rồi mới đến các ký tự ấy cũng vậy. Bỏ một dấu ' là được giá trị gốc. Số không bị đổi.

A text that begins with = + - @, TAB or CR (or a full-width form) has one ' before it, so that no spreadsheet takes it
for a formula; so has a text that begins with ' and then one of them. Take one ' off to have the value back. Numbers are
as they are.
"""


def readme(manifest: Mapping[str, Any], contract: Contract) -> str:
    """What it is, in both languages."""
    lines: list[str] = []
    limits = contract.description.limitations
    for text in (contract.title, contract.description.purpose, *([limits] if limits else [])):
        lines += [f"# {text.vi}" if not lines else text.vi, "", f"*{text.en}*", ""]
    facts = {
        "Cơ quan công bố / Publisher": _told(manifest["publisher"]["name"]),
        "Giấy phép / Licence": manifest["licence"],
        "Bản công bố / Release": f"{manifest['number']} ({manifest['published_at']})",
        "Số dòng / Rows": manifest["rows"],
        "Nguồn / Source": _told(manifest["source"]),
        "Liên hệ / Contact": manifest["contact"]["email"],
    }
    lines += [f"- {name}: {value}" for name, value in facts.items()]
    lines += ["", "## Tệp / Files", ""]
    known = {f["name"]: FORMATS.get(f["format"]) for f in manifest["files"]}
    lines += [f"- `{name}` – {_pair(f.title)}: {_pair(f.use)}" for name, f in known.items() if f]
    lines += [f"- ({left['format']}: {_told(left['reason'])})" for left in manifest.get("not_written", ())]
    lines += [
        "- `codebook.csv`, `codes.csv` – các trường và danh mục mã / fields and code lists",
        "- `manifest.json` – mã băm, chất lượng, kiểm tra tiết lộ / checksums, quality, disclosure check",
    ]
    return "\n".join(lines) + "\n" + _APOSTROPHES


def licence(manifest: Mapping[str, Any]) -> str:
    """The licence and how to name the source."""
    name, publisher = manifest["licence"], manifest["publisher"]["name"]
    source = f"{_told(publisher)}, {_told(manifest['title'])}, bản / release {manifest['number']}"
    attribution = f"Ghi nguồn / Attribution: {source}, {manifest['published_at'][:10]}."
    return f"{name}\n{LICENCES.get(name, '')}\n\n{attribution}\n"


def codebook(contract: Contract) -> str:
    """The fields, a line each."""
    head = ["field", "title_vi", "title_en", "type", "logical_type", "required", "description_vi", "description_en"]
    rows = [
        [
            f.name, f.title.vi, f.title.en, f.type.odcs_type(f.options)[0], f.logical_type,
            "true" if f.required else "false",
            f.description.vi if f.description else "", f.description.en if f.description else "",
        ]
        for f in contract.open_fields
    ]  # fmt: skip
    return _table([head, *rows])


def codes(contract: Contract) -> str:
    """The codes that fields hold, with their titles."""
    rows = [["field", "code", "title_vi", "title_en"]]
    for field in contract.open_fields:
        if isinstance(field.type, Coded):
            rows += [[field.name, c.code, c.vi, c.en] for c in field.type.codes(field.options).values()]
    return _table(rows)


def _told(text: Mapping[str, str]) -> str:
    return _pair(Bilingual(vi=text["vi"], en=text["en"]))


def _table(rows: list[list[str]]) -> str:
    made = io.StringIO(newline="")
    csv.writer(made, lineterminator="\r\n").writerows([harmless_cell(cell) for cell in row] for row in rows)
    return "\ufeff" + made.getvalue()


def _pair(text: Bilingual) -> str:
    return text.vi if text.vi == text.en else f"{text.vi} / {text.en}"
