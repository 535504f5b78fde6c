"""Errors travel: a process pool or a task queue pickles them."""

import pickle

import pytest

from gateway import errors
from gateway.label import Label

ALL = [
    errors.PolicyError(["p.yaml:1:1: wrong", "p.yaml:2:1: wrong too"]),
    errors.NoEligibleBackendError("nobody", reasons={"a": "out"}, entry_id="e1"),
    errors.NoClearedBackendError("nobody", reasons={"a": "out"}, rule="r", label=Label(kinds=frozenset({"phi"}))),
    errors.CascadeExhaustedError("all failed", attempts=["one"], entry_id="e2"),
    errors.RateLimitedError("slow down", backend="a", status=429, retry_after=2.0),
    errors.BackendUnavailableError("gone", backend="a", reached=True),
]


@pytest.mark.parametrize("error", ALL, ids=lambda error: type(error).__name__)
def test_an_error_keeps_its_fields_on_its_way(error: errors.GatewayError) -> None:
    """What a worker raised can be handled where it is caught."""
    # Our own errors, made a line above.
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301

    assert type(copy) is type(error)
    assert (str(copy), vars(copy)) == (str(error), vars(error))


@pytest.mark.parametrize(
    ("error", "status", "type_", "code"),
    [
        (errors.NoClearedBackendError("m", reasons={}), 403, "request_forbidden", "no_cleared_backend"),
        (errors.NoEligibleBackendError("m", reasons={}), 503, "server_error", "no_backend"),
        (errors.CascadeExhaustedError("m", attempts=()), 502, "server_error", "cascade_exhausted"),
        (errors.BudgetExceededError("m"), 429, "insufficient_quota", "budget_exceeded"),
        (errors.InvalidRequestError("m"), 400, "invalid_request_error", "invalid_request"),
    ],
)
def test_an_error_says_itself_as_openai_does(
    error: errors.RoutingError | errors.InvalidRequestError, status: int, type_: str, code: str
) -> None:
    """A server gives this status and this body, which clients of OpenAI's read."""
    assert error.status == status
    assert error.openai() == {"error": {"message": "m", "type": type_, "code": code, "param": None}}
