"""/docs/odrl: the ODRL profile, the few words that exported agreements use beside the core vocabulary."""

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from lienthong.access.services import Services
from lienthong.governance.agreements.items import purpose_title
from lienthong.governance.agreements.odrl import MEDIA_TYPE, PROFILE, purpose_iri
from lienthong.kernel.text import Bilingual, both

WORDS = {
    "log": ("Action", both("ghi sổ mỗi lần đọc", "record every read in the ledger")),
    "field": ("LeftOperand", both("trường được đọc", "a field that may be read")),
    "maskedField": ("LeftOperand", both("trường chỉ thấy qua mặt nạ", "a field that is seen through its mask only")),
    "rowFilter": (
        "LeftOperand",
        both("bộ lọc dòng theo ngữ pháp của nền tảng", "a row filter in the platform's grammar"),
    ),
    "rowsPerDay": ("LeftOperand", both("số dòng mỗi ngày", "rows a day")),
    "state": ("Property", both("trạng thái của thỏa thuận", "the state of the agreement")),
    "clauses": ("Property", both("điều khoản theo NĐ 47/2020 Điều 38", "clauses under Decree 47/2020 Article 38")),
}


def router(services: Services) -> APIRouter:
    """The page of the profile."""
    found = APIRouter()

    async def profile(_: Request) -> Response:
        site, registry = services.settings.public_url, services.registry
        words = [_word(site + PROFILE + name, f"odrl:{kind}", text) for name, (kind, text) in WORDS.items()]
        purposes = [
            _word(purpose_iri(site, code), "skos:Concept", purpose_title(registry, code))
            for code in sorted(registry.purposes)
        ]
        context = {
            "odrl": "http://www.w3.org/ns/odrl/2/",
            "skos": "http://www.w3.org/2004/02/skos/core#",
            "label": "skos:prefLabel",
        }
        body = {"@context": context, "@id": site + PROFILE.rstrip("#"), "@graph": words + purposes}
        return Response(orjson.dumps(body), media_type=MEDIA_TYPE, headers={"Cache-Control": "public, max-age=300"})

    found.add_route("/docs/odrl", profile, methods=["GET", "HEAD"])
    return found


def _word(iri: str, kind: str, text: Bilingual) -> dict[str, object]:
    return {
        "@id": iri,
        "@type": kind,
        "label": [{"@value": value, "@language": language} for language, value in text],
    }
