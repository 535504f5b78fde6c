"""The share of a tenant's requests that may leave."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.fleet.quota import Quota
from gateway.policy.models import EscalationPolicy

THIRD = EscalationPolicy(per_tenant=0.3, window=10, least=0)


def counted(quota: Quota, *left: bool, tenant: str | None = None, limits: EscalationPolicy = THIRD) -> Quota:
    """Count requests in their order."""
    for one in left:
        quota.count(tenant, limits, left=one)
    return quota


def test_a_tenant_that_nobody_knows_is_within_its_share() -> None:
    """The first request may leave."""
    assert not Quota().is_used_up("acme", EscalationPolicy(per_tenant=0.3))


def test_a_share_is_used_up_when_one_more_would_be_above_it() -> None:
    """Three of ten may leave, a fourth may not."""
    seven = counted(Quota(), *[False] * 7)

    assert not counted(seven, True, True).is_used_up(None, THIRD)
    assert counted(seven, True).is_used_up(None, THIRD)


def test_a_request_that_dropped_out_of_the_window_counts_no_more() -> None:
    """Who behaved for a while may leave again."""
    quota = counted(Quota(), True, True, True, *[False] * 6)

    assert quota.is_used_up(None, THIRD)
    assert not counted(quota, False).is_used_up(None, THIRD)


def test_a_share_holds_from_the_least_number_of_requests_on() -> None:
    """A tenant's first few requests are no share of anything."""
    limits = EscalationPolicy(per_tenant=0.3, window=10, least=3)

    assert not counted(Quota(), True, True, limits=limits).is_used_up(None, limits)
    assert counted(Quota(), True, True, True, limits=limits).is_used_up(None, limits)


def test_a_share_also_holds_where_the_window_is_shorter_than_the_first_few() -> None:
    """A policy that asks for more requests than it counts is read as far as it counts."""
    limits = EscalationPolicy(per_tenant=0.5, window=4, least=100)

    assert counted(Quota(), True, True, True, True, limits=limits).is_used_up(None, limits)


def test_one_tenant_does_not_use_up_anothers_share() -> None:
    """Requests without a tenant are a tenant of their own."""
    quota, limits = counted(Quota(), *[True] * 10, tenant="loud"), EscalationPolicy(per_tenant=0.3, least=5)

    assert quota.is_used_up("loud", limits)
    assert not quota.is_used_up("quiet", limits)
    assert not quota.is_used_up(None, limits)


def test_the_tenant_that_asked_longest_ago_is_forgotten() -> None:
    """Invented tenants cannot fill the memory."""
    quota, limits = Quota(most_tenants=2), EscalationPolicy(per_tenant=0.3, least=5)
    for tenant in ("a", "b", "a", "c"):
        counted(quota, *[True] * 10, tenant=tenant)

    assert [quota.is_used_up(tenant, limits) for tenant in ("a", "b", "c")] == [True, False, True]


def test_a_smaller_window_reads_the_newest_requests() -> None:
    """A changed policy holds at once, and forgets nothing that it still asks about."""
    quota = counted(Quota(), *[False] * 8, True, True)

    assert quota.is_used_up(None, EscalationPolicy(per_tenant=0.5, window=4, least=0))
    assert not quota.is_used_up(None, EscalationPolicy(per_tenant=0.5, window=8, least=0))


@given(
    st.lists(st.booleans(), max_size=200),
    st.integers(0, 100).map(lambda percent: percent / 100),
    st.integers(1, 40),
    st.integers(0, 20),
)
def test_no_window_is_ever_above_its_share(wishes: list[bool], share: float, window: int, least: int) -> None:
    """Whatever a tenant tries: of any `window` requests after the first few, no more than the share left."""
    limits, quota, left = EscalationPolicy(per_tenant=share, window=window, least=least), Quota(), list[bool]()

    for wish in wishes:
        left.append(wish and not quota.is_used_up(None, limits))
        quota.count(None, limits, left=left[-1])
        if left[-1] and len(left) > least:
            assert sum(left[-window:]) <= share * min(len(left), window) + 1e-9
