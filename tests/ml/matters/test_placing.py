"""Show what was learned of what joins a matter and what raises another, in the languages customers write."""

from __future__ import annotations

import pytest

from ml.evaluate.matters import score, ten_minutes, unseen_parts
from ml.matters.conversations import own_conversations
from ml.matters.pairs import pairs
from ml.matters.placing import Placer, Placing, place, placer
from ml.matters.reading import Utterance

LOGIN = [Utterance("I cannot log in since the update", 0)]
ORDER = [Utterance("order 5521 arrived broken", 0)]


def joins(text: str, minute: float = 3) -> bool:
    return place(Utterance(text, minute), [LOGIN]).into == 0


@pytest.mark.parametrize(
    "text",
    [
        "[screenshot.png]", "still not working", "any news?", "hello?", "??", "it says wrong password", "4711",
        "see attached", "immer noch nicht", "gibt es Neuigkeiten?", "siehe Screenshot im Anhang", "alguna novedad?",
        "sigue sin funcionar", "还没好", "截图", "有人吗", "the update broke it for everybody here",
    ],
)  # fmt: skip
def test_additions_and_those_who_ask_again_join(text: str) -> None:
    assert joins(text, 30)


@pytest.mark.parametrize(
    "text",
    [
        "Also, where do I find last year's invoices?", "btw we need five more seats",
        "Another question: which countries do you ship to?",
        "Außerdem fehlt uns die Rechnung vom Mai", "Übrigens bräuchten wir noch fünf Lizenzen für das Lager",
        "Otra pregunta: hacéis envíos a Canarias?", "Además necesito la factura de mayo", "另外发票可以开公司抬头吗？",
        "顺便问一下，年付有折扣吗",
    ],
)  # fmt: skip
def test_words_that_turn_to_something_else_begin_another(text: str) -> None:
    assert not joins(text, 1)


def test_a_word_that_only_ends_a_sentence_turns_to_nothing() -> None:
    assert joins("we log in by SSO btw", 1)


def test_another_order_is_another_matter_and_the_same_one_is_not() -> None:
    other, same = Utterance("and order 5530 never came", 1), Utterance("5521 was a present", 700)
    assert place(other, [ORDER]).into is None
    assert place(same, [ORDER, [other]]).into == 0


def test_what_names_the_matter_joins_the_one_it_names_and_not_the_last() -> None:
    auditors = [Utterance("We need an SLA document for our auditors", 0)]
    outage = [Utterance("production throws timeouts in all regions", 3)]
    assert place(Utterance("auditors come on thursday", 9), [auditors, outage]).into == 0


def test_after_a_quiet_day_a_matter_of_its_own_begins_unless_somebody_asks_after_the_old_one() -> None:
    assert not joins("the export to our warehouse hangs at half", 1_440)
    assert joins("any news?", 1_440)


def test_after_thanks_the_next_request_is_another_matter() -> None:
    closed = [*LOGIN, Utterance("thx!", 5)]
    assert place(Utterance("the csv import hangs at 40%", 9), [closed]).into is None
    assert place(Utterance("hm, still not working", 9), [closed]).into == 0


def test_a_greeting_begins_the_matter_that_follows_it() -> None:
    assert place(Utterance("Do you ship to Norway?", 1), [[Utterance("hello", 0)]]).into == 0


def test_the_first_message_is_a_matter_of_its_own_and_little_evidence_is_told() -> None:
    assert place(Utterance("hello", 0), []) == Placing(None, None, sure=True)
    little = place(Utterance("printing labels takes half a minute", 5), [LOGIN])
    assert (little.nearest, little.sure) == (0, False)
    assert place(Utterance("any news?", 5), [LOGIN]).sure


@pytest.mark.parametrize("text", ["", " ", "\x00", "*", "(((", "[", "a" * 40_000, "‮", "🙏", "１２３４"])
def test_hostile_and_empty_text_is_placed_like_any_other(text: str) -> None:
    for matters in ([], [LOGIN], [[Utterance(text, 0)], LOGIN]):
        found = place(Utterance(text, 1), matters)
        assert found.into is None or found.into < len(matters)


def test_the_same_conversations_teach_the_same_and_a_matter_is_weighed_by_name() -> None:
    conversations = own_conversations()[:12]
    one, other = Placer().fit(conversations), Placer().fit(conversations)
    assert (one.weights_ == other.weights_).all()
    (row,) = pairs(Utterance("also, a refund please", 2), [LOGIN], None)
    assert list(row) == one.names_ and row["turns"] == 1 and "alike" not in row


def test_what_was_learned_groups_unseen_conversations_better_than_ten_minutes() -> None:
    conversations = own_conversations()
    assert len(conversations) == 160
    found = score(conversations, unseen_parts(conversations, placer(meaning=False)))
    before = score(conversations, ten_minutes)
    assert found.f1 > before.f1 + 0.08 and found.exact > before.exact + 0.3
