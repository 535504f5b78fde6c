"""What keys of providers look like: a fixed beginning and so many characters of one alphabet. Data, no logic.

The beginnings are those that the providers document for their own secret scanning. Keys that have a shape but no fixed
beginning stand in `_key_patterns`.
"""

from typing import Literal, NamedTuple

Alphabet = Literal["letters", "lower", "capitals", "hex", "anyhex", "url", "dotted", "base64"]


class KeyShape(NamedTuple):
    """A key begins with `start` and goes on with `at_least` to `at_most` characters of `alphabet`."""

    type: str
    start: str
    alphabet: Alphabet
    at_least: int
    at_most: int = 4096


def _shapes(type_: str, starts: str, alphabet: Alphabet, at_least: int, at_most: int = 4096) -> list[KeyShape]:
    return [KeyShape(type_, start, alphabet, at_least, at_most) for start in starts.split()]


KEY_SHAPES: tuple[KeyShape, ...] = (
    # Language models and what surrounds them.
    *_shapes("ANTHROPIC_API_KEY", "sk-ant-", "url", 16),
    *_shapes("OPENAI_API_KEY", "sk-", "url", 16),
    *_shapes("OPENAI_API_KEY", "sess-", "letters", 40),
    *_shapes("OPENROUTER_API_KEY", "sk-or-v1-", "hex", 64),
    *_shapes("GROQ_API_KEY", "gsk_", "letters", 32),
    *_shapes("XAI_API_KEY", "xai-", "letters", 32),
    *_shapes("CEREBRAS_API_KEY", "csk-", "letters", 32),
    *_shapes("NVIDIA_API_KEY", "nvapi-", "url", 32),
    *_shapes("PERPLEXITY_API_KEY", "pplx-", "letters", 32),
    *_shapes("REPLICATE_API_TOKEN", "r8_", "letters", 32),
    *_shapes("HUGGINGFACE_TOKEN", "hf_ api_org_", "letters", 30, 40),
    *_shapes("LANGSMITH_API_KEY", "lsv2_", "url", 32),
    *_shapes("TOGETHER_API_KEY", "tgp_v1_", "url", 40),
    *_shapes("ELEVENLABS_API_KEY", "sk_", "hex", 48),
    *_shapes("FIREWORKS_API_KEY", "fw_", "letters", 22, 24),
    *_shapes("JINA_API_KEY", "jina_", "url", 40),
    *_shapes("TAVILY_API_KEY", "tvly-", "url", 24),
    *_shapes("FIRECRAWL_API_KEY", "fc-", "hex", 32, 32),
    *_shapes("PINECONE_API_KEY", "pcsk_", "url", 40),
    *_shapes("LLAMA_CLOUD_API_KEY", "llx-", "letters", 40),
    *_shapes("E2B_API_KEY", "e2b_", "hex", 40),
    *_shapes("RUNPOD_API_KEY", "rpa_", "letters", 32),
    *_shapes("ANYSCALE_API_KEY", "esecret_", "letters", 20),
    # Clouds and hosting.
    *_shapes("AWS_ACCESS_KEY", "AKIA ASIA ABIA ACCA", "capitals", 16, 16),
    *_shapes("AWS_ACCESS_KEY", "A3T", "capitals", 17, 17),
    *_shapes("AWS_BEDROCK_KEY", "ABSK", "base64", 100, 269),
    *_shapes("AWS_BEDROCK_KEY", "bedrock-api-key-", "base64", 100),
    *_shapes("GOOGLE_API_KEY", "AIza", "url", 35, 35),
    *_shapes("GOOGLE_OAUTH_SECRET", "GOCSPX-", "url", 24),
    *_shapes("GOOGLE_OAUTH_TOKEN", "ya29.", "url", 20),
    *_shapes("GOOGLE_OAUTH_TOKEN", "1//0", "url", 40),
    *_shapes("AZURE_STORAGE_KEY", "AccountKey=", "base64", 40),
    *_shapes("AZURE_SHARED_ACCESS_KEY", "SharedAccessKey=", "base64", 40),
    *_shapes("DIGITALOCEAN_TOKEN", "dop_v1_ doo_v1_ dor_v1_", "hex", 64),
    *_shapes("ALIBABA_ACCESS_KEY", "LTAI", "letters", 16, 24),
    *_shapes("TENCENT_SECRET_ID", "AKID", "letters", 32, 36),
    *_shapes("YANDEX_TOKEN", "AQVN", "url", 35, 38),
    *_shapes("YANDEX_TOKEN", "y0_", "url", 50),
    *_shapes("HEROKU_API_KEY", "HRKU-", "url", 36),
    *_shapes("RENDER_API_KEY", "rnd_", "letters", 28),
    *_shapes("NETLIFY_TOKEN", "nfp_", "letters", 36),
    *_shapes("FLY_TOKEN", "fo1_", "url", 43),
    *_shapes("FLY_TOKEN", "fm1r_ fm1a_ fm2_", "base64", 100),
    *_shapes("TAILSCALE_KEY", "tskey-", "url", 24),
    *_shapes("SCALINGO_TOKEN", "tk-us-", "url", 48),
    *_shapes("OPENSHIFT_TOKEN", "sha256~", "url", 43, 43),
    # Data and databases.
    *_shapes("DATABRICKS_TOKEN", "dapi", "hex", 32, 32),
    *_shapes("PLANETSCALE_TOKEN", "pscale_tkn_ pscale_pw_ pscale_oauth_", "dotted", 32),
    *_shapes("SUPABASE_TOKEN", "sbp_", "hex", 40),
    *_shapes("SUPABASE_TOKEN", "sb_secret_", "url", 20),
    *_shapes("NEON_API_KEY", "napi_", "letters", 40),
    *_shapes("AIVEN_PASSWORD", "AVNS_", "url", 16),
    *_shapes("CLICKHOUSE_KEY", "4b1d", "letters", 38, 38),
    *_shapes("MONGODB_ATLAS_KEY", "mdb_sa_sk_", "url", 40),
    *_shapes("ELASTIC_API_KEY", "essu_", "base64", 40),
    # Code, builds and packages.
    *_shapes("GITHUB_TOKEN", "ghp_ gho_ ghu_ ghs_ ghr_", "letters", 36),
    *_shapes("GITHUB_TOKEN", "github_pat_", "url", 36),
    *_shapes("GITLAB_TOKEN", "glpat- gldt- glrt- glrtr- glsoat- glft- glffct-", "url", 20, 50),
    *_shapes("GITLAB_TOKEN", "glimt-", "url", 25, 25),
    *_shapes("GITLAB_TOKEN", "glptt-", "url", 40, 40),
    *_shapes("GITLAB_TOKEN", "glagent-", "url", 50),
    *_shapes("GITLAB_TOKEN", "gloas-", "url", 64, 64),
    *_shapes("GITLAB_TOKEN", "GR1348941", "url", 20, 50),
    *_shapes("GITLAB_TOKEN", "_gitlab_session=", "hex", 32),
    *_shapes("ATLASSIAN_TOKEN", "ATATT3 ATCTT3", "base64", 60),
    *_shapes("BITBUCKET_TOKEN", "ATBB", "letters", 24),
    *_shapes("CIRCLECI_TOKEN", "CCIPAT_ CCIPRJ_", "url", 40),
    *_shapes("BUILDKITE_TOKEN", "bkua_", "hex", 40),
    *_shapes("SONAR_TOKEN", "sqp_ squ_ sqa_", "hex", 40),
    *_shapes("DOCKER_TOKEN", "dckr_pat_ dckr_oat_", "url", 27),
    *_shapes("NPM_TOKEN", "npm_", "letters", 36),
    *_shapes("PYPI_TOKEN", "pypi-AgEIcHlwaS5vcmc pypi-AgENdGVzdC5weXBpLm9yZw", "url", 85),
    *_shapes("RUBYGEMS_TOKEN", "rubygems_", "hex", 48),
    *_shapes("NUGET_API_KEY", "oy2", "lower", 43, 43),
    *_shapes("CRATES_TOKEN", "cio", "letters", 32, 32),
    *_shapes("CLOJARS_TOKEN", "CLOJARS_", "lower", 60),
    *_shapes("ARTIFACTORY_TOKEN", "cmVmd", "letters", 59, 59),
    *_shapes("SOURCEGRAPH_TOKEN", "sgp_ sgp_local_", "anyhex", 40, 40),
    *_shapes("POSTMAN_KEY", "PMAK-", "url", 50),
    *_shapes("OCTOPUS_API_KEY", "API-", "capitals", 25, 27),
    *_shapes("PREFECT_TOKEN", "pnu_ pnb_", "letters", 36),
    # Secrets' keepers.
    *_shapes("VAULT_TOKEN", "hvs. hvb. hvr.", "url", 24),
    *_shapes("DOPPLER_TOKEN", "dp.pt. dp.ct. dp.sa. dp.scim. dp.audit.", "letters", 40),
    *_shapes("PULUMI_TOKEN", "pul-", "hex", 40),
    *_shapes("ONEPASSWORD_TOKEN", "ops_eyJ", "base64", 200),
    *_shapes("AGE_SECRET_KEY", "AGE-SECRET-KEY-1", "capitals", 50),
    # Money.
    *_shapes("STRIPE_KEY", "sk_live_ sk_test_ sk_prod_ rk_live_ rk_test_ rk_prod_", "letters", 16),
    *_shapes("STRIPE_KEY", "whsec_", "base64", 24),
    *_shapes("SQUARE_TOKEN", "sq0atp-", "url", 22),
    *_shapes("SQUARE_TOKEN", "sq0csp-", "url", 40),
    *_shapes("SQUARE_TOKEN", "EAAA", "url", 50, 62),
    *_shapes("SHOPIFY_TOKEN", "shpat_ shpss_ shpca_ shppa_", "anyhex", 32),
    *_shapes("SHIPPO_TOKEN", "shippo_live_ shippo_test_", "anyhex", 40),
    *_shapes("EASYPOST_KEY", "EZAK EZTK", "letters", 54, 54),
    *_shapes("DUFFEL_TOKEN", "duffel_live_ duffel_test_", "url", 43),
    *_shapes("FLUTTERWAVE_KEY", "FLWSECK- FLWSECK_TEST-", "url", 12),
    *_shapes("RAZORPAY_KEY", "rzp_live_ rzp_test_", "letters", 14),
    *_shapes("MERCADOPAGO_TOKEN", "APP_USR-", "url", 50),
    # Messages and mail.
    *_shapes(
        "SLACK_WEBHOOK",
        "hooks.slack.com/services/T hooks.slack.com/workflows/T hooks.slack.com/triggers/T",
        "base64",
        24,
    ),
    *_shapes("DISCORD_WEBHOOK", "discord.com/api/webhooks/ discordapp.com/api/webhooks/", "base64", 60),
    *_shapes("TWILIO_KEY", "SK", "hex", 32, 32),
    *_shapes("MAILGUN_KEY", "key-", "hex", 32, 32),
    *_shapes("BREVO_KEY", "xkeysib- xsmtpsib-", "url", 64),
    *_shapes("INTERCOM_TOKEN", "dG9rO", "base64", 50),
    *_shapes("FACEBOOK_TOKEN", "EAA", "letters", 90),
    *_shapes("INSTAGRAM_TOKEN", "IGQV", "letters", 100),
    *_shapes("VK_TOKEN", "vk1.a.", "url", 80),
    # Work and documents.
    *_shapes("LINEAR_KEY", "lin_api_ lin_oauth_", "letters", 32),
    *_shapes("NOTION_TOKEN", "ntn_", "letters", 40, 60),
    *_shapes("NOTION_TOKEN", "secret_", "letters", 43, 43),
    *_shapes("FIGMA_TOKEN", "figd_ figu_", "url", 32),
    *_shapes("TYPEFORM_TOKEN", "tfp_", "dotted", 50),
    *_shapes("CONTENTFUL_TOKEN", "CFPAT-", "url", 40),
    *_shapes("README_TOKEN", "rdme_", "lower", 60),
    *_shapes("DROPBOX_TOKEN", "sl.", "url", 120),
    *_shapes("FRAMEIO_TOKEN", "fio-u-", "url", 60),
    *_shapes("MAPBOX_TOKEN", "sk.eyJ", "dotted", 60),
    *_shapes("ADOBE_SECRET", "p8e-", "letters", 32, 32),
    *_shapes("LICHESS_TOKEN", "lip_", "letters", 20),
    *_shapes("RIOT_API_KEY", "RGAPI-", "url", 36, 36),
    # Operations.
    *_shapes("GRAFANA_TOKEN", "glsa_", "url", 40),
    *_shapes("GRAFANA_TOKEN", "glc_", "base64", 32),
    *_shapes("GRAFANA_TOKEN", "eyJrIjoi", "base64", 60),
    *_shapes("NEW_RELIC_KEY", "NRAK-", "capitals", 27),
    *_shapes("NEW_RELIC_KEY", "NRII-", "url", 32),
    *_shapes("SENTRY_TOKEN", "sntrys_", "base64", 80),
    *_shapes("SENTRY_TOKEN", "sntryu_", "hex", 64),
    *_shapes("POSTHOG_KEY", "phx_", "letters", 40),
    *_shapes("INFRACOST_KEY", "ico-", "letters", 32, 32),
    *_shapes("SETTLEMINT_TOKEN", "sm_aat_ sm_pat_ sm_sat_", "letters", 16),
    *_shapes("DEFINED_NETWORKING_TOKEN", "dnkey-", "url", 70),
)
