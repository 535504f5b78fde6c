"""A name service for tests: what it does not know does not exist, and it remembers what was asked."""

import socket
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Any

import pytest


class Names:
    """Stands in for the system's look-up; a name with several rounds gives the next one every time, the last again."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.rounds: dict[str, list[Sequence[str]]] = {}
        self.asked: list[str] = []
        monkeypatch.setattr(socket, "getaddrinfo", self._look_up)

    def answer(self, name: str, *rounds: Sequence[str]) -> None:
        """Let a name lead to addresses, round after round."""
        self.rounds[name] = list(rounds)

    def _look_up(self, host: str, port: int, *_: Any, **__: Any) -> list[tuple[Any, ...]]:
        self.asked.append(host)
        rounds = self.rounds.get(host)
        if not rounds:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        addresses = rounds.pop(0) if len(rounds) > 1 else rounds[0]
        return [_info(address, port) for address in addresses]


def _info(address: str, port: int) -> tuple[Any, ...]:
    if ip_address(address).version == 6:
        return (socket.AF_INET6, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, port, 0, 0))
    return (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, port))
