r"""What keys look like that have no fixed beginning of their own: marks in their middle, parts of known lengths.

Data, no logic. Each pattern is read twice, by `re2` to find a candidate and by `re` to measure it: it holds nothing
that the two read differently (no `\b`, no `\w`, nothing that looks around).
"""

from typing import NamedTuple

_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


class KeyPattern(NamedTuple):
    """Type and pattern of a key, which no letter and no digit may precede or follow."""

    type: str
    pattern: str
    # Whether it surely holds digits and letters of both sizes; what lacks one is a name.
    mixed: bool = False


KEY_PATTERNS: tuple[KeyPattern, ...] = (
    KeyPattern("ANTHROPIC_API_KEY", "sk-ant-[a-z]{3,8}[0-9]{2}-[A-Za-z0-9_-]{93}AA"),
    KeyPattern("AZURE_CLIENT_SECRET", "[a-zA-Z0-9_.~-]{3}[0-9]Q~[a-zA-Z0-9_.~-]{31,34}"),
    KeyPattern("AZURE_API_KEY", "[A-Za-z0-9]{52}JQQJ9[A-Za-z0-9]{27}"),
    KeyPattern("AZURE_SIGNATURE", "sig=[A-Za-z0-9+/]{20,60}(?:%[0-9A-Fa-f]{2}[A-Za-z0-9+/]{0,40}){1,8}"),
    KeyPattern("TERRAFORM_TOKEN", r"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,70}"),
    KeyPattern("VAULT_TOKEN", r"[sb]\.[A-Za-z0-9]{24}", mixed=True),
    KeyPattern("DOPPLER_TOKEN", r"dp\.st\.(?:[a-z0-9_-]{2,35}\.)?[A-Za-z0-9]{40,44}"),
    KeyPattern("ONEPASSWORD_SECRET_KEY", "A3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})(?:-[A-Z0-9]{5}){3}"),
    # The shorter ones are masked.
    KeyPattern("ARTIFACTORY_TOKEN", "AP[0-9A-F](?:[A-Za-z0-9]{20,500}|[xX]{8,19})"),
    KeyPattern("ARTIFACTORY_TOKEN", "AKC(?:[A-Za-z0-9]{40,500}|[xX]{8,19})"),
    KeyPattern("GITLAB_TOKEN", r"gl[a-z]{2,6}-[A-Za-z0-9_-]{27,300}\.[0-9a-z]{2}\.[0-9a-z]{7,9}"),
    KeyPattern("GITLAB_TOKEN", r"glcbt-(?:[0-9A-Za-z]{1,5}_)?[A-Za-z0-9_-]{20}"),
    KeyPattern("SOURCEGRAPH_TOKEN", "sgp_[0-9a-fA-F]{16}_[0-9a-fA-F]{40}"),
    KeyPattern("HARNESS_TOKEN", r"(?:pat|sat)\.[A-Za-z0-9_-]{22}\.[0-9a-f]{24}\.[A-Za-z0-9]{20}"),
    KeyPattern("CLOUDFLARE_KEY", r"v1\.0-[0-9a-f]{24}-[0-9a-f]{146}"),
    KeyPattern("SLACK_TOKEN", "xox[abeops]-[0-9]{8,14}-[A-Za-z0-9-]{16,250}"),
    KeyPattern("SLACK_TOKEN", "xox[ar]-(?:[0-9]-)?[A-Za-z0-9]{16,48}"),
    KeyPattern("SLACK_TOKEN", "xox[os]-[0-9]{1,14}-[0-9]{1,14}-[0-9]{1,14}-[0-9a-fA-F]{8,64}"),
    KeyPattern("SLACK_TOKEN", r"xoxe(?:\.xox[bp])?-[0-9]-[A-Za-z0-9]{100,250}"),
    KeyPattern("SLACK_TOKEN", "xox[cd]-[A-Za-z0-9%-]{40,400}"),
    KeyPattern("SLACK_TOKEN", "xapp-[0-9]-[A-Za-z0-9]{8,20}-[0-9]{8,20}-[A-Za-z0-9]{32,80}"),
    KeyPattern("DISCORD_TOKEN", r"[MNO][A-Za-z0-9_-]{23,25}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,38}"),
    KeyPattern("TELEGRAM_TOKEN", r"(?:api\.telegram\.org/bot)?[0-9]{8,10}:[A-Za-z0-9_-]{35}"),
    KeyPattern(
        "TEAMS_WEBHOOK", r"webhook\.office\.com/webhookb2/[A-Za-z0-9@-]{40,80}/IncomingWebhook/[A-Za-z0-9/-]{40,80}"
    ),
    KeyPattern("TWITCH_TOKEN", "oauth:[a-z0-9]{30}"),
    KeyPattern("TWITTER_TOKEN", "A{20,24}[A-Za-z0-9%]{60,100}"),
    KeyPattern("FACEBOOK_TOKEN", r"[0-9]{15,16}(?:\||%7C)[A-Za-z0-9_-]{27,40}"),
    KeyPattern("SENDGRID_KEY", r"SG\.[A-Za-z0-9_-]{20,24}\.[A-Za-z0-9_-]{39,50}"),
    KeyPattern("MAILCHIMP_KEY", "[0-9a-f]{32}-us[0-9]{1,2}"),
    KeyPattern("MAILGUN_KEY", "[0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8}"),
    KeyPattern("RESEND_KEY", "re_[A-Za-z0-9]{8}_[A-Za-z0-9]{20,40}"),
    KeyPattern("HUBSPOT_TOKEN", f"pat-[a-z]{{2}}[0-9]-{_UUID}"),
    KeyPattern("SALESFORCE_TOKEN", r"00D[A-Za-z0-9]{12,15}![A-Za-z0-9_.]{80,200}"),
    KeyPattern("PAYPAL_TOKEN", r"access_token\$(?:production|sandbox)\$[a-z0-9]{16}\$[0-9a-f]{32}"),
    KeyPattern("PLAID_TOKEN", f"access-(?:sandbox|development|production)-{_UUID}"),
    KeyPattern("LOB_KEY", "(?:live|test)_[0-9a-f]{35}"),
    KeyPattern("AIRTABLE_TOKEN", r"pat[A-Za-z0-9]{14}\.[0-9a-f]{64}"),
    KeyPattern("ASANA_TOKEN", "[0-9]/[0-9]{16}(?:/[0-9]{16})?:[0-9a-f]{32}"),
    KeyPattern("CLICKUP_TOKEN", "pk_[0-9]{5,12}_[A-Z0-9]{32}"),
    KeyPattern("LAUNCHDARKLY_KEY", f"(?:sdk|api)-{_UUID}"),
    KeyPattern("NEW_RELIC_KEY", "[0-9a-f]{36}NRAL"),
    KeyPattern("DYNATRACE_TOKEN", r"dt0[a-z][0-9]{2}\.[A-Z0-9]{24}\.[A-Z0-9]{64}"),
    KeyPattern("MAXMIND_KEY", "[A-Za-z0-9]{6}_[A-Za-z0-9]{29}_mmk"),
    KeyPattern("INTRA42_SECRET", "s-s4t2(?:ud|af)-[0-9a-f]{64}"),
    KeyPattern("ZOHO_TOKEN", r"1000\.[0-9a-f]{32}\.[0-9a-f]{32}"),
)
