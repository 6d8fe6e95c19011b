from bench.predict import EXPLAINED, WARM_UP, bare_pipeline, strangers
from ml.classify.classifier import MessageClassifier
from ml.starter import load_examples

TEXTS = ["pay the bill", "the invoice is wrong", "my bill", "the site is down", "the app crashes", "网站打不开"] * 10
LABELS = (["billing"] * 3 + ["bug"] * 3) * 10


def test_the_pipeline_beside_ours_has_the_same_features_and_makes_the_same_guesses() -> None:
    ours, bare = MessageClassifier(filter_label=None).fit(TEXTS, LABELS), bare_pipeline().fit(TEXTS, LABELS)
    assert bare[0].transform(TEXTS).shape == (len(TEXTS), len(ours.features_.idf_))
    asked = ["why is the site down", "bill please", "app error", "打不开"]
    assert bare.predict(asked).tolist() == ours.predict(asked).tolist()


def test_what_is_timed_is_no_example_and_asked_once() -> None:
    examples = load_examples()
    asked = strangers(examples)
    assert len(set(asked)) == len(asked) and not set(asked) & set(examples.texts)
    assert len(asked) // EXPLAINED > 2 * WARM_UP
