"""Difficulty from the request alone, by hand: length first, then maths, code, constraints, words of reasoning.

Length leads because it ranks prompts nearly as well as published routers do on pairs and topics they were not trained
for (APGR 0.58 on RouteLLM's MMLU and 0.60 on its GSM8K, where 0.5 is chance). The weights were chosen by hand, not
fitted; a classifier trained on one's own traffic takes this one's place. What tools and models wrote is not read: what
the user asks for is what is hard or easy.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from math import exp, log1p
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from gateway.types import Request

# A long text is read at its two ends, so many characters: the task stands before or after the material.
_HEAD, _TAIL = 8_000, 4_000

# Chosen so that a line of chat comes to about 0.2, a page of plain text to 0.6.
_BIAS = -1.9
_LENGTH_WEIGHT = 0.65
_LENGTH_UNIT = 40
_TURN_WEIGHT, _MOST_TURNS = 0.1, 5
_TOOLS_WEIGHT = 0.3


class Signal(NamedTuple):
    """Marks that are counted together; `weight` is what they add when there are many, half of it at `half`."""

    weight: float
    half: float
    marks: tuple[str, ...]


SIGNALS: tuple[Signal, ...] = (
    # Notation of mathematics: LaTeX, powers, relations.
    Signal(
        1.2, 2, ("\\frac", "\\sum", "\\int", "\\sqrt", "\\begin", "\\(", "\\[", "$$", "^", "_{", " = ", "∫", "∑", "≤")
    ),
    # Code.
    Signal(
        1.2, 2, ("```", "def ", "class ", "function", "return ", "import ", "select ", "();", "#include", "traceback")
    ),
    # Reasoning and construction.
    Signal(
        1.6, 1, ("prove", "derive", "step by step", "design", "optimi", "trade-off", "debug", "refactor", "implement")
    ),
    # Milder words of the same.
    Signal(
        0.8,
        2,
        ("explain", "why ", "analy", "compar", "algorithm", "calculat", "determine", "evaluate", "strateg", "assum"),
    ),
    # Constraints and parts.
    Signal(
        0.8, 3, ("must", "should", "at least", "at most", "exactly", "without", "ensure", "\n- ", "\n1.", "\n2.", ";")
    ),
    # Several questions.
    Signal(0.5, 3, ("?",)),
    # What small models do well.
    Signal(-0.8, 1, ("classify", "categori", "translate", "extract", "yes or no", "one word", "sentiment", "label")),
)


class Options(BaseModel):
    """There is nothing to set."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@asynccontextmanager
async def build(options: Options) -> AsyncIterator["HeuristicClassifier"]:  # noqa: ARG001 - every kind is built the same
    """Build the classifier; nothing is opened."""
    yield HeuristicClassifier()


@dataclass(frozen=True, slots=True)
class HeuristicClassifier:
    """Reads what the user says in the whole conversation; the same request always has the same difficulty."""

    def difficulty(self, request: Request) -> float:
        """Return 0 (any model can) to 1 (only the strongest)."""
        said = [message.text for message in request.messages if message.role == "user"]
        turns = min(max(len(said) - 1, 0), _MOST_TURNS)
        score = text_score("\n".join(said)) + _TURN_WEIGHT * turns + (_TOOLS_WEIGHT if request.tools else 0)
        return 1 / (1 + exp(-score))


def text_score(text: str) -> float:
    """Return the log-odds of difficulty of a text; white space and case do not count."""
    window = text if len(text) <= _HEAD + _TAIL else text[:_HEAD] + text[-_TAIL:]
    lower = window.lower()
    written = (len(window) - lower.count(" ") - lower.count("\n")) * len(text) / max(len(window), 1)
    return _BIAS + _LENGTH_WEIGHT * log1p(written / _LENGTH_UNIT) + sum(_strength(signal, lower) for signal in SIGNALS)


def _strength(signal: Signal, text: str) -> float:
    count = sum(map(text.count, signal.marks))
    return signal.weight * count / (count + signal.half)
