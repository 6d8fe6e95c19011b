"""Deal examples over folds by what they are about, so that whoever judges a fold has seen nothing like it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, issparse
from sklearn.cluster import KMeans
from sklearn.decomposition import TruncatedSVD

from ml.classify.calibration import folds

Floats = NDArray[np.floating[Any]]
Integers = NDArray[np.integer[Any]]

DIMENSIONS = 50
FEWEST_OF_A_TOPIC = 20
"""With fewer examples for each topic there are no topics to speak of, and examples are dealt one by one."""


def topic_folds(rows: csr_matrix | Floats, classes: Integers, n_folds: int, n_topics: int, seed: int) -> Integers:
    """Deal examples, `rows` (n_samples, n_features), over `n_folds` by whole topics; -1 as in `calibration.folds`.

    Sparse rows are brought down to few dimensions first. Topics are found without looking at the classes. A class that
    lies in one fold as a whole is dealt one by one, as a class that a fold's training part lacks cannot be predicted
    there.
    """
    dealt = folds(classes, n_folds, seed)
    if len(classes) < FEWEST_OF_A_TOPIC * n_topics:
        return dealt
    # Single-threaded and seeded: the same examples always give the same model.
    points = TruncatedSVD(DIMENSIONS, random_state=seed).fit_transform(rows) if issparse(rows) else rows
    topic = KMeans(n_topics, n_init=2, random_state=seed).fit_predict(points)
    sizes = np.bincount(topic, minlength=n_topics)
    fold_of_topic, load = np.zeros(n_topics, dtype=int), np.zeros(n_folds)
    for one in np.argsort(-sizes, kind="stable"):
        fold_of_topic[one] = load.argmin()
        load[fold_of_topic[one]] += sizes[one]
    whole = fold_of_topic[topic]
    for one in np.unique(classes):
        members = np.flatnonzero(classes == one)
        if len(np.unique(whole[members])) > 1:
            dealt[members] = whole[members]
    return dealt
