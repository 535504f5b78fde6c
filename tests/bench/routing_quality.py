"""How well requests are ranked, and how far the chances can be trusted: in domain, on what was never seen, as shipped.

No row is tested that was learned from; a set that is left out is left out whole.
"""

from collections.abc import Iterator
from statistics import fmean

from routing_runs import (
    PRO_PAIRS,
    PRO_VOICES,
    as_shipped,
    base,
    drawn,
    gsm8k_cascade,
    gsm8k_prompt,
    mmlu_split,
    pro_folds,
    scorer,
    unlabelled,
)
from routing_sets import mmlu_pro, routellm, zeroeval
from routing_table import apgr, described
from table import Measure, at_least, at_most

from gateway.training.evaluate import Evaluation, evaluate_as_is
from gateway.training.fit import fit
from gateway.training.rows import Row
from gateway.training.scoring import Use

SHUFFLES = range(3)
ONE_VOICE = ("llama-3.1-8b-instruct",)
TWO_VOICES = ("llama-3.1-8b-instruct", "qwen2-7b-instruct")
UNSEEN_CATEGORIES = ("law", "math", "engineering", "health")
_MOST_OF_A_SET = 3_000
# Sets that the packaged model learned outcomes of.
_TAUGHT = ("MMLU-Pro", "MATH level 5")
_USES: tuple[Use, ...] = ("prompt", "all")


def mmlu() -> Iterator[Measure]:
    """Measure how far 1,500 and 300 labels go on RouteLLM's MMLU."""
    many, few = mmlu_split(1_500), mmlu_split(300)
    yield apgr("MMLU, prompt, 1,500 labels: APGR", many, 0.655)
    yield at_most("the same: CPT 50%", many.binned.cpt50 or 100.0, 30, form=".1f")
    yield at_most("the same: CPT 80%", many.binned.cpt80 or 100.0, 62, form=".1f")
    yield apgr("MMLU, prompt, 300 labels: APGR", few, 0.62)


def gsm8k() -> Iterator[Measure]:
    """Measure GSM8K by its prompts alone."""
    runs = [gsm8k_prompt(seed) for seed in SHUFFLES]
    each = [run.binned.apgr or 0.0 for run in runs]
    note = f"mean of 3 shuffles: {', '.join(f'{value:.3f}' for value in each)}; of the first, {described(runs[0])}"
    yield at_least("GSM8K, prompt, 5 folds: APGR", fmean(each), 0.655, note)


def answers() -> Iterator[Measure]:
    """Measure GSM8K when the cheap answer is there, alone or beside those of other self-hosted models."""
    yield apgr("GSM8K, prompt and weak answer, 5 folds: APGR", gsm8k_cascade(()), 0.74)
    one, two = gsm8k_cascade(ONE_VOICE), gsm8k_cascade(TWO_VOICES)
    yield apgr("the same, and one other model's answer: APGR", one, 0.935)
    yield at_most("the same: CPT 80%", one.binned.cpt80 or 100.0, 24.5, form=".1f")
    yield apgr("the same, and two other models' answers: APGR", two, 0.965)
    yield at_most("the same: CPT 80%", two.binned.cpt80 or 100.0, 21, form=".1f")


def pro() -> Iterator[Measure]:
    """Measure MMLU-Pro by the prompt alone, and when the answered letters are there."""
    yield apgr("MMLU-Pro 8B/GPT-4o, prompt, 5 folds: APGR", pro_folds("8B/GPT-4o", "prompt"))
    for pair, reach in (("8B/GPT-4o", 0.685), ("70B/Gemini-3.1-Pro", 0.715)):
        count = len(PRO_VOICES[pair])
        yield apgr(
            f"MMLU-Pro {pair}, prompt and {count + 1} models' letters, 5 folds: APGR", pro_folds(pair, "all"), reach
        )


def default() -> Iterator[Measure]:
    """Measure the packaged model as it is; it learned from none of these rows."""
    yield apgr("packaged model as it is, MMLU: APGR", as_shipped("mmlu"), 0.595)
    yield apgr("packaged model as it is, GSM8K: APGR", as_shipped("gsm8k"), 0.61)
    yield apgr("packaged model as it is, MT-Bench (72 questions): APGR", as_shipped("mtbench"))


def unseen() -> Iterator[Measure]:
    """Measure on each set what was learned from all others."""
    weak, strong = "llama-3.1-8b-instruct", "gpt-4o-2024-08-06"
    sets = {
        "MMLU": routellm("mmlu"),
        "GSM8K": routellm("gsm8k"),
        "MMLU-Pro": mmlu_pro(*PRO_PAIRS["8B/GPT-4o"], with_mmlu=False),
        "MATH level 5": zeroeval("math_l5", weak, strong),
        "MT-Bench": routellm("mtbench"),
    }
    found = {name: _left_out(sets, name, rows) for name, rows in sets.items()}
    # The same questions as GSM8K's, which must not be learned from either.
    found["GSM8K of another pair"] = _left_out(sets, "GSM8K", zeroeval("gsm", weak, strong))
    counted = [evaluation.binned.apgr or 0.0 for name, evaluation in found.items() if name != "MT-Bench"]
    yield at_least("a whole data set unseen, prompt, mean of the five below but MT-Bench: APGR", fmean(counted), 0.54)
    for name, evaluation in found.items():
        yield apgr(f"unseen, {name}: APGR", evaluation)


def _left_out(sets: dict[str, list[Row]], without: str, tested: list[Row]) -> Evaluation:
    begun = unlabelled() if without in _TAUGHT else base()
    learned = [row for name, rows in sets.items() if name != without for row in drawn(rows, _MOST_OF_A_SET, seed=0)]
    return evaluate_as_is(tested, scorer(fit(learned, base=begun, use="prompt", seed=0)), use="prompt")


def calibration() -> Iterator[Measure]:
    """Measure how far P(the weak answer is good) is from what comes true."""
    yield at_most("ECE, MMLU, 1,500 labels", mmlu_split(1_500).ece, 0.025, "mean of 5 seeds")
    for use in _USES:
        yield at_most(f"ECE, MMLU-Pro 8B/GPT-4o, {_reads(use)}, 5 folds", pro_folds("8B/GPT-4o", use).ece, 0.025)
    for use in _USES:
        errors = {category: _of_a_new_category(category, use).ece for category in UNSEEN_CATEGORIES}
        note = "worst of " + ", ".join(f"{category} {error:.3f}" for category, error in errors.items())
        yield at_most(f"ECE, MMLU-Pro, a category unseen, {_reads(use)}", max(errors.values()), 0.06, note)


def _of_a_new_category(category: str, use: Use) -> Evaluation:
    rows = mmlu_pro(*PRO_PAIRS["8B/GPT-4o"], PRO_VOICES["8B/GPT-4o"])
    learned = [row for row in rows if row.category != category]
    tested = [row for row in rows if row.category == category]
    return evaluate_as_is(tested, scorer(fit(learned, base=unlabelled(), use=use, seed=0), use), use=use)


def _reads(use: Use) -> str:
    return "prompt" if use == "prompt" else "prompt and answers"
