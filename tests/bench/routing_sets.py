"""The public sets of labelled rows, as `gateway train` takes them. Read from GATEWAY_BENCH_DATA, never copied."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from sections import MissingSetError

from gateway.training.rows import Row
from gateway.wire.request import parse_request

DATA = Path(os.environ.get("GATEWAY_BENCH_DATA", Path(__file__).parents[3] / "shared" / "data"))
Table = list[dict[str, Any]]


def table(name: str) -> Table:
    """Return the records of a set; raises `MissingSetError`."""
    path = DATA / "routing" / name / "data.parquet"
    if not path.is_file():
        raise MissingSetError(f"{path} is not there; set GATEWAY_BENCH_DATA to the folder of the sets")
    records: Table = pq.read_table(path).to_pylist()
    return records


def routellm(name: str) -> list[Row]:
    """Return RouteLLM's rows less those that its evaluation drops as contaminated."""
    records = [record for record in table(f"routellm_{name}") if not record["contaminated"]]
    most = 10 if name == "mtbench" else 1
    return [_row(record, "mixtral-8x7b-instruct", "gpt-4-1106-preview", most=most) for record in records]


def gsm8k_answers(voices: Sequence[str]) -> list[Row]:
    """Return RouteLLM's GSM8K rows with Mixtral's own answers, and those of other open models to the same questions."""
    others = {record["prompt"]: record for record in table("zeroeval_gsm")}
    rows = []
    for record in table("routellm_gsm8k"):
        if record["contaminated"]:
            continue
        other = others[record["prompt"]]
        answers = {"weak": record["mixtral-8x7b-instruct__response"]}
        # Of two models the whole answer is there, of the others what they finally said.
        answers |= {name: other.get(f"{name}__response") or other[f"{name}__pred"] or "" for name in voices}
        rows.append(_row(record, "mixtral-8x7b-instruct", "gpt-4-1106-preview", answers=answers))
    return rows


def zeroeval(name: str, weak: str, strong: str) -> list[Row]:
    """Return the rows of one of ZeroEval's sets."""
    return [_row(record, weak, strong) for record in table(f"zeroeval_{name}")]


def mmlu_pro(weak: str, strong: str, voices: Sequence[str] = (), *, with_mmlu: bool = True) -> list[Row]:
    """Return MMLU-Pro's rows where both models were scored, with the letters that were answered."""
    rows = []
    for record in table("mmlu_pro"):
        scores = record[f"{weak}__score"], record[f"{strong}__score"]
        if None in scores or (not with_mmlu and record["src"].startswith("ori_mmlu")):
            continue
        answers = {"weak": record[f"{weak}__pred"] or ""} | {name: record[f"{name}__pred"] or "" for name in voices}
        rows.append(_row(record, weak, strong, answers=answers if voices else {}))
    return rows


def prompts(name: str, every: int) -> list[str]:
    """Return one in so many prompts of a set without labels."""
    return [record["prompt"] for record in pq.read_table(DATA / "prompts" / name / "data.parquet").to_pylist()][::every]


def _row(
    record: Mapping[str, Any], weak: str, strong: str, *, answers: Mapping[str, str] | None = None, most: float = 1
) -> Row:
    return Row(
        request=parse_request(record["prompt"]),
        weak=float(record[f"{weak}__score"]) / most,
        strong=float(record[f"{strong}__score"]) / most,
        category=record["category"],
        answers=answers or {},
    )
