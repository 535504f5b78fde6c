"""Builds the model that ships: `make default-model`. Reads public sets from GATEWAY_BENCH_DATA, never copies them.

Only outcomes of open models graded by exact match are learned from, on questions that no MMLU or GSM8K test holds. What
they teach of other questions is little, so that the amount to read leads: length first, then a few marks of load. See
`gateway/estimate/default.md` for what it is worth.
"""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.linear_model import LogisticRegression
from table import build as build_table

from gateway.estimate.features import read
from gateway.estimate.head import Head
from gateway.estimate.model import Manifest, Model, packaged
from gateway.estimate.words import Words
from gateway.training.fit import DEPTH, TREES, complete_trees
from gateway.wire.request import parse_request

DATA = Path(os.environ.get("GATEWAY_BENCH_DATA", Path(__file__).parents[3] / "shared" / "data"))
# An open model: the terms of closed ones forbid a model that is distributed and was made with their outputs, and
# those of Llama 2 and 3 forbid it for other models. Llama 3.1 allows it, for a name and a display.
WEAK = "llama-3.1-8b-instruct"
# The amount to read and to hold in mind, and what kind of work it asks for, in standard deviations. Length leads.
# Chosen by hand with RouteLLM's three sets in sight, fitted to nothing.
LOAD = {
    "log_words": 1.0, "commas_a_word": 0.3, "log_largest_number": 0.3, "distinct_words": -0.3, "log_quotes": 0.3,
    "stem:condition": 0.3, "stem:reasoning": 0.2, "code": 0.2, "log_operators": 0.2,
    "stem:simple": -0.3,
}  # fmt: skip
LEARNED = 0.2
# Short intents (banking77, clinc150) have no outcomes: a small model is taken to be right on nineteen of twenty.
SIMPLE_WRONG = 0.05
SEED = 0
POINTS = 200

Floats = npt.NDArray[np.float32]
Table = list[dict[str, Any]]


def main() -> None:
    """Build the model and write it into the package."""
    questions = [row for row in _table("routing/mmlu_pro") if not row["src"].startswith("ori_mmlu")]
    maths = _table("routing/zeroeval_math_l5")
    simple = [row["prompt"] for row in (*_table("prompts/banking77")[::9], *_table("prompts/clinc150")[::16])]
    exam = [*questions, *maths]
    words = build_table([*(row["prompt"] for row in exam), *simple])
    hard = _numbers(words, [row["prompt"] for row in exam])
    every = np.concatenate((hard, _numbers(words, simple)))
    right = np.array([float(row[f"{WEAK}__score"] or 0) for row in exam])
    head = _head(words, hard, right, every)
    wrong = np.concatenate((1 - right, np.full(len(simple), SIMPLE_WRONG)))
    head = _calibrated(head, every, wrong)
    shares = np.histogram(head.difficulties(every), bins=10, range=(0, 1))[0] / len(every)
    manifest = Manifest(scores=tuple(round(float(share), 4) for share in shares), card=_card(len(exam), len(simple)))
    Model(words, {"prompt": head}, manifest).save(packaged())
    print(f"written: {packaged().name}, {packaged().stat().st_size:,} bytes, {len(words.stems):,} stems")


def _table(name: str) -> Table:
    path = DATA / name / "data.parquet"
    if not path.is_file():
        raise SystemExit(f"{path} is not there; set GATEWAY_BENCH_DATA to the folder of the sets")
    rows: Table = pq.read_table(path).to_pylist()
    return rows


def _numbers(words: Words, prompts: list[str]) -> Floats:
    return np.stack([words.vector(read(parse_request(prompt))) for prompt in prompts])


def _head(words: Words, hard: Floats, right: npt.NDArray[np.float64], every: Floats) -> Head:
    spread = every.std(axis=0)
    scale = np.where(spread > 1e-6, 1 / np.maximum(spread, 1e-6), 0).astype(np.float32)  # noqa: PLR2004
    load = np.array([LOAD.get(name, 0.0) for name in words.names], dtype=np.float32)
    forest = ExtraTreesRegressor(
        TREES, max_depth=DEPTH, min_samples_leaf=8, max_features=0.3, random_state=SEED
    ).fit(hard, np.stack((right, np.zeros(len(right))), axis=1))  # fmt: skip
    feature, threshold, value = complete_trees(forest)
    return Head(
        center=every.mean(axis=0),
        scale=scale,
        line=np.stack((-load, np.zeros_like(load)), axis=1),
        offset=np.zeros(2, dtype=np.float32),
        lean=load,
        feature=feature,
        threshold=threshold,
        value=value * np.float32(LEARNED / forest.predict(hard)[:, 0].std()),
        ranks=np.array([0.0, 1.0]),
        chances=np.array([0.0, 1.0]),
    )


def _calibrated(head: Head, every: Floats, wrong: npt.NDArray[np.float64]) -> Head:
    """Read chances off one smooth curve: between short intents and exams there are no outcomes to step by."""
    gains = head.gain(every)
    both = np.concatenate((gains, gains))[:, None]
    labels = np.repeat([1, 0], len(gains))
    curve = LogisticRegression().fit(both, labels, sample_weight=np.concatenate((wrong, 1 - wrong)))
    ranks = np.linspace(gains.min() - np.ptp(gains), gains.max() + np.ptp(gains), POINTS)
    return replace(head, ranks=ranks, chances=curve.predict_proba(ranks[:, None])[:, 1])


def _card(exam: int, simple: int) -> dict[str, Any]:
    return {
        "name": "Llama-hybrid-gateway-difficulty",
        "purpose": "A starting point until you have labels of your own: train on your traffic and replace it.",
        "estimates": f"P(the answer of {WEAK} is not good enough), from the prompt alone.",
        "rows": exam,
        "rows_without_outcomes": simple,
        "data": [
            (
                "MMLU-Pro without its rows from MMLU (TIGER-Lab, MIT): questions, and exact-match outcomes of Llama "
                "3.1 8B Instruct (TIGER-AI-Lab/MMLU-Pro, Apache-2.0)"
            ),
            "MATH level 5 (Hendrycks et al., MIT): exact-match outcomes from ZeroEval (WildEval, Apache-2.0)",
            (
                "banking77 (PolyAI, Casanueva et al. 2020, CC BY 4.0) and clinc150 (Larson et al. 2019, CC BY 3.0): "
                f"prompts alone, taken as answered rightly {1 - SIMPLE_WRONG:.0%} of the time"
            ),
        ],
        "models": [WEAK],
        "display": "Built with Llama",
        "notice": "Llama 3.1 is licensed under the Llama 3.1 Community License, Copyright © Meta Platforms, Inc. All "
        "Rights Reserved.",
        "limits": "Length leads. The marks of load were chosen by hand with RouteLLM's MMLU, GSM8K and MT-Bench in "
        "sight: expect less elsewhere. English alone. Its chances lie on one curve between short intents, which are "
        "taken to be easy, and exams: a rank more than a probability.",
    }


if __name__ == "__main__":
    main()
