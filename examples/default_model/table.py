"""The table of words of the shipped model: each word's place among topics, from licensed prompts alone, no outcomes."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from sklearn.utils.extmath import randomized_svd

from gateway.estimate.features import read, stem
from gateway.estimate.words import Words
from gateway.wire.request import parse_request

FEWEST_TEXTS = 2
TOPICS = 30


def build(prompts: Sequence[str]) -> Words:
    """Return the table: for each stem its weight, and its place among the topics of the prompts (latent semantics)."""
    texts = [_stems(text) for text in prompts]
    frequency = Counter(word for words in texts for word in words)
    stems = sorted(word for word, count in frequency.items() if count >= FEWEST_TEXTS)
    weights = np.log((1 + len(texts)) / (1 + np.array([frequency[word] for word in stems]))) + 1
    matrix = _matrix(texts, {word: number for number, word in enumerate(stems)}, weights)
    _, _, topics = randomized_svd(matrix, TOPICS, random_state=0, n_iter=4)
    return Words(stems, weights.astype(np.float32), topics.T.astype(np.float16).astype(np.float32))


def _stems(text: str) -> set[str]:
    reading = read(parse_request(text))
    return {stem(word) for word in (*reading.stem_words, *reading.other_words)}


def _matrix(texts: Sequence[set[str]], places: dict[str, int], weights: npt.NDArray[np.float64]) -> csr_matrix:
    rows = [(number, places[word]) for number, words in enumerate(texts) for word in sorted(words) if word in places]
    at = np.array([row for row, _ in rows]), np.array([place for _, place in rows])
    matrix = csr_matrix((weights[at[1]], at), shape=(len(texts), len(places)))
    length = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    return csr_matrix(matrix.multiply(1 / np.maximum(length, 1e-9)[:, None]))
