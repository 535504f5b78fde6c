"""Decides for every LLM request who may answer and who should: a self-hosted Llama or a closed API.

`from gateway import route` is all that most code needs. Names are loaded on first use, so that `import gateway` costs
next to nothing, opens no socket and imports neither litellm, openai, scikit-learn nor redis.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gateway.entry import route as route
    from gateway.entry import route_sync as route_sync
    from gateway.errors import BackendError as BackendError
    from gateway.errors import CascadeExhaustedError as CascadeExhaustedError
    from gateway.errors import ConfigurationError as ConfigurationError
    from gateway.errors import FeedbackRefusedError as FeedbackRefusedError
    from gateway.errors import GatewayError as GatewayError
    from gateway.errors import InvalidRequestError as InvalidRequestError
    from gateway.errors import LedgerError as LedgerError
    from gateway.errors import NoClearedBackendError as NoClearedBackendError
    from gateway.errors import NoEligibleBackendError as NoEligibleBackendError
    from gateway.errors import PolicyError as PolicyError
    from gateway.errors import RoutingError as RoutingError
    from gateway.policy.models import Policy as Policy
    from gateway.router import Router as Router
    from gateway.streaming import ReplyStream as ReplyStream
    from gateway.types import Delta as Delta
    from gateway.types import Explanation as Explanation
    from gateway.types import Level as Level
    from gateway.types import Message as Message
    from gateway.types import Money as Money
    from gateway.types import Reply as Reply
    from gateway.types import Request as Request

_HOMES = {
    "gateway.entry": ("route", "route_sync"),
    "gateway.router": ("Router",),
    "gateway.policy.models": ("Policy",),
    "gateway.streaming": ("ReplyStream",),
    "gateway.types": ("Delta", "Explanation", "Level", "Message", "Money", "Reply", "Request"),
    "gateway.errors": (
        "BackendError",
        "CascadeExhaustedError",
        "ConfigurationError",
        "FeedbackRefusedError",
        "GatewayError",
        "InvalidRequestError",
        "LedgerError",
        "NoClearedBackendError",
        "NoEligibleBackendError",
        "PolicyError",
        "RoutingError",
    ),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME_OF)  # noqa: PLE0605 - a list of str, made from the table above
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'gateway' has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
