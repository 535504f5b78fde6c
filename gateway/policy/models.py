"""The policy as values: what `decide` reads. Parsed once by `policy.load`, then trusted.

A `kind` brings options of its own (`url`, `api_key`, `path` ...); those are checked by the kind's `Options` and
kept in `options`.
"""

from ipaddress import ip_network
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PrivateAttr,
    SecretStr,
    model_validator,
)
from pydantic_core import PydanticCustomError

from gateway.licences.papers import NO_PAPERS, Papers
from gateway.money.listing import Rate
from gateway.policy.asked import asked
from gateway.policy.licensing import EntityPolicy, LicencesPolicy, OriginPolicy
from gateway.policy.money import BaselinePolicy, BudgetPolicy, EngineersPolicy, PricePolicy
from gateway.policy.money import PoolPolicy as PoolPolicy  # noqa: PLC0414 - given on
from gateway.policy.parts import LedgerPart, Open, Part, Parts
from gateway.policy.parts import PartPolicy as PartPolicy  # noqa: PLC0414 - given on
from gateway.policy.tags import BUILT_IN_TAGS, Callers, TagPolicy, Tags, meaning
from gateway.policy.words import LevelName, Model, Names, Region, one_or_many
from gateway.types import Label, Level, Need, Stakes

# The model that the server lists first.
AUTO = "auto"
Share = Annotated[float, Field(ge=0, le=1)]


# What the router fills in for every replica. A kind has these options, a policy must not: whether a backend is local
# is judged by `urls`.
GIVEN = {
    "url": "write urls: [...]",
    "name": "the key above it is the backend's name",
    "probe": "write optional: true to have it looked for at start",
    "networks": "write addresses: [...]",
}
GIVEN_KEY = "given_key"


def _networks(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        try:
            ip_network(value)
        except ValueError:
            raise ValueError(f"no network: {value!r}; write for instance 10.0.0.0/8 or 192.0.2.7") from None
    return values


class BackendPolicy(Open):
    """One backend: what may reach it, what it can do, what it costs. Other keys belong to its `kind`."""

    kind: str = Field(description="llamacpp, vllm, ollama, lmstudio, openai_http, embedded, hosted, mock ...")
    model: str = Field(description="The model's name; for `hosted` as litellm writes it: provider/model.")
    urls: Names = Field(default=(), description="Base URLs of one or more replicas, tried in this order.")
    clearance: LevelName = Field(description="The highest level this backend may see.")
    local: bool | None = Field(
        default=None, description="Whether you operate it yourself. Unset: true for loopback and embedded."
    )
    region: Region | None = Field(default=None, description="Where it runs, for tags with a region.")
    refuses: Names = Field(
        default=(), description="Kinds and tags that it never sees, suspicions of them included, at whatever level."
    )
    retains: bool | None = Field(
        default=None, description="Whether what it sees may be kept there. Unset: true, but for local backends."
    )
    addresses: Annotated[Names, AfterValidator(_networks)] = Field(
        default=(),
        description="Networks (CIDR) or addresses that its names must resolve to. Unset: loopback and private ones "
        "where it is local, else any.",
    )
    licence: str | None = Field(default=None, description="The licence of its model: llama-3.1, apache-2.0 ...")
    origin: OriginPolicy = Field(
        default=OriginPolicy.model_construct(), description="Where the model comes from, for the licence rules."
    )
    pool: str | None = Field(default=None, description="The pool of hardware it runs on (see `pools`).")
    price: PricePolicy | None = Field(default=None, description="Unset: the price list's, where it has the model.")
    rate: Rate = Field(default="standard", description="At which of its provider's rates it is billed.")
    supports: tuple[Need, ...] | None = Field(default=None, description="tools, images, response_format ...")
    context_tokens: int | None = Field(default=None, gt=0, description="The largest prompt it takes, in tokens.")
    timeout_s: float = Field(default=60.0, gt=0, description="Seconds one call may take.")
    optional: bool = Field(
        default=False, description="Leave it out of the plans when it is not there at start, instead of failing."
    )

    @model_validator(mode="after")
    def _leaves_to_the_router(self) -> Self:
        said = "; ".join(f"{key}: {remedy}" for key, remedy in GIVEN.items() if key in self.options)
        if said:
            raise PydanticCustomError(GIVEN_KEY, "unknown key {said}", {"said": said})
        return self


class Range(Model):
    """`at_least` inclusive, `below` exclusive."""

    at_least: float | None = Field(default=None, description="From here on, itself included.")
    below: float | None = Field(default=None, description="Up to here, itself left out.")


class LevelRange(Model):
    """`at_least` and `at_most`, both inclusive."""

    at_least: LevelName = Field(default=Level.PUBLIC, description="From this level on.")
    at_most: LevelName = Field(default=Level.RESTRICTED, description="Up to this level.")


class When(Model):
    """The conditions of a rule; all that are given must hold. Lists mean: one of these."""

    tags: Names = Field(
        default=(), description="The caller gave one of these tags, or the policy does for its tenant or key."
    )
    kinds: Names = Field(
        default=(), description="A detector found one of these kinds, or a message has the tag: pii, pci, secret ..."
    )
    task: Names = Field(default=(), description="The caller's name for the task.")
    tenant: Names = Field(default=(), description="On whose behalf.")
    stakes: Annotated[
        tuple[Stakes, ...], BeforeValidator(one_or_many, json_schema_input_type=Stakes | tuple[Stakes, ...])
    ] = Field(default=(), description="What hangs on the answer, as the caller says.")
    needs: Annotated[tuple[Need, ...], BeforeValidator(one_or_many, json_schema_input_type=Need | tuple[Need, ...])] = (
        Field(default=(), description="What the request asks of a backend beyond text.")
    )
    level: LevelRange | None = Field(default=None, description="The request's level, tags and findings included.")
    difficulty: Range | None = Field(
        default=None,
        description="What the classifier says, times what an error costs at these stakes (`stakes`): 0 to 1.",
    )
    prompt_tokens: Range | None = Field(default=None, description="The length of the prompt, about.")


class AcceptPolicy(Open):
    """A judge that reads the answer; other keys (`at_least`, `one_of` ...) belong to the judge."""

    judge: str = Field(description="Its kind: format, confidence ...")

    @property
    def asks(self) -> tuple[str, ...]:
        """The backends that the judge's own keys name: whom it may want to ask."""
        return tuple(name for _, name in asked(self.model_extra or {}))


def _accepts(value: object) -> object:
    return (value,) if isinstance(value, dict) else value


Accepts = Annotated[
    tuple[AcceptPolicy, ...],
    BeforeValidator(_accepts, json_schema_input_type=AcceptPolicy | tuple[AcceptPolicy, ...]),
]


class Rule(Model):
    """The first rule whose `when` holds decides. Every backend of `use` that may see the request is asked in order."""

    name: str = Field(description="Shown in replies, errors and the ledger; no two rules share one.")
    when: When = Field(default=When.model_construct(), description="Unset: the rule fits every request.")
    use: Names = Field(min_length=1, description="Whom to ask, in this order.")
    accept: Accepts = Field(default=(), description="Judges that read an answer before the next backend is spared.")
    unaccepted: Literal["answer", "refuse"] = Field(
        default="answer", description="When nobody's answer is accepted: give the last one, marked, or refuse."
    )
    baseline: str | None = Field(default=None, description="Another baseline than the policy's.")
    deadline_s: float | None = Field(default=None, gt=0, description="A shorter deadline than the policy's.")

    @property
    def names(self) -> frozenset[str]:
        """The backends that the rule uses or that its judges name."""
        return frozenset(self.use).union(*(accept.asks for accept in self.accept))


class StakesPolicy(Model):
    """What an error costs at each of the stakes, next to a normal one; difficulty and doubt count so many times."""

    low: float = Field(default=0.5, gt=0, le=1000, description="An error at stakes low.")
    normal: Literal[1] = Field(default=1, description="The measure of the others, always 1.")
    high: float = Field(default=2.0, gt=0, le=1000, description="An error at stakes high.")

    def of(self, stakes: Stakes) -> float:
        """Return what an error costs at these stakes."""
        if stakes == "normal":
            return 1.0
        return self.low if stakes == "low" else self.high


class EscalationPolicy(Model):
    """How many of a tenant's requests may leave for backends that are not local, as long as a local one may answer."""

    per_tenant: Share = Field(description="The share of a tenant's last requests that may leave, 0 to 1.")
    window: int = Field(default=200, ge=1, le=10_000, description="How many last requests of a tenant are counted.")
    least: int = Field(default=20, ge=0, description="A tenant's first requests, as many as this, are not held to it.")


class ConversationPolicy(Model):
    """What is remembered of conversations: their label, and who answers those that escalated. No text is kept."""

    sticky: bool = Field(default=True, description="Whether a conversation that escalated stays with who answers it.")
    ttl_s: float = Field(default=3600.0, gt=0, description="Seconds without a turn after which it is forgotten.")
    most: int = Field(default=10_000, ge=1, le=1_000_000, description="How many are remembered, the latest ones.")


class RetryPolicy(Model):
    """How often the same backend is asked again after a transient fault, with growing, random pauses."""

    attempts: int = Field(default=2, ge=1, le=10, description="Calls per backend, the first included.")
    first_wait_s: float = Field(default=0.2, ge=0, description="The longest first pause; it doubles every time.")
    max_wait_s: float = Field(default=5.0, ge=0, description="No pause is longer, unless the backend asks for it.")


class LimitPolicy(Model):
    """Bounds that protect the process."""

    prompt_characters: int = Field(
        default=2_000_000, gt=0, description="The longest text of a request, tools and arguments included."
    )
    detector_s: float = Field(
        default=5.0, gt=0, description="Seconds a detector may read a long text; one that is late counts as failed."
    )


class FeedbackPolicy(Model):
    """Who may judge answers afterwards, and how often; a tenant judges his own entries alone."""

    key: SecretStr | None = Field(default=None, description="Asked of everybody who gives feedback; unset: nobody.")
    per_tenant_a_day: int = Field(default=1000, gt=0, description="Judgements of a tenant that are taken in 24 hours.")
    sources: Names = Field(default=(), description="Who may be named as `source`; unset: anybody.")


class LearningPolicy(Model):
    """What the ledger keeps of requests to learn from; never their words."""

    keep: Literal["nothing", "features"] = Field(
        default="nothing", description="features: a small vector that the classifier makes of the request."
    )
    at_most: LevelName = Field(default=Level.INTERNAL, description="Of requests up to this level.")


class HoldoutPolicy(Model):
    """A random share of local answers is compared with a strong backend's, after the reply."""

    backend: str = Field(description="Whom to ask; it must be cleared for the request.")
    share: float = Field(default=0.02, gt=0, le=1, description="The share of requests that is drawn.")
    at_most: LevelName = Field(default=Level.INTERNAL, description="Of requests up to this level.")
    score: Literal["agreement"] = Field(
        default="agreement", description="How the answers are compared: how far they agree in what they finally say."
    )


class Expectation(Model):
    """What a test of the policy demands of the plan."""

    first: str | None = Field(default=None, description="The backend that is asked first.")
    uses: tuple[str, ...] | None = Field(default=None, description="Exactly these backends in this order.")
    never: Names = Field(default=(), description="These backends are not in the plan.")
    rule: str | None = Field(default=None, description="The rule that fits.")
    level: LevelName | None = Field(default=None, description="The level of the request.")
    refused: bool | None = Field(default=None, description="Whether nobody may answer.")


class PolicyTest(Model):
    """A request and what must become of it; run by `gateway policy test`, calling nobody."""

    name: str | None = Field(default=None, description="What the test claims.")
    request: dict[str, Any] = Field(repr=False, description="`text` or `messages`, and any keyword of `route`.")
    expect: Expectation = Field(description="All that is given must hold.")


class Policy(Model):
    """The whole policy. `fingerprint` tells one version from another.

    It is a hash of the file's text and of the values that it reads from the environment; empty for a policy of code.
    """

    version: Literal[1] = Field(description="The version of this format.")
    entity: EntityPolicy | None = Field(default=None, description="Who deploys.")
    baseline: str | None = Field(default=None, description="The closed model you would have used: provider/model.")
    default_level: LevelName = Field(default=Level.INTERNAL, description="The level of a request without tags.")
    backends: dict[str, BackendPolicy] = Field(min_length=1, description="Who there is, by a name of your choice.")
    baselines: dict[str, BaselinePolicy] = Field(
        default_factory=dict, description="How many tokens a baseline takes, by its model. Unset: as many."
    )
    pools: dict[str, PoolPolicy] = Field(default_factory=dict, description="Hardware, by a name of your choice.")
    prices: str | None = Field(
        default=None, description="A file of your prices, from the policy's folder. Unset: `GATEWAY_PRICES`, else none."
    )
    engineers: EngineersPolicy | None = Field(default=None, description="Unset: not counted, and reports say so.")
    budget: BudgetPolicy | None = Field(default=None, description="Unset: nobody is warned.")
    bad_answer_usd: float | None = Field(
        default=None, ge=0, le=1_000_000, description="What a bad answer costs you. Unset: not counted."
    )
    tags: Tags = Field(default_factory=dict, description="Your tags, added to the built-in ones or replacing them.")
    tenants: Callers | None = Field(
        default=None,
        description="Tags of each tenant's requests; one that is not named here (or under `*`) is restricted.",
    )
    keys: Callers | None = Field(
        default=None, description="Tags by the name of the caller's API key; as `tenants`, for keys."
    )
    classifier: Part = Field(
        default=PartPolicy.model_construct(kind="logistic"), description="Who says how hard a request is."
    )
    detectors: Parts = Field(
        default=(PartPolicy.model_construct(kind="patterns"), PartPolicy.model_construct(kind="secrets")),
        description="Who looks for private content.",
    )
    ledger: LedgerPart | None = Field(
        default=None, description="Unset: `GATEWAY_LEDGER`, else a file in your home folder."
    )
    exporters: Parts = Field(
        default=(), description="Who is told what is on the books: prometheus, otel. The router opens them once."
    )
    rules: tuple[Rule, ...] = Field(min_length=1, description="The first that fits decides.")
    retries: RetryPolicy = Field(
        default=RetryPolicy.model_construct(), description="How often a backend is asked again."
    )
    feedback: FeedbackPolicy = Field(
        default=FeedbackPolicy.model_construct(), description="Who may judge answers afterwards."
    )
    learning: LearningPolicy = Field(
        default=LearningPolicy.model_construct(), description="What is kept to learn from."
    )
    holdout: HoldoutPolicy | None = Field(default=None, description="Unset: no local answer is compared.")
    limits: LimitPolicy = Field(default=LimitPolicy.model_construct(), description="Bounds of size and time.")
    deadline_s: float = Field(default=120.0, gt=0, description="Seconds a request may take, everything included.")
    when_unsure: Literal["hard", "easy"] = Field(
        default="hard", description="What a difficulty counts as that the classifier could not say."
    )
    stakes: StakesPolicy = Field(default=StakesPolicy.model_construct(), description="What an error costs.")
    escalation: EscalationPolicy | None = Field(
        default=None, description="Unset: as many requests as the rules say may leave."
    )
    conversations: ConversationPolicy = Field(
        default=ConversationPolicy.model_construct(), description="What is remembered of conversations."
    )
    licences: LicencesPolicy = Field(
        default=LicencesPolicy.model_construct(), description="How they are met, and by whom."
    )
    tests: tuple[PolicyTest, ...] = Field(default=(), description="Run by `gateway policy test`.")
    fingerprint: str = Field(default="", exclude=True)
    _papers: Papers = PrivateAttr(default=NO_PAPERS)

    @property
    def papers(self) -> Papers:
        """What was read beside the policy: attestations and licence texts."""
        return self._papers

    def with_papers(self, papers: Papers) -> Self:
        """Return the policy with what was read beside it."""
        given = self.model_copy()
        given._papers = papers  # noqa: SLF001 - its own
        return given

    def tag(self, name: str) -> TagPolicy | None:
        """Return what a tag or a finding's kind means here, None for an unknown one."""
        return self.tags.get(name) or BUILT_IN_TAGS.get(name)

    def label(self, name: str) -> Label | None:
        """Return what a tag or a finding's kind asks for here, None for an unknown one."""
        return meaning(name, self.tags)
