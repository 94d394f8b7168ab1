"""How to reach somebody: telephone, e-mail, web address."""

from typing import Any

from lienthong.contract.types.base import Options
from lienthong.contract.types.pattern import PatternType
from lienthong.kernel.text import both


class Phone(PatternType):
    """A Vietnamese telephone number, stored as dialled in the country: `0xxxxxxxxx`.

    Mobile numbers of 10 digits, land lines of 11 (02x), hot lines 1800/1900. `+84`, `0084` and separators are
    brought to that form; a leading plus sign would be taken for a formula by spreadsheets.
    """

    name = "phone"
    bare = True
    pattern = r"0[35789][0-9]{8}|02[0-9]{9}|1[89]00[0-9]{4}([0-9]{2})?"
    form = both("số điện thoại Việt Nam", "a Vietnamese telephone number")
    example = "02053812345"
    replacements = ((r"[ .()-]", ""), (r"^(\+|00)84(0?)", "0"))
    max_length = 11


class Email(PatternType):
    """An e-mail address, in lower case."""

    name = "email"
    bare = True
    pattern = r"[A-Za-z0-9_+-]+(\.[A-Za-z0-9_+-]+)*@([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,24}"
    form = both("địa chỉ thư điện tử", "an e-mail address")
    example = "lienhe@langson.gov.vn"
    max_length = 254
    lower = True

    def json_schema(self, options: Options) -> dict[str, Any]:
        return {"type": "string", "format": "email", "maxLength": self.max_length}

    def odcs_type(self, options: Options) -> tuple[str, dict[str, Any]]:
        return "string", {"format": "email", "maxLength": self.max_length}


class Url(PatternType):
    """A web address, http or https only, without user name; what could leave an HTML attribute is refused."""

    name = "url"
    bare = True
    pattern = (
        r"https?://[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*"
        r"(:[0-9]{1,5})?([/?#][^\x00-\x20\x7f\x22\x27<>\x5c]*)?"
    )
    form = both("địa chỉ web http hoặc https", "an http or https address")
    example = "https://dichvucong.gov.vn"
    max_length = 2000

    def json_schema(self, options: Options) -> dict[str, Any]:
        return {"type": "string", "format": "uri", "maxLength": self.max_length}

    def odcs_type(self, options: Options) -> tuple[str, dict[str, Any]]:
        return "string", {"format": "uri", "maxLength": self.max_length}
