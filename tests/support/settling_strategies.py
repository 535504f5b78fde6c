"""Any attempts at all, for properties of `settle`."""

import itertools

from hypothesis import strategies as st

from gateway import errors
from gateway.types import Money, Usage
from support.settling import BACKENDS, attempt, completion, fault, judged

amounts = st.integers(min_value=0, max_value=10**7)
usages = st.builds(
    Usage,
    prompt_tokens=st.none() | amounts,
    completion_tokens=st.none() | amounts,
    cached_tokens=st.integers(0, 1000),
)
completions = st.builds(completion, usages, reported_cost=st.none() | amounts.map(Money))
faults = st.sampled_from(
    [
        fault(kind, status=status)
        for kind, status in itertools.product(
            (
                errors.BackendTimeoutError,
                errors.BackendUnavailableError,
                errors.RateLimitedError,
                errors.AbandonedError,
            ),
            (None, 429, 500, 503),
        )
    ]
)
backends = st.sampled_from(sorted(BACKENDS))
attempts_of = st.lists(
    st.builds(attempt, backends, completion=completions)
    | st.builds(judged, backends, accepted=st.booleans(), completion=completions)
    | st.builds(attempt, backends, error=faults, streamed=st.booleans(), first_token_s=st.none() | st.just(0.1)),
    max_size=6,
)
