"""What keys of providers look like: a fixed beginning and so many characters of one alphabet. Data, no logic.

The beginnings are those that the providers document for their own secret scanning.
"""

from typing import Literal, NamedTuple

Alphabet = Literal["letters", "capitals", "hex", "url", "dotted", "base64"]


class KeyShape(NamedTuple):
    """A key begins with `start` and goes on with `at_least` to `at_most` characters of `alphabet`."""

    type: str
    start: str
    alphabet: Alphabet
    at_least: int
    at_most: int = 4096


KEY_SHAPES: tuple[KeyShape, ...] = (
    KeyShape("ANTHROPIC_API_KEY", "sk-ant-", "url", 16),
    KeyShape("OPENAI_API_KEY", "sk-", "url", 16),
    KeyShape("GROQ_API_KEY", "gsk_", "letters", 32),
    KeyShape("XAI_API_KEY", "xai-", "letters", 32),
    KeyShape("CEREBRAS_API_KEY", "csk-", "letters", 32),
    KeyShape("NVIDIA_API_KEY", "nvapi-", "url", 32),
    KeyShape("PERPLEXITY_API_KEY", "pplx-", "letters", 32),
    KeyShape("REPLICATE_API_TOKEN", "r8_", "letters", 32),
    KeyShape("HUGGINGFACE_TOKEN", "hf_", "letters", 30),
    KeyShape("HUGGINGFACE_TOKEN", "api_org_", "letters", 30),
    KeyShape("LANGSMITH_API_KEY", "lsv2_", "url", 32),
    KeyShape("AWS_ACCESS_KEY", "AKIA", "capitals", 16, 16),
    KeyShape("AWS_ACCESS_KEY", "ASIA", "capitals", 16, 16),
    KeyShape("AWS_ACCESS_KEY", "ABIA", "capitals", 16, 16),
    KeyShape("AWS_ACCESS_KEY", "ACCA", "capitals", 16, 16),
    KeyShape("AWS_BEDROCK_KEY", "ABSK", "base64", 100),
    KeyShape("GOOGLE_API_KEY", "AIza", "url", 35, 35),
    KeyShape("GOOGLE_OAUTH_SECRET", "GOCSPX-", "url", 24),
    KeyShape("GOOGLE_OAUTH_TOKEN", "ya29.", "url", 20),
    KeyShape("AZURE_STORAGE_KEY", "AccountKey=", "base64", 40),
    KeyShape("DIGITALOCEAN_TOKEN", "dop_v1_", "hex", 64),
    KeyShape("DATABRICKS_TOKEN", "dapi", "hex", 32),
    KeyShape("GITHUB_TOKEN", "ghp_", "letters", 36),
    KeyShape("GITHUB_TOKEN", "gho_", "letters", 36),
    KeyShape("GITHUB_TOKEN", "ghu_", "letters", 36),
    KeyShape("GITHUB_TOKEN", "ghs_", "letters", 36),
    KeyShape("GITHUB_TOKEN", "ghr_", "letters", 36),
    KeyShape("GITHUB_TOKEN", "github_pat_", "url", 36),
    KeyShape("GITLAB_TOKEN", "glpat-", "dotted", 20),
    KeyShape("GITLAB_TOKEN", "gldt-", "dotted", 20),
    KeyShape("GITLAB_TOKEN", "glrt-", "dotted", 20),
    KeyShape("GITLAB_TOKEN", "glptt-", "dotted", 40),
    KeyShape("GITLAB_TOKEN", "glcbt-", "dotted", 20),
    KeyShape("GITLAB_TOKEN", "glsoat-", "dotted", 20),
    KeyShape("GITLAB_TOKEN", "glagent-", "dotted", 50),
    KeyShape("GITLAB_TOKEN", "GR1348941", "url", 20),
    KeyShape("NPM_TOKEN", "npm_", "letters", 36),
    KeyShape("PYPI_TOKEN", "pypi-AgE", "url", 50),
    KeyShape("SLACK_TOKEN", "xoxb-", "url", 20),
    KeyShape("SLACK_TOKEN", "xoxp-", "url", 20),
    KeyShape("SLACK_TOKEN", "xoxa-", "url", 20),
    KeyShape("SLACK_TOKEN", "xoxr-", "url", 20),
    KeyShape("SLACK_TOKEN", "xapp-", "url", 20),
    KeyShape("SLACK_WEBHOOK", "hooks.slack.com/services/T", "base64", 24),
    KeyShape("SLACK_WEBHOOK", "hooks.slack.com/workflows/T", "base64", 24),
    KeyShape("STRIPE_KEY", "sk_live_", "letters", 16),
    KeyShape("STRIPE_KEY", "sk_test_", "letters", 16),
    KeyShape("STRIPE_KEY", "rk_live_", "letters", 16),
    KeyShape("STRIPE_KEY", "rk_test_", "letters", 16),
    KeyShape("STRIPE_KEY", "whsec_", "base64", 24),
    KeyShape("SHOPIFY_TOKEN", "shpat_", "hex", 32),
    KeyShape("SHOPIFY_TOKEN", "shpss_", "hex", 32),
    KeyShape("SQUARE_TOKEN", "sq0csp-", "url", 40),
    KeyShape("SQUARE_TOKEN", "EAAAE", "url", 50),
    KeyShape("TWILIO_KEY", "SK", "hex", 32, 32),
    KeyShape("SENDGRID_KEY", "SG.", "dotted", 60),
    KeyShape("POSTMAN_KEY", "PMAK-", "url", 50),
    KeyShape("LINEAR_KEY", "lin_api_", "letters", 32),
    KeyShape("NOTION_TOKEN", "ntn_", "letters", 40, 60),
    KeyShape("FIGMA_TOKEN", "figd_", "url", 32),
    KeyShape("AIRTABLE_TOKEN", "pat.", "dotted", 60),
    KeyShape("ATLASSIAN_TOKEN", "ATATT3", "base64", 60),
    KeyShape("GRAFANA_TOKEN", "glsa_", "url", 40),
    KeyShape("GRAFANA_TOKEN", "glc_", "base64", 32),
    KeyShape("NEW_RELIC_KEY", "NRAK-", "capitals", 27),
    KeyShape("DYNATRACE_TOKEN", "dt0c01.", "dotted", 60),
    KeyShape("DOPPLER_TOKEN", "dp.pt.", "letters", 40),
    KeyShape("VAULT_TOKEN", "hvs.", "url", 24),
    KeyShape("VAULT_TOKEN", "hvb.", "url", 24),
    KeyShape("PULUMI_TOKEN", "pul-", "hex", 40),
    KeyShape("TAILSCALE_KEY", "tskey-", "url", 24),
    KeyShape("SUPABASE_TOKEN", "sbp_", "hex", 40),
    KeyShape("PLANETSCALE_TOKEN", "pscale_", "dotted", 32),
    KeyShape("ONEPASSWORD_TOKEN", "ops_eyJ", "base64", 200),
    KeyShape("AGE_SECRET_KEY", "AGE-SECRET-KEY-1", "capitals", 50),
    KeyShape("SOURCEGRAPH_TOKEN", "sgp_", "url", 40),
)
