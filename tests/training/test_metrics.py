"""The figures of a router, against what is reckoned by hand and what was published."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.pace import Watch

from gateway.training.metrics import NO_GAP, Array, auc, binned, binned_curve, ece, exact, exact_curve, interval


def of(*values: float) -> Array:
    return np.array(values, dtype=np.float64)


def made(count: int, *, seed: int = 0) -> tuple[Array, Array, Array]:
    """Make scores that know a little, and the outcomes of two models."""
    random = np.random.default_rng(seed)
    difficulty = random.random(count)
    weak = (random.random(count) > difficulty).astype(np.float64)
    strong = (random.random(count) > difficulty / 3).astype(np.float64)
    return np.round(difficulty + random.normal(0, 0.3, count), 2), weak, strong


def test_a_perfect_order_is_reckoned_by_hand() -> None:
    """Two of four requests gain, and both are first: half the calls recover all."""
    scores, weak, strong = of(4, 3, 2, 1), of(0, 0, 1, 1), of(1, 1, 1, 1)

    figures = exact(scores, weak, strong)

    # Recovered 0, 1/2, 1, 1, 1 at 0, 1/4 ... 1: (1/4 + 3/4 + 1 + 1) / 4.
    assert figures.apgr == pytest.approx(0.75)
    assert figures.cpt50 == pytest.approx(25.0)
    assert figures.cpt80 == pytest.approx(40.0)


def test_a_reversed_order_is_as_bad_as_the_perfect_one_is_good() -> None:
    """The worst router mirrors the best."""
    figures = exact(of(1, 2, 3, 4), of(0, 0, 1, 1), of(1, 1, 1, 1))

    assert figures.apgr == pytest.approx(0.25)
    assert figures.cpt50 == pytest.approx(75.0)


def test_fractions_count_as_fractions() -> None:
    """Quality need not be right or wrong."""
    figures = exact(of(2, 1), of(0.2, 0.5), of(0.8, 0.7))

    # Gains 0.6 and 0.2: recovered 0, 3/4, 1.
    assert figures.apgr == pytest.approx((0.75 / 2 + 1.75 / 2) / 2)


def test_equal_scores_are_chance() -> None:
    """A router that gives every request the same score sends them by lot."""
    _, weak, strong = made(40)

    for figures in (binned(np.zeros(40), weak, strong), exact(np.zeros(40), weak, strong)):
        assert (figures.apgr, figures.cpt50, figures.cpt80) == pytest.approx((0.5, 50.0, 80.0))


@pytest.mark.parametrize("measure", [binned, exact])
def test_without_a_gap_there_is_nothing_to_recover(measure: object) -> None:
    """A strong model that is no better leaves the figures unknown, not zero."""
    assert callable(measure)
    assert measure(of(1, 2), of(1, 0), of(0, 1)) == NO_GAP


def test_ten_bins_are_reckoned_by_hand() -> None:
    """Twenty distinct scores have edges between every second one; the last edge leaves none."""
    scores = np.arange(20, dtype=np.float64)

    curve = binned_curve(scores, np.zeros(20), np.ones(20))

    assert curve.shares == pytest.approx(np.linspace(0, 1, 11))
    assert curve.quality == pytest.approx(curve.shares)


def test_ten_bins_drop_edges_that_are_the_same() -> None:
    """With two distinct scores there are two edges: all at the lower, and none above the upper."""
    curve = binned_curve(of(*[0] * 17, *[1] * 3), np.zeros(20), np.ones(20))

    assert curve.shares == pytest.approx([0, 1])


def test_an_edge_takes_what_scores_as_much_as_it() -> None:
    """`>=` at an edge, as in RouteLLM's code: three tied scores in the middle move together."""
    scores = of(0, 1, 1, 1, 2)

    curve = binned_curve(scores, np.zeros(5), np.ones(5))

    assert sorted(set(np.round(curve.shares, 6))) == pytest.approx([0.0, 0.2, 0.8, 1.0])


@given(seed=st.integers(0, 1000))
def test_the_order_of_the_rows_does_not_matter(seed: int) -> None:
    """Requests with equal scores move together, so a shuffled file has the same figures."""
    scores, weak, strong = made(60)
    order = np.random.default_rng(seed).permutation(60)

    shuffled = exact(scores[order], weak[order], strong[order])

    straight = exact(scores, weak, strong)
    assert shuffled.apgr == pytest.approx(straight.apgr)
    assert shuffled.cpt80 == pytest.approx(straight.cpt80)


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=40))
def test_a_curve_begins_with_the_weak_and_ends_with_the_strong(rows: list[tuple[float, float, float]]) -> None:
    """No strong call is the weak model's quality, all are the strong one's, whatever lies between."""
    scores, weak, strong = (np.array(column) for column in zip(*rows, strict=True))

    for curve in (exact_curve(scores, weak, strong), binned_curve(scores, weak, strong)):
        assert (curve.shares[0], curve.shares[-1]) == pytest.approx((0.0, 1.0))
        assert (curve.quality[0], curve.quality[-1]) == pytest.approx((weak.mean(), strong.mean()))
        assert (np.diff(curve.shares) >= 0).all()


def test_the_interval_holds_the_figure_and_narrows_with_rows() -> None:
    """More rows say it more exactly."""
    few, many = made(200), made(5000)

    narrow, wide = interval(*many), interval(*few)

    assert narrow is not None
    assert wide is not None
    assert narrow[0] < (exact(*many).apgr or 0) < narrow[1]
    assert narrow[1] - narrow[0] < (wide[1] - wide[0]) / 3


def test_the_interval_is_the_same_for_the_same_seed() -> None:
    """A figure that is reported can be had again."""
    rows = made(200)

    assert interval(*rows, seed=7) == interval(*rows, seed=7)
    assert interval(*rows, seed=7) != interval(*rows, seed=8)


def test_the_interval_covers_chance_for_a_random_router() -> None:
    """Scores by lot are told from chance in one of twenty cases, not more."""
    _, weak, strong = made(400)
    random = np.random.default_rng(3)

    intervals = [interval(random.random(400), weak, strong, resamples=200) for _ in range(40)]

    assert sum(found is not None and found[0] <= 0.5 <= found[1] for found in intervals) >= 34


def test_the_interval_is_unknown_where_the_gap_is() -> None:
    """Where half the resamples have no gap, no interval is made up."""
    assert interval(of(1, 2, 3, 4), of(1, 0, 1, 0), of(0, 1, 1, 0)) is None


def test_three_hundred_resamples_of_an_mmlu_take_under_three_seconds() -> None:
    """The interval is printed every time, so it has to be cheap."""
    rows = made(14_000)
    watch = Watch()

    interval(*rows)

    assert watch.seconds() < 3


def test_the_calibration_error_is_reckoned_by_hand() -> None:
    """Two bins, half the rows each, off by 0.05 and by 0.25."""
    good, weak = of(0.05, 0.05, 1.0, 1.0), of(0, 0, 1, 0.5)

    assert ece(good, weak) == pytest.approx((0.05 + 0.25) / 2)


def test_errors_of_both_signs_in_a_bin_cancel() -> None:
    """Calibration is about means: 0.75 said twice is right when three of four answers are good."""
    assert ece(of(0.75, 0.75, 0.75, 0.75), of(1, 1, 1, 0)) == pytest.approx(0)


def test_the_ranking_is_reckoned_by_hand() -> None:
    """Of four pairs two are in order, one is tied, one is not."""
    assert auc(of(0.9, 0.5, 0.5, 0.1), of(0, 1, 0.4, 0.5)) == pytest.approx((1 + 1 + 0.5 + 1) / 4)


@pytest.mark.parametrize("weak", [of(0, 0), of(1, 1)])
def test_the_ranking_of_one_kind_is_unknown(weak: Array) -> None:
    """Where the weak model always fails there is nothing to tell apart."""
    assert auc(of(0.1, 0.9), weak) is None
