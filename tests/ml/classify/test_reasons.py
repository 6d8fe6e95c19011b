from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ml.classify.classifier import MessageClassifier
from ml.classify.reasons import FILLER
from ml.evaluate.public_data import read_csv
from ml.text.encoder import installed
from ml.text.meaning import encoder
from ml.text.terms import Piece, read, visible
from ml.text.words import words_of

DATA = Path(__file__).parents[4] / "shared" / "data"

Split = tuple[MessageClassifier, list[tuple[str, str]]]


def without(text: str, pieces: Iterable[Piece]) -> str:
    """Return a text with these pieces of it cut out."""
    for piece in sorted(pieces, key=lambda piece: -piece.start):
        text = text[: piece.start] + text[piece.end :]
    return text


def shown(text: str, words: list[str]) -> list[Piece]:
    """Return the pieces of a text that the given reasons stand for."""
    found: list[Piece] = []
    pieces = read(text)
    for word in words:
        keys = [piece.key for piece in read(word)]
        for i in range(len(pieces)):
            if [piece.key for piece in pieces[i : i + len(keys)]] == keys:
                found.extend(pieces[i : i + len(keys)])
    return list({piece.start: piece for piece in found}.values())


def honesty(model: MessageClassifier, texts: Sequence[str]) -> tuple[float, float, float, int]:
    """Return mean falls of probability without the shown and as many other words, how often more, of how many."""
    random = np.random.default_rng(0)
    falls, others, wins = [], [], []
    for text in texts:
        verdict = model.classify(text)
        removed = shown(text, [reason.word for reason in verdict.reasons])
        rest = [piece for piece in read(text) if piece not in removed]
        if verdict.category is None or not removed or len(rest) < len(removed):
            continue
        column = int(np.flatnonzero(model.classes_ == verdict.category)[0])
        chosen = [random.choice(len(rest), len(removed), replace=False) for _ in range(5)]
        variants = [without(text, removed), *(without(text, [rest[i] for i in drawn]) for drawn in chosen)]
        after = model.predict_proba(variants)[:, column]
        falls.append(verdict.confidence - after[0])
        others.append(verdict.confidence - after[1:].mean())
        wins.append(after[0] < after[1:].mean())
    return float(np.mean(falls)), float(np.mean(others)), float(np.mean(wins)), len(falls)


def test_removing_the_shown_words_costs_more_than_removing_as_many_others(split: Split) -> None:
    model, held_out = split
    fall, other, wins, messages = honesty(model, [text for text, _ in held_out[::6]])
    assert messages > 60
    assert fall > 3 * other
    assert wins > 0.9


@pytest.mark.skipif(not DATA.is_dir(), reason="the public data sets are not part of the repository")
@pytest.mark.parametrize(
    ("path", "text", "label"),
    [("banking77/test.csv", "text", "category"), ("bitext/test.csv", "utterance", "intent")],
)
def test_the_same_holds_for_real_messages(starter: MessageClassifier, path: str, text: str, label: str) -> None:
    texts = read_csv(DATA / path, text, label)[0]
    fall, other, wins, messages = honesty(starter, texts[:: len(texts) // 100])
    assert messages > 60
    assert fall > 2 * other
    assert wins > 0.85


def test_what_stands_in_every_message_is_no_reason_where_something_else_is(split: Split) -> None:
    model, held_out = split
    for text, _ in held_out[::6]:
        words = {reason.word.casefold() for reason in model.classify(text).reasons}
        assert not words & FILLER or words <= FILLER, text


@pytest.mark.parametrize(
    ("text", "filler"),
    [
        ("please, the invoice is wrong", {"please", "the", "is"}),
        ("I would like my money back", {"I", "would", "my"}),
        ("我想申请退款", {"我想", "想申"}),
    ],
)
def test_filler_words_explain_nothing(starter: MessageClassifier, text: str, filler: set[str]) -> None:
    words = {reason.word for reason in starter.classify(text).reasons}
    assert words and not words & filler


def test_a_message_of_filler_alone_shows_what_there_is(starter: MessageClassifier) -> None:
    assert starter.classify("could you please").reasons


def test_reasons_are_words_of_the_message_as_typed(split: Split) -> None:
    model, held_out = split
    for text, _ in held_out[::6]:
        verdict = model.classify(text)
        assert len(verdict.reasons) <= 3
        assert all(reason.word in text and reason.weight > 0 for reason in verdict.reasons)
        weights = [reason.weight for reason in verdict.reasons]
        assert weights == sorted(weights, reverse=True)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("Hello there, my INVOICE has a mistake", "INVOICE"),
        ("please, I need a refund, refund, refund", "refund"),
        ("I can’t remember my Password", "Password"),
    ],
)
def test_the_word_that_decided_comes_as_it_was_typed_and_once(starter: MessageClassifier, text: str, word: str) -> None:
    assert [reason.word for reason in starter.classify(text).reasons].count(word) == 1


def test_chinese_reasons_are_words_not_single_characters(starter: MessageClassifier) -> None:
    reasons = starter.classify("你好，我想申请退款，谢谢").reasons
    assert "退款" in reasons[0].word
    assert all(2 <= len(reason.word) <= 4 for reason in reasons)


def test_marks_and_code_are_never_reasons(starter: MessageClassifier) -> None:
    words = [reason.word for reason in starter.classify("why is it broken??!! ```x = 1```").reasons]
    assert words and not {"?", "!", "```x = 1```"} & set(words)


# As a reader would cut them, the last four in Taiwan's characters, Japanese, English and Korean.
CUT = """
我的|信用卡|被|重复|扣款|两次
退款|什么时候|到账
我的|订单|三天|了|还没|发货|能不能|帮我|催|一下
上个月|的|发票|抬头|写错|了|请|重新|开|一张
验证码|一直|收不到|登录不了|账号
你们|的|客服|态度|太差|我|要|投诉
企业版|一年|多少钱|五十|个人|有|优惠|吗
怎么|把|客户|列表|导出|成|表格
我的|账户|好像|被盗|了|请|马上|冻结
系统|更新|以后|报表|打不开|一直|转圈
信用卡|被|重复|扣款|手续费|也|没退
请问|可以|货到付款|或者|花呗|分期|吗
离职|员工|的|权限|怎么|收回
收到|的|箱子|破|了|里面|的|台灯|碎了
李小明|的|快递|放|在|菜鸟|驿站|了
水电费|账单|怎么|查询
麻烦|转接|人工|谢谢
打折|商品|支持|七天|无理由|退货|吗
两个|门店|的|库存|数据|不|同步
工资条|为什么|看不到|上个月|的
我的|退款|什麼時候|可以|到帳
返金してください|注文を|キャンセルしたい
my|e-mail|and/or|the|49.90|fee
주문|취소해|주세요
"""


@pytest.mark.parametrize("cut", CUT.strip().splitlines())
def test_no_word_is_cut_in_two(starter: MessageClassifier, cut: str) -> None:
    words = cut.split("|")
    text = "".join(words) if ord(words[0][0]) in range(0x3000, 0xA000) else " ".join(words)
    assert [word.surface for word in words_of(visible(text), read(text), starter.features_)] == words
    assert {reason.word for reason in starter.classify(text).reasons} <= set(words)


@pytest.mark.parametrize(
    ("text", "words"),
    [("done.Please call me", ["done", "Please", "call", "me"]), ("!!! ```x = 1``` ok", ["ok"])],
)
def test_words_begin_after_marks_and_code(starter: MessageClassifier, text: str, words: list[str]) -> None:
    assert [word.surface for word in words_of(visible(text), read(text), starter.features_)] == words


@pytest.mark.skipif(not installed(), reason="the sentence encoder is not installed")
def test_reasons_are_words_without_which_both_halves_are_less_sure(starter: MessageClassifier) -> None:
    text = "Kann ich das Geld für die kaputte Lampe zurückbekommen, bitte"
    verdict = starter.classify(text)
    assert verdict.category == "refund"
    column = int(np.flatnonzero(starter.classes_ == "refund")[0])
    before, *after = starter.predict_proba([text, *(text.replace(reason.word, "") for reason in verdict.reasons)])
    assert len(after) >= 2 and all(row[column] < before[column] for row in after)
    assert "zurückbekommen" in [reason.word for reason in verdict.reasons]


@pytest.mark.skipif(not installed(), reason="the sentence encoder is not installed")
@pytest.mark.parametrize("text", ["refund my order please", "where is the parcel that you said was sent? " * 60])
def test_at_most_eight_of_twenty_words_are_left_out_once_a_card(starter: MessageClassifier, text: str) -> None:
    asked: list[list[str]] = []
    real = encoder().vectors

    class Counting:
        def vectors(self, texts: Sequence[str], *, remember: bool = True) -> np.ndarray:
            asked.append(list(texts))
            return real(texts, remember=remember)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("ml.classify.classifier.encoder", Counting)
        assert starter.classify(text, reasons=False).reasons == []
        assert [len(one) for one in asked] == [1]
        assert starter.classify(text).reasons
    assert len(asked) == 3 and len(asked[-1]) <= 9
    assert all(len(one.split()) <= 20 for one in asked[-1])


def test_without_reasons_the_verdict_is_the_same(starter: MessageClassifier) -> None:
    found = starter.classify("my card was charged twice")
    assert starter.classify("my card was charged twice", reasons=False) == replace(found, reasons=[])
