"""Text Generation Inference, through its Messages API; it reads a limit of the answer as `max_tokens` alone."""

from typing import Literal

from pydantic import Field

from gateway.backends import openai_http
from gateway.backends.openai_http import SUPPORTS, build

__all__ = ["SUPPORTS", "Options", "build"]


class Options(openai_http.Options):
    """As for `openai_http`, with the port of TGI."""

    url: str = Field(default="http://127.0.0.1:8080", description="The base URL, with or without /v1.")
    output_limit: Literal["max_tokens", "max_completion_tokens"] | None = "max_tokens"
