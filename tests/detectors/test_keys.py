"""Keys of providers: each form is found whole, and what only begins like one is not."""

import pytest
from support.keys import from_form, random_text

from gateway.detectors._key_patterns import KEY_PATTERNS
from gateway.detectors._provider_keys import KEY_SHAPES, KeyShape
from gateway.detectors.secrets import SecretDetector

DETECTOR = SecretDetector()
UUID = "<hex 8>-<hex 4>-4<hex 3>-a<hex 3>-<hex 12>"
FORMS = (
    ("ANTHROPIC_API_KEY", "sk-ant-api03-<url 93>AA"),
    ("AZURE_CLIENT_SECRET", "<letters 3>8Q~<letters 34>"),
    ("AZURE_API_KEY", "<letters 52>JQQJ9<letters 27>"),
    ("AZURE_SIGNATURE", "sig=<letters 42>%2B<letters 3>%3D"),
    ("TERRAFORM_TOKEN", "<letters 14>.atlasv1.<letters 67>"),
    ("VAULT_TOKEN", "s.<letters 24>"),
    ("DOPPLER_TOKEN", "dp.st.production.<letters 43>"),
    ("ONEPASSWORD_SECRET_KEY", "A3-<capitals 6>-<capitals 11>-<capitals 5>-<capitals 5>-<capitals 5>"),
    ("ARTIFACTORY_TOKEN", "AP6<letters 40>"),
    ("ARTIFACTORY_TOKEN", "AKCp<letters 69>"),
    ("GITLAB_TOKEN", "glpat-<letters 27>.01.<lower 7>"),
    ("GITLAB_TOKEN", "glcbt-<letters 2>_<letters 20>"),
    ("SOURCEGRAPH_TOKEN", "sgp_<hex 16>_<hex 40>"),
    ("HARNESS_TOKEN", "pat.<letters 22>.<hex 24>.<letters 20>"),
    ("CLOUDFLARE_KEY", "v1.0-<hex 24>-<hex 146>"),
    ("SLACK_TOKEN", "xoxb-<digits 11>-<digits 12>-<letters 24>"),
    ("SLACK_TOKEN", "xoxr-<letters 40>"),
    ("SLACK_TOKEN", "xoxs-<digits 5>-<digits 5>-<digits 5>-<hex 32>"),
    ("SLACK_TOKEN", "xoxe.xoxp-1-<letters 163>"),
    ("SLACK_TOKEN", "xoxd-<letters 60>"),
    ("SLACK_TOKEN", "xapp-1-A<capitals 9>-<digits 12>-<hex 64>"),
    ("DISCORD_TOKEN", "MT<letters 22>.<letters 6>.<letters 38>"),
    ("TELEGRAM_TOKEN", "<digits 9>:AA<letters 33>"),
    ("TELEGRAM_TOKEN", "api.telegram.org/bot<digits 9>:AA<letters 33>"),
    ("TEAMS_WEBHOOK", f"webhook.office.com/webhookb2/{UUID}@{UUID}/IncomingWebhook/<hex 32>/{UUID}"),
    ("TWITCH_TOKEN", "oauth:<lower 30>"),
    ("TWITTER_TOKEN", "AAAAAAAAAAAAAAAAAAAAAA<letters 80>"),
    ("FACEBOOK_TOKEN", "<digits 16>|<letters 27>"),
    ("SENDGRID_KEY", "SG.<letters 22>.<letters 43>"),
    ("MAILCHIMP_KEY", "<hex 32>-us12"),
    ("MAILGUN_KEY", "<hex 32>-<hex 8>-<hex 8>"),
    ("RESEND_KEY", "re_<letters 8>_<letters 24>"),
    ("HUBSPOT_TOKEN", f"pat-eu1-{UUID}"),
    ("SALESFORCE_TOKEN", "00D<letters 12>!<letters 96>"),
    ("PAYPAL_TOKEN", "access_token$production$<lower 16>$<hex 32>"),
    ("PLAID_TOKEN", f"access-production-{UUID}"),
    ("LOB_KEY", "live_<hex 35>"),
    ("AIRTABLE_TOKEN", "pat<letters 14>.<hex 64>"),
    ("ASANA_TOKEN", "1/<digits 16>:<hex 32>"),
    ("CLICKUP_TOKEN", "pk_<digits 8>_<capitals 32>"),
    ("LAUNCHDARKLY_KEY", f"sdk-{UUID}"),
    ("NEW_RELIC_KEY", "<hex 36>NRAL"),
    ("DYNATRACE_TOKEN", "dt0c01.<capitals 24>.<capitals 64>"),
    ("MAXMIND_KEY", "<letters 6>_<letters 29>_mmk"),
    ("INTRA42_SECRET", "s-s4t2ud-<hex 64>"),
    ("ZOHO_TOKEN", "1000.<hex 32>.<hex 32>"),
)


def found(text: str) -> list[tuple[str, str, str]]:
    """Return type, text and strength of what is found."""
    return [(f.type, text[f.start : f.end], f.strength) for f in DETECTOR.detect(text)]


@pytest.mark.parametrize("shape", KEY_SHAPES, ids=lambda shape: f"{shape.type} {shape.start}")
def test_the_key_of_every_provider_is_found(shape: KeyShape) -> None:
    """Inside a sentence, whole."""
    key = shape.start + random_text(shape.alphabet, shape.at_least)

    assert found(f"use {key} please") == [(shape.type, key, "strong")]


@pytest.mark.parametrize(("type_", "form"), FORMS, ids=lambda value: value[:40])
def test_a_key_without_a_beginning_of_its_own_is_found_by_its_form(type_: str, form: str) -> None:
    """By marks in its middle and the lengths of its parts."""
    key = from_form(form)

    assert found(f"use {key} please") == [(type_, key, "strong")]


def test_every_pattern_has_a_form_that_tests_it() -> None:
    """A pattern that nothing tests may match nothing."""
    assert {pattern.type for pattern in KEY_PATTERNS} == {type_ for type_, _ in FORMS}


@pytest.mark.parametrize(
    "text",
    [
        "sk-learn-contrib-package-of-mine",
        "task-" + random_text("letters", 40),
        "AKIA" + random_text("capitals", 40),
        "ghp_short",
        "xoxo-indieweb-1.jpg",
        "hf_" + "averylongnameofsomethinginthecode" + "_h",
        "glpat-" + random_text("letters", 60),
        "img/favicon.ico-" + random_text("hex", 32) + ".png",
        "s.MaximumRetriesPerRequest",
        "xoxb-" + "Put-Our-Bot-Token-Of-Slack",
        "API-" + random_text("capitals", 12),
    ],
)
def test_what_only_begins_like_a_key_is_none(text: str) -> None:
    """Names of packages and of files, other words, the wrong length."""
    assert DETECTOR.detect(text) == ()


@pytest.mark.parametrize(
    "text",
    ["sk-" + "x" * 40, "ghp_" + "X" * 36, "GR1348941" + "123" * 7, "AKIA" + random_text("capitals", 9) + "EXAMPLE"],
)
def test_a_picture_of_a_key_is_none(text: str) -> None:
    """Documentation is full of keys that repeat, that count, that say `EXAMPLE`."""
    assert DETECTOR.detect(text) == ()


@pytest.mark.parametrize(
    "text",
    [
        "sk-" + "your-key-goes-here-1234567",
        "AKIA" + "Z" * 16,
        "AKC" + "x" * 10,
        "sk-ant-api03-" + ("abcdefgh1234567" * 7)[:93] + "AA",
    ],
)
def test_what_may_be_a_placeholder_is_only_suspected(text: str) -> None:
    """It says so itself, is too short to be sure, or has the exact form of a key although it counts."""
    (finding,) = DETECTOR.detect(text)

    assert finding.strength == "weak"


def test_a_key_is_found_behind_one_that_is_none() -> None:
    """What begins like one key may hide the beginning of the next."""
    key = "ghp_" + random_text("letters", 36)

    assert found(f"hf_short, xoxb-{key}") == [("GITHUB_TOKEN", key, "strong")]


def test_the_longest_beginning_names_the_provider() -> None:
    """`sk-or-v1-` is also `sk-`."""
    key = "sk-or-v1-" + random_text("hex", 64)

    assert found(key) == [("OPENROUTER_API_KEY", key, "strong")]


def test_a_key_stands_where_it_stands_also_behind_other_letters() -> None:
    """Places are counted in characters, whatever a letter takes in bytes."""
    key = "npm_" + random_text("letters", 36)

    assert found(f"Schlüssel für 東京 😀: {key}") == [("NPM_TOKEN", key, "strong")]
