"""What the environment says."""

from pathlib import Path

import pytest

from gateway.settings import Settings


def test_the_policy_of_the_environment_comes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Then the one in the working directory, then ours."""
    monkeypatch.delenv("GATEWAY_POLICY", raising=False)
    monkeypatch.chdir(tmp_path)
    assert Settings().policy_path() is None

    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "default.yaml").touch()
    assert Settings().policy_path() == Path("policies/default.yaml")

    monkeypatch.setenv("GATEWAY_POLICY", "")
    assert Settings().policy_path() == Path("policies/default.yaml")

    monkeypatch.setenv("GATEWAY_POLICY", "mine.yaml")
    assert Settings().policy_path() == Path("mine.yaml")


@pytest.mark.parametrize(
    ("said", "part"),
    [
        ("memory", {"kind": "memory"}),
        ("books.sqlite3", {"kind": "sqlite", "path": "books.sqlite3"}),
        (None, {"kind": "sqlite", "path": "/state/hybrid-gateway/ledger.sqlite3"}),
    ],
)
def test_the_ledger_is_where_the_environment_says(
    monkeypatch: pytest.MonkeyPatch, said: str | None, part: dict[str, str]
) -> None:
    """A path, `memory`, or a file in the state folder."""
    monkeypatch.setenv("XDG_STATE_HOME", "/state")
    monkeypatch.delenv("GATEWAY_LEDGER", raising=False)
    if said is not None:
        monkeypatch.setenv("GATEWAY_LEDGER", said)

    assert Settings().ledger_part() == part
