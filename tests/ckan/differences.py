"""Where our answer differs from the recorded CKAN 2.12.0 on purpose, and why; docs/ckan.md tells the same to people."""

import re
from dataclasses import dataclass

from tests.ckan.compare import Difference


@dataclass(frozen=True)
class Deliberate:
    """`calls`: pattern of recorded ids; `places`: pattern of the places in an answer that it explains."""

    calls: str
    places: str
    reason: str

    def explains(self, call: str, difference: Difference) -> bool:
        """Is this difference meant?"""
        return bool(re.fullmatch(self.calls, call) and re.fullmatch(self.places, difference.place))


ANYTHING = r".*"
DELIBERATE = [
    Deliberate(r"status_show.*|transport\..*", r"\$\.result\.(site_title|site_description|locale_default|extensions).*",
               "our own name, language and extensions"),
    Deliberate(r"site_read", ANYTHING, "older clients ask it; 2.12 does not know it"),
    Deliberate(r"transport\.get\.repeated_param|package_show\.id_int", ANYTHING, "CKAN crashes (500)"),
    Deliberate(r"package_show\.name_or_id_param", ANYTHING, "accepted: datopian's client sends it"),
    Deliberate(r"auth\.x_ckan_api_key|auth\.bearer", ANYTHING, "both headers and Bearer are taken: ckan.js sends only X-CKAN-API-Key"),
    Deliberate(r"resource_create\.upload_wrong_field|vocabulary_delete\.nonempty|datastore_search_sql\.(types|missing|div0)"
               r"|dump\.(bad_format|unknown_filter)|datastore_upsert\.insert_many_include_records|html /organization/so-y-te",
               ANYTHING, "CKAN crashes (500)"),
    Deliberate(r"resource_create\.upload_fake_pdf", ANYTHING, "an upload that is not what it says is refused"),
    Deliberate(r"datastore_search_sql\.cte|dump\.alias", ANYTHING, "WITH and aliases work"),
    Deliberate(r"datastore_(search|upsert|create|delete|search_sql)\..*", r"\$\.error\.info\.(statement|params).*", "no SQL in answers"),
    Deliberate(r"html /(sitemap\.xml|catalog\.rdf|dataset/chat-luong-nuoc\.(rdf|json))", ANYTHING, "we have it"),
]  # fmt: skip


def reason(call: str, difference: Difference) -> str | None:
    """Why the difference is meant, or None."""
    return next((given.reason for given in DELIBERATE if given.explains(call, difference)), None)
