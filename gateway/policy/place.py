"""Where a backend runs: on hardware of ours, or elsewhere. Decided from the policy alone, without a look-up.

Judged by the addresses that are asked: those of `urls`, else the kind's usual one; no other key can name one, but
`api_base` of `hosted`.
"""

import ipaddress
from functools import lru_cache
from urllib.parse import urlsplit

from gateway.clearance import Destination
from gateway.policy.models import BackendPolicy

_OURS_BY_DEFAULT = frozenset({"embedded", "llamacpp", "ollama", "vllm", "lmstudio", "tgi"})


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


def destination(name: str, backend: BackendPolicy) -> Destination:
    """Return what of a backend decides whether it may see a request."""
    local = is_local(backend)
    return Destination(
        name=name,
        clearance=backend.clearance,
        local=local,
        region=backend.region,
        refuses=frozenset(backend.refuses),
        retains=not local if backend.retains is None else backend.retains,
    )


@lru_cache(maxsize=1024)
def _is_loopback(url: str) -> bool:
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
