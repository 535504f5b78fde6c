"""Errors travel: a process pool or a task queue pickles them."""

import pickle

import pytest

from gateway import errors

ALL = [
    errors.PolicyError(["p.yaml:1:1: wrong", "p.yaml:2:1: wrong too"]),
    errors.NoEligibleBackendError("nobody", reasons={"a": "out"}, entry_id="e1"),
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
