"""Ask the model as it is served: llama.cpp in a child process, on loopback, one thread; then print the tables.

`python evaluate.py dev.jsonl --model ticket-specialist.gguf`; with `--build` the served probabilities are also
compared with those of the trained network.
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import socket
import statistics
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
from phrases import LABELS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_START_LIMIT_S = 30.0
_CALL_LIMIT_S = 20.0
_THRESHOLDS = (0.0, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One text, what is right, and what was served."""

    text: str
    label: str
    said: str
    probability: float
    finished: str
    tokens: int
    seconds: float

    @property
    def is_right(self) -> bool:
        """Whether the label is the right one."""
        return self.said == self.label

    @property
    def is_ticket(self) -> bool:
        """Whether a support desk should handle the text."""
        return self.label != "other"

    def is_kept(self, threshold: float) -> bool:
        """Whether a gateway with this threshold would keep the answer instead of escalating."""
        return self.said != "other" and self.probability >= threshold


def main() -> None:
    """Evaluate one file of texts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("texts", type=Path, nargs="+")
    parser.add_argument("--model", type=Path, default=Path("ticket-specialist.gguf"))
    parser.add_argument("--build", type=Path, help="also compare with the trained network in this folder")
    parser.add_argument("--temperature", type=float, default=1.0, help="the one that export.py printed")
    parser.add_argument("--mistakes", action="store_true")
    options = parser.parse_args()
    with served(options.model) as client:
        for path in options.texts:
            rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
            answers = [ask(client, row["text"], row["label"]) for row in rows]
            print(f"\n{path.name}\n{report(answers)}")
            if options.mistakes:
                print(
                    "\n".join(
                        f"  {a.label} -> {a.said} {a.probability:.2f} {a.text}" for a in answers if not a.is_right
                    )
                )
        if options.build:
            differences = _differences(client, options)
            mean, largest = statistics.mean(differences), max(differences)
            print(f"\ndifference to the trained network: mean {mean:.4f}, largest {largest:.4f}")


@contextmanager
def served(model: Path) -> Iterator[httpx.Client]:
    """Serve a model on a free loopback port until the block ends."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    child = multiprocessing.get_context("spawn").Process(target=_serve, args=(str(model), port), daemon=True)
    child.start()
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=_CALL_LIMIT_S, trust_env=False) as client:
            _wait(client)
            yield client
    finally:
        child.kill()
        child.join(5)


def _serve(model: str, port: int) -> None:
    import xllamacpp  # noqa: PLC0415  # only the child loads llama.cpp

    params = xllamacpp.CommonParams()
    params.model.path = model
    params.hostnames = ["127.0.0.1"]
    params.port, params.n_ctx, params.n_parallel = port, 512, 1
    params.cpuparams.n_threads = 1
    params.use_jinja = True
    params.verbosity = 0
    server = xllamacpp.Server(params)
    print("serving on", server.listening_address, file=sys.stderr)
    time.sleep(600)


def _wait(client: httpx.Client) -> None:
    end = time.monotonic() + _START_LIMIT_S
    while time.monotonic() < end:
        try:
            if client.get("/health").status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    message = f"the model was not served within {_START_LIMIT_S:.0f} s"
    raise TimeoutError(message)


def ask(client: httpx.Client, text: str, label: str = "") -> Answer:
    """Send a text as a chat would, and read the label and its probability."""
    body = {
        "messages": [{"role": "user", "content": text}],
        "max_tokens": 4,
        "temperature": 0,
        "logprobs": True,
        "top_logprobs": len(LABELS),
    }
    started = time.perf_counter()
    response = client.post("/v1/chat/completions", json=body)
    seconds = time.perf_counter() - started
    response.raise_for_status()
    content = response.json()
    choice = content["choices"][0]
    return Answer(
        text=text,
        label=label,
        said=choice["message"]["content"],
        probability=math.exp(choice["logprobs"]["content"][0]["logprob"]),
        finished=choice["finish_reason"],
        tokens=content["usage"]["completion_tokens"],
        seconds=seconds,
    )


def report(answers: Sequence[Answer]) -> str:
    """Say how good and how sure the answers are."""
    tickets = [answer for answer in answers if answer.is_ticket]
    outside = [answer for answer in answers if not answer.is_ticket]
    right = [answer.probability for answer in tickets if answer.is_right]
    wrong = [answer.probability for answer in tickets if not answer.is_right]
    lines = [
        f"tickets {len(tickets)}: accuracy {len(right) / len(tickets):.3f}",
        f"out of scope {len(outside)}: named other {sum(a.is_right for a in outside) / max(1, len(outside)):.3f}",
        f"confidence: right {_mean(right)}, wrong {_mean(wrong)}; ECE of all {calibration_error(answers):.3f}",
        f"one label and the end: {sum(a.said in LABELS and a.finished == 'stop' for a in answers)} of {len(answers)}",
        f"median time {1000 * statistics.median(a.seconds for a in answers):.0f} ms",
        "",
        "| threshold | tickets kept | accuracy of kept | out of scope kept |",
        "|---|---|---|---|",
        *(_row(threshold, tickets, outside) for threshold in _THRESHOLDS),
    ]
    return "\n".join(lines)


def calibration_error(answers: Sequence[Answer], bins: int = 10) -> float:
    """Compute the expected calibration error: how far confidence and accuracy lie apart, in equal bins."""
    groups: dict[int, list[Answer]] = {}
    for answer in answers:
        groups.setdefault(min(int(answer.probability * bins), bins - 1), []).append(answer)
    gaps = (abs(sum(a.is_right - a.probability for a in group)) for group in groups.values())
    return sum(gaps) / len(answers)


def _row(threshold: float, tickets: Sequence[Answer], outside: Sequence[Answer]) -> str:
    kept = [answer for answer in tickets if answer.is_kept(threshold)]
    leaked = sum(answer.is_kept(threshold) for answer in outside)
    accuracy = sum(a.is_right for a in kept) / len(kept) if kept else math.nan
    return (
        f"| {threshold:.2f} | {len(kept) / len(tickets):.3f} | {accuracy:.3f} | {leaked / max(1, len(outside)):.3f} |"
    )


def _mean(values: Sequence[float]) -> str:
    return f"{statistics.mean(values):.2f}" if values else "none"


def _differences(client: httpx.Client, options: argparse.Namespace) -> list[float]:
    import torch  # noqa: PLC0415  # only this comparison needs the training's libraries
    from export import label_scores, read, sample_texts  # noqa: PLC0415

    model, codec = read(options.build)
    with torch.no_grad():
        model.norm.weight /= options.temperature
    differences = []
    for text in [*sample_texts(60), "MIXED Case, ÄÖÜ “quotes” and\nlines \U0001f600"]:
        answer = ask(client, text)
        expected = label_scores(model, codec, text)[LABELS.index(answer.said)].exp().item()
        differences.append(abs(expected - answer.probability))
    return differences


if __name__ == "__main__":
    main()
