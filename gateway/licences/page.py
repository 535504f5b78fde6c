"""Whether the texts to display stand on a page: read as people see it, compared to the letter, kept as a hash.

Only the one page that the policy names is read: a file, or a URL at its own host. That a text is prominent is for
people to say.
"""

import hashlib
import re
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx

from gateway.errors import LicenceError

MOST_BYTES = 2_000_000
LONGEST_S = 10.0
MOST_HOPS = 3
# What no reader sees.
_UNSEEN = frozenset({"script", "style", "template", "head", "noscript"})
_HIDING = re.compile(r"display:none|visibility:(hidden|collapse)|(font-size|opacity):0(?![.\d]*[1-9])")
# A mark of HTML, not the `<https://...>` of Markdown.
_HTML = re.compile(r"<(!|/|[A-Za-z][A-Za-z0-9-]*[\s/>])")
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_FINE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page as it was read: where, its hash, and its words with one space between them."""

    place: str
    sha256: str
    text: str = field(repr=False)

    def has(self, texts: Iterable[str]) -> Mapping[str, bool]:
        """Return which of these texts stand on it, to the letter."""
        return {text: _stands(" ".join(text.split()), self.text) for text in texts}


def _stands(text: str, page: str) -> bool:
    """Whether a text stands there as words of its own: `Llama 3` does not in `Llama 3.1`."""
    return re.search(rf"(?<!\w){re.escape(text)}(?!\w|\.\d)", page) is not None


def read_file(path: Path) -> Page:
    """Return a page of a file; raises `LicenceError` where it cannot be read."""
    try:
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise LicenceError(
            f"the page {str(path)!r} cannot be read: {reason}; mend licences.attribution.file"
        ) from error
    return _page(str(path), raw)


def read_url(url: str, *, clock: Callable[[], float] = time.monotonic) -> Page:
    """Return a page of the web; raises `LicenceError` where it is not there, too long, too slow or at another host."""
    host = _host(url)
    late = _Late(clock)
    place = url
    try:
        with httpx.Client(follow_redirects=False, trust_env=False, timeout=LONGEST_S) as client:
            for _ in range(MOST_HOPS):
                with client.stream("GET", place, headers={"accept": "text/html, text/plain"}) as answer:
                    if answer.status_code in _REDIRECTS:
                        place = urljoin(place, answer.headers.get("location", ""))
                        if _host(place) != host:
                            raise _unread(url, f"it sends to another host, {_host(place)}")
                        continue
                    if answer.status_code != _FINE:
                        raise _unread(url, f"its server says {answer.status_code}")
                    return _page(url, _body(answer, url, late))
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise _unread(url, type(error).__name__) from error
    raise _unread(url, f"it redirects more than {MOST_HOPS} times")


class _Late:
    """Whether the page as a whole has taken too long."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._until = clock() + LONGEST_S

    def __call__(self) -> bool:
        return self._clock() > self._until


def _body(answer: httpx.Response, url: str, late: "_Late") -> bytes:
    raw = bytearray()
    for chunk in answer.iter_bytes():
        raw += chunk
        if len(raw) > MOST_BYTES:
            break
        if late():
            raise _unread(url, "it takes too long")
    return bytes(raw)


def _host(url: str) -> tuple[str, str | None, int | None]:
    with suppress(ValueError):
        parts = urlsplit(url)
        return parts.scheme, parts.hostname, parts.port
    return "", None, None


def _unread(url: str, why: str) -> LicenceError:
    return LicenceError(f"the page {url!r} cannot be read: {why}; mend it, or licences.attribution.url")


def _page(place: str, raw: bytes) -> Page:
    if len(raw) > MOST_BYTES:
        raise LicenceError(f"the page {place!r} is larger than {MOST_BYTES:,} bytes; name one that is a page")
    text = raw.decode("utf-8", "replace")
    if _HTML.search(text):
        seen = _Seen()
        seen.feed(text)
        seen.close()
        text = "".join(seen.words)
    return Page(place=place, sha256=hashlib.sha256(raw).hexdigest(), text=" ".join(text.split()))


class _Seen(HTMLParser):
    """Collects what is shown of a page: no comment, no script, nothing that is hidden."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self._unseen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Stop reading where something is hidden."""
        if tag == "body" and self._unseen[:1] == ["head"]:
            # A head may end without a mark.
            self._unseen.clear()
        hidden = any(
            name == "hidden" or (name == "style" and _HIDING.search("".join((value or "").casefold().split())))
            for name, value in attrs
        )
        if tag in _UNSEEN or self._unseen or hidden:
            if tag not in _VOID:
                self._unseen.append(tag)
        elif tag in _BLOCKS:
            self.words.append("\n")

    def handle_endtag(self, tag: str) -> None:
        """Read on where what was hidden ends."""
        if tag in self._unseen:
            while self._unseen and self._unseen.pop() != tag:
                pass
        elif tag in _BLOCKS:
            self.words.append("\n")

    def handle_data(self, data: str) -> None:
        """Keep what is shown."""
        if not self._unseen:
            self.words.append(data)


_VOID = frozenset(
    {"br", "img", "input", "meta", "link", "hr", "area", "base", "col", "embed", "source", "track", "wbr"}
)
_BLOCKS = frozenset({"br", "p", "div", "li", "td", "th", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "section", "footer"})
