"""Where a backend runs: on hardware of ours, or elsewhere. Decided from the policy alone, without a look-up."""

import ipaddress
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


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
