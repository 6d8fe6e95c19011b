import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer

from ml.text.features import TextFeatures, count
from ml.text.terms import read, terms

TEXTS = ["the bill is wrong", "refund the bill please, please", "网站打不开 again", "", "the app is down"]


def reference(block: int) -> np.ndarray:
    """Return what scikit-learn makes of the same terms."""
    vectorizer = TfidfVectorizer(analyzer=lambda text: [t[0] for t in terms(read(text))[block]], sublinear_tf=True)
    return np.asarray(vectorizer.fit_transform(TEXTS).toarray())


def test_rows_are_scikit_learns_tfidf_of_words_and_of_characters_side_by_side() -> None:
    features = TextFeatures(min_gram_df=1)
    rows = features.fit_transform(TEXTS).toarray()
    assert np.allclose(rows, np.hstack([reference(0), reference(1)]))
    assert np.allclose(features.transform(TEXTS).toarray(), rows)


def test_one_message_gives_the_same_values_as_its_row() -> None:
    features = TextFeatures().fit(TEXTS)
    for text in [*TEXTS, "please pay the unknown bill"]:
        row = np.zeros(len(features.idf_))
        columns, values = features.vector(count(terms(read(text))))
        row[columns] = values
        assert np.allclose(row, features.transform([text]).toarray()[0])


def test_rare_character_terms_are_left_out_but_no_word_is() -> None:
    every, common = TextFeatures(min_gram_df=1).fit(TEXTS), TextFeatures(min_gram_df=2).fit(TEXTS)
    assert set(common.grams_) < set(every.grams_)
    assert common.words_ == every.words_


def test_the_known_share_counts_words_and_pairs_seen_in_training() -> None:
    features = TextFeatures().fit(TEXTS)
    counted = [count(terms(read(text))) for text in ("the bill", "quite other things", "")]
    assert features.known(counted).tolist() == [1.0, 0.0, 0.0]


def test_features_that_were_not_fitted_say_so() -> None:
    with pytest.raises(NotFittedError):
        TextFeatures().transform(["a"])
