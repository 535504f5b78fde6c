"""Train the ticket specialist: learn the vocabulary, read tickets, keep the running mean of the weights.

Writes `tokenizer.json`, `weights.pt` and `shape.json` into the folder given (default: `build`). Every draw is
seeded, save the tokenizer's sub-word dropout, whose library has no seed: two runs differ slightly.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import corpora
import torch
from generate import Example, Generator
from model import Llama, Shape
from noise import happens
from phrases import LABELS, load
from torch import Tensor, nn
from torch.nn import functional
from vocabulary import Codec, learn

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What decides the result, besides the phrases."""

    steps: int = 2600
    batch: int = 32
    rate: float = 2e-3
    warm_steps: int = 100
    decay: float = 0.1
    dropout: float = 0.1
    word_loss: float = 0.3
    reading_weight: float = 0.5
    reading_steps: int = 1300
    smoothing: float = 0.04
    vocabulary: int = 3072
    longest: int = 160
    mean_weight: float = 0.997
    seed: int = 7


def main() -> None:
    """Train, and say how long it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("build"))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=2600)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    recipe = Recipe(steps=options.steps, reading_steps=options.steps // 2, seed=options.seed)
    torch.manual_seed(recipe.seed)
    started, started_cpu = time.monotonic(), time.process_time()
    generator = Generator(phrases=load(), real=corpora.read())
    codec = Codec(learn(_texts(generator, recipe, 30_000), recipe.vocabulary))
    model = Llama(Shape(vocabulary=codec.tokenizer.get_vocab_size()), recipe.dropout)
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters", file=sys.stderr)
    mean = fit(model, generator, codec, recipe)
    _write(options.out, mean, codec)
    print(
        f"trained in {time.monotonic() - started:.0f} s, {time.process_time() - started_cpu:.0f} CPU s", file=sys.stderr
    )


def fit(model: Llama, generator: Generator, codec: Codec, recipe: Recipe) -> Llama:
    """Run the steps; give the running mean of the weights, which generalises better than the last ones."""
    mean = Llama(model.shape)
    mean.load_state_dict(model.state_dict())
    optimizer = _optimizer(model, recipe)
    batches = _batches(generator, codec, recipe)
    shown = 0.0
    for step in range(recipe.steps):
        for group in optimizer.param_groups:
            group["lr"] = _rate(step, recipe)
        loss = _loss(model, next(batches), codec, recipe, reading=step < recipe.reading_steps)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        weight = min(recipe.mean_weight, (step + 1) / (step + 10))
        with torch.no_grad():
            for kept, new in zip(mean.parameters(), model.parameters(), strict=True):
                kept.lerp_(new, 1 - weight)
        shown = loss.item() if step == 0 else 0.98 * shown + 0.02 * loss.item()
        if step % 100 == 0:
            print(f"step {step} loss {shown:.3f}", file=sys.stderr, flush=True)
    return mean.eval()


@dataclass(frozen=True, slots=True)
class Batch:
    """Prompts padded at their end, where the label is asked for, and what is right there."""

    tokens: Tensor
    asked_at: Tensor
    shares: Tensor


def _loss(model: Llama, batch: Batch, codec: Codec, recipe: Recipe, *, reading: bool) -> Tensor:
    states = model(batch.tokens)
    rows = torch.arange(len(batch.asked_at))
    scores = functional.log_softmax(model.logits(states[rows, batch.asked_at]), dim=-1)
    shares = batch.shares * (1 - recipe.smoothing) + recipe.smoothing / len(LABELS)
    loss = -(shares * scores[:, codec.labels]).sum(-1).mean()
    # The answer ends after its one token, whichever label it was.
    end = model.logits(states[rows, batch.asked_at + 1])
    loss = loss + 0.05 * functional.cross_entropy(end, torch.full_like(rows, codec.stop))
    if reading:
        loss = loss + recipe.reading_weight * _reading_loss(model, states, batch)
    return loss


def _reading_loss(model: Llama, states: Tensor, batch: Batch) -> Tensor:
    """Predict each next word of the text, so that words are learned from more than the label."""
    places = torch.arange(batch.tokens.shape[1] - 1)
    inside = places[None, :] < batch.asked_at[:, None]
    return functional.cross_entropy(model.logits(states[:, :-1][inside]), batch.tokens[:, 1:][inside])


def _batches(generator: Generator, codec: Codec, recipe: Recipe) -> Iterator[Batch]:
    """Draw many, sort them by length, so that little is padded, and give them in random order."""
    rng = random.Random(recipe.seed)
    codec.tokenizer.model.dropout = 0.06
    while True:
        drawn = [generator.example(rng) for _ in range(recipe.batch * 16)]
        rows = sorted(((_prompt(one, codec, recipe, rng), one) for one in drawn), key=lambda row: len(row[0]))
        groups = [rows[at : at + recipe.batch] for at in range(0, len(rows), recipe.batch)]
        rng.shuffle(groups)
        for group in groups:
            yield _batch(group, codec, rng)


def _prompt(example: Example, codec: Codec, recipe: Recipe, rng: random.Random) -> list[int]:
    prompt = codec.prompt(example.text)
    prompt = [prompt[0], *prompt[1:-1][: recipe.longest], prompt[-1]]
    if happens(0.5, rng):
        lost = rng.random() * recipe.word_loss
        body = [token for token in prompt[1:-1] if not happens(lost, rng)]
        prompt = [prompt[0], *body, prompt[-1]]
    return prompt


def _batch(rows: Sequence[tuple[list[int], Example]], codec: Codec, rng: random.Random) -> Batch:
    length = max(len(prompt) for prompt, _ in rows) + 1
    tokens = torch.full((len(rows), length), codec.stop)
    shares = torch.zeros(len(rows), len(LABELS))
    for at, (prompt, example) in enumerate(rows):
        names, weights = zip(*example.shares.items(), strict=True)
        answer = codec.labels[LABELS.index(rng.choices(names, weights)[0])]
        tokens[at, : len(prompt) + 1] = torch.tensor([*prompt, answer])
        for label, share in example.shares.items():
            shares[at, LABELS.index(label)] = share
    return Batch(tokens, torch.tensor([len(prompt) - 1 for prompt, _ in rows]), shares)


def _optimizer(model: Llama, recipe: Recipe) -> torch.optim.Optimizer:
    matrices = [p for p in model.parameters() if p.dim() > 1]
    vectors = [p for p in model.parameters() if p.dim() == 1]
    groups = [{"params": matrices, "weight_decay": recipe.decay}, {"params": vectors, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=recipe.rate, betas=(0.9, 0.98))


def _rate(step: int, recipe: Recipe) -> float:
    if step < recipe.warm_steps:
        return recipe.rate * (step + 1) / recipe.warm_steps
    done = (step - recipe.warm_steps) / (recipe.steps - recipe.warm_steps)
    return recipe.rate * (0.03 + 0.97 * 0.5 * (1 + math.cos(math.pi * done)))


def _texts(generator: Generator, recipe: Recipe, count: int) -> Iterator[str]:
    rng = random.Random(recipe.seed + 1)
    for _ in range(count):
        yield generator.example(rng).text


def _write(folder: Path, model: Llama, codec: Codec) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    codec.tokenizer.model.dropout = None
    codec.tokenizer.save(str(folder / "tokenizer.json"))
    torch.save(model.state_dict(), folder / "weights.pt")
    (folder / "shape.json").write_text(json.dumps(model.shape.as_dict(), indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
