import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from ml.text.corpus import Corpus
from ml.text.features import TextFeatures, counted
from ml.text.terms import terms_of

TEXTS = ["the card was charged twice", "", "card card CARD!", "发票开错了 card", "where is my parcel", "where is it"]


@pytest.mark.parametrize("rows", [[0, 1, 2, 3, 4, 5], [0, 2, 3], [5, 4, 1, 0]], ids=str)
def test_a_part_learns_what_scikit_learn_does_of_the_same_messages(rows: list[int]) -> None:
    part = Corpus.of([counted(text) for text in TEXTS]).part(np.array(rows), min_gram_df=1)
    blocks = [
        TfidfVectorizer(analyzer=lambda text, i=i: [term[0] for term in terms_of(text)[i]], sublinear_tf=True)
        for i in (0, 1)
    ]
    learned = [TEXTS[i] for i in rows]
    theirs = [block.fit(learned).transform(TEXTS).toarray() for block in blocks]
    assert part.words == sorted(blocks[0].vocabulary_) and part.grams == sorted(blocks[1].vocabulary_)
    assert part.rows(np.arange(len(TEXTS))).toarray() == pytest.approx(np.hstack(theirs))


def test_terms_that_a_part_did_not_see_are_unknown_to_it() -> None:
    corpus = Corpus.of([counted(text) for text in TEXTS])
    part = corpus.part(np.array([0, 1, 2]), min_gram_df=2)
    assert "card" in part.words and "where" not in part.words
    assert part.known(np.array([0, 1, 4])) == pytest.approx([1.0, 0.0, 0.0])
    features = TextFeatures(min_gram_df=2)
    features.fit(TEXTS[:3])
    assert part.known(np.arange(6)) == pytest.approx(features.known([counted(text) for text in TEXTS]))
    assert part.rows(np.arange(6)).toarray() == pytest.approx(features.transform(TEXTS).toarray())


def test_some_of_a_corpus_is_a_corpus_with_the_same_terms() -> None:
    corpus = Corpus.of([counted(text) for text in TEXTS])
    some = corpus.take(np.array([2, 4]))
    assert some.words == corpus.words and some.weights.shape[0] == 2
    assert some.part(np.arange(2), 1).words == Corpus.of([counted(TEXTS[2]), counted(TEXTS[4])]).words
