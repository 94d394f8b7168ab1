"""How federation speaks to others: through `requests` and ckanapi, each request by the house's one way out.

Every address, also one that an answer redirects to, is looked at before it is spoken to; what comes back is bounded
in size, each answer and all of them together, and so is the time of the whole run.
"""

import time
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import requests
from ckanapi import RemoteCKAN
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from lienthong.kernel import egress
from lienthong.kernel.problem import Invalid, Unavailable
from lienthong.kernel.text import both

AGENT = "lienthong-federation/1"
_TRIES = 3
_AGAIN = frozenset({429, 502, 503, 504})


@dataclass(frozen=True)
class Limits:
    """Bounds of a run: of one answer (`answer_bytes`, `answer_seconds`), and of all together."""

    answer_bytes: int = 64_000_000
    answer_seconds: float = 120.0
    bytes: int = 2_000_000_000
    seconds: float = 4 * 3600.0
    datasets: int = 500_000
    pages: int = 20_000


class Web(BaseAdapter):
    """A way out with bounds; `requests` counts what was asked."""

    def __init__(self, allowed: str, limits: Limits | None = None) -> None:
        super().__init__()
        self.limits = limits or Limits()
        self.requests = 0
        self._allowed = allowed
        self._read = 0
        self._until = time.monotonic() + self.limits.seconds
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.max_redirects = 5
        # Nothing is unpacked: a small answer could become a huge one.
        self.session.headers.update({"Accept-Encoding": "identity", "User-Agent": AGENT})
        for scheme in ("http://", "https://"):
            self.session.mount(scheme, self)

    def ckan(self, url: str, token: str | None = None, *, reads: bool = False) -> RemoteCKAN:
        """CKAN's own client for a site."""
        site = url.rstrip("/").removesuffix("/api/3/action").removesuffix("/api/3").removesuffix("/api")
        made = RemoteCKAN(site, apikey=token, user_agent=AGENT, get_only=reads, session=self.session)
        made.base_url = "api/3/action/"
        return made

    def get(self, url: str, accept: str) -> requests.Response:
        """A document. Raises Unavailable when there is none."""
        try:
            answer = self.session.get(url, headers={"Accept": accept})
        except requests.RequestException as error:
            raise unavailable(url, error) from error
        if answer.status_code != 200:
            raise unavailable(url, f"HTTP {answer.status_code}")
        return answer

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        """One request as `requests` prepared it; a read is tried again when the other side is busy."""
        for attempt in range(_TRIES):
            try:
                answer = self._sent(request)
            except egress.NotReached as error:
                if request.method != "GET" or attempt == _TRIES - 1 or time.monotonic() > self._until:
                    raise requests.ConnectionError(f"{request.url}: {error}") from error
            else:
                if request.method != "GET" or answer.status not in _AGAIN or attempt == _TRIES - 1:
                    return _response(request, answer)
            time.sleep(0.3 * 2**attempt)
        raise requests.ConnectionError(str(request.url))

    def _sent(self, request: requests.PreparedRequest) -> egress.Answer:
        left = self._until - time.monotonic()
        if left <= 0 or self._read > self.limits.bytes:
            detail = both("Nguồn quá lớn hoặc quá chậm", "The source is too large or too slow")
            raise Unavailable(detail, place=str(request.url))
        self.requests += 1
        given: Any = request.body
        body = given.encode() if isinstance(given, str) else given
        headers = {name: value if isinstance(value, str) else value.decode() for name, value in request.headers.items()}
        asked = egress.Asked(str(request.method), str(request.url), headers, body)
        most = self.limits.answer_bytes
        seconds = min(left, self.limits.answer_seconds)
        try:
            answer = egress.send(asked, self._allowed, egress.Limits(seconds, min(seconds, 60.0), most + 1))
        except egress.NotPublic as error:
            if self.requests > 1:  # where the source sends us is not what our people asked for
                raise
            raise _inner(error, asked.url, self._allowed) from error
        self._read += len(answer.body)
        if len(answer.body) > most:
            detail = both(f"Trả lời dài hơn {most:,} byte", f"The answer is longer than {most:,} bytes")
            raise Invalid(detail, place=str(request.url))
        return answer

    def close(self) -> None:
        """Nothing is kept open."""


def _inner(error: egress.NotPublic, url: str, allowed: str) -> Invalid:
    """The refusal of an address that the installation could allow, with the setting that does."""
    setting = "LIENTHONG_FEDERATION_ALLOW=" + ",".join(filter(None, (allowed, urlsplit(url).netloc)))
    fix = both(f"Nếu tin cậy máy nội bộ này: đặt {setting}", f"If this inner host is trusted: set {setting}")
    return Invalid(error.detail, place=url, fix=fix)


def _response(request: requests.PreparedRequest, answer: egress.Answer) -> requests.Response:
    made = requests.Response()
    made.status_code, made.url, made.request = answer.status, str(request.url), request
    made.headers = CaseInsensitiveDict[str]({**answer.headers})
    made.headers.pop("Set-Cookie", None)
    made.raw = BytesIO(answer.body)
    made._content = answer.body
    made.encoding = "utf-8"
    return made


def unavailable(place: str, error: object) -> Unavailable:
    """The problem of another site that does not answer as it should."""
    return Unavailable(
        both(f"Không đọc được nguồn: {error}"[:400], f"The source cannot be read: {error}"[:400]), place=place
    )
