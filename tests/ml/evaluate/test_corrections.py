from ml.classify.classifier import MessageClassifier
from ml.evaluate.corrections import after_corrections
from ml.learn.baseline import TextbookClassifier

BEGIN = (["pay the bill", "the site is down"], ["billing", "bug"])
STREAM = (
    ["the site bill shows", "wrong invoice", "error on the page", "the app hangs"],
    ["bug", "billing", "bug", "bug"],
)


def ours() -> MessageClassifier:
    return MessageClassifier(n_folds=2, filter_label=None)


def test_what_was_corrected_is_right_when_it_comes_again() -> None:
    found = after_corrections(ours, BEGIN, (["wrong invoice"] * 3, ["bug"] * 3), (["wrong invoice"], ["bug"]), 1)
    assert found.accuracy == 1.0


def test_only_mistakes_are_corrected_and_no_more_than_asked() -> None:
    right = (["pay the bill"] * 5, ["billing"] * 5)
    assert after_corrections(ours, BEGIN, right, BEGIN, 3).read == 5
    wrong = ([f"{word} unheard of" for word in "abcdefg"], ["bug", "billing"] * 3 + ["bug"])
    assert after_corrections(ours, BEGIN, wrong, BEGIN, 1).read <= 2


def test_the_textbook_is_measured_the_same_way_without_a_memory() -> None:
    found = after_corrections(lambda: TextbookClassifier(n_folds=2), BEGIN, STREAM, BEGIN, 2)
    assert 0 <= found.accuracy <= 1
