"""What the commands of `gateway licences` look at: a policy, its papers, and what the ledger says was served."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from gateway.cli.books import ledger_of
from gateway.cli.console import remark
from gateway.cli.inputs import policy_path
from gateway.entries import LedgerEntry
from gateway.errors import ConfigurationError, LicenceError
from gateway.licences.deployment import Deployment, Entity
from gateway.licences.page import Page, read_file, read_url
from gateway.licences.papers import Papers
from gateway.licences.register import Facts, Use
from gateway.licences.registry import packaged
from gateway.licences.resolve import provider_of, resolve
from gateway.licences.served import Served, served
from gateway.plugins import kinds, options
from gateway.policy.duties import deployment_of, deployments, entity_of
from gateway.policy.load import check_policy
from gateway.policy.models import AUTO, Policy
from gateway.policy.place import is_local

PRODUCT = "This product"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A policy, and its models in use."""

    policy: Policy
    uses: tuple[Use, ...]
    now: datetime

    @property
    def product(self) -> str:
        """What the product is called: as who deploys it."""
        return self.policy.entity.name if self.policy.entity is not None else PRODUCT

    @property
    def papers(self) -> Papers:
        """What stands beside the policy."""
        return self.policy.papers

    def facts(self, *, page: Page | None = None, unread: str | None = None) -> Facts:
        """Return all that duties are judged by."""
        keeps_nothing = (
            name for name, backend in self.policy.backends.items() if backend.retains is False and not is_local(backend)
        )
        return Facts(
            entity=entity_of(self.policy) or Entity(name="", seat=None, exposure="customers"),
            day=self.now.date(),
            records=self.papers.records,
            page=page,
            unread=unread,
            seen_at=self.now,
            owner=self.policy.licences.owner,
            excuses=self.policy.licences.warn,
            keeps_nothing=frozenset(keeps_nothing),
        )


def policy_without_verdict(given: Path | None) -> tuple[Policy, Path]:
    """Return the policy in force and its file; the licence rules are not asked: the report says what they find."""
    path = policy_path(given)
    return check_policy(path, options_of=options, kinds_of=kinds, licensed=False).policy, path


def case_of(  # noqa: PLR0913 - an option of the commands each
    policy: Path | None,
    ledger: str | None,
    *,
    since: datetime | None,
    until: datetime | None = None,
    configured: bool,
    traffic: bool = True,
) -> Case:
    """Return what is in use: what was served in a period, and with `configured` what the policy has besides."""
    given, _ = policy_without_verdict(policy)
    entries = _entries(ledger, given, (since, until), configured=configured) if traffic else ()
    now = datetime.now(UTC)
    return Case(policy=given, uses=uses_of(given, served(entries), configured=configured), now=now)


# The one place that reads what was served.
def _entries(
    ledger: str | None, policy: Policy, period: tuple[datetime | None, datetime | None], *, configured: bool
) -> Iterable[LedgerEntry]:
    since, until = period
    try:
        return ledger_of(ledger, policy).entries(since=since, until=until)
    except ConfigurationError as error:
        if not configured:
            raise
        remark(f"what was served is not known: {error}")
        return ()


def uses_of(policy: Policy, rows: Sequence[Served], *, configured: bool) -> tuple[Use, ...]:
    """Return what served, as it is deployed; with `configured` also what the policy has besides."""
    uses = [Use(deployment=_deployment(policy, row), served=row) for row in rows]
    if configured:
        known = {(use.deployment.backend, use.name) for use in uses}
        told = {use.deployment.backend for use in uses}
        uses += [
            Use(deployment=one)
            for one in deployments(policy)
            # What a server was asked to choose is known by what it chose.
            if (one.backend, one.resolution.model) not in known
            and not (policy.backends[one.backend].model == AUTO and one.backend in told)
        ]
    return tuple(uses)


def _deployment(policy: Policy, row: Served) -> Deployment:
    """Return a model that served as it is deployed now, or as the ledger knew it where the policy has it no more."""
    backend = policy.backends.get(row.backend)
    if backend is not None and backend.model in (row.model, AUTO):
        return deployment_of(row.backend, policy, model=row.model)
    day = datetime.now(UTC).date()
    provider = _provider(row)
    resolution = resolve(row.model, packaged(), declared=row.licence, provider=provider)
    entity = entity_of(policy) or Entity(name="", seat=None, exposure="customers")
    return Deployment(
        backend=row.backend,
        resolution=resolution,
        entity=entity,
        day=day,
        hosted_by=provider,
        displayed=policy.licences.attribution is not None,
        tier="paid" if provider is not None else None,
        records=policy.papers.records,
    )


def _provider(row: Served) -> str | None:
    """Return whose service answered, None where it was a model of one's own, whose hub may stand before its name."""
    prefix = row.model.partition("/")[0]
    if provider_of(prefix, packaged()) is not None:
        return prefix
    return "unknown" if row.local is False else None


def page_of(policy: Policy) -> tuple[Page | None, str | None]:
    """Return the page for texts to display, else why it could not be read; neither where none is named."""
    given = policy.licences.attribution
    if given is None:
        return None, None
    try:
        if given.url is not None:
            return read_url(given.url), None
        return read_file(policy.papers.folder / str(given.file)), None
    except LicenceError as error:
        return None, str(error)
