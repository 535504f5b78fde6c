"""Tickets from phrases: a seeded stream of (text, label shares), as unlike one another as we can make them.

`python generate.py 20` prints twenty of them.
"""

from __future__ import annotations

import random
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from noise import happens, spoil
from phrases import LABELS, TICKET_LABELS, Phrases, expand, load

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_WRAPPERS = (
    "translate this message into {language}: {ticket}",
    "summarise this email in one sentence: {ticket}",
    "extract the {thing} from the following text: {ticket}",
    "rewrite this so that it sounds more polite: {ticket}",
    "correct the spelling: {ticket}",
    "write a reply to this customer: {ticket}",
    "how many words are in this text? {ticket}",
    "is the tone of this message positive or negative? {ticket}",
    "return the {thing} as json. text: {ticket}",
    "write a poem in which somebody says: {ticket}",
    "continue the story: and then she said, {ticket}",
    "{ticket}\n\ntranslate the text above into {language}.",
    "{ticket} - rewrite this in a friendlier tone",
    "text: {ticket}\nquestion: what is the {thing}?",
    "give me three possible answers to this customer: {ticket}",
)
# What can be said around any matter, so that the words of the matter alone decide.
_FRAMES = (
    "[hi, |]it's about {w}",
    "i have a [question|problem|question for you] [about|regarding|with] {w}",
    "{w}, [please help|any idea|what can i do|can you look into it|how does it work]?",
    "[can someone|could you|please] [help|assist] [me|us] with {w}",
    "[my|the|our] [issue|concern|topic|question]: {w}",
    "{w} - {w}",
    "{w}, {w}, {w}",
    "{w} [and|or] {w}?",
    "i [wrote|called|mailed] [you|] [{days} ago|on {date}] about {w} [and|, but] [nobody answered|no reply]",
    "[we|i] [talked|spoke] to {name} about {w}, [now what|what's next|still open]",
    "what about {w}?",
    "[how|what] [is it|does it look|do we do] [with|about] {w}?",
    "[i need|we need|looking for] [information|someone|an answer] [on|for|about] {w}, {w}",
    "subject: {w}. [see|as i said|again]: {w}",
    "[last week|today|yesterday] {w}, [now|and today] {w}",
    "it is [again|still|once more] about {w}, [the second time|please read on|as before]",
    "[my|our] {person2} [says|thinks|asks]: {w}",
)
_LANGUAGES = ("german", "french", "spanish", "italian", "dutch", "polish")
_THINGS = ("order number", "name of the customer", "date", "product", "amounts", "named entities", "e-mail address")
_PREFIXES = ("classify: ", "classify this ticket: ", "ticket: ", "subject: ", "category? ", "label this message: ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A text and the share of each label in it; the shares add up to one."""

    text: str
    shares: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Generator:
    """Says tickets: from the phrases, and from real sentences by label where the reader has them."""

    phrases: Phrases
    real: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def example(self, rng: random.Random) -> Example:
        """Say one: mostly a plain ticket, else one out of scope, mixed or hard to tell apart."""
        kind = rng.choices(["mixed", "contrast", "outside", "ticket"], weights=[9, 12, 24, 55])[0]
        if kind == "mixed":
            return self._mixed(rng)
        if kind == "contrast":
            return self._contrast(rng)
        if kind == "outside":
            return Example(text=self._out_of_scope(rng), shares={"other": 1.0})
        label = rng.choice(TICKET_LABELS)
        return Example(text=self._ticket([self._sentence(label, rng)], (label,), rng), shares={label: 1.0})

    def _sentence(self, label: str, rng: random.Random) -> str:
        pool = rng.choices(["real", "words", "story", "core"], weights=[8, 18, 46, 28])[0]
        if pool == "words" and self.phrases.words[label]:
            return self._framed(label, rng)
        if pool == "real" and self.real.get(label):
            return rng.choice(self.real[label])
        if pool == "story" and self.phrases.story[label]:
            return self._say(rng.choice(self.phrases.story[label]), rng)
        return self._say(rng.choice(self.phrases.core[label]), rng)

    def _framed(self, label: str, rng: random.Random) -> str:
        words = self.phrases.words[label]
        frame = rng.choice(_FRAMES)
        while "{w}" in frame:
            frame = frame.replace("{w}", rng.choice(words), 1)
        return self._say(frame, rng)

    def _say(self, template: str, rng: random.Random) -> str:
        return expand(template, self.phrases.slots, rng)

    def _mixed(self, rng: random.Random) -> Example:
        """Two matters in one message: neither label is right, and the shares say so."""
        one, two = rng.sample(TICKET_LABELS, 2)
        link = rng.choice([" also, ", " and another thing: ", " besides, ", " ", " second: ", " and "])
        text = self._sentence(one, rng) + link + self._sentence(two, rng)
        return Example(text=self._ticket([text], (one, two), rng, short=True), shares={one: 0.55, two: 0.45})

    def _contrast(self, rng: random.Random) -> Example:
        labels, template = rng.choice(self.phrases.contrast)
        text = self._ticket([self._say(template, rng)], labels, rng)
        return Example(text=text, shares={label: 1 / len(labels) for label in labels})

    def _out_of_scope(self, rng: random.Random) -> str:
        kind = rng.choices(["wrapped", "small talk", "real", "said"], weights=[10, 6, 36, 48])[0]
        if kind == "wrapped":
            return spoil(self._wrapped(rng), rng)
        if kind == "small talk":
            return self._small_talk(rng)
        real = self.real.get("other") if kind == "real" else None
        text = rng.choice(real) if real else self._sentence("other", rng)
        return spoil(text, rng) if happens(0.65, rng) else self._ticket([text], ("other",), rng, short=True)

    def _wrapped(self, rng: random.Random) -> str:
        ticket = self._ticket([self._sentence(rng.choice(TICKET_LABELS), rng)], TICKET_LABELS, rng, short=True)
        template = rng.choice(_WRAPPERS)
        return template.format(ticket=ticket, language=rng.choice(_LANGUAGES), thing=rng.choice(_THINGS))

    def _small_talk(self, rng: random.Random) -> str:
        """A message that never says what it is about: greeting, remark and thanks alone."""
        shared = self.phrases.shared
        parts = [rng.choice(shared[name]) for name in ("greeting", "opener", "remark", "closing") if happens(0.5, rng)]
        return spoil(", ".join(self._say(part, rng) for part in parts) or "hi", rng)

    def _ticket(self, core: list[str], labels: Sequence[str], rng: random.Random, *, short: bool = False) -> str:
        """Put a greeting, side remarks, more of the same matter and a farewell around the core."""
        shared, phrases = self.phrases.shared, self.phrases
        before: list[str] = []
        after: list[str] = []
        if happens(0.25, rng):
            before.append(rng.choice(shared["opener"]))
        if happens(0.16, rng):
            before.append(rng.choice(shared["remark"]))
        if not short and len(labels) == 1 and phrases.more[labels[0]]:
            more = phrases.more[labels[0]]
            after += rng.sample(more, k=rng.choices([0, 1, 2, 3], weights=[45, 35, 15, 5])[0])
        if not short and happens(0.22, rng):
            other = rng.choice([label for label in TICKET_LABELS if label not in labels])
            rng.choice([before, after]).append(rng.choice(phrases.minor[other]))
        if happens(0.25, rng):
            after.append(rng.choice(shared["remark"]))
        rng.shuffle(before)
        rng.shuffle(after)
        body = [self._say(part, rng) for part in before] + core + [self._say(part, rng) for part in after]
        text = _joined(body, rng)
        if happens(0.5, rng):
            text = (
                self._say(rng.choice(shared["greeting"]), rng)
                + rng.choice([", ", "! ", " ", ",\n", ". ", ",\n\n"])
                + text
            )
        if happens(0.45, rng):
            text += rng.choice([" ", "\n", ", ", " - ", "\n\n"]) + self._farewell(rng)
        if happens(0.05, rng):
            text = rng.choice(_PREFIXES) + text
        return spoil(text, rng)

    def _farewell(self, rng: random.Random) -> str:
        text = self._say(rng.choice(self.phrases.shared["closing"]), rng)
        if happens(0.55, rng):
            text += rng.choice([", ", "\n", " ", ",\n"]) + self._say("{name}", rng)
        return text + rng.choice(["", "", "!", "."])


def _joined(sentences: Sequence[str], rng: random.Random) -> str:
    text = ""
    for sentence in sentences:
        end = "" if sentence.endswith((".", "?", "!", ":")) else rng.choice([".", ".", ".", "!", ",", "", "..."])
        text += (" " if text else "") + sentence + end
    return text


def main() -> None:
    """Print some examples."""
    rng = random.Random(1)
    generator = Generator(phrases=load())
    for _ in range(int(sys.argv[1]) if len(sys.argv) > 1 else 10):
        example = generator.example(rng)
        print({label: round(share, 2) for label, share in example.shares.items()}, repr(example.text))
    print("labels:", ", ".join(LABELS))


if __name__ == "__main__":
    main()
