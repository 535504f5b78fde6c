"""vLLM's server; a `response_format` with a JSON schema reaches it as it is and bounds what it can generate."""

from pydantic import Field

from gateway.backends import openai_http
from gateway.backends.openai_http import SUPPORTS, build

__all__ = ["SUPPORTS", "Options", "build"]


class Options(openai_http.Options):
    """As for `openai_http`, with vLLM's port."""

    url: str = Field(default="http://127.0.0.1:8000", description="The base URL, with or without /v1.")
