"""How well it routes: rankings, chances, promises, robustness and speed, on public sets and by the public path.

Prints one table of measures with what we set out to reach, and one beside what others published. The sets are not in
this repository: place them under `$GATEWAY_BENCH_DATA/routing` (`../shared/data` by default); what needs a set that is
missing is named and left out. Run: `make bench-routing`, or `python tests/bench/routing.py mmlu speed` for some of it.
"""

import os
import platform
import time
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import sklearn
from routing_gadgets import gadgets
from routing_perturb import robust
from routing_published import PUBLISHED
from routing_quality import answers, calibration, default, gsm8k, mmlu, pro, unseen
from routing_risk import risk
from routing_runs import as_shipped, base, gsm8k_cascade, gsm8k_prompt, mmlu_split
from routing_speed import speed
from routing_table import Beside, beside
from sections import chosen, measured
from table import Measure

from gateway.training.evaluate import Evaluation

SECTIONS: dict[str, Callable[[], Iterator[Measure]]] = {
    "mmlu": mmlu,
    "gsm8k": gsm8k,
    "answers": answers,
    "mmlu-pro": pro,
    "default": default,
    "unseen": unseen,
    "calibration": calibration,
    "risk": risk,
    "robust": robust,
    "gadgets": gadgets,
    "speed": speed,
}
# Which evaluations stand beside published ones: section, benchmark, name, and how it is had.
_OURS: tuple[tuple[str, str, str, Callable[[], Evaluation]], ...] = (
    ("default", "MMLU", "packaged model, no MMLU label", lambda: as_shipped("mmlu")),
    ("mmlu", "MMLU", "prompt, 300 labels", lambda: mmlu_split(300)),
    ("mmlu", "MMLU", "prompt, 1,500 labels", lambda: mmlu_split(1_500)),
    ("default", "GSM8K", "packaged model, no GSM8K label", lambda: as_shipped("gsm8k")),
    ("gsm8k", "GSM8K", "prompt, 5 folds, first shuffle", lambda: gsm8k_prompt(0)),
    ("answers", "GSM8K", "prompt and weak answer, 5 folds", lambda: gsm8k_cascade(())),
    ("answers", "GSM8K", "with one other model's answer", lambda: gsm8k_cascade(("llama-3.1-8b-instruct",))),
    (
        *("answers", "GSM8K", "with two other models' answers"),
        lambda: gsm8k_cascade(("llama-3.1-8b-instruct", "qwen2-7b-instruct")),
    ),
    ("default", "MT-Bench", "packaged model", lambda: as_shipped("mtbench")),
)


def main() -> None:
    """Measure what is asked for, and print the tables."""
    asked = chosen(SECTIONS, __doc__)
    started, load_before = time.perf_counter(), os.getloadavg()
    taken = measured(SECTIONS, asked)
    if rows := list(_beside(list(taken))):
        print(f"\n{beside(rows)}")
    print(f"\n{_machine(load_before, time.perf_counter() - started)}")
    print("Seconds:", ", ".join(f"{name} {seconds:.0f}" for name, seconds in taken.items()))


def _beside(done: Sequence[str]) -> Iterator[Beside]:
    for benchmark, published in PUBLISHED.items():
        ours = [(name, run()) for section, where, name, run in _OURS if where == benchmark and section in done]
        if not ours:
            continue
        yield from published
        length = ours[0][1].baselines["length"]
        if length is not None:
            yield Beside(benchmark=benchmark, router="length of the prompt alone", figures=length)
        for name, evaluation in ours:
            yield Beside(benchmark=benchmark, router=name, figures=evaluation.binned)


def _machine(load_before: tuple[float, float, float], seconds: float) -> str:
    loads = ", ".join(f"{one[0]:.1f}" for one in (load_before, os.getloadavg()))
    return (
        f"Python {platform.python_version()}, numpy {np.__version__}, scikit-learn {sklearn.__version__}, "
        f"{os.cpu_count()} cores ({platform.machine()}), load at the start and the end {loads}, {seconds:.0f} s; "
        f"packaged model {base().sha256[:12]}"
    )


if __name__ == "__main__":
    main()
