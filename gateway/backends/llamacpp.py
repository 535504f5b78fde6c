"""llama.cpp's `llama-server`: reuses the prompt of the last call (`cache_prompt`), gives log-probabilities.

Tokens taken from its cache are read from `timings` where the usage does not say.
"""

from typing import Any

from pydantic import Field

from gateway.backends import openai_http
from gateway.backends.openai_http import SUPPORTS, build

__all__ = ["SUPPORTS", "Options", "build"]


class Options(openai_http.Options):
    """As for `openai_http`, with llama.cpp's port and its prompt cache."""

    url: str = Field(default="http://127.0.0.1:8080", description="The base URL, with or without /v1.")
    # A kept connection holds one of llama.cpp's few HTTP threads for 5 s; a call that finds none free waits as long.
    keep_alive: bool = Field(default=False, description="Use a connection for one call after the other.")
    extra_body: dict[str, Any] = Field(default={"cache_prompt": True}, description="Further fields of every body.")
