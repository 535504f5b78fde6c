"""Finds credentials: keys of providers, private keys, signed tokens, passwords in addresses and in assignments.

Linear in the text: one search looks for the marks of all keys, one for all names of secrets, and what stands there is
read once. A placeholder (`sk-xxxx`, `<your key>`, `${TOKEN}`) is no secret; where that is unsure the finding is weak.
"""

from bisect import bisect_left
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from operator import attrgetter

from pydantic import BaseModel, ConfigDict, Field, field_validator

from gateway.detectors._assigned import assigned
from gateway.detectors._columns import columns
from gateway.detectors._foreign import foreign
from gateway.detectors._key_patterns import KEY_PATTERNS
from gateway.detectors._keys import Hit, Keys
from gateway.detectors._logins import logins
from gateway.detectors._near import near
from gateway.detectors._normal import has_escapes
from gateway.detectors._page import Page, known_types, read
from gateway.detectors._provider_keys import KEY_SHAPES
from gateway.detectors._scan import scannable
from gateway.detectors._signed import private_keys, web_tokens
from gateway.types import Finding

OWN_TYPES = (
    *("PRIVATE_KEY", "SERVICE_ACCOUNT", "JSON_WEB_TOKEN", "CONNECTION_STRING", "HTTP_BASIC_AUTH", "PASSWORD", "TOKEN"),
)
TYPES = tuple(
    dict.fromkeys((*(shape.type for shape in KEY_SHAPES), *(pattern.type for pattern in KEY_PATTERNS), *OWN_TYPES))
)


class Options(BaseModel):
    """What to leave out, by type."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    without: tuple[str, ...] = Field(
        default=(), description="Types that are not looked for: PASSWORD, GITHUB_TOKEN ..."
    )

    @field_validator("without")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return known_types(names, TYPES)


@asynccontextmanager
async def build(options: Options) -> AsyncIterator["SecretDetector"]:
    """Build the detector; nothing is opened."""
    yield SecretDetector(without=frozenset(options.without))


class SecretDetector:
    """Finds credentials, less the types `without`; may be called in several threads."""

    def __init__(self, *, without: frozenset[str] = frozenset()) -> None:
        self._without = without
        self._keys = Keys(without)

    def detect(self, text: str) -> Sequence[Finding]:
        """Return the findings in the order of the text; none overlap."""
        # As it stands first: a password may hold what looks like an escape.
        found = read(text, "secrets", self._look, escapes=False)
        if not has_escapes(text):
            return found
        taken = sorted((finding.start, finding.end) for finding in found)
        hidden = read(text, "secrets", self._look, escapes=True)
        return sorted((*found, *(one for one in hidden if _is_free(one, taken))), key=attrgetter("start"))

    def _look(self, page: Page) -> None:
        # What is found first has the place: what says most comes first.
        for type_, start, end, strength in self._hits(page):
            if type_ not in self._without:
                page.claim(start, end, kind="secret", type=type_, strength=strength)

    def _hits(self, page: Page) -> Iterator[Hit]:
        text, scanned = page.text, scannable(page.text)
        yield from private_keys(text)
        yield from web_tokens(text)
        yield from self._keys.find(text, scanned)
        yield from logins(page)
        yield from assigned(text, scanned)
        yield from foreign(page)
        yield from columns(page)
        yield from near(text, scanned)


def _is_free(finding: Finding, taken: Sequence[tuple[int, int]]) -> bool:
    """Whether no span of `taken`, which is sorted and has no two that overlap, overlaps the finding."""
    place = bisect_left(taken, (finding.end, 0))
    return place == 0 or taken[place - 1][1] <= finding.start
