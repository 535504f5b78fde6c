"""Where a backend runs: on hardware of ours, or elsewhere. Decided from the policy alone, without a look-up."""

import ipaddress
from functools import lru_cache
from urllib.parse import urlsplit

from gateway.policy.models import BackendPolicy

_OURS_BY_DEFAULT = frozenset({"embedded", "llamacpp", "ollama", "vllm", "lmstudio", "tgi"})


def is_local(backend: BackendPolicy) -> bool:
    """Return whether a backend is operated by ourselves: as declared, else as its kind and its URLs show."""
    if backend.local is not None:
        return backend.local
    if backend.kind in ("hosted", "mock"):
        return False
    if backend.kind == "embedded" or not backend.urls:
        return backend.kind in _OURS_BY_DEFAULT
    return all(_is_loopback(url) for url in backend.urls)


@lru_cache(maxsize=1024)
def _is_loopback(url: str) -> bool:
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
