"""Values in the place of placeholders: however a text is cut, and however a model wrote it."""

import json
import re
import time
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gateway.redaction.restore import Restorer, restored
from gateway.redaction.vault import Vault

NONCE = "3fa9c1"
VALUES = {
    f"EMAIL_ADDRESS_1_{NONCE}": "jane@example.com",
    f"EMAIL_ADDRESS_11_{NONCE}": "bob@example.com",
    f"ADDRESS_1_{NONCE}": "7 Elm St",
    f"SECRET_1_{NONCE}": None,
    f"VALUE_1v2_{NONCE}": 'a "quoted"\nline',
}
VAULT = Vault(nonce=NONCE, values=VALUES)
# Whatever may look like the beginning, the midst or the end of one.
_NAMED = [*VALUES, *(f"[[{name}]]" for name in VALUES), r"\[\[EMAIL\_ADDRESS\_1\_3fa9c1\]\]"]
_MARKS = ["[", "[[", "]", "]]", "\\", "\\\\", "_", " ", "a", "(", '"', "\u0130", "\u017f"]
_PARTS = ["E", "EMAIL", "email", "EMAIL_ADDRESS", "_1", "_11", "_2", "ADDRESS_1", "SECRET", "VALUE", "1v2", "1V2"]
_NONCES = [NONCE, NONCE.upper(), NONCE[:3], NONCE[3:]]
SHARDS = st.sampled_from([*_NAMED, *_MARKS, *_PARTS, *_NONCES])
TEXTS = st.lists(SHARDS, max_size=14).map("".join)


def streamed(pieces: list[str], *, as_json: bool = False) -> tuple[str, int]:
    """Return what comes out of a stream, and what it missed."""
    restorer = Restorer(VAULT, as_json=as_json)
    said = "".join(restorer.feed(piece) for piece in pieces) + restorer.end()
    return said, restorer.misses


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (f"[[EMAIL_ADDRESS_1_{NONCE}]]", "jane@example.com"),
        (f"([[EMAIL_ADDRESS_1_{NONCE}]],[[EMAIL_ADDRESS_11_{NONCE}]])", "(jane@example.com,bob@example.com)"),
        (f"[[email_address_1_{NONCE.upper()}]]", "jane@example.com"),
        (r"\[\[EMAIL\_ADDRESS\_1\_3fa9c1\]\]", "jane@example.com"),
        (r"\\[\\[EMAIL\\_ADDRESS\\_1\\_3fa9c1\\]\\]", "jane@example.com"),
        (f"[EMAIL_ADDRESS_1_{NONCE}]", "jane@example.com"),
        (f"**EMAIL_ADDRESS_1_{NONCE}**", "**jane@example.com**"),
        (f"[[[EMAIL_ADDRESS_1_{NONCE}]]](x)", "[jane@example.com](x)"),
        (f"[EMAIL_ADDRESS_1_{NONCE}, ADDRESS_1_{NONCE}]", "[jane@example.com, 7 Elm St]"),
        (f"[[EMAIL_ADDRESS_1_{NONCE}]", "[jane@example.com"),
        (rf"\\[[ADDRESS_1_{NONCE}]]\share", r"\\7 Elm St\share"),
        (rf"\\\[\[ADDRESS_1_{NONCE}\]\]", r"\\7 Elm St"),
        (f"[[VALUE_1v2_{NONCE}]]", 'a "quoted"\nline'),
    ],
)
def test_a_placeholder_comes_back_as_its_value(written: str, meant: str) -> None:
    """Also in small letters, without brackets, or as Markdown escapes it."""
    assert restored(written, VAULT) == (meant, 0)


@pytest.mark.parametrize(
    ("written", "misses"),
    [
        (f"[[EMAIL_ADDRESS_2_{NONCE}]]", 1),
        (f"[[EMAIL ADDRESS 1 {NONCE}]] and [[PHONE_1_{NONCE}]]", 2),
        ("[[EMAIL_ADDRESS_1_aaaaaa]]", 0),
        (f"[[EMAIL_ADDRESS_1_{NONCE[:-1]}]]", 0),
    ],
)
def test_what_nobody_can_restore_stays_and_is_counted(written: str, misses: int) -> None:
    """It is not guessed: another person's address would be worse than none."""
    assert restored(written, VAULT) == (written, misses)


def test_what_never_comes_back_stays_as_it_was_written() -> None:
    """And is no miss: nobody expects it."""
    assert restored(f"use [[secret_1_{NONCE}]]", VAULT) == (f"use [[secret_1_{NONCE}]]", 0)


def test_a_value_in_json_is_escaped() -> None:
    """Its quotes would end the string that it stands in."""
    assert restored(f'{{"a": "[[VALUE_1v2_{NONCE}]]"}}', VAULT, as_json=True)[0] == r'{"a": "a \"quoted\"\nline"}'


@given(TEXTS, st.data(), st.booleans())
def test_a_stream_says_what_the_whole_says(text: str, data: st.DataObject, as_json: bool) -> None:
    """However it is cut into pieces, with the same misses."""
    cuts = sorted(data.draw(st.lists(st.integers(min_value=0, max_value=len(text)), max_size=8)))
    pieces = [text[start:end] for start, end in pairwise([0, *cuts, len(text)])]

    assert streamed(pieces, as_json=as_json) == restored(text, VAULT, as_json=as_json)


@given(TEXTS)
def test_a_stream_of_single_letters_says_what_the_whole_says(text: str) -> None:
    """The smallest pieces there are."""
    assert streamed(list(text)) == restored(text, VAULT)


def beginnings(name: str) -> str:
    """Return a pattern of all that a placeholder may begin with, nothing included, the whole name left out."""
    pattern = ""
    for letter in reversed(name[:-1]):
        pattern = rf"\\{{0,2}}(?:_{pattern})?" if letter == "_" else f"(?:{re.escape(letter)}{pattern})?"
    one = rf"\\{{0,2}}(?:\[(?:{pattern}))?"
    two = rf"\\{{0,2}}\[{one}"
    return f"(?:{two}|{one}|{pattern})"


BEGINNINGS = re.compile("|".join(map(beginnings, VALUES)), re.IGNORECASE | re.ASCII)


@given(st.lists(st.sampled_from([*_MARKS, *_PARTS, *_NONCES[2:]]), max_size=14).map("".join))
def test_a_stream_holds_back_the_longest_end_that_may_be_a_placeholder(text: str) -> None:
    """And not a letter more: who reads along waits for nothing else."""
    assume(NONCE not in text)
    longest = next(text[start:] for start in range(len(text) + 1) if BEGINNINGS.fullmatch(text[start:]))

    assert Restorer(VAULT).feed(text) == text.removesuffix(longest)


@given(st.text(alphabet="[]\\_ABCabc123 ", max_size=60))
def test_a_text_without_the_nonce_comes_back_at_once_or_at_the_end(text: str) -> None:
    """Nothing of it is changed."""
    assert restored(text, VAULT) == (text, 0)


@given(TEXTS)
def test_what_is_written_as_told_is_restored_like_a_plain_replacement(text: str) -> None:
    """Where a text has placeholders in their exact form alone, restoring is nothing else."""
    exact = re.compile("|".join(re.escape(f"[[{name}]]") for name in VALUES))
    plain = "".join(exact.findall(text)) + " end"

    told = exact.sub(lambda match: VALUES[match[0][2:-2]] or match[0], plain)

    assert restored(plain, VAULT)[0] == told


@pytest.mark.parametrize("piece", ["[", "[[", "\\", "EMAIL_ADDRESS_1_", NONCE, "[[EMAIL_ADDRESS_1_", f"E_{NONCE}]"])
def test_a_hostile_answer_is_read_in_linear_time(piece: str) -> None:
    """Eight times the text takes about eight times as long, in pieces of a few letters."""

    def seconds(size: int) -> float:
        text = piece * (size // len(piece))
        began = time.process_time()
        streamed([text[start : start + 50] for start in range(0, len(text), 50)])
        return time.process_time() - began

    seconds(2_000)

    assert seconds(64_000) <= 8 * 4 * max(seconds(8_000), 1e-3)


@pytest.mark.parametrize(
    "inner",
    [
        '{"a": "PLACE"}',
        '["PLACE"]',
        ' { "PLACE": 1}',
        '{"a": "{\\"b\\": \\"PLACE\\"}"}',
        '{"a": "one", "b": "say \\"PLACE\\""}',
    ],
)
def test_a_value_breaks_no_json_within_json(inner: str) -> None:
    """One that would have to be escaped twice stays away and is counted; any other comes back."""
    odd, plain = (
        json.dumps(
            {"first": "x", "body": inner.replace("PLACE", f"[[{name}_{NONCE}]]"), "last": f"[[VALUE_1v2_{NONCE}]]"}
        )
        for name in ("VALUE_1v2", "ADDRESS_1")
    )

    kept, back = streamed(list(odd), as_json=True), streamed(list(plain), as_json=True)

    assert json.loads(kept[0])["body"] == inner.replace("PLACE", f"[[VALUE_1v2_{NONCE}]]")
    assert json.loads(back[0])["body"] == inner.replace("PLACE", "7 Elm St")
    assert json.loads(kept[0])["last"] == VALUES[f"VALUE_1v2_{NONCE}"]
    assert (kept[1], back[1]) == (1, 0)


@pytest.mark.parametrize(
    "text",
    ["PLACE", 'PLACE said "PLACE"', 'he said "PLACE"', "[note] PLACE", "\n", "{}PLACE", '\\"{PLACE', "[[PLACE]]"],
)
def test_what_only_looks_like_json_within_json_has_its_values(text: str) -> None:
    """A text may have quotes and brackets."""
    written = json.dumps({"a": {"b": text.replace("PLACE", f"[[VALUE_1v2_{NONCE}]]")}})

    said, misses = restored(written, VAULT, as_json=True)

    assert json.loads(said) == {"a": {"b": text.replace("PLACE", str(VALUES[f"VALUE_1v2_{NONCE}"]))}}
    assert misses == 0
