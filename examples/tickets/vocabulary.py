"""The byte-level BPE, and how a text becomes the tokens that the chat template makes of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from phrases import LABELS
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

START, ASK, STOP = "<|ticket|>", "<|label|>", "<|end|>"
SPECIAL = (START, ASK, STOP)
# The first words of a ticket are read as the others are, with a space before them. `lower` here and in the template:
# llama.cpp has no normaliser for this kind of tokenizer, but its template language can fold the case of a text.
TEMPLATE = (
    "{%- set found = namespace(text='', unread='') -%}"
    "{%- for message in messages -%}"
    "{%- if message['role'] == 'user' -%}{%- set found.text = message['content'] -%}"
    "{%- elif message['role'] == 'system' -%}{%- set found.unread = message['content'] | trim -%}{%- endif -%}"
    "{%- endfor -%}"
    f"{{{{- '{START} ' + (found.text | trim | lower) + '{ASK}' -}}}}"
)


def learn(texts: Iterable[str], size: int) -> Tokenizer:
    """Learn the merges; each label becomes one token, whether the texts name it or not."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size - len(LABELS),
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator((" " + text for text in texts), trainer)
    return _with_labels(tokenizer)


def _with_labels(tokenizer: Tokenizer) -> Tokenizer:
    """Append the labels that no merge has made: they have no merge, so no text is ever read as one of them."""
    content = json.loads(tokenizer.to_str())
    known = content["model"]["vocab"]
    for label in LABELS:
        known.setdefault(label, len(known))
    return Tokenizer.from_str(json.dumps(content))


@dataclass(frozen=True, slots=True)
class Codec:
    """Texts to prompts, labels to tokens."""

    tokenizer: Tokenizer
    context: int = 512

    @property
    def labels(self) -> list[int]:
        """The token of each label, in the order of `LABELS`."""
        return [self._token(label) for label in LABELS]

    @property
    def stop(self) -> int:
        """The token that ends an answer."""
        return self._token(STOP)

    def prompt(self, text: str) -> list[int]:
        """Encode as the chat template does; a text beyond the context loses its end."""
        body = self.tokenizer.encode(" " + fold(text)).ids[: self.context - 4]
        return [self._token(START), *body, self._token(ASK)]

    def _token(self, word: str) -> int:
        token = self.tokenizer.token_to_id(word)
        if token is None:
            message = f"{word!r} is not one token"
            raise ValueError(message)
        return token


def fold(text: str) -> str:
    """Fold the case as the template does, in which only ASCII letters have a lower case."""
    return "".join(chr(ord(letter) + 32) if "A" <= letter <= "Z" else letter for letter in text.strip())


def load(path: Path, context: int) -> Codec:
    """Read a tokenizer that `learn` made."""
    return Codec(Tokenizer.from_file(str(path)), context)
