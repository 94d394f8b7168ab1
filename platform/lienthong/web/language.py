"""The language of an answer, from Accept-Language: Vietnamese unless English is liked better."""

from starlette.requests import Request

from lienthong.kernel.text import Language


def language(request: Request) -> Language:
    """The language that the caller likes best of the two."""
    liked = {"vi": 0.0, "en": 0.0}
    for part in request.headers.get("accept-language", "").split(","):
        tag, _, weight = part.strip().partition(";")
        primary = tag.partition("-")[0].lower()
        if primary in liked:
            liked[primary] = max(liked[primary], _weight(weight))
    return "en" if liked["en"] > liked["vi"] else "vi"


def _weight(text: str) -> float:
    name, _, value = text.strip().partition("=")
    try:
        return float(value) if name == "q" else 1.0
    except ValueError:
        return 0.0
