"""Shares as options say them: `5%` or `0.05`."""

import re

import typer

_SHARE = re.compile(r"(\d{1,3}(?:\.\d{1,9})?|\.\d{1,9})(%?)")


def share(given: str | float) -> float:
    """Return the share (0 to 1) that `5%` or `0.05` means; a default passes here too, as a number."""
    text = str(given).strip()
    found = _SHARE.fullmatch(text)
    value = float(found[1]) / (100 if found[2] else 1) if found else -1.0
    if not 0 <= value <= 1:
        raise typer.BadParameter(f"{text[:20]!r} is no share; write for instance 5% or 0.05")
    return value
