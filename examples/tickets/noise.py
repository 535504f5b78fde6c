"""What people and keyboards do to a text: typos, missing marks, short forms, lost words. The meaning stays."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

_SHORT_FORMS = {
    "you": "u",
    "your": "ur",
    "please": "pls",
    "are": "r",
    "because": "cos",
    "thanks": "thx",
    "cannot": "cant",
    "can't": "cant",
    "don't": "dont",
    "doesn't": "doesnt",
    "didn't": "didnt",
    "won't": "wont",
    "i'm": "im",
    "i've": "ive",
    "isn't": "isnt",
    "hasn't": "hasnt",
    "haven't": "havent",
    "i'd": "id",
    "it's": "its",
    "what's": "whats",
    "where's": "wheres",
    "want to": "wanna",
    "going to": "gonna",
    "message": "msg",
    "password": "pw",
    "account": "acct",
    "subscription": "sub",
    "tomorrow": "tmrw",
    "people": "ppl",
    "without": "w/o",
    "days": "d",
    "minutes": "mins",
    "weeks": "wks",
    "application": "app",
    "information": "info",
    "cannot ": "can not ",
}
_LONG_FORMS = {
    "can't": "cannot",
    "don't": "do not",
    "doesn't": "does not",
    "didn't": "did not",
    "won't": "will not",
    "i'm": "i am",
    "i've": "i have",
    "i'd": "i would",
    "isn't": "is not",
    "hasn't": "has not",
    "it's": "it is",
    "there's": "there is",
    "cannot": "can't",
    "do not": "don't",
    "i am": "i'm",
    "i have": "i've",
    "does not": "doesn't",
    "it is": "it's",
    "is not": "isn't",
    "has not": "hasn't",
    "will not": "won't",
    "did not": "didn't",
}
# Words that customers use for the same thing, so that no label hangs on one of them.
_SAME = (
    ("parcel", "package", "order", "shipment", "box", "packet"),
    ("buy", "purchase", "order"),
    ("bill", "invoice"),
    ("charged", "billed", "debited"),
    ("subscription", "plan", "membership", "contract"),
    ("app", "application", "program", "tool", "software"),
    ("website", "site", "webpage", "web site"),
    ("wrong", "incorrect", "false", "off"),
    ("broken", "defective", "faulty", "damaged"),
    ("error", "failure", "fault", "problem"),
    ("delete", "remove", "erase"),
    ("great", "nice", "good", "brilliant", "awesome"),
    ("need", "require", "want"),
    ("get", "receive"),
    ("cancel", "terminate", "end", "stop"),
    ("add", "include", "introduce"),
    ("phone", "mobile", "cell phone", "handset"),
    ("log in", "login", "sign in", "log on"),
    ("email", "e-mail", "mail"),
    ("crashes", "freezes", "hangs", "quits"),
    ("arrived", "come", "turned up", "shown up", "reached me"),
    ("courier", "driver", "carrier", "delivery guy"),
    ("shipped", "sent", "dispatched", "posted"),
    ("several", "a few", "some"),
    ("price", "cost", "fee", "rate"),
    ("payment", "transaction"),
    ("money", "cash", "funds"),
    ("store", "keep", "save", "hold"),
    ("company", "firm", "business", "organisation"),
    ("client", "customer"),
    ("colleague", "coworker", "team mate"),
    ("quickly", "soon", "fast", "asap"),
    ("angry", "annoyed", "upset", "furious"),
    ("start", "begin", "launch"),
    ("change", "modify", "alter", "switch"),
    ("show", "display"),
    ("explain", "clarify", "tell me"),
    ("since", "ever since", "from"),
    ("month", "year", "week", "quarter"),
    ("find", "see", "locate"),
    ("sms", "text message", "text"),
    ("locked", "blocked", "frozen", "suspended"),
)
_SAME_AS = {word: tuple(x for x in group if x != word) for group in _SAME for word in group}
_WORD = re.compile(r"[a-z][a-z'-]+")


def spoil(text: str, rng: random.Random) -> str:
    """Return the text as another person would have typed it, in lower case (the model reads nothing else)."""
    text = _swap_words(text.lower(), _SAME_AS, 0.12, rng)
    if happens(0.4, rng):
        text = _swap_words(text, {key: (value,) for key, value in _LONG_FORMS.items()}, 0.7, rng)
    if happens(0.25, rng):
        text = _swap_words(text, {key: (value,) for key, value in _SHORT_FORMS.items()}, 0.5, rng)
    if happens(0.3, rng):
        text = _lose_words(text, 0.06, rng)
    if happens(0.35, rng):
        text = _typos(text, rng.choice([0.005, 0.01, 0.02, 0.03]), rng)
    if happens(0.2, rng):
        text = re.sub(r"[.,'!]", "", text)
    if happens(0.1, rng):
        text = re.sub(r"[.?]\s*$", rng.choice(["!!!", "???", "!!", "...", " :(", "?!"]), text)
    return text


def happens(chance: float, rng: random.Random) -> bool:
    """Draw once: true with this probability."""
    return rng.random() < chance


def _swap_words(text: str, choices: dict[str, tuple[str, ...]], rate: float, rng: random.Random) -> str:
    def swapped(match: re.Match[str]) -> str:
        word = match.group(0)
        return rng.choice(choices[word]) if word in choices and happens(rate, rng) else word

    return _WORD.sub(swapped, text)


def _lose_words(text: str, rate: float, rng: random.Random) -> str:
    words = text.split(" ")
    return " ".join(word for word in words if not happens(rate, rng)) or text


def _typos(text: str, rate: float, rng: random.Random) -> str:
    letters = list(text)
    for at in range(len(letters) - 1):
        if not letters[at].isalpha() or not happens(rate, rng):
            continue
        kind = rng.choice(["swap", "lose", "double", "miss"])
        if kind == "swap" and letters[at + 1].isalpha():
            letters[at], letters[at + 1] = letters[at + 1], letters[at]
        elif kind == "lose":
            letters[at] = ""
        elif kind == "double":
            letters[at] *= 2
        else:
            letters[at] = rng.choice("abcdefghijklmnopqrstuvwxyz")
    return "".join(letters)
