"""A small Llama in plain torch: RMS norm, rotary positions, SwiGLU, embeddings tied to the output."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """The sizes of the network."""

    vocabulary: int
    hidden: int = 192
    layers: int = 3
    heads: int = 3
    inner: int = 512
    context: int = 512
    rope_base: float = 10_000.0
    epsilon: float = 1e-5

    @property
    def head_size(self) -> int:
        """How many numbers a head works on."""
        return self.hidden // self.heads

    def as_dict(self) -> dict[str, Any]:
        """Give the sizes as plain values, for a file."""
        return asdict(self)


class RmsNorm(nn.Module):
    """Scale each vector to unit mean square."""

    def __init__(self, size: int, epsilon: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self._epsilon = epsilon

    def forward(self, x: Tensor) -> Tensor:
        """Give the vectors at unit mean square, weighted."""
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self._epsilon) * self.weight


class Block(nn.Module):
    """One layer: attention to what came before, then a gated feed-forward step."""

    def __init__(self, shape: Shape, dropout: float) -> None:
        super().__init__()
        self._heads = shape.heads
        self.attention_norm = RmsNorm(shape.hidden, shape.epsilon)
        self.qkv = nn.Linear(shape.hidden, 3 * shape.hidden, bias=False)
        self.out = nn.Linear(shape.hidden, shape.hidden, bias=False)
        self.forward_norm = RmsNorm(shape.hidden, shape.epsilon)
        self.gate_up = nn.Linear(shape.hidden, 2 * shape.inner, bias=False)
        self.down = nn.Linear(shape.inner, shape.hidden, bias=False)
        self._dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
        """Take one step for every position."""
        x = x + self._dropout(self._attend(self.attention_norm(x), cosine, sine))
        gate, up = self.gate_up(self.forward_norm(x)).chunk(2, dim=-1)
        return x + self._dropout(self.down(functional.silu(gate) * up))

    def _attend(self, x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
        rows, length, hidden = x.shape
        q, k, v = self.qkv(x).view(rows, length, 3, self._heads, -1).permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(
            _turn(q, cosine, sine), _turn(k, cosine, sine), v, is_causal=True
        )
        return self.out(mixed.transpose(1, 2).reshape(rows, length, hidden))


class Llama(nn.Module):
    """Token numbers in, hidden states out; `logits` turns hidden states into scores of tokens."""

    def __init__(self, shape: Shape, dropout: float = 0.0) -> None:
        super().__init__()
        self.shape = shape
        self.embedding = nn.Embedding(shape.vocabulary, shape.hidden)
        self.blocks = nn.ModuleList(Block(shape, dropout) for _ in range(shape.layers))
        self.norm = RmsNorm(shape.hidden, shape.epsilon)
        self._dropout = nn.Dropout(dropout)
        angles = _angles(shape)
        self.register_buffer("cosine", angles.cos(), persistent=False)
        self.register_buffer("sine", angles.sin(), persistent=False)
        self.apply(_start)

    def forward(self, tokens: Tensor) -> Tensor:
        """Give the hidden state of every position."""
        length = tokens.shape[1]
        x = self._dropout(self.embedding(tokens))
        for block in self.blocks:
            x = block(x, self.cosine[:length], self.sine[:length])
        return self.norm(x)

    def logits(self, states: Tensor) -> Tensor:
        """Score every token of the vocabulary."""
        return functional.linear(states, self.embedding.weight)


def _angles(shape: Shape) -> Tensor:
    steps = torch.arange(0, shape.head_size, 2).float() / shape.head_size
    return torch.outer(torch.arange(shape.context).float(), shape.rope_base**-steps)


def _turn(x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    """Rotate the halves of each head against one another (the layout of Hugging Face, not of Meta)."""
    first, second = x.chunk(2, dim=-1)
    return torch.cat([first * cosine - second * sine, second * cosine + first * sine], dim=-1)


def _start(module: nn.Module) -> None:
    if isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, std=module.weight.shape[1] ** -0.5 * 0.7)
    elif isinstance(module, nn.Embedding):
        nn.init.normal_(module.weight, std=0.04)
