"""Finds long random strings near a word that tells of a secret: what prose and tables say of a key without an `=`."""

import re
from collections.abc import Iterator
from typing import cast

from gateway.detectors._keys import Hit
from gateway.detectors._scan import Finder
from gateway.detectors._values import entropy, is_drawn, is_mixed, is_number_or_name, is_placeholder, is_uuid

_FINDER = Finder(r"[^A-Za-z0-9+/=_.~%$@-][A-Za-z0-9+/_-]{20}")
_RUN = re.compile(r"[A-Za-z0-9+/_-]{20,512}+={0,2}")
_BEHIND = re.compile(r"[A-Za-z0-9+/=_.~%@({\[-]")
_HEX = re.compile(r"[0-9a-f]{32,128}|[0-9A-F]{32,128}|[0-9a-fA-F]{40}")
_BEFORE = 60
# Bits of entropy a character.
_BITS_OF_HEX = 2.8
_BITS_OF_MIXED = 3.7
# Providers whose keys have no mark of their own.
_PROVIDERS = (
    "adafruit|algolia|assemblyai|asana|bitbucket|bittrex|cloudflare|codecov|cohere|coinbase|confluent|contentful|datadog"
    "|deepgram|discord|droneci|dropbox|etsy|facebook|fastly|finnhub|flickr|freshbooks|gitter|heroku|intercom|jira|kraken"
    "|kucoin|launchdarkly|mailgun|mattermost|meraki|messagebird|mistral|netlify|newrelic|okta|opsgenie|pagerduty|plaid"
    "|rapidapi|sendbird|sentry|snyk|softlayer|sonar|sourcegraph|squarespace|sumologic|travis|trello|twilio|twitch"
    "|twitter|wandb|yandex|zendesk"
)
_TELLS = re.compile(
    r"(?<![A-Za-z])(?:(?:passwords?|secrets?|tokens?|credentials?|bearer|(?:api|access|private|auth|secret)[ _-]?keys?)"
    rf"(?![ _-]?[iI]d|[A-Za-z]|[_-](?:name|url|uri))|(?:{_PROVIDERS})(?=[\s=:\"'|,>]{{1,4}}$))",
    re.IGNORECASE,
)
_DENIES = re.compile(
    r"(?i:sha-?[0-9]|md5|hash|checksum|digest|integrity|commit|revision|fingerprint|signature|public|uuid|csrf|authenticity|cursor|https?:)"
)


def near(text: str, scanned: bytes) -> Iterator[Hit]:
    """Yield the strings, all weak: they rest on their looks alone."""
    place = 0
    while candidate := _FINDER.find(scanned, place):
        start = candidate[0]
        # What the finder points to is the beginning of a run.
        run = cast("re.Match[str]", _RUN.match(text, start))
        place = run.end()
        if not _BEHIND.match(text, place) and _is_random(run[0]):
            before = text[max(start - _BEFORE, 0) : start]
            if _TELLS.search(before) and not _DENIES.search(before):
                yield "TOKEN", start, place, "weak"


def _is_random(run: str) -> bool:
    if (
        is_drawn(run)
        or is_uuid(run)
        or is_number_or_name(run)
        or is_placeholder(run)
        or run.count("/") > 1 + len(run) / 30
    ):
        return False
    if _HEX.fullmatch(run):
        return entropy(run) > _BITS_OF_HEX
    return is_mixed(run) and entropy(run) > _BITS_OF_MIXED
