"""Looks up the names of servers, and gives on only the addresses that the backend may be at. No kind by itself.

What is given on is what is connected to: a name that is answered otherwise the next time leads nowhere else. An address
that stands in a URL is looked up by nobody and stands for itself.
"""

import socket
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

_THIS_MACHINE = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))
_SHOWN = 3


class OutsideError(OSError):
    """A name resolves to no address that the backend may be at; its text names both, and what to do."""


class Resolver(AbstractResolver):
    """Python's own look-up, bounded by networks (CIDR); without any, a name may be anywhere but `localhost`."""

    def __init__(self, networks: Iterable[str]) -> None:
        self._networks = tuple(map(ip_network, networks))
        self._inner = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses of a name that lie within the networks; raises `OutsideError` where none does."""
        found = await self._inner.resolve(host, port, family)
        is_localhost = f".{host}".lower().rstrip(".").endswith(".localhost")
        networks = _THIS_MACHINE if is_localhost else self._networks
        within = [one for one in found if not networks or _is_within(one["host"], networks)]
        if not within:
            raise OutsideError(_told(host, [one["host"] for one in found], is_localhost=is_localhost))
        return within

    async def close(self) -> None:
        """Hold nothing open."""


def _is_within(text: str, networks: Sequence[IPv4Network | IPv6Network]) -> bool:
    address = ip_address(text)
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return any(address in network for network in networks)


def _told(host: str, addresses: Sequence[str], *, is_localhost: bool) -> str:
    where = ", ".join(addresses[:_SHOWN]) or "no address"
    if is_localhost:
        return f"{host!r} resolves to {where}, which is not this machine; nothing was sent; mend its hosts file"
    return (
        f"{host!r} resolves to {where}, outside the networks that it may be in; nothing was sent; "
        f"if this is the right server, write addresses: [{where}] in the policy"
    )
