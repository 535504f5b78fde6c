"""The error tree.

GatewayError
├── InvalidRequestError            the request itself is malformed: nothing was asked
├── RowsError                      a file of rows was refused whole: `.problems`, each with file and line
├── ConfigurationError             the policy or the environment is wrong: nothing was opened
│   ├── PolicyError                with `.problems`, each with file, line, column
│   ├── PriceFileError             a file of prices was refused: `.problems`, each with its place
│   ├── UnknownKindError
│   ├── ModelFileError             a model file is missing, was changed, or is of another version
│   └── LicenceError
├── RoutingError                   the pipeline ended without an answer
│   ├── NoEligibleBackendError     nobody may or can answer: `.reasons`, `.rule`, `.label`
│   │   └── NoClearedBackendError  nobody who is asked may see the request: 403
│   ├── CascadeExhaustedError      everybody who may answer failed: `.attempts`
│   └── BudgetExceededError
├── BackendError                   one attempt failed: `.backend`, `.transient`
│   ├── BackendTimeoutError        transient
│   ├── BackendUnavailableError    transient
│   ├── RateLimitedError           transient, `.retry_after` in seconds
│   ├── AuthenticationError
│   ├── ContextWindowExceededError
│   ├── ContentFilteredError
│   ├── RequestRejectedError
│   ├── MalformedResponseError
│   ├── NotClearedError            the call had no clearance for where it was going: nothing was sent
│   ├── AbandonedError             the caller went away before the answer was complete
│   └── BackendBrokenError         the backend's own code failed: a fault of the part
├── DetectorError                  a detector cannot say what a text holds: the strictest level holds
├── FeedbackRefusedError           the wrong key, or too much of it: nothing was kept
└── LedgerError                    the books cannot be opened, read or written
    ├── UnfitLedgerError           damaged, newer, tampered with or somebody else's: a person must look
    └── UnbookableError            this entry cannot be kept, others can

No message, repr or attribute holds a prompt, an answer or a key.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from gateway.label import Label


class GatewayError(Exception):
    """Everything this library raises on purpose."""


class _PortableError(GatewayError):
    """An error with fields of its own, which it keeps when it is pickled (a process pool, a task queue)."""

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuilt, (type(self), self.args, self.__dict__)


def _rebuilt(kind: type[_PortableError], arguments: tuple[object, ...], fields: Mapping[str, object]) -> _PortableError:
    error = kind.__new__(kind, *arguments)
    error.__dict__.update(fields)
    return error


class Problem(str):
    """One located fault of a policy or of rows, as the line that is shown: `FILE:LINE:COLUMN: what; remedy`."""

    __slots__ = ()


class InvalidRequestError(GatewayError, ValueError):
    """The request is malformed; it was neither sent nor recorded. `status` is what a server says: 400."""

    code: ClassVar[str] = "invalid_request"
    status: ClassVar[int] = 400

    def openai(self) -> dict[str, object]:
        """Return the body that a server gives, in the shape of OpenAI's errors."""
        return _openai(str(self), status=self.status, code=self.code)


class RowsError(_PortableError):
    """A file of rows was refused whole; `problems` has one line a fault, each with its file and line."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(Problem(problem) for problem in problems)


class ConfigurationError(GatewayError):
    """The policy, the environment or the installation is wrong; nothing was opened."""


class PolicyError(ConfigurationError, _PortableError):
    """A policy was refused whole; `problems` has one line a fault, each with its place."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(Problem(problem) for problem in problems)


class PriceFileError(ConfigurationError, _PortableError):
    """A file of prices was refused whole; `problems` has one line a fault, each with its place."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(Problem(problem) for problem in problems)


class UnknownKindError(ConfigurationError):
    """A `kind` names no part that is installed."""


class ModelFileError(ConfigurationError):
    """A trained model cannot be used: its file is missing, was changed, or is of another version."""


class LicenceError(ConfigurationError):
    """A model's licence is unknown or forbids what the policy does."""


class RoutingError(_PortableError):
    """The pipeline ended without an answer; the ledger has the entry `entry_id`. `status` is what a server says."""

    code: ClassVar[str] = "routing_failed"
    # A cause of its own may ask for another status than its class.
    status: int = 500
    param: str | None = None

    def __init__(self, message: str, *, entry_id: str | None = None) -> None:
        super().__init__(message)
        self.entry_id = entry_id

    def openai(self) -> dict[str, object]:
        """Return the body that a server gives, in the shape of OpenAI's errors; no text of the prompt is in it."""
        return _openai(str(self), status=self.status, code=self.code, param=self.param)


class NoEligibleBackendError(RoutingError):
    """No backend may see or can take the request; `reasons` says why, by backend, `rule` which rule was to decide.

    `label` is how private the request was. `status` is 503 where somebody who may answer is not there, else 400;
    `param` names what of the request is wrong, where that is known.
    """

    code: ClassVar[str] = "no_backend"
    status: int = 503

    def __init__(
        self,
        message: str,
        *,
        reasons: Mapping[str, str],
        entry_id: str | None = None,
        rule: str | None = None,
        label: Label | None = None,
    ) -> None:
        super().__init__(message, entry_id=entry_id)
        self.reasons = dict(reasons)
        self.rule = rule
        self.label = label


class NoClearedBackendError(NoEligibleBackendError):
    """Nobody whom the rule or the pin names may see the request: by level, kind, region or retention."""

    code: ClassVar[str] = "no_cleared_backend"
    status: int = 403


class CascadeExhaustedError(RoutingError):
    """Every backend that was allowed to answer failed; `attempts` has them in order."""

    code: ClassVar[str] = "cascade_exhausted"
    status: int = 502

    def __init__(self, message: str, *, attempts: Sequence[object], entry_id: str | None = None) -> None:
        super().__init__(message, entry_id=entry_id)
        self.attempts = tuple(attempts)


class BudgetExceededError(RoutingError):
    """A spending limit of the policy is reached."""

    code: ClassVar[str] = "budget_exceeded"
    status: int = 429


class BackendError(_PortableError):
    """One attempt at one backend failed; `transient` says whether the same call may go through later."""

    transient: ClassVar[bool] = False
    code: ClassVar[str] = "backend_error"

    def __init__(self, message: str, *, backend: str, status: int | None = None) -> None:
        super().__init__(message)
        self.backend = backend
        self.status = status


class BackendTimeoutError(BackendError):
    """No answer within the time allowed."""

    transient: ClassVar[bool] = True
    code: ClassVar[str] = "timeout"


class BackendUnavailableError(BackendError):
    """No connection, or a server-side fault (5xx); `reached` where the server had the request, and may bill it."""

    transient: ClassVar[bool] = True
    code: ClassVar[str] = "unavailable"

    def __init__(self, message: str, *, backend: str, status: int | None = None, reached: bool = False) -> None:
        super().__init__(message, backend=backend, status=status)
        self.reached = reached


class RateLimitedError(BackendError):
    """Too many requests (429); `retry_after` in seconds where the server said so."""

    transient: ClassVar[bool] = True
    code: ClassVar[str] = "rate_limited"

    def __init__(
        self, message: str, *, backend: str, status: int | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(message, backend=backend, status=status)
        self.retry_after = retry_after


class AuthenticationError(BackendError):
    """The key is missing, wrong or not allowed (401, 403)."""

    code: ClassVar[str] = "authentication"


class ContextWindowExceededError(BackendError):
    """The prompt does not fit into the model's context."""

    code: ClassVar[str] = "context_window"


class ContentFilteredError(BackendError):
    """The provider refused on grounds of content."""

    code: ClassVar[str] = "content_filtered"


class RequestRejectedError(BackendError):
    """The backend says the request is wrong (other 4xx)."""

    code: ClassVar[str] = "rejected"


class MalformedResponseError(BackendError):
    """The backend answered with something that is no completion."""

    code: ClassVar[str] = "malformed_response"


class NotClearedError(BackendError):
    """The call had no clearance for the backend or the place that it was going to; nothing was sent."""

    code: ClassVar[str] = "not_cleared"


class AbandonedError(BackendError):
    """The caller went away before the answer was complete; the upstream connection was closed."""

    code: ClassVar[str] = "abandoned"


class BackendBrokenError(BackendError):
    """The backend's own code failed: a fault of the part, logged with its trace. What the call cost is unknown."""

    code: ClassVar[str] = "broken"


class DetectorError(GatewayError):
    """A detector cannot say what a text holds; the request counts as if everything was found."""


class FeedbackRefusedError(GatewayError):
    """Feedback was not taken: its key is wrong, or its tenant has given as much as a day allows. Nothing was kept."""


class LedgerError(GatewayError):
    """The ledger cannot be opened, read or written."""


class UnfitLedgerError(LedgerError):
    """What stands in the ledger's place is none of ours, newer, damaged or tampered with; it was left as it is.

    That does not pass by itself: nothing is kept aside for such a ledger.
    """


class UnbookableError(LedgerError):
    """An entry cannot be kept for what is in it; others can."""


_TYPES = {400: "invalid_request_error", 403: "request_forbidden", 429: "insufficient_quota"}


def _openai(message: str, *, status: int, code: str, param: str | None = None) -> dict[str, object]:
    return {"error": {"message": message, "type": _TYPES.get(status, "server_error"), "code": code, "param": param}}
