"""What RouteLLM's paper prints for its own sets: the best router of each kind of training data, and chance.

Tables 1 to 3 of https://arxiv.org/abs/2406.18665 (v4); the pair is GPT-4-1106-preview and Mixtral-8x7B-Instruct.
"""

from collections.abc import Mapping

from routing_table import Beside

from gateway.training.metrics import Figures

_PAPER = "RouteLLM, arXiv 2406.18665"


def _row(benchmark: str, router: str, *figures: float) -> Beside:
    apgr, half, most = figures
    return Beside(benchmark=benchmark, router=router, figures=Figures(apgr=apgr, cpt50=half, cpt80=most), source=_PAPER)


PUBLISHED: Mapping[str, tuple[Beside, ...]] = {
    "MMLU": (
        _row("MMLU", "random", 0.500, 50.07, 79.93),
        _row("MMLU", "best without MMLU labels (matrix factorization)", 0.524, 45.00, 76.86),
        _row("MMLU", "best with about 1,500 MMLU labels and 65,000 of the arena (SW ranking)", 0.603, 35.40, 71.55),
    ),
    "GSM8K": (
        _row("GSM8K", "random", 0.497, 50.00, 80.08),
        _row("GSM8K", "best of arena labels (SW ranking)", 0.4753, 54.43, 82.11),
        _row("GSM8K", "best of all (fine-tuned Llama-3-8B)", 0.622, 33.64, 63.26),
    ),
    "MT-Bench": (
        _row("MT-Bench", "random", 0.500, 49.03, 78.08),
        _row("MT-Bench", "best of all (matrix factorization)", 0.802, 13.40, 31.31),
    ),
}
