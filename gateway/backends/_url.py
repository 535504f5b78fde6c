"""The address of a server as a policy writes it, read in one place for every kind."""

from yarl import URL


def url_of(text: str) -> URL:
    """Read an address; raises `ValueError` for what is none."""
    try:
        return URL(text)
    # yarl lets an IndexError through for brackets out of place.
    except (ValueError, IndexError):
        raise ValueError("no URL of a server; write for instance http://127.0.0.1:8080") from None
