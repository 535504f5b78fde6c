"""The table of words of the shipped model: what each word says of difficulty and topic, from licensed prompts alone."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from sklearn.linear_model import Ridge
from sklearn.utils.extmath import randomized_svd

from gateway.estimate.features import read, stem
from gateway.estimate.words import Words
from gateway.wire.request import parse_request

FEWEST_TEXTS = 2
TOPICS = 30
SHRINKAGE = 3.0


def build(labelled: Sequence[str], outcomes: npt.NDArray[np.float64], further: Sequence[str]) -> Words:
    """Return the table: for each stem how it bears on `outcomes` (texts x outcomes), and its place among topics.

    Outcomes are learned from the labelled texts, topics (latent semantic analysis) from these and the further ones.
    """
    texts = [_stems(text) for text in (*labelled, *further)]
    frequency = Counter(word for words in texts for word in words)
    stems = sorted(word for word, count in frequency.items() if count >= FEWEST_TEXTS)
    weights = np.log((1 + len(texts)) / (1 + np.array([frequency[word] for word in stems]))) + 1
    matrix = _matrix(texts, {word: number for number, word in enumerate(stems)}, weights)
    line = Ridge(alpha=SHRINKAGE, solver="sparse_cg", tol=1e-4).fit(matrix[: len(labelled)], outcomes)
    _, _, topics = randomized_svd(matrix, TOPICS, random_state=0, n_iter=4)
    meaning = np.concatenate((line.coef_.T, topics.T), axis=1)
    return Words(stems, weights.astype(np.float32), meaning.astype(np.float16).astype(np.float32))


def _stems(text: str) -> set[str]:
    reading = read(parse_request(text))
    return {stem(word) for word in (*reading.stem_words, *reading.other_words)}


def _matrix(texts: Sequence[set[str]], places: dict[str, int], weights: npt.NDArray[np.float64]) -> csr_matrix:
    rows = [(number, places[word]) for number, words in enumerate(texts) for word in sorted(words) if word in places]
    at = np.array([row for row, _ in rows]), np.array([place for _, place in rows])
    matrix = csr_matrix((weights[at[1]], at), shape=(len(texts), len(places)))
    length = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    return csr_matrix(matrix.multiply(1 / np.maximum(length, 1e-9)[:, None]))
