import numpy as np
from sklearn.base import clone
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.naive_bayes import MultinomialNB

from ml.learn.baseline import TextbookClassifier

TEXTS = ["pay the bill", "the invoice is wrong", "my bill", "the site is down", "the app crashes", "site error"] * 20
LABELS = (["billing"] * 3 + ["bug"] * 3) * 20


def test_it_is_word_counts_and_naive_bayes_with_every_default() -> None:
    counts = CountVectorizer()
    bayes = MultinomialNB().fit(counts.fit_transform(TEXTS), LABELS)
    model = TextbookClassifier().fit(TEXTS, LABELS)
    asked = ["why is the site down", "bill", ""]
    assert np.allclose(model.predict_proba(asked), bayes.predict_proba(counts.transform(asked)))
    assert model.predict(asked).tolist() == bayes.predict(counts.transform(asked)).tolist()


def test_it_answers_above_a_threshold_of_its_own() -> None:
    model = TextbookClassifier().fit(TEXTS, LABELS)
    assert model.threshold_ is not None
    assert model.answers(["my bill"]).tolist() == [True]
    assert model.belonging(["my bill", "unheard of"])[0] > model.belonging(["my bill", "unheard of"])[1]


def test_with_one_example_a_class_it_never_answers() -> None:
    model = TextbookClassifier().fit(["pay the bill", "site down"], ["billing", "bug"])
    assert model.threshold_ is None
    assert model.answers(["pay the bill"]).tolist() == [False]


def test_it_follows_the_conventions_of_estimators() -> None:
    assert clone(TextbookClassifier(precision=0.8)).get_params() == {"n_folds": 5, "precision": 0.8, "seed": 0}
