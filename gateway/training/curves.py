"""An evaluation as one page of HTML: two drawings and their tables; no script, and nothing from elsewhere."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from gateway.training.evaluate import OURS, Bin, Evaluation
from gateway.training.metrics import Curve, Figures

_WIDTH, _HEIGHT = 640, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 28, 16, 48
_TICKS = 5
# Colours that are told apart without colour vision, and dashes for who prints in grey.
_STYLES = {
    OURS: ("#0b5fa5", "", 3),
    "length": ("#b35900", "8 4", 2),
    "category": ("#1b7f4d", "2 3", 2),
    "oracle": ("#6b4fa0", "12 4 2 4", 2),
    "random": ("#666666", "4 4", 1.5),
}
_NAMES = {
    OURS: "this router",
    "length": "length of the prompt alone",
    "category": "table of true categories",
    "oracle": "oracle: knows both outcomes",
    "random": "chance",
}
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 48rem; margin: 2rem auto; padding: 0 1rem; }}
svg {{ width: 100%; height: auto; background: #fff; }}
svg text {{ font: 13px system-ui, sans-serif; fill: #222; }}
table {{ border-collapse: collapse; }}
caption {{ text-align: left; font-weight: 600; }}
th, td {{ padding: .2rem .8rem .2rem 0; text-align: right; border-bottom: 1px solid #8884; }}
th:first-child {{ text-align: left; font-weight: 400; }}
thead th, thead th:first-child {{ font-weight: 600; }}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
<p><strong>{verdict}.</strong></p>
<p>{facts}</p>
{sections}
</main>
</body>
</html>
"""


def page(evaluation: Evaluation, *, title: str) -> str:
    """Return the page; it holds figures alone, no row and no prompt."""
    sections = [
        _section("Quality by share of strong calls", _quality_plot(evaluation.curves)),
        _figures_table(evaluation),
        _section("What was said, and what came true", _reliability_plot(evaluation.bins)),
        _bins_table(evaluation.bins),
    ]
    return _PAGE.format(
        title=escape(title),
        verdict=escape("; ".join(evaluation.verdicts())),
        facts=escape(_facts(evaluation)),
        sections="\n".join(sections),
    )


def _facts(evaluation: Evaluation) -> str:
    learned = "" if evaluation.n_train is None else f"learned from {evaluation.n_train:,} rows, "
    count = len(evaluation.seeds)
    seeds = f"means of {count} seeds" if count > 1 else f"seed {evaluation.seeds[0]}"
    return f"{evaluation.protocol}; {learned}tested on {evaluation.n_test:,}; reads {evaluation.use}; {seeds}."


def _section(heading: str, body: str) -> str:
    return f"<h2>{heading}</h2>\n{body}"


def _quality_plot(curves: Mapping[str, Curve]) -> str:
    highest = max(float(curve.quality.max()) for curve in curves.values())
    lowest = min(float(curve.quality.min()) for curve in curves.values())
    frame = _Frame(lowest, highest if highest > lowest else lowest + 1)
    names = [name for name in _STYLES if name in curves]
    lines = [
        _line(name, [frame.point(x, y) for x, y in zip(curves[name].shares, curves[name].quality, strict=True)])
        for name in reversed(names)
    ]
    description = "Mean quality of the answers against the share of requests that go to the strong model."
    axes = frame.axes("share of strong calls", "mean quality")
    return _svg("Quality by share of strong calls", description, [*axes, *lines, *_legend(names)])


def _reliability_plot(bins: Sequence[Bin]) -> str:
    frame = _Frame(0, 1)
    most = max(each.count for each in bins)
    (x1, y1), (x2, y2) = frame.point(0, 0), frame.point(1, 1)
    diagonal = f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="#666666" stroke-dasharray="4 4"/>'
    dots = []
    for each in bins:
        x, y = frame.point(each.said, each.true)
        radius = 3 + 9 * (each.count / most) ** 0.5
        dots.append(f'<circle cx="{x}" cy="{y}" r="{radius:.1f}" fill="#0b5fa5" fill-opacity="0.7"/>')
    description = "Each dot is a group of requests; on the dashed line, what was said came true. Larger dots have more."
    axes = frame.axes("chance that the weak answer is good, as said", "share that was good")
    return _svg("Calibration", description, [*axes, diagonal, *dots])


class _Frame:
    """Where values stand in a drawing: x from 0 to 1, y from `low` to `high`."""

    def __init__(self, low: float, high: float) -> None:
        self._low, self._high = low, high

    def point(self, x: float, y: float) -> tuple[float, float]:
        """Return the coordinates of a value."""
        across, up = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
        share = (y - self._low) / (self._high - self._low)
        return round(_LEFT + float(x) * across, 1), round(_TOP + (1 - float(share)) * up, 1)

    def axes(self, x_name: str, y_name: str) -> Iterable[str]:
        """Yield the grid with its values and names."""
        for tick in range(_TICKS + 1):
            part = tick / _TICKS
            x, _ = self.point(part, self._low)
            value = self._low + part * (self._high - self._low)
            _, y = self.point(0, value)
            yield f'<line x1="{_LEFT}" y1="{y}" x2="{_WIDTH - _RIGHT}" y2="{y}" stroke="#dddddd"/>'
            yield f'<text x="{_LEFT - 8}" y="{y + 4}" text-anchor="end">{value:.2f}</text>'
            yield f'<text x="{x}" y="{_HEIGHT - _BOTTOM + 18}" text-anchor="middle">{part:.0%}</text>'
        yield f'<text x="{(_LEFT + _WIDTH) / 2}" y="{_HEIGHT - 8}" text-anchor="middle">{x_name}</text>'
        middle = _HEIGHT / 2 - 16
        yield f'<text transform="translate(16 {middle}) rotate(-90)" text-anchor="middle">{y_name}</text>'


def _line(name: str, points: Iterable[tuple[float, float]]) -> str:
    colour, dashes, width = _STYLES[name]
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    path = " ".join(f"{x},{y}" for x, y in points)
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}"{dashed}/>'


def _legend(names: Sequence[str]) -> Iterable[str]:
    left, top = _WIDTH - 240, _HEIGHT - _BOTTOM - 20 * len(names)
    for number, name in enumerate(names):
        y = top + 20 * number
        yield _line(name, [(left, y), (left + 32, y)])
        yield f'<text x="{left + 40}" y="{y + 4}">{_NAMES[name]}</text>'


def _svg(title: str, description: str, parts: Iterable[str]) -> str:
    name = title.lower().replace(" ", "-")
    head = (
        f'<svg role="img" viewBox="0 0 {_WIDTH} {_HEIGHT}" aria-labelledby="{name}-title {name}-text">'
        f'<title id="{name}-title">{title}</title><desc id="{name}-text">{description}</desc>'
    )
    return "\n".join([head, *parts, "</svg>"])


def _figures_table(evaluation: Evaluation) -> str:
    rows = [(_NAMES[OURS], evaluation.binned), (f"{_NAMES[OURS]}, all thresholds", evaluation.exact)]
    rows += [(_NAMES[name], figures) for name, figures in evaluation.baselines.items() if figures is not None]
    body = [(name, *_cells(figures)) for name, figures in rows]
    return _table("Recovered gap", ("", "APGR", "CPT 50%", "CPT 80%"), body)


def _bins_table(bins: Sequence[Bin]) -> str:
    body = [(f"{each.said:.3f}", f"{each.true:.3f}", f"{each.count:,}") for each in bins]
    return _table("Calibration", ("said", "true", "requests"), body)


def _cells(figures: Figures) -> tuple[str, str, str]:
    apgr = "unknown" if figures.apgr is None else f"{figures.apgr:.3f}"
    half, most = ("unknown" if value is None else f"{value:.1f}%" for value in (figures.cpt50, figures.cpt80))
    return apgr, half, most


def _table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col">{each}</th>' for each in heads)
    body = "\n".join(
        f'<tr><th scope="row">{first}</th>' + "".join(f"<td>{cell}</td>" for cell in rest) + "</tr>"
        for first, *rest in rows
    )
    return f"<table>\n<caption>{caption}</caption>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>"
