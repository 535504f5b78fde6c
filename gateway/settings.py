"""What the environment says: `GATEWAY_POLICY`, `GATEWAY_LEDGER`, `GATEWAY_PRICES`, `GATEWAY_AUDIT_KEY`.

Backends read their own keys.
"""

import os
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from gateway.errors import ConfigurationError

# What is shorter can be tried out.
_SHORTEST_KEY = 16


class Settings(BaseSettings):
    """The process-wide settings; every field is an environment variable with the prefix `GATEWAY_`."""

    # `GATEWAY_POLICY=` counts as unset, as it does in a shell.
    model_config = SettingsConfigDict(env_prefix="GATEWAY_", extra="ignore", frozen=True, env_ignore_empty=True)

    policy: Path | None = None
    # A database's URL may have a password in it.
    ledger: str | None = Field(default=None, repr=False)
    prices: Path | None = None
    audit_key: SecretStr | None = None

    def policy_path(self) -> Path | None:
        """Return the policy to use: `GATEWAY_POLICY`, else `policies/default.yaml` here, else None (ours)."""
        if self.policy is not None:
            return self.policy
        here = Path("policies/default.yaml")
        return here if here.is_file() else None

    def ledger_part(self) -> dict[str, str]:
        """Return the ledger to use where the policy names none: `GATEWAY_LEDGER`, else a file.

        It is a path, the URL of a PostgreSQL database, or `memory`.
        """
        if self.ledger == "memory":
            return {"kind": "memory"}
        if self.ledger is not None and is_database(self.ledger):
            return {"kind": "postgres", "dsn": self.ledger}
        return {"kind": "sqlite", "path": self.ledger or str(state_folder() / "ledger.sqlite3")}

    def seal(self) -> bytes | None:
        """Return the key that seals audit trails, `GATEWAY_AUDIT_KEY`; raises `ConfigurationError` for a short one."""
        if self.audit_key is None:
            return None
        key = self.audit_key.get_secret_value().encode("utf-8", "surrogateescape")
        if len(key) < _SHORTEST_KEY:
            raise ConfigurationError(f"GATEWAY_AUDIT_KEY is shorter than {_SHORTEST_KEY} bytes; take a random one")
        return key


def state_folder() -> Path:
    """Return the folder of what is kept where nobody says another place; `~` in it is the home folder."""
    return Path(os.environ.get("XDG_STATE_HOME") or "~/.local/state") / "hybrid-gateway"


def is_database(place: str) -> bool:
    """Say whether the place of a ledger is the URL of a database, and no path."""
    return place.startswith(("postgres://", "postgresql://"))
