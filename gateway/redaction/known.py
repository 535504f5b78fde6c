"""The values that were found in a request, looked for in what others make of it: whole, escaped, and cut in two."""

import json
from collections.abc import Iterable, Iterator

from gateway.leaves import scanned_text
from gateway.redaction.redact import MOST_PLACES, MOST_VALUES, lower
from gateway.types import Finding, Request

_LEAST = 4


class Known:
    """The values of findings; in no `repr`. Where they `are_too_many`, looking for each would take seconds."""

    def __init__(self, request: Request, findings: Iterable[Finding]) -> None:
        text = lower(scanned_text(request))
        values = {text[max(0, finding.start) : finding.end]: finding for finding in findings}
        self.are_too_many = len(values) > MOST_VALUES
        self._values = {form: finding for value, finding in values.items() for form in _forms(value)}

    def found(self, request: Request) -> list[Finding]:
        """Return where they stand in another request, as findings; none beyond a bound that no redaction takes."""
        text, found = lower(scanned_text(request)), list[Finding]()
        for value, finding in self._values.items():
            start = text.find(value)
            while start >= 0 and len(found) <= MOST_PLACES:
                end = start + len(value)
                found.append(_at(finding, start, end))
                start = text.find(value, end)
        return found

    def is_in(self, text: str) -> bool:
        """Whether half of one, or more, stands in a text: whoever shortens a text may cut through a value."""
        text = lower(text)
        return any(half in text for value in self._values for half in _halves(value))


def _forms(value: str) -> Iterator[str]:
    """Yield a value as it is written, and as JSON writes it, inside JSON as well."""
    once = json.dumps(value)[1:-1]
    yield from {value, once, json.dumps(once)[1:-1]} - {""}


def _halves(value: str) -> tuple[str, ...]:
    length = max(_LEAST, -(-len(value) // 2))
    return (value[:length], value[-length:])


def _at(finding: Finding, start: int, end: int) -> Finding:
    return Finding(
        kind=finding.kind,
        type=finding.type,
        start=start,
        end=end,
        strength=finding.strength,
        detector=finding.detector,
    )
