"""Test what your policy does under faults: both models are scripted, and they remember what reached them."""

# ruff: noqa: S101 - a test asserts

from pathlib import Path

import pytest

from gateway import CascadeExhaustedError, Router

POLICY = """
version: 1
backends:
  llama: {kind: mock, model: small, local: true, clearance: restricted, answers: [{error: unavailable}]}
  frontier: {kind: mock, model: big, clearance: internal, answers: ["Paris."]}
retries: {attempts: 1}
ledger: memory
rules: [{name: default, use: [llama, frontier]}]
"""


async def test_the_frontier_helps_out_but_never_sees_a_patient(tmp_path: Path) -> None:
    """When the local model is down, an ordinary request goes on; a private one fails instead of leaving."""
    (tmp_path / "policy.yaml").write_text(POLICY)

    async with Router.from_policy(tmp_path / "policy.yaml") as router:
        reply = await router.route("What is the capital of France?")
        with pytest.raises(CascadeExhaustedError, match="level restricted"):
            await router.route("Patient Jane Doe, MRN 448812", tags={"phi"})

        (frontier,) = router.replicas("frontier")
        assert reply.text == "Paris."
        assert len(frontier.seen) == 1
