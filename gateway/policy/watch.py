"""A policy's file that is read again when it changes. What is broken is said once a change.

A good change is offered until its owner has put it in force: a file that was read is not yet a policy that runs.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from gateway.policy.duties import records_beside
from gateway.policy.kinds import KindsOf, OptionsOf
from gateway.policy.load import load_policy
from gateway.policy.models import Policy

# When it was written, how long it is, and which file it is: an editor may put a new one in its place.
_Stamp = tuple[int, int, int]
# Of the policy, and of the attestations beside it: what is attested while it runs counts from then on.
_Stamps = tuple[_Stamp | None, _Stamp | None]


class PolicyFile:
    """The policy of a file, for one owner that asks one thing at a time.

    Raises `PolicyError` where the file cannot be read as a policy at the first time; that first one counts as accepted.
    """

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
        stamp = _look(self.path)
        self._policy = self._load()
        self._stamps: _Stamps = stamp, _look(records_beside(self._policy, self.path))
        # None where the file is broken.
        self._read: Policy | None = self._policy

    @property
    def policy(self) -> Policy:
        """The policy that was accepted last."""
        return self._policy

    def refresh(self) -> Policy | None:
        """Return the file's policy on every call until it is accepted, None where there is nothing new.

        Raises `PolicyError` for a broken file, once for every change; the accepted policy stays.
        """
        stamps = _look(self.path), _look(records_beside(self._policy, self.path))
        if stamps != self._stamps:
            # Taken before reading: a change while we read is seen at the next look.
            self._stamps, self._read = stamps, None
            self._read = self._load()
        is_new = self._read is not None and self._read.fingerprint != self._policy.fingerprint
        return self._read if is_new else None

    def accept(self, policy: Policy) -> None:
        """Say that a policy of this file is in force, so that `refresh` offers it no more."""
        self._policy = policy

    def _load(self) -> Policy:
        return load_policy(self.path, options_of=self._options_of, kinds_of=self._kinds_of, environ=self._environ)


def _look(path: Path) -> _Stamp | None:
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
