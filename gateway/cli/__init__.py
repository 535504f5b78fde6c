"""The `gateway` command: parse, call, print."""
