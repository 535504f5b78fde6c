"""The replicas of one backend in the order of asking: those that failed lately come last. Never drops one."""

from collections.abc import Sequence

from gateway.interfaces import Backend

REST_S = 10.0


class Replicas:
    """One backend's replicas, with a memory of failures. Used from one event loop."""

    def __init__(self, replicas: Sequence[Backend]) -> None:
        self._replicas = tuple(replicas)
        self._failed_at: dict[str, float] = {}

    def in_order(self, now: float) -> Sequence[Backend]:
        """Return all replicas, the declared order kept, those that failed within `REST_S` seconds moved last."""
        if not self._failed_at:
            return self._replicas
        return sorted(self._replicas, key=lambda replica: now - self._failed_at.get(replica.replica, -REST_S) < REST_S)

    def failed(self, replica: Backend, now: float) -> None:
        """Remember that a replica could not be reached."""
        self._failed_at[replica.replica] = now

    def answered(self, replica: Backend) -> None:
        """Forget a replica's failure."""
        self._failed_at.pop(replica.replica, None)
