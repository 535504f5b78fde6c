"""A policy's file that is read again when it changes. Keeps the last good policy; says what is broken once a change."""

import os
from collections.abc import Mapping
from pathlib import Path

from gateway.policy.kinds import KindsOf, OptionsOf
from gateway.policy.load import load_policy
from gateway.policy.models import Policy

# When it was written, how long it is, and which file it is: an editor may put a new one in its place.
_Stamp = tuple[int, int, int]


class PolicyFile:
    """The policy of a file. Raises `PolicyError` where the file cannot be read as one at the first time."""

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        options_of: OptionsOf,
        kinds_of: KindsOf,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.path = Path(path)
        self._options_of = options_of
        self._kinds_of = kinds_of
        self._environ = environ
        self._stamp = self._look()
        self._policy = self._load()

    @property
    def policy(self) -> Policy:
        """The last good policy."""
        return self._policy

    def refresh(self) -> Policy | None:
        """Return the policy where the file has a new one, None where nothing changed.

        Raises `PolicyError` for a broken file, once for every change, and keeps the policy that it had.
        """
        stamp = self._look()
        if stamp == self._stamp:
            return None
        # Taken before reading: a change while we read is seen at the next look.
        self._stamp = stamp
        fresh = self._load()
        if fresh.fingerprint == self._policy.fingerprint:
            return None
        self._policy = fresh
        return fresh

    def _look(self) -> _Stamp | None:
        try:
            status = self.path.stat()
        except (OSError, ValueError):
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino

    def _load(self) -> Policy:
        return load_policy(self.path, options_of=self._options_of, kinds_of=self._kinds_of, environ=self._environ)
