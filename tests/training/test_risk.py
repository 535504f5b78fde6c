"""The threshold's promise: what it is by hand, and that it is kept, and not at too high a price."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.training.bounds import fewest_rows, is_won, upper_bound
from gateway.training.metrics import Array
from gateway.training.risk import Cut, cut_for_budget, cut_for_loss
from gateway.training.rows import Row
from gateway.wire.request import parse_request

REQUEST = parse_request("hello")


def rows(losses: Sequence[float] | Array) -> list[Row]:
    """Make rows whose weak answer loses so much."""
    return [Row(request=REQUEST, weak=1 - float(loss), strong=1.0) for loss in losses]


def drawn(count: int, random: np.random.Generator, *, fractions: bool = False) -> tuple[Array, Array]:
    """Draw difficulties, and losses that grow with them: what is kept below t loses t^2 / 4 in the mean."""
    difficulty = random.random(count)
    chance = difficulty / 2
    if fractions:
        return difficulty, np.asarray(random.beta(8 * chance, 8 * (1 - chance)))
    return difficulty, (random.random(count) < chance).astype(np.float64)


def true_loss(cut: Cut | None) -> float:
    return 0.0 if cut is None else cut.threshold**2 / 4


@pytest.mark.parametrize("fractions", [False, True])
def test_the_promise_holds_in_ninety_five_of_a_hundred_draws(fractions: bool) -> None:
    """In 200 draws of rows the true loss of what is kept exceeds the bound at most as often as was said."""
    random = np.random.default_rng(5)
    broken = 0

    for _ in range(200):
        difficulty, losses = drawn(800, random, fractions=fractions)
        broken += true_loss(cut_for_loss(difficulty, rows(losses), max_loss=0.05, confidence=0.95)) > 0.05

    # Of 200 draws at 5% there are more than 16 in one of fifty test runs; the draws are the same each time.
    assert broken <= 16


def test_the_promise_is_not_bought_too_dear() -> None:
    """With 5,000 rows at least nine tenths are kept of what could be kept by who knows the truth."""
    random = np.random.default_rng(6)
    best = 0.2**0.5

    kept = [true_loss(cut_for_loss(*_drawn_rows(random), max_loss=0.05, confidence=0.95)) ** 0.5 * 2 for _ in range(20)]

    assert np.mean(kept) > 0.9 * best


def _drawn_rows(random: np.random.Generator) -> tuple[Array, list[Row]]:
    difficulty, losses = drawn(5000, random)
    return difficulty, rows(losses)


def test_fifty_nine_rows_are_the_fewest_for_five_percent() -> None:
    """0.95^59 is below 0.05, 0.95^58 is not."""
    assert fewest_rows(0.05, 0.95) == 59
    assert cut_for_loss(np.linspace(0, 0.9, 58), rows(np.zeros(58)), max_loss=0.05, confidence=0.95) is None
    cut = cut_for_loss(np.linspace(0, 0.9, 59), rows(np.zeros(59)), max_loss=0.05, confidence=0.95)
    assert cut is not None
    assert (cut.threshold, cut.kept, cut.loss) == (1.0, 1.0, 0.0)


def test_the_cut_stands_before_the_loss_that_is_too_many() -> None:
    """With 100 rows and three losses in sight, one can be afforded and the second cannot."""
    difficulty = np.arange(100) / 100
    losses = np.zeros(100)
    losses[[40, 60, 80]] = 1

    cut = cut_for_loss(difficulty, rows(losses), max_loss=0.05, confidence=0.95)

    # binom.cdf(1, 100, 0.05) = 0.037, of two losses 0.118: one passes, so the cut is at the second.
    assert cut is not None
    assert cut.threshold == pytest.approx(0.6)
    assert cut.kept == pytest.approx(0.6)
    assert cut.loss == pytest.approx(0.01)


def test_a_router_that_tells_nothing_apart_promises_nothing() -> None:
    """Where all requests score the same and all lose, there is no cut, and none is made up."""
    assert cut_for_loss(np.full(200, 0.5), rows(np.ones(200)), max_loss=0.05, confidence=0.95) is None


def test_a_weak_model_that_is_better_loses_nothing() -> None:
    """What is kept loses only where the strong model would have done better."""
    better = [Row(request=REQUEST, weak=1.0, strong=0.0)] * 100

    cut = cut_for_loss(np.linspace(0, 0.9, 100), better, max_loss=0.05, confidence=0.95)

    assert cut is not None
    assert (cut.kept, cut.loss, cut.quality) == (1.0, 0.0, 1.0)


def test_requests_of_one_difficulty_move_together() -> None:
    """A threshold cannot part equals, so a loss among them counts wherever it stands in the file."""
    difficulty = np.array([0.1] * 100 + [0.5] * 100)
    losses = np.zeros(200)
    losses[100:150] = 1

    cut = cut_for_loss(difficulty, rows(losses), max_loss=0.05, confidence=0.95)

    assert cut is not None
    assert (cut.threshold, cut.kept) == (0.5, 0.5)


def test_what_is_written_down_keeps_no_more_than_what_was_chosen() -> None:
    """Thresholds have six decimals, rounded down, so that a copied one keeps the promise."""
    difficulty = np.array([0.1] * 100 + [2 / 3] * 100)
    losses = np.array([0.0] * 100 + [1.0] * 100)

    cut = cut_for_loss(difficulty, rows(losses), max_loss=0.05, confidence=0.95)

    assert cut is not None
    assert cut.threshold == 0.666666


def test_the_bound_is_clopper_and_pearsons() -> None:
    """No loss in 59 rows is bounded by 5% (just), and 5 in 100 by 10.225%, as in printed tables."""
    assert upper_bound(np.zeros(59), confidence=0.95) == pytest.approx(1 - 0.05 ** (1 / 59))
    assert upper_bound(np.array([1.0] * 5 + [0.0] * 95), confidence=0.95) == pytest.approx(0.10225, abs=1e-4)
    assert upper_bound(np.ones(10), confidence=0.95) == 1.0


def test_a_bet_against_the_truth_is_seldom_won() -> None:
    """Of 2,000 samples whose mean is the one betted against, at most one in twenty wins, whatever their spread."""
    random = np.random.default_rng(4)

    for spread in (0.5, 4, 50):
        samples = random.beta(0.1 * spread, 0.9 * spread, (300, 2000))
        assert is_won(samples, 0.1, 0.95).mean() <= 0.05


def test_small_losses_are_proven_with_fewer_rows_than_rare_ones() -> None:
    """What loses a little each time is bounded more closely than what seldom loses all, of the same mean."""
    random = np.random.default_rng(4)
    little, all_or_nothing = random.beta(5, 45, 500), (random.random(500) < 0.1).astype(np.float64)

    bounds = [upper_bound(losses, confidence=0.95) - losses.mean() for losses in (little, all_or_nothing)]

    assert bounds[0] < bounds[1] / 2


def test_losses_of_fractions_can_be_too_high_everywhere() -> None:
    """Where the easiest requests lose too much already, nothing is promised."""
    assert cut_for_loss(np.zeros(300), rows(np.full(300, 0.5)), max_loss=0.05, confidence=0.95) is None


def test_the_order_of_a_file_does_not_make_a_promise() -> None:
    """Rows sorted by what they lose have about the threshold that they have when they are not."""
    difficulty, losses = drawn(1000, np.random.default_rng(2), fractions=True)
    order = np.argsort(losses)

    cuts = [
        cut_for_loss(difficulty[each], rows(losses[each]), max_loss=0.05, confidence=0.95)
        for each in (np.arange(1000), order)
    ]

    assert cuts[0] is not None
    assert cuts[1] is not None
    assert cuts[0].threshold == pytest.approx(cuts[1].threshold, abs=0.03)


def test_small_fractions_are_kept_whole() -> None:
    """Where not even the hardest loses much, all are kept."""
    cut = cut_for_loss(np.linspace(0, 0.9, 2000), rows(np.full(2000, 0.01)), max_loss=0.05, confidence=0.95)

    assert cut is not None
    assert (cut.threshold, cut.kept) == (1.0, 1.0)
    assert cut.loss < cut.upper <= 0.05


def test_the_bound_of_fractions_is_valid_and_above_their_mean() -> None:
    """Half losses are bounded too, more tightly with more rows."""
    few, many = (upper_bound(np.full(count, 0.1), confidence=0.95) for count in (100, 10_000))

    assert 0.1 < many < few < 0.3
    assert many < 0.11


@given(budget=st.floats(0, 1), scores=st.lists(st.integers(0, 9), min_size=1, max_size=60))
def test_a_budget_is_never_exceeded_on_its_rows(budget: float, scores: list[int]) -> None:
    """As many as the budget allows go to the strong model, and no more, whatever is tied."""
    difficulty = np.array(scores) / 10

    cut = cut_for_budget(difficulty, rows(np.zeros(len(scores))), budget=budget, confidence=0.95)

    strong = difficulty >= cut.threshold
    assert strong.sum() <= budget * len(scores)
    assert 1 - cut.kept == pytest.approx(strong.mean())
    if not strong.all():
        next_hardest = difficulty[~strong].max()
        assert (difficulty >= next_hardest).sum() > budget * len(scores)


def test_a_budget_is_used_up() -> None:
    """A fifth of ten distinct requests is two, the hardest, and their strong answers count."""
    given_rows = [*rows(np.zeros(8)), *rows(np.ones(2))]

    cut = cut_for_budget(np.arange(10) / 10, given_rows, budget=0.2, confidence=0.95)

    assert (cut.threshold, cut.kept, cut.quality, cut.loss) == pytest.approx((0.8, 0.8, 1.0, 0.0))


def test_no_budget_keeps_all_but_certain_failures() -> None:
    """A difficulty of 1 is at least any threshold there is: such a request is sent even so."""
    cut = cut_for_budget(np.array([0.2, 1.0]), rows([0, 0]), budget=0.0, confidence=0.95)

    assert (cut.threshold, cut.kept) == (1.0, 0.5)
