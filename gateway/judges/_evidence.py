"""What an answer shows of its own quality, as numbers for a fitted model: never whether it is right.

From the answer alone: its kind, length and manner, its sums, and the tokens' probabilities where there are any. With
others' answers to the same request: who agrees with whom. Pure; long texts are read in bounded parts.
"""

from collections.abc import Sequence
from itertools import combinations
from math import exp, log1p

from gateway.judges import _checks
from gateway.judges._extract import Answer, final_answer
from gateway.judges._marks import marks
from gateway.judges._numbers import numbers
from gateway.judges._similarity import agreement
from gateway.judges._sums import sums

_KINDS = ("number", "option", "json", "label", "code", "call", "text")
_MOST_NUMBERS_TEXT = 8_000
_MOST_LOG = 40.0

ANSWER_NAMES = (
    *(f"kind_{kind}" for kind in _KINDS),
    "log_length", "length_to_prompt", "log_lines",
    "sums_right", "sums_wrong", "any_sum_wrong", "code_right", "code_wrong", "citations_right", "citations_wrong",
    "refuses", "hedges", "is_cut", "ends_open", "loop", "repeated", "echo",
    "is_whole", "is_negative", "log_size", "in_prompt", "numbers_used", "numbers_unused", "log_numbers",
    "has_logprobs", "mean_logprob", "least_logprob", "mean_probability",
)  # fmt: skip
VOICE_NAMES = ("voices", "mean_agreement", "least_agreement", "most_agreement", "among_others", "share_of_largest",
               "is_largest")  # fmt: skip


def evidence(
    answer: str,
    others: Sequence[str],
    *,
    prompt: str,
    logprobs: Sequence[float] | None = None,
    finish_reason: str = "stop",
) -> list[float]:
    """Return an answer as numbers; with others' answers, how far each agrees with it, in their order."""
    alone = of_answer(answer, prompt=prompt, logprobs=logprobs, finish_reason=finish_reason)
    return [*alone, *of_voices(answer, others, prompt=prompt)] if others else alone


def of_answer(
    answer: str, *, prompt: str, logprobs: Sequence[float] | None = None, finish_reason: str = "stop"
) -> list[float]:
    """Return the values of `ANSWER_NAMES` for an answer to a prompt; `logprobs` are natural, one a token."""
    final = final_answer(answer, prompt=prompt)
    signs = marks(answer, prompt=prompt, finish_reason=finish_reason)
    arithmetic, code = sums(answer), _checks.code(answer)
    cited = _checks.citations(answer, prompt)
    return [
        *(float(final is not None and final.kind == kind) for kind in _KINDS),
        log1p(len(answer)),
        log1p(len(answer)) - log1p(len(prompt)),
        log1p(answer.count("\n")),
        log1p(arithmetic.right),
        log1p(arithmetic.wrong),
        float(arithmetic.wrong > 0),
        log1p(code.right),
        log1p(code.wrong),
        log1p(cited.right),
        log1p(cited.wrong),
        float(signs.refuses),
        log1p(signs.hedges),
        float(signs.is_cut),
        float(signs.ends_open),
        signs.loop,
        signs.repeated,
        signs.echo,
        *_of_number(final, answer, prompt),
        *_of_logprobs(logprobs),
    ]


def of_voices(answer: str, others: Sequence[str], *, prompt: str) -> list[float]:
    """Return the values of `VOICE_NAMES` for one or more other answers, and each one's agreement with this one."""
    with_answer = [agreement(answer, other, prompt=prompt) for other in others]
    among = [agreement(one, other, prompt=prompt) for one, other in combinations(others, 2)]
    largest, ours = _largest([answer, *others], prompt)
    return [
        float(len(others)),
        sum(with_answer) / len(others),
        min(with_answer),
        max(with_answer),
        sum(among) / len(among) if among else 0.5,
        largest / (len(others) + 1),
        float(ours == largest),
        *with_answer,
    ]


def _largest(answers: Sequence[str], prompt: str) -> tuple[int, int]:
    """Return how many answers say the same as the most frequent one, and as the first."""
    said = [final_answer(answer, prompt=prompt) for answer in answers]
    counts = [said.count(one) for one in said]
    return max(counts), counts[0]


def _of_number(final: Answer | None, answer: str, prompt: str) -> list[float]:
    given = [number.value for number in numbers(prompt[-_MOST_NUMBERS_TEXT:])]
    used = {number.value for number in numbers(answer[-_MOST_NUMBERS_TEXT:])}
    share = sum(value in used for value in given) / len(given) if given else 1.0
    whole = negative = size = in_prompt = 0.0
    if final is not None and final.kind == "number":
        digits = final.value.split("/")[0].lstrip("-")
        whole, negative = float("/" not in final.value), float(final.value.startswith("-"))
        size = min(_MOST_LOG, 2.3 * len(digits) if len(digits) > 15 else log1p(int(digits)))  # noqa: PLR2004 - floats
        in_prompt = float(any(str(value) == final.value for value in given))
    return [whole, negative, size, in_prompt, share, log1p(len(given) * (1 - share)), log1p(len(used))]


def _of_logprobs(logprobs: Sequence[float] | None) -> list[float]:
    if not logprobs:
        return [0.0] * 4
    bounded = [max(-_MOST_LOG, min(0.0, value)) for value in logprobs]
    return [1.0, sum(bounded) / len(bounded), min(bounded), sum(map(exp, bounded)) / len(bounded)]
