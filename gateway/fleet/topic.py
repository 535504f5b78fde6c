"""What a conversation is about, as hashed words: enough to see that the subject changed, and no text.

A sketch keeps the smallest hashes of all content words. Whether a word below its largest hash was said is then known
exactly, so that long conversations are compared by a fair sample. Words are hashed with a key of this process.
"""

import os
import re
from array import array
from collections.abc import Iterable

# A message of fewer content words carries a conversation on, whatever they are: "commit it", "and now?", "thanks".
FEWEST_WORDS = 4
# A message is about something else where less than this share of its content words was said before.
LEAST_SHARED = 0.2

# Of a sketch, and of the text that is read for one, its end.
_MOST_WORDS = 512
_MOST_CHARACTERS = 16_000
_SALT = int.from_bytes(os.urandom(8), "big")
_WORD = re.compile(r"\w{3,}")
# Endings differ between two mentions of a thing.
_STEM = 6
# Words of no subject, cut like all others.
_NO_SUBJECT = (
    "about after again all also and any are because been before but can could did does done for from get give good "
    "had has have her here him his how into its just let like make may maybe more most much must need not now off "
    "one only other our out over please should show some sure tell than thank thanks that the their them then "
    "there these they thing this those too use very want was way well were what when where which who why will "
    "with would yes you your "
    "aber alle auch auf aus bei bitte danke das dass dem den der des die dies diese ein eine einen für gibt habe "
    "hat ich ihr ist jetzt kann kannst man mehr mein mit nach nicht noch nun oder sehr sich sie sind soll und uns "
    "von war was wenn wer wie wird wir wo zu zum zur"
)
_COMMON = frozenset(word[:_STEM] for word in _NO_SUBJECT.split())


def words(text: str) -> frozenset[int]:
    """Return the content words of a text as hashes; of a long text, those of its end."""
    found = {word[:_STEM] for word in _WORD.findall(text[-_MOST_CHARACTERS:].lower())}
    return frozenset(hash((_SALT, word)) & 0xFFFFFFFF for word in found - _COMMON)


def sketch(said: Iterable[int], before: bytes = b"") -> bytes:
    """Return the sketch of words together with that of an earlier sketch: 4 bytes a word, at most 2 KiB."""
    return array("I", sorted({*said, *_hashes(before)})[:_MOST_WORDS]).tobytes()


def is_another(said: frozenset[int], topic: bytes) -> bool:
    """Say whether words belong to another topic than the sketch of what was said before."""
    known = _hashes(topic)
    comparable = said if len(known) < _MOST_WORDS else {word for word in said if word <= known[-1]}
    if len(comparable) < FEWEST_WORDS:
        return False
    return len(comparable & set(known)) < LEAST_SHARED * len(comparable)


def _hashes(topic: bytes) -> "array[int]":
    hashes = array("I")
    hashes.frombytes(topic)
    return hashes
