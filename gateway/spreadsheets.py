"""Texts as cells of a CSV: none that a spreadsheet would take for a formula. Amounts are no texts, and stay.

Names of tenants, teams and models come from callers.
"""

_FORMULAS = ("=", "+", "-", "@", "\t", "\r")


def cell(text: str) -> str:
    """Return a text with an apostrophe before it where a spreadsheet would reckon it, or run it."""
    return f"'{text}" if text.startswith(_FORMULAS) else text
