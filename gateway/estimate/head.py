"""One fitted estimate: a line and a set of trees over the same numbers, and the chance that their sum stands for.

Both estimate two things at once, how good the weak answer will be and how good the strong one; their difference is what
a strong call would gain, and ranks requests. A monotone step function turns the rank into the chance that the weak
answer is not good enough.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

# Numbers further out than this many deviations say no more.
BOUND = 4.0
# The line hands its two estimates and their difference to the trees, as three more numbers.
HANDED = 3


@dataclass(frozen=True, kw_only=True)
class Head:
    """`feature` and `threshold` are trees x inner nodes, `value` trees x leaves x 2, all complete to one depth.

    `line` is numbers x 2 over standardised numbers; `lean` (numbers) is what these add to the trees' gain.
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
        # Twice as fast as np.clip on one row.
        z = np.minimum(np.maximum((numbers - self.center) * self.scale, -BOUND), BOUND)
        weighed = z @ self._weights + self._offsets
        gains: Doubles = (self._grown(np.concatenate((numbers, weighed[:, :HANDED]), axis=1)) + weighed[:, -1]).astype(
            np.float64
        )
        return gains

    @cached_property
    def _weights(self) -> Floats:
        leaned = self.line[:, 1:] - self.line[:, :1]
        weights: Floats = np.concatenate((self.line, leaned, self.lean[:, None]), axis=1)
        return weights

    @cached_property
    def _offsets(self) -> Floats:
        weak, strong = self.offset
        return np.array((weak, strong, strong - weak, 0), dtype=np.float32)

    @cached_property
    def _trees(self) -> "_Trees":
        return _Trees.of(self)

    def _grown(self, known: Floats) -> Floats:
        trees = self._trees
        grown = np.empty(len(known), dtype=np.float32)
        for place, row in enumerate(known):
            # Where each node sends the row; then down all trees at once, level by level.
            next_node = trees.left + (row.take(trees.features) > trees.thresholds)
            node = trees.first
            for _ in range(trees.depth):
                node = next_node.take(node)
            grown[place] = trees.gains.take(node).sum()
        return grown


@dataclass(frozen=True, slots=True)
class _Trees:
    """The trees of a head end to end. `left` is the left child of each inner node, its right one stands next to it.

    Inner nodes of all trees come first; a child that is a leaf is its place among all leaves.
    """

    features: npt.NDArray[np.intp]
    thresholds: Floats
    gains: Floats
    first: npt.NDArray[np.intp]
    left: npt.NDArray[np.intp]
    depth: int

    @classmethod
    def of(cls, head: Head) -> "_Trees":
        count, inner = head.feature.shape
        number, node = np.divmod(np.arange(count * inner, dtype=np.intp), inner)
        child = 2 * node + 1
        return cls(
            features=head.feature.ravel().astype(np.intp),
            thresholds=head.threshold.ravel(),
            # Only the difference of the two estimates is asked for here.
            gains=((head.value[:, :, 1] - head.value[:, :, 0]) / count).ravel(),
            first=np.arange(count, dtype=np.intp) * inner,
            left=np.where(child < inner, number * inner + child, number * (inner + 1) + child - inner),
            depth=(inner + 1).bit_length() - 1,
        )
