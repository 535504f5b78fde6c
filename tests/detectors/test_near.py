"""Random strings near a word that tells of a secret."""

import pytest
from support.keys import random_text

from gateway.detectors.secrets import SecretDetector

DETECTOR = SecretDetector()
MIXED = random_text("letters", 40)
HEX = random_text("hex", 40)


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"here is the api key that they sent me today\n{MIXED}", MIXED),
        (f"the secrets (do not share) -> {MIXED}\n", MIXED),
        (f"sourcegraph: {HEX}", HEX),
        (f"DATADOG = {HEX}", HEX),
        (f"our token for the build, I think:\t{HEX},", HEX),
    ],
)
def test_a_random_string_near_such_a_word_is_suspected(text: str, secret: str) -> None:
    """It rests on its looks alone, so it is weak."""
    (finding,) = DETECTOR.detect(text)

    assert (text[finding.start : finding.end], finding.strength) == (secret, "weak")


@pytest.mark.parametrize(
    "text",
    [
        f"this is {MIXED}",
        f"the token was signed, see commit {HEX}",
        f"token, sha256 {random_text('hex', 64)}",
        "the secret of components/widgets/buttons/primary2Button",
        "the token 01234567-89ab-4def-8123-456789abcdef, a name",
        f"token at https://example.org/{MIXED}",
        f"the token {'x' * 40} here",
        f"the credential id\n{MIXED}",
        f"the secret {MIXED.lower()} there",
        f"the secret {MIXED}(x)",
        f"my secret {'0011' * 10}, {'deadbeef' * 4}",
    ],
)
def test_other_long_strings_are_left_alone(text: str) -> None:
    """Hashes, paths, UUIDs, names, addresses, placeholders, and what no word tells of."""
    assert DETECTOR.detect(text) == ()
