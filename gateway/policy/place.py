"""Where a backend runs: on hardware of ours, or elsewhere, and at which addresses. From the policy alone; no look-up.

Judged by the addresses that are asked: those of `urls`, else the kind's usual one; no other key can name one, but
`api_base` of `hosted`.
"""

import ipaddress
import re
import socket
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from gateway.clearance import Destination
from gateway.policy.models import BackendPolicy, Policy
from gateway.policy.tags import WEAK

# Where a kind's server is usually asked; who writes no `urls` means this one.
USUAL_URLS: Mapping[str, str] = {
    "llamacpp": "http://127.0.0.1:8080",
    "lmstudio": "http://127.0.0.1:1234",
    "ollama": "http://127.0.0.1:11434",
    "tgi": "http://127.0.0.1:8080",
    "vllm": "http://127.0.0.1:8000",
}
# Where `hosted` asks each provider; whatever a variable of the environment says, nobody else is asked in its place.
PROVIDER_URLS: Mapping[str, str] = {
    "anthropic": "https://api.anthropic.com",
    "deepseek": "https://api.deepseek.com",
    "fireworks_ai": "https://api.fireworks.ai",
    "gemini": "https://generativelanguage.googleapis.com",
    "groq": "https://api.groq.com",
    "mistral": "https://api.mistral.ai",
    "openai": "https://api.openai.com",
    "openrouter": "https://openrouter.ai",
    "together_ai": "https://api.together.ai",
    "xai": "https://api.x.ai",
}
# Loopback, private, link-local and carrier-grade: what is found there is no server of strangers on the internet.
_OUR_NETWORKS = (
    *("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10"),
    *("::1/128", "fc00::/7", "fe80::/10"),
)
_OURS_BY_DEFAULT = frozenset({"embedded", *USUAL_URLS})
# What the system reads as an address of version 4: 127.1, 0x7f000001.
_NUMBERS = re.compile(r"[0-9a-fx.]+")
_LOOPBACK = 127
_PORTS = {"http": 80, "https": 443}


def is_local(backend: BackendPolicy) -> bool:
    """Return whether a backend is operated by ourselves: as declared, else as its kind and its URLs show."""
    if backend.kind == "hosted":
        return bool(backend.local) and has_own_server(backend)
    if backend.local is not None:
        return backend.local
    if backend.kind == "mock":
        return False
    if backend.kind == "embedded" or not backend.urls:
        return backend.kind in _OURS_BY_DEFAULT
    return all(_is_loopback(url) for url in backend.urls)


def has_own_server(backend: BackendPolicy) -> bool:
    """Return whether a hosted backend asks a server that the policy names, and not the provider's."""
    return bool(backend.options.get("api_base"))


@dataclass(frozen=True, slots=True)
class Destinations:
    """The destinations of one policy's backends, by name."""

    policy: Policy
    by_name: Mapping[str, Destination]


def destinations(policy: Policy) -> Destinations:
    """Return the destination of every backend of a policy."""
    return Destinations(policy, {name: destination(name, backend) for name, backend in policy.backends.items()})


def destination(name: str, backend: BackendPolicy) -> Destination:
    """Return what of a backend decides whether it may see a request."""
    local = is_local(backend)
    return Destination(
        name=name,
        clearance=backend.clearance,
        local=local,
        region=backend.region,
        # Who must not see a kind must not see what may be one.
        refuses=frozenset(backend.refuses).union(
            f"{name}{WEAK}" for name in backend.refuses if not name.endswith(WEAK)
        ),
        retains=not local if backend.retains is None else backend.retains,
        places=_places(backend),
    )


def networks(backend: BackendPolicy) -> tuple[str, ...]:
    """Return the networks in which the names of a backend's servers must lie, none where they may lie anywhere."""
    return backend.addresses or (_OUR_NETWORKS if is_local(backend) else ())


def is_public(url: str) -> bool:
    """Return whether a URL has an address, and none of a network that is anybody's own."""
    address = _address(url)
    if address is None or address.is_unspecified:
        return False
    return not any(address in ipaddress.ip_network(network) for network in _OUR_NETWORKS)


def is_odd_loopback(url: str) -> bool:
    """Return whether a URL means this machine, but in no way that is taken for it: `127.1`, `localhost.`, mapped."""
    host, address = _host(url), _address(url)
    if _is_loopback(url):
        return False
    if address is not None or host == "localhost.":
        return address is None or address.is_loopback
    with suppress(OSError):
        return _NUMBERS.fullmatch(host) is not None and socket.inet_aton(host)[0] == _LOOPBACK
    return False


def place_of(url: str) -> str:
    """Return the `host:port` that a URL is asked at, as a `Destination` names it; raises `ValueError` for no URL."""
    parts = urlsplit(url)
    host, port = parts.hostname, parts.port or _PORTS.get(parts.scheme)
    if not host or port is None:
        raise ValueError("no URL of a server; write for instance http://127.0.0.1:8080")
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _places(backend: BackendPolicy) -> frozenset[str] | None:
    if backend.kind in ("mock", "embedded"):
        return None
    if backend.kind == "hosted":
        provider = backend.model.partition("/")[0]
        base = backend.options.get("api_base") or PROVIDER_URLS.get(provider)
        return _named([base] if isinstance(base, str) else [])
    if backend.urls:
        return _named(backend.urls)
    return _named([USUAL_URLS[backend.kind]]) if backend.kind in USUAL_URLS else None


def _named(urls: Iterable[str]) -> frozenset[str]:
    named = set()
    for url in urls:
        # What is no URL is refused where the policy is read; as a place it would be nowhere.
        with suppress(ValueError):
            named.add(place_of(url))
    return frozenset(named)


@lru_cache(maxsize=1024)
def _is_loopback(url: str) -> bool:
    try:
        host = _host(url)
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _host(url: str) -> str:
    with suppress(ValueError):
        return urlsplit(url).hostname or ""
    return ""


def _address(url: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the address that a URL names, that of version 4 where it stands in one of version 6."""
    try:
        address = ipaddress.ip_address(_host(url))
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
