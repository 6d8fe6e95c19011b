"""Turn messages into TF-IDF rows of words and characters."""

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from ml.text.corpus import Corpus, Counts, LearnedPart
from ml.text.terms import READ_LATELY, Terms, terms_of

Floats = NDArray[np.floating[Any]]
Integers = NDArray[np.int64]


class TextFeatures(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """Weigh the words and the characters of messages by TF-IDF, each of the two blocks scaled to length one.

    A row is `(1 + ln tf) * idf` with `idf = ln((1 + n) / (1 + df)) + 1`, as scikit-learn's `TfidfTransformer` has it
    with `sublinear_tf` and `smooth_idf`. Character terms must occur in `min_gram_df` messages. Fitted state: `words_`
    and `grams_` (term to column), `idf_` (n_features,).
    """

    def __init__(self, min_gram_df: int = 2) -> None:
        self.min_gram_df = min_gram_df

    def fit(self, texts: Sequence[str], labels: object = None) -> Self:
        """Learn the vocabulary and its document frequencies from texts (n_samples,)."""
        self.fit_transform(texts)
        return self

    def fit_transform(self, texts: Sequence[str], labels: object = None) -> csr_matrix:
        """Learn from texts (n_samples,) and return their rows (n_samples, n_features), float64."""
        return self.learn([counted(text) for text in texts])

    def learn(self, messages: Sequence[Counts]) -> csr_matrix:
        """Learn from messages counted before (n_samples,) and return their rows (n_samples, n_features)."""
        every = np.arange(len(messages))
        part = Corpus.of(messages).part(every, self.min_gram_df)
        self.set_part(part)
        return part.rows(every)

    def set_part(self, part: LearnedPart) -> None:
        """Take over what was learned from a part of a corpus."""
        self.set_vocabulary(part.words, part.grams)
        self.idf_: Floats = part.idf[part.kept]

    def set_vocabulary(self, words: Sequence[str], grams: Sequence[str]) -> None:
        """Give each term its column: words first, then characters, each in the order given."""
        self.words_ = {word: i for i, word in enumerate(words)}
        self.grams_ = {gram: i for i, gram in enumerate(grams, len(self.words_))}

    def transform(self, texts: Sequence[str]) -> csr_matrix:
        """Return the rows of texts, (n_samples, n_features); a text without a known term is a row of zeros."""
        check_is_fitted(self, "idf_")
        return self.rows([counted(text) for text in texts])

    def known(self, messages: Sequence[Counts]) -> Floats:
        """Return which share of each message's words and pairs (n_samples,) was seen in training; 0 without any."""
        shares = [sum(word in self.words_ for word in words) / len(words) if words else 0.0 for words, _ in messages]
        return np.array(shares)

    def vector(self, counts: Counts) -> tuple[Integers, Floats]:
        """Return one message's columns and values, both (n_terms,): a row without the cost of a matrix."""
        words, grams = counts
        columns, values = self._block(words, self.words_)
        more, others = self._block(grams, self.grams_)
        return np.concatenate([columns, more]), np.concatenate([values, others])

    def _block(self, counts: Counter[str], vocabulary: dict[str, int]) -> tuple[Integers, Floats]:
        known = [(vocabulary[term], n) for term, n in counts.items() if term in vocabulary]
        if not known:
            return np.empty(0, dtype=np.int64), np.empty(0)
        columns, times = np.array(known, dtype=np.int64).T
        values = (1 + np.log(times)) * self.idf_[columns]
        return columns, values / np.sqrt(values @ values)

    def rows(self, messages: Sequence[Counts]) -> csr_matrix:
        """Return the rows (n_samples, n_features) of messages counted before (n_samples,)."""
        columns, values, ends = [], [], [0]
        for words, grams in messages:
            for counts, vocabulary in ((words, self.words_), (grams, self.grams_)):
                block, weights = self._block(counts, vocabulary)
                columns.append(block)
                values.append(weights)
            ends.append(ends[-1] + len(columns[-1]) + len(columns[-2]))
        data = (np.concatenate([*values, np.empty(0)]), np.concatenate([*columns, np.empty(0, dtype=np.int64)]), ends)
        return csr_matrix(data, shape=(len(messages), len(self.idf_)))


@lru_cache(maxsize=READ_LATELY)
def counted(text: str) -> Counts:
    """Count the word terms and the character terms of a text; who gets them must not change them."""
    return count(terms_of(text))


def count(blocks: Terms) -> Counts:
    """Count a message's word terms and its character terms."""
    words, grams = blocks
    return Counter([key for key, _, _ in words]), Counter([key for key, _, _ in grams])
