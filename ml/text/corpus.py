"""Count many messages once, and learn vocabularies from parts of them without counting again."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

Floats = NDArray[np.floating[Any]]
Integers = NDArray[np.integer[Any]]
Booleans = NDArray[np.bool_]
Counts = tuple[Counter[str], Counter[str]]


@dataclass(frozen=True, slots=True)
class Corpus:
    """Hold messages as counts: `words` and `grams` are all their terms in order.

    `weights` (n_samples, n_words + n_grams) are `1 + ln tf` of each term in each message, those of words first.
    """

    words: list[str]
    grams: list[str]
    weights: csr_matrix

    @classmethod
    def of(cls, messages: Sequence[Counts]) -> Self:
        """Gather messages (n_samples,) that were counted before."""
        words = sorted({term for counts, _ in messages for term in counts})
        grams = sorted({term for _, counts in messages for term in counts})
        column = {term: i for i, term in enumerate(words)}, {term: i for i, term in enumerate(grams, len(words))}
        blocks = [(known, one) for message in messages for known, one in zip(column, message, strict=True)]
        columns = [known[term] for known, one in blocks for term in one]
        times = [n for _, one in blocks for n in one.values()]
        ends = np.cumsum([0, *(len(first) + len(second) for first, second in messages)])
        data = (1 + np.log(np.array(times, dtype=float)), np.array(columns, dtype=np.int32), ends)
        return cls(words, grams, csr_matrix(data, shape=(len(messages), len(words) + len(grams))))

    def take(self, rows: Integers) -> Self:
        """Return a corpus of some of the messages, with the same terms."""
        return replace(self, weights=self.weights[rows])

    def part(self, rows: Integers, min_gram_df: int) -> "LearnedPart":
        """Learn from some of the messages (n_rows,) as `ml.text.features.TextFeatures` does."""
        df = np.bincount(self.weights[rows].indices, minlength=self.weights.shape[1])
        fewest = np.where(np.arange(len(df)) < len(self.words), 1, min_gram_df)
        return LearnedPart(self, df >= fewest, np.log((1 + len(rows)) / (1 + df)) + 1)


@dataclass(frozen=True)
class LearnedPart:
    """Hold which of a corpus's terms were learned, `kept` (n_terms,), and their `idf` (n_terms,)."""

    corpus: Corpus
    kept: Booleans
    idf: Floats

    @cached_property
    def _columns(self) -> Integers:
        return np.cumsum(self.kept) - 1

    @property
    def words(self) -> list[str]:
        """Return the words and pairs that were learned, in order."""
        return [term for term, kept in zip(self.corpus.words, self.kept, strict=False) if kept]

    @property
    def grams(self) -> list[str]:
        """Return the character terms that were learned, in order."""
        return [term for term, kept in zip(self.corpus.grams, self.kept[len(self.corpus.words) :], strict=True) if kept]

    def rows(self, rows: Integers) -> csr_matrix:
        """Return TF-IDF rows (n_rows, n_kept) of some of the corpus's messages, each block of length one."""
        some = self.corpus.weights[rows]
        known = self.kept[some.indices]
        row, columns = np.repeat(np.arange(len(rows)), np.diff(some.indptr))[known], some.indices[known]
        values = some.data[known] * self.idf[columns]
        block = 2 * row + (columns >= len(self.corpus.words))
        lengths = np.sqrt(np.bincount(block, weights=values**2, minlength=2 * len(rows)))
        ends = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=len(rows)))])
        found = (values / lengths[block], self._columns[columns], ends)
        return csr_matrix(found, shape=(len(rows), int(self.kept.sum())))

    def known(self, rows: Integers) -> Floats:
        """Return which share of each message's words and pairs (n_rows,) was learned; 0 without any."""
        some = self.corpus.weights[rows]
        is_word = some.indices < len(self.corpus.words)
        row = np.repeat(np.arange(len(rows)), np.diff(some.indptr))
        of_all = np.bincount(row[is_word], minlength=len(rows))
        learned = np.bincount(row[is_word & self.kept[some.indices]], minlength=len(rows))
        return np.asarray(learned / np.maximum(of_all, 1))
