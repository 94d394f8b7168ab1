"""Forms of pages: read whole, of bounded size, and believed only when this session's own page sent them."""

from urllib.parse import parse_qsl

from lienthong.kernel.problem import Invalid, NotPermitted
from lienthong.kernel.text import both, nfc
from lienthong.portal.page import Page
from lienthong.web.body import whole
from lienthong.web.origin import same_origin

# A letter of Vietnamese is sent as nine signs, and a request for data has a dozen texts of 2,000 letters.
MAX_FORM_BYTES = 262_144
Form = dict[str, list[str]]


async def form(page: Page) -> dict[str, str]:
    """The fields of a form of this session, the last of each name. Raises NotPermitted, Invalid."""
    return {name: values[-1] for name, values in (await fields(page)).items()}


async def fields(page: Page, *, csrf: bool = True) -> Form:
    """The same with every value. `csrf` False: nobody is signed in, so there is no session to forge."""
    same_origin(page.request, page.services.settings)
    try:
        raw = (await whole(page.request, MAX_FORM_BYTES)).decode("ascii")
        pairs = parse_qsl(raw, keep_blank_values=True, errors="strict", max_num_fields=200)
    except ValueError as error:
        raise Invalid(both("Biểu mẫu không đọc được", "The form cannot be read")) from error
    found: Form = {}
    for name, value in pairs:
        if "\0" in value:
            raise Invalid(both("Biểu mẫu không đọc được", "The form cannot be read"), place=name[:40])
        found.setdefault(name, []).append(nfc(value))
    if csrf and not page.services.directory.sessions.fits(page.cookie, found.get("csrf", [""])[-1]):
        raise NotPermitted(
            both("Biểu mẫu không còn hiệu lực", "The form is no longer valid"),
            place="csrf",
            fix=both("Mở lại trang rồi gửi lại", "Open the page again and send it once more"),
        )
    return found
