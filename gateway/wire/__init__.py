"""The OpenAI wire format, in and out: the one codec of backends and server."""
