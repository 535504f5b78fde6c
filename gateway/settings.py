"""What the environment says: `GATEWAY_POLICY` and `GATEWAY_LEDGER`. Keys of providers are read by their backends."""

import os
from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """The process-wide settings; every field is an environment variable with the prefix `GATEWAY_`."""

    # `GATEWAY_POLICY=` counts as unset, as it does in a shell.
    model_config = SettingsConfigDict(env_prefix="GATEWAY_", extra="ignore", frozen=True, env_ignore_empty=True)

    policy: Path | None = None
    ledger: str | None = None

    def policy_path(self) -> Path | None:
        """Return the policy to use: `GATEWAY_POLICY`, else `policies/default.yaml` here, else None (ours)."""
        if self.policy is not None:
            return self.policy
        here = Path("policies/default.yaml")
        return here if here.is_file() else None

    def ledger_part(self) -> dict[str, str]:
        """Return the ledger to use where the policy names none: `GATEWAY_LEDGER` (a path, or `memory`), else a file."""
        if self.ledger == "memory":
            return {"kind": "memory"}
        state = Path(os.environ.get("XDG_STATE_HOME") or "~/.local/state")
        return {"kind": "sqlite", "path": self.ledger or str(state / "hybrid-gateway" / "ledger.sqlite3")}
