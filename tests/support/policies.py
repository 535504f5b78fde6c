"""Small policies and assessments for tests."""

from collections.abc import Mapping
from typing import Any

from gateway.policy.models import Policy
from gateway.types import Assessment, Level


def mock(*answers: object, clearance: str = "restricted", local: bool = True, **keys: Any) -> dict[str, Any]:
    """Return a scripted backend as a policy writes it."""
    script = {"answers": list(answers)} if answers else {}
    return {"kind": "mock", "model": "mock-1", "clearance": clearance, "local": local, **script, **keys}


def policy(backends: Mapping[str, Any], *rules: Mapping[str, Any], **keys: Any) -> Policy:
    """Return a policy; without rules, one that uses every backend in order. Retries do not wait."""
    keys.setdefault("retries", {"attempts": 1, "first_wait_s": 0, "max_wait_s": 0})
    keys.setdefault("ledger", "memory")
    default = {"name": "default", "use": list(backends)}
    return Policy.model_validate({"version": 1, "backends": dict(backends), "rules": rules or (default,), **keys})


ONE_LOCAL = policy({"llama": mock()})


def assessment(**keys: Any) -> Assessment:
    """Return an assessment of a harmless request, changed by `keys`."""
    plain: dict[str, Any] = {
        "level": Level.INTERNAL,
        "level_reasons": (),
        "kinds": frozenset(),
        "tags": frozenset(),
        "regions": None,
        "findings": (),
        "failed_detectors": (),
        "difficulty": 0.2,
        "needs": frozenset(),
        "prompt_tokens": 10,
        "task": None,
        "stakes": "normal",
        "tenant": None,
    }
    return Assessment(**{**plain, **keys})
