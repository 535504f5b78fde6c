"""Which entries are a party's, as the records of the trail say it, not the columns beside them: those nothing holds."""

from collections.abc import Iterable

from gateway.audit.evidence import Whose
from gateway.audit.records import Record, UnreadableRecordError, read


def mark_of(whose: Whose, pseudonym: str) -> str:
    """Return what stands in the texts of a party's records: what has it not need not be read any further.

    The texts are ASCII without spaces.
    """
    return f'"{whose}":"{pseudonym}"'


def entries_about(texts: Iterable[str], whose: Whose, pseudonym: str) -> set[str]:
    """Return the ids of the entries that are a party's by these records."""
    records = [record for text in texts if (record := _readable(text)) is not None]
    return {record.entry for record in records if record.entry and getattr(record.names, whose) == pseudonym}


def _readable(text: str) -> Record | None:
    try:
        return read(text)
    except UnreadableRecordError:
        return None
