"""Our figures on RouteLLM's own outcomes are the published ones. Needs its data and pyarrow, else it is left out.

`GATEWAY_BENCH_DATA` names the folder of the public sets, with `routing/routellm_mmlu/data.parquet` and others in it.
"""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gateway.training.baselines import category_scores, length_scores, oracle_scores
from gateway.training.metrics import Figures, binned, exact, interval
from gateway.training.rows import Row
from gateway.wire.request import parse_request

DATA = Path(os.environ.get("GATEWAY_BENCH_DATA", Path(__file__).parents[3] / "shared" / "data"))
WEAK, STRONG = "mixtral-8x7b-instruct__score", "gpt-4-1106-preview__score"


def published(name: str) -> list[Row]:
    """Return the outcomes that RouteLLM's evaluation counts; those it found in its training data are left out."""
    path = DATA / "routing" / name / "data.parquet"
    if not path.is_file():
        pytest.skip(f"{path} is not there; GATEWAY_BENCH_DATA names the folder of the public sets")
    parquet: Any = pytest.importorskip("pyarrow.parquet", reason="`make bench-routing` installs what reads the sets")
    table = parquet.read_table(path).to_pylist()
    return [
        Row(
            request=parse_request(line["prompt"]),
            weak=float(line[WEAK]),
            strong=float(line[STRONG]),
            category=line["category"],
        )
        for line in table
        if not line["contaminated"]
    ]


def outcomes(rows: list[Row]) -> tuple[Any, Any]:
    return np.array([row.weak for row in rows]), np.array([row.strong for row in rows])


def shown(figures: Figures) -> tuple[float, float, float]:
    assert figures.apgr is not None
    assert figures.cpt50 is not None
    assert figures.cpt80 is not None
    return figures.apgr, figures.cpt50, figures.cpt80


def near(apgr: float, cpt50: float, cpt80: float) -> Any:
    return pytest.approx((apgr, cpt50, cpt80), rel=0, abs=0.08)


@pytest.mark.parametrize(
    ("name", "count", "apgr", "cpt50", "cpt80"),
    [("routellm_mmlu", 14_037, 0.584, 36.7, 69.2), ("routellm_gsm8k", 1_307, 0.599, 36.5, 66.7)],
)
def test_length_alone_has_its_known_figures(name: str, count: int, apgr: float, cpt50: float, cpt80: float) -> None:
    """The longest prompts first: a baseline that many learned routers do not reach."""
    rows = published(name)

    figures = shown(binned(length_scores(rows), *outcomes(rows)))

    assert len(rows) == count
    assert figures[0] == pytest.approx(apgr, abs=0.0006)
    assert figures == near(apgr, cpt50, cpt80)


def test_chance_is_a_half() -> None:
    """Twenty routers by lot come to 0.5, 50 and 80 in the mean."""
    rows = published("routellm_mmlu")
    random = np.random.default_rng(0)

    drawn = np.array([shown(binned(random.random(len(rows)), *outcomes(rows))) for _ in range(20)])

    assert drawn.mean(axis=0)[0] == pytest.approx(0.5, abs=0.006)
    assert drawn.mean(axis=0)[1:] == pytest.approx([50, 80], abs=1.5)


def test_the_subject_table_has_its_known_figures() -> None:
    """Knowing the true subject and nothing else comes to 0.67; the folds are drawn anew, hence the room."""
    rows = published("routellm_mmlu")
    scores = category_scores(rows)
    assert scores is not None

    figures = shown(binned(scores, *outcomes(rows)))

    assert figures[0] == pytest.approx(0.672, abs=0.005)
    assert figures[1:] == pytest.approx([27.4, 58.5], abs=1.5)


@pytest.mark.parametrize(
    ("name", "apgr", "cpt50", "cpt80"), [("routellm_mmlu", 1.285, 6.2, 10.0), ("routellm_gsm8k", 1.121, 11.0, 17.7)]
)
def test_the_oracle_has_its_known_figures(name: str, apgr: float, cpt50: float, cpt80: float) -> None:
    """Who knows both outcomes beats the strong model alone."""
    rows = published(name)

    figures = shown(exact(oracle_scores(rows), *outcomes(rows)))

    assert figures == near(apgr, cpt50, cpt80)


def test_the_interval_of_the_length_is_narrow_on_fourteen_thousand_rows() -> None:
    """On MMLU length alone is told from chance."""
    rows = published("routellm_mmlu")

    found = interval(length_scores(rows), *outcomes(rows))

    assert found == pytest.approx((0.568, 0.604), abs=0.004)
