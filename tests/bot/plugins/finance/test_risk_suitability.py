"""What the questionnaire makes of answers, and whether a trade suits: pure numbers, by cases computed by hand."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date

import pytest

from bot.plugins.finance.risk.profile.questions import FIRST, PossibleAnswer, Topic, read_answers
from bot.plugins.finance.risk.profile.scoring import Assessed, GivenAnswer, assess
from bot.plugins.finance.risk.suitability.judgement import (
    AssetNature,
    Basis,
    HeldValue,
    RiskLimits,
    TradeJudgement,
    TradeVerdict,
    judge,
)
from storage.errors import Invalid

TODAY = date(2026, 11, 30)
NATURES = {
    "cash": AssetNature(1, 1, risky=False),
    "bond": AssetNature(2, 2, risky=False),
    "fund": AssetNature(2, 3, risky=True, spread=True),
    "equity": AssetNature(3, 3, risky=True),
}
LIMITS = RiskLimits(risky=(10, 30, 60, 80, 100), single=25)
CASH, BOND = HeldValue("cash:EUR", "EUR", "cash", 0), HeldValue("1", "Harbor Bond", "bond", 0)
FUND, SHARE, OTHER = (
    HeldValue("2", "World Fund", "fund", 0),
    HeldValue("3", "Pump Works", "equity", 0),
    HeldValue("4", "Dock Works", "equity", 0),
)


def worth(one: HeldValue, value: int) -> HeldValue:
    return HeldValue(one.key, one.name, one.kind, value)


def client(level: int = 3, knowledge: int = 5, expires_on: date = TODAY) -> Assessed:
    return Assessed(knowledge, level, 5, 5, expires_on)


def judged(
    before: Sequence[HeldValue],
    after: Sequence[HeldValue],
    *,
    bought: HeldValue | None = None,
    assessed: Assessed | None = None,
    basis: Basis = Basis.ADVISED,
) -> TradeJudgement:
    return judge(before, after, bought, assessed, basis=basis, natures=NATURES, limits=LIMITS, today=TODAY)


def codes(found: TradeJudgement) -> list[str]:
    return [one.code for one in found.reasons]


@pytest.mark.parametrize(
    ("after", "bought", "assessed", "wanted"),
    [
        # 60 % risky is what a balanced client bears, and not a cent more.
        ([worth(CASH, 4000), worth(FUND, 6000)], FUND, client(3), []),
        ([worth(CASH, 3999), worth(FUND, 6001)], FUND, client(3), ["risky"]),
        ([worth(CASH, 3999), worth(FUND, 6001)], FUND, client(4), []),
        # A quarter in one share, and not a cent more; a fund holds many.
        ([worth(CASH, 7500), worth(SHARE, 2500)], SHARE, client(3), []),
        ([worth(CASH, 7499), worth(SHARE, 2501)], SHARE, client(3), ["single"]),
        ([worth(CASH, 100), worth(BOND, 9900)], BOND, client(1), []),
        # What the client knows, and how long the money may stay.
        ([worth(CASH, 9000), worth(SHARE, 1000)], SHARE, client(3, knowledge=2), ["knowledge"]),
        ([worth(CASH, 9900), worth(SHARE, 100)], SHARE, Assessed(5, 5, 5, 2, TODAY), ["horizon"]),
        ([worth(CASH, -1), worth(BOND, 9900)], BOND, client(3), ["debt"]),
        # Of nobody known nothing can suit; an old profile says so besides what else there is.
        ([worth(CASH, 10000)], None, None, ["unknown"]),
        ([worth(CASH, 10000)], None, client(3, expires_on=date(2026, 11, 29)), ["expired"]),
        ([worth(SHARE, 10000)], SHARE, client(1, 1), ["knowledge", "risky", "single"]),
        ([], None, client(1), []),
    ],
)
def test_a_trade_is_judged_by_what_it_leaves(
    after: list[HeldValue], bought: HeldValue | None, assessed: Assessed | None, wanted: list[str]
) -> None:
    found = judged([worth(CASH, 10000)], after, bought=bought, assessed=assessed)
    assert codes(found) == wanted
    assert found.verdict is (TradeVerdict.BLOCKED if wanted else TradeVerdict.SUITABLE)
    wish = judged([worth(CASH, 10000)], after, bought=bought, assessed=assessed, basis=Basis.WISH)
    assert codes(wish) == wanted
    assert wish.verdict is (TradeVerdict.WARNED if wanted else TradeVerdict.SUITABLE)


def test_the_reasons_tell_the_shares() -> None:
    found = judged([], [worth(CASH, 2000), worth(SHARE, 5000), worth(OTHER, 3000)], bought=SHARE, assessed=client(3))
    assert [(one.code, one.told) for one in found.reasons] == [
        ("risky", {"share": 8000, "most": 60, "level": 3}),
        ("single", {"name": "Pump Works", "share": 5000, "most": 25}),
        ("single", {"name": "Dock Works", "share": 3000, "most": 25}),
    ]


def test_a_portfolio_is_put_right_in_steps() -> None:
    far_off = [worth(CASH, 0), worth(SHARE, 10000)]
    better = [worth(CASH, 1000), worth(SHARE, 9000)]
    assert codes(judged(far_off, better, assessed=client(2))) == []
    assert codes(judged(better, far_off, bought=SHARE, assessed=client(2))) == ["risky", "single"]
    in_debt = [worth(CASH, -500), worth(BOND, 1000)]
    less = [worth(CASH, -400), worth(BOND, 900)]
    assert codes(judged(in_debt, less, assessed=client(2))) == []
    assert codes(judged(less, in_debt, bought=BOND, assessed=client(2))) == ["debt"]


@pytest.mark.parametrize("seed", range(40))
def test_a_larger_portfolio_of_the_same_shares_is_judged_alike(seed: int) -> None:
    drawn = random.Random(seed)
    values = [drawn.choice([0, 1, drawn.randrange(10**6), drawn.randrange(10**12)]) for _one in range(4)]
    level, times = drawn.randint(1, 5), drawn.randint(1, 10**6)
    kinds = (CASH, FUND, SHARE, OTHER)
    small = [worth(one, value) for one, value in zip(kinds, values, strict=True)]
    large = [worth(one, value * times) for one, value in zip(kinds, values, strict=True)]
    first, second = (judged([], held, bought=FUND, assessed=client(level)) for held in (small, large))
    assert first == second and [one.told for one in first.reasons] == [one.told for one in second.reasons]
    # What suits one who bears less suits one who bears more.
    if level < 5 and not codes(first):
        assert not codes(judged([], small, bought=FUND, assessed=client(level + 1)))


def answered(**points: list[int]) -> list[GivenAnswer]:
    return [GivenAnswer(topic, "?", "!", one) for topic, found in points.items() for one in found]


@pytest.mark.parametrize(
    ("points", "level", "knowledge"),
    [
        ({"knowledge": [5], "capacity": [5], "objectives": [5], "horizon": [5]}, 5, 5),
        ({"knowledge": [1], "capacity": [5], "objectives": [5], "horizon": [2]}, 2, 1),
        ({"knowledge": [2, 3], "capacity": [4, 5, 5], "objectives": [5], "horizon": [5]}, 4, 2),
    ],
)
def test_the_least_of_the_three_counts_and_means_are_rounded_down(
    points: dict[str, list[int]], level: int, knowledge: int
) -> None:
    found = assess(answered(**points), TODAY)
    assert (found.level, found.knowledge) == (level, knowledge)


def test_without_a_question_on_a_topic_nothing_is_told() -> None:
    with pytest.raises(Invalid, match="No question asks about horizon"):
        assess(answered(knowledge=[1], capacity=[1], objectives=[1]), TODAY)


def test_the_first_questions_can_be_answered_by_whoever_bears_least_and_most() -> None:
    assert {topic for topic, _name, _answers in FIRST} == set(Topic)
    for place, level in ((0, 1), (-1, 5)):
        answers = [
            GivenAnswer(topic, name, one.words, one.points)
            for topic, name, text in FIRST
            for one in (read_answers(text)[place],)
        ]
        assert assess(answers, TODAY).level == level


def test_answers_are_read_a_line_each() -> None:
    read = read_answers("  None = 1 \n\nA = b = 5\n*<!channel>* & more=3\n")
    assert read == (PossibleAnswer("None", 1), PossibleAnswer("A = b", 5), PossibleAnswer("*<!channel>* & more", 3))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "has 0"),
        ("Only one = 1", "has 1"),
        ("\n".join(f"Answer {n} = 1" for n in range(11)), "has 11"),
        ("None = 1\nMuch", "Much needs its points"),
        ("None = 0\nMuch = 5", "None = 0 needs its points"),
        ("None = 1\nMuch = 6", "Much = 6 needs its points"),
        ("None = 1\nMuch = ١", "needs its points"),
        ("= 1\nMuch = 5", "= 1 needs its points"),
        ("None = 1\nnone = 5", "The answer None is there twice"),
        (f"None = 1\n{'x' * 71} = 5", "up to 70 characters"),
    ],
)
def test_answers_that_cannot_be_read_are_refused_with_the_line(text: str, reason: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_answers(text)
    assert reason in str(refused.value) and refused.value.field == "answers"
