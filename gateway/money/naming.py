"""Which names are one model's: other names that the packaged price list knows, and releases that are named by a date.

A release that the list has prices of its own for is a model of its own.
"""

import re
from functools import lru_cache

from gateway.money.prices import load

# `openai/gpt-5-mini-2025-08-07`, `anthropic/claude-haiku-4-5-20251001`, `vertex_ai/claude-haiku-4-5@20251001`.
DATED = re.compile(r"(.+?)[-@](?:\d{4}-\d{2}-\d{2}|\d{8})")


@lru_cache(maxsize=4096)
def is_one_model(one: str, other: str) -> bool:
    """Say whether two names, `provider/model` both, are one model's. For another provider's no list is read."""
    return one == other or (_provider(one) == _provider(other) and _listed(one) == _listed(other))


def answers_as(reported: str, named: str) -> bool:
    """Say whether a name that a server gave is that of a model named `provider/model`: servers leave out themselves."""
    provider = _provider(named)
    return is_one_model(reported, named) or (bool(provider) and is_one_model(f"{provider}/{reported}", named))


def _provider(model: str) -> str:
    return model.rpartition("/")[0].partition("/")[0]


def _listed(model: str) -> str:
    """Return the name that a model is listed under, its own where it is not."""
    listing = load().listing(model)
    # Names come from callers: one may end in any number of dates.
    while listing is None and (dated := DATED.fullmatch(model)) is not None:
        model = dated[1]
        listing = load().listing(model)
    return model if listing is None or listing.alias is None else listing.alias
