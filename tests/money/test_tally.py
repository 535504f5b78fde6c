"""Sums that are added up many at a time come to what they come to one after the other."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.money.rollups import Sums
from gateway.money.tally import Tally

SUMS = st.builds(Sums, **{name: st.integers(-(10**12), 10**12) for name in ("requests", "cost", "duration_us")})


@given(st.lists(SUMS, max_size=200))
def test_a_tally_is_the_sum_of_all_that_was_added(added: list[Sums]) -> None:
    """Also where more were added than are kept."""
    tally, one_by_one = Tally(), Sums()
    for sums in added:
        tally.add(sums)
        one_by_one = one_by_one.plus(sums)

    assert tally.total == one_by_one
