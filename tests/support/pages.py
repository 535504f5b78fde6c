"""The fenced blocks of a page, and what a page says about running them.

A comment on the line before a block steers it: `<!-- no-run -->`, `<!-- refused -->` for a policy with a fault, or
`<!-- exit 1 -->` for commands that end so. A block of text right after a block that runs is what one sees, where `...`
stands for whatever comes there.
"""

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent

_FENCE = re.compile(r"^```(?P<info>[^`\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_DIRECTIVE = re.compile(r"<!-- (?P<word>no-run|refused|exit \d) -->\n\Z")
_PLUMBING = ("<", ">", "|")
_TITLE = re.compile(r'title="([^"]+)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One fenced block; `shown` is what one sees when it runs, None where the page does not say."""

    line: int
    language: str
    text: str
    title: str | None
    runs: bool
    refused: bool
    exit_code: int
    shown: str | None = None

    @property
    def is_policy(self) -> bool:
        """Whether it is a whole policy."""
        return self.language == "yaml" and re.search(r"^version: 1\b", self.text, re.MULTILINE) is not None

    @property
    def commands(self) -> Sequence[tuple[dict[str, str], list[str]]]:
        """The lines that call `gateway`: what they set in the environment, and their arguments."""
        return list(_commands(self.text)) if self.language == "console" else []


def pages() -> list[Path]:
    """Return the README and every page of the manual."""
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(page: Path) -> list[Block]:
    """Return the fenced blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    fences = list(_FENCE.finditer(text))
    return [_block(text, fence, after) for fence, after in zip(fences, [*fences, None][1:], strict=True)]


def _block(text: str, fence: re.Match[str], after: re.Match[str] | None) -> Block:
    info = fence["info"].split()
    title = _TITLE.search(fence["info"])
    directive = _DIRECTIVE.search(text, 0, fence.start())
    word = directive["word"] if directive else ""
    is_shown = after is not None and after["info"] == "text" and not text[fence.end() : after.start()].strip()
    return Block(
        line=text.count("\n", 0, fence.start()) + 1,
        language=info[0] if info else "",
        text=fence["text"],
        title=title[1] if title else None,
        runs="no-run" not in (word, *info),
        refused=word == "refused",
        exit_code=int(word.removeprefix("exit ")) if word.startswith("exit") else 0,
        shown=after["text"] if after is not None and is_shown else None,
    )


def _commands(text: str) -> Iterator[tuple[dict[str, str], list[str]]]:
    for line in text.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        environ: dict[str, str] = {}
        while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
            name, _, value = words.pop(0).partition("=")
            environ[name] = value
        if words and words[0] == "gateway":
            typed = takewhile(lambda word: word not in _PLUMBING, words[1:])
            yield environ, [each for word in typed for each in _expanded(word)]


def _expanded(word: str) -> Sequence[str]:
    return sorted(str(path.relative_to(ROOT)) for path in ROOT.glob(word)) if "*" in word else [word]


def matches(shown: str, came: str) -> bool:
    """Whether what came is what the page shows; runs of spaces count as one."""
    pattern = "".join(_line_pattern(" ".join(line.split())) for line in shown.splitlines())
    plain = "".join(f"{' '.join(line.split())}\n" for line in came.splitlines())
    return re.fullmatch(pattern, plain) is not None


def _line_pattern(line: str) -> str:
    if line == "...":
        return "(?:.*\n)*?"
    return re.escape(line).replace(r"\.\.\.", ".*?") + "\n"
