"""One fitted estimate: a line and a set of trees over the same numbers, and the chance that their sum stands for.

Both estimate two things at once, how good the weak answer will be and how good the strong one; their difference is what
a strong call would gain, and ranks requests. A monotone step function turns the rank into the chance that the weak
answer is not good enough.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

# Numbers further out than this many deviations say no more.
BOUND = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """`feature` and `threshold` are trees x inner nodes, `value` trees x leaves x 2, all complete to one depth.

    `line` is numbers x 2 over standardised numbers, and hands its two estimates and their difference to the trees as
    three more numbers; `lean` (numbers) is what these add to the trees' gain.
    `ranks` and `chances` are the points of the step function, both rising.
    """

    center: Floats
    scale: Floats
    line: Floats
    offset: Floats
    lean: Floats
    feature: npt.NDArray[np.int16]
    threshold: Floats
    value: Floats
    ranks: Doubles
    chances: Doubles

    def difficulty(self, numbers: Floats) -> float:
        """Return P(the weak answer is not good enough) for one vector."""
        return float(self.chance(self.gain(numbers[None, :]))[0])

    def difficulties(self, numbers: Floats) -> Doubles:
        """Return the same for many, a row each."""
        return self.chance(self.gain(numbers))

    def chance(self, gains: Doubles) -> Doubles:
        """Return the chances that gains stand for."""
        return np.interp(gains, self.ranks, self.chances)

    def gain(self, numbers: Floats) -> Doubles:
        """Return what a strong call would gain, on a scale of its own: good for ranking alone."""
        z = np.clip((numbers - self.center) * self.scale, -BOUND, BOUND)
        lined = z @ self.line + self.offset
        known = np.concatenate((numbers, lined, lined[:, 1:] - lined[:, :1]), axis=1)
        grown = self._grown(known)
        gains: Doubles = (grown + z @ self.lean).astype(np.float64)
        return gains

    def _grown(self, known: Floats) -> Floats:
        trees, inner = self.feature.shape
        leaves = inner + 1
        depth = leaves.bit_length() - 1
        first = np.arange(trees, dtype=np.intp) * inner
        features, thresholds = self.feature.ravel(), self.threshold.ravel()
        # Only the difference of the two estimates is asked for here.
        gains = (self.value[:, :, 1] - self.value[:, :, 0]).ravel()
        before_leaves = np.arange(trees, dtype=np.intp) * leaves - inner
        grown = np.empty(len(known), dtype=np.float32)
        for place, row in enumerate(known):
            node = np.zeros(trees, dtype=np.intp)
            for _ in range(depth):
                at = first + node
                node = 2 * node + 1 + (row.take(features.take(at)) > thresholds.take(at))
            grown[place] = gains.take(node + before_leaves).mean()
        return grown
