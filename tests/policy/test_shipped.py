"""The policies that ship: they hold, they promise nothing that their own tests do not show."""

from pathlib import Path

import pytest

from gateway import plugins
from gateway.policy.load import CheckedPolicy, check_policy, packaged_default
from gateway.policy_tests import run_tests

SHIPPED = sorted(packaged_default().parent.glob("*.yaml"))


def check(path: Path, **environ: str) -> CheckedPolicy:
    return check_policy(path, options_of=plugins.options, kinds_of=plugins.kinds, environ=environ)


def test_three_policies_ship() -> None:
    """One for whoever has none, one for privacy, one for the bill."""
    assert [path.stem for path in SHIPPED] == ["cheapest_first", "default", "private_first"]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_policy_has_no_findings(path: Path) -> None:
    """What we hand out is neither wrong nor odd."""
    assert check(path).warnings == ()


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_policy_says_whom_it_is_for_and_what_it_promises(path: Path) -> None:
    """Its first lines are for people."""
    opening = path.read_text().partition("\n\n")[0]

    assert all(line.startswith("#") for line in opening.splitlines())
    assert "It promises: " in opening
    assert "It does not promise: " in opening


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
async def test_a_shipped_policy_passes_its_own_tests(path: Path) -> None:
    """Every promise is shown by a test in the file."""
    results = await run_tests(check(path).policy)

    assert len(results) >= 6
    assert {
        result.name: [str(mismatch) for mismatch in result.mismatches] for result in results if not result.passed
    } == {}


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_server_elsewhere_is_not_trusted_with_restricted_requests(path: Path) -> None:
    """A URL in the environment cannot make a stranger's machine ours."""
    with pytest.raises(Exception, match="restricted stays on local backends"):
        check(path, LLAMA_URL="http://gpu.example.com:8080")
