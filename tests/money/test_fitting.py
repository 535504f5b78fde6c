"""GPU time a token, from a log: exact where the card was full, refused where it cannot be told."""

import random

from gateway.money.fitting import Call, fit


def served(minutes: int, *, lanes: int, seed: int = 7) -> list[Call]:
    """A card that takes 27 us a token of a prompt and 212 of an answer, shared by as many calls as there are lanes."""
    dice = random.Random(seed)
    ends = [0.0] * lanes
    calls = []
    while min(ends) < minutes * 60:
        lane = ends.index(min(ends))
        # Every few minutes the load is of another kind: long prompts, or long answers.
        long_prompts = int(ends[lane] // 120) % 2
        tokens_in, tokens_out = (
            dice.randint(100, 8000 if long_prompts else 500),
            dice.randint(10, 60 if long_prompts else 900),
        )
        duration = (27e-6 * tokens_in + 212e-6 * tokens_out) * lanes
        calls.append(
            Call(replica="a", start_s=ends[lane], duration_s=duration, input_tokens=tokens_in, output_tokens=tokens_out)
        )
        ends[lane] += duration
    return calls


def test_a_full_card_shows_its_speed() -> None:
    """However many calls share it."""
    for lanes in (1, 8):
        found = fit(served(90, lanes=lanes))

        assert found is not None
        assert abs(found.input_us / 27 - 1) < 0.03
        assert abs(found.output_us / 212 - 1) < 0.03
        assert found.error < 0.02
        assert round(found.concurrency) == lanes


def test_replicas_of_two_cards_take_twice_the_gpu_time() -> None:
    """GPU time is of cards, not of servers."""
    one, two = fit(served(60, lanes=4)), fit(served(60, lanes=4), gpus_per_replica=2)

    assert one is not None
    assert two is not None
    assert round(two.output_us / one.output_us, 6) == 2


def test_the_busiest_minutes_count() -> None:
    """An idle night does not make the card slow: windows with few calls at once are left out."""
    night = [
        Call(replica="a", start_s=1e6 + 60 * n, duration_s=50.0, input_tokens=100, output_tokens=100 + n)
        for n in range(100)
    ]

    found = fit([*served(60, lanes=8), *night])

    assert found is not None
    assert abs(found.output_us / 212 - 1) < 0.05


def test_too_little_says_nothing() -> None:
    """Eleven minutes are no measurement."""
    assert fit(served(10, lanes=2)) is None
    assert fit([]) is None
    assert fit([Call(replica="a", start_s=0, duration_s=0, input_tokens=1, output_tokens=1)]) is None


def test_one_proportion_cannot_be_told_apart() -> None:
    """Where every call is alike, nobody knows which token took the time."""
    alike = [
        Call(replica="a", start_s=30.0 * n, duration_s=20, input_tokens=2400, output_tokens=500) for n in range(200)
    ]

    assert fit(alike) is None


def test_no_rate_is_negative() -> None:
    """A card that is slowest with short answers has no rate for answers, not one below 0."""
    odd = [
        Call(
            replica="a",
            start_s=60.0 * n,
            duration_s=1.0 + n % 7,
            input_tokens=1000 * (1 + n % 7),
            output_tokens=800 - 100 * (n % 7),
        )
        for n in range(200)
    ]
    other = [
        Call(
            replica="a",
            start_s=60.0 * n,
            duration_s=1.0 + n % 7,
            output_tokens=1000 * (1 + n % 7),
            input_tokens=800 - 100 * (n % 7),
        )
        for n in range(200)
    ]

    found, turned = fit(odd), fit(other)

    assert found is not None
    assert turned is not None
    assert (found.input_us > 0, found.output_us >= 0, turned.input_us >= 0, turned.output_us > 0) == (True,) * 4
