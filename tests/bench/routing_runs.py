"""The runs that several rows of the benchmark share: each trains and scores by the public path, and is done once."""

from collections.abc import Sequence
from functools import cache, partial

import numpy as np
from routing_sets import gsm8k_answers, mmlu_pro, routellm

from gateway.estimate.model import Manifest, Model, load, packaged
from gateway.training.evaluate import Evaluation, Scorer, Trainer, evaluate_as_is, evaluate_folds, evaluate_split
from gateway.training.fit import fit
from gateway.training.rows import Row
from gateway.training.scoring import Use, difficulties
from gateway.training.splits import split

FOLDS = 5
SEEDS = range(5)
LABELS = 1_500
PRO_PAIRS = {
    "8B/GPT-4o": ("llama-3.1-8b-instruct", "gpt-4o-2024-05-13"),
    "70B/Gemini-3.1-Pro": ("llama-3.1-70b-instruct", "gemini-3.1-pro"),
}
PRO_VOICES = {
    "8B/GPT-4o": ("llama-3-8b-base", "mistral-7b-instruct-v0.2", "mixtral-8x7b-instruct"),
    "70B/Gemini-3.1-Pro": (
        *("llama-3.1-8b-instruct", "llama-3-8b-base", "mistral-7b-instruct-v0.2", "mixtral-8x7b-instruct"),
    ),
}


@cache
def base() -> Model:
    """Return the packaged model."""
    return load(packaged())


@cache
def unlabelled() -> Model:
    """Return what of the packaged model was learned from no outcome: its table of topics, and no head.

    Outcomes of MMLU-Pro and of MATH taught the head, so that nothing else can be tested on these sets.
    """
    return Model(base().words, {}, Manifest())


def scorer(model: Model, use: Use = "prompt") -> Scorer:
    """Return what scores rows by a model."""
    return partial(difficulties, model, use=use)


def trainer(use: Use, begun: Model | None = None) -> Trainer:
    """Return what learns from rows, beginning with a model (unset: the packaged one), and scores others."""

    def train(rows: Sequence[Row], seed: int) -> Scorer:
        return scorer(fit(rows, base=begun or base(), use=use, seed=seed), use)

    return train


@cache
def mmlu_split(labels: int) -> Evaluation:
    """Return the mean of five draws of so many labels, each tested on all other rows."""
    return evaluate_split(routellm("mmlu"), trainer("prompt"), train_size=labels, seeds=SEEDS, use="prompt")


@cache
def gsm8k_prompt(seed: int) -> Evaluation:
    """Return five folds over the prompt alone."""
    return evaluate_folds(routellm("gsm8k"), trainer("prompt"), number=FOLDS, use="prompt", seed=seed)


@cache
def gsm8k_cascade(voices: tuple[str, ...]) -> Evaluation:
    """Return five folds over prompt and answers."""
    return evaluate_folds(gsm8k_answers(voices), trainer("all"), number=FOLDS, use="all")


@cache
def pro_folds(pair: str, use: Use) -> Evaluation:
    """Return five folds of MMLU-Pro, over the prompt alone or with the letters that were answered."""
    rows = mmlu_pro(*PRO_PAIRS[pair], PRO_VOICES[pair])
    return evaluate_folds(rows, trainer(use, unlabelled()), number=FOLDS, use=use)


@cache
def as_shipped(name: str) -> Evaluation:
    """Return what the packaged model makes of a set, as it is."""
    return evaluate_as_is(routellm(name), scorer(base()), use="prompt")


@cache
def mmlu_learned(seed: int) -> tuple[Model, tuple[Row, ...]]:
    """Return a model of 1,500 labels of MMLU, and the rows that it did not see."""
    rows = routellm("mmlu")
    learned, others = split(len(rows), LABELS, seed=seed)
    model = fit([rows[index] for index in learned], base=base(), use="prompt", seed=seed)
    return model, tuple(rows[index] for index in others)


def drawn(rows: Sequence[Row], most: int, *, seed: int) -> list[Row]:
    """Return at most so many of the rows, by lot."""
    chosen = np.random.default_rng(seed).permutation(len(rows))[:most]
    return [rows[index] for index in chosen]
