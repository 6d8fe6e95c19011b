"""Slack's markup becomes what a person typed, and mentions keep whom they mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.grammar import Usage, unescape
from storage.errors import Invalid
from tests.support.writing import parse

ROLE = Usage.parse("<person> <role> [to:#sales] [owner:me] [note:hi]")


@pytest.mark.parametrize(
    ("raw", "typed"),
    [
        ("a &amp; b &lt;c&gt;", "a & b <c>"),
        ("&amp;lt;", "&lt;"),
        ("&amp;amp;", "&amp;"),
        ("<@U123|ann>", "@ann"),
        ("<@U123>", "@U123"),
        ("<@W9|@ann>", "@ann"),
        ("<#C1|general>", "#general"),
        ("<#C1|>", "#C1"),
        ("<#C1>", "#C1"),
        ("<!here>", "@here"),
        ("<!channel|channel>", "@channel"),
        ("<!subteam^S1|@sales>", "@sales"),
        ("<!subteam^S1>", "@S1"),
        ("<!date^1392734382^{date} at {time}|Feb 18>", "Feb 18"),
        ("<mailto:a@b.c|a@b.c>", "a@b.c"),
        ("<tel:+491|+491>", "+491"),
        ("<tel:+4912345|+49 123-45>", "+49 123-45"),
        ("<tel:+4912345>", "+4912345"),
        ("<tel:+4912345|our office>", "our office (+4912345)"),
        ("<mailto:a@b.c>", "a@b.c"),
        ("<mailto:a1@b.c|room 1>", "room 1 (a1@b.c)"),
        ("<mailto:a@b.c?subject=Hi|a@b.c>", "a@b.c"),
        ("<https://x.y/z|x.y>", "https://x.y/z"),
        ("<http://acme.com|acme.com>", "acme.com"),
        ("<https://a.b/?q=1&amp;r=2>", "https://a.b/?q=1&r=2"),
        ("<https://a.b|our page &amp; more>", "our page & more (https://a.b)"),
        ("&lt;@U123&gt; is no mention", "<@U123> is no mention"),
        ("1 < 2 > 0", "1 < 2 > 0"),
        ("<>", "<>"),
        ("<@>", "<@>"),
        ("<unknown thing>", "<unknown thing>"),
    ],
)
def test_markup_reads_as_it_was_typed(raw: str, typed: str) -> None:
    assert unescape(raw) == typed


def test_mentions_without_a_name_are_told_one() -> None:
    told = {"U1": "Ann", "C1": "#general", "S1": "@sales"}
    raw = "<@U1> <@U1|bob> <#C1> <#C1|news> <!subteam^S1> <!here> <https://a.b|x>"
    assert (
        unescape(raw, lambda _kind, identity: told[identity]) == "@Ann @bob #general #news @sales @here x (https://a.b)"
    )


def test_a_mention_is_a_person_wherever_it_stands() -> None:
    args = parse("<@U1|ann> manager owner:<@U2> to:<#C3|sales>", ROLE)
    assert args.user("person") == "U1"
    assert args.user("owner") == "U2"
    assert args.channel("to") == "C3"
    assert parse("me manager", ROLE).user("person") == "UME"
    assert parse("我 manager", ROLE).user("person") == "UME"


def test_what_was_left_out_is_nobody_and_nowhere() -> None:
    args = parse("<@U1|ann> manager", ROLE)
    assert args.user("owner") is None
    assert args.channel("to") is None
    assert args.flag("note", default=True) is True


@pytest.mark.parametrize("value", ["bob", "&lt;@U1&gt;", "<#C1|x>", "x<@U1>", "<!here>"])
def test_only_a_mention_is_a_person(value: str) -> None:
    args = parse(f"x y owner:{value}", ROLE)
    with pytest.raises(Invalid, match="is not a person") as caught:
        args.user("owner")
    assert caught.value.field == "owner"


@pytest.mark.parametrize("value", ["sales", "#sales", "<@U1>"])
def test_only_a_channel_mention_is_a_channel(value: str) -> None:
    with pytest.raises(Invalid, match="is not a channel"):
        parse(f"x y to:{value}", ROLE).channel("to")


@pytest.mark.parametrize(("value", "flag"), [("JA", True), ("是", True), ("Ｎｏ", False), ("不要", False)])
def test_a_flag_is_yes_or_no(value: str, flag: bool) -> None:
    assert parse(f"x y note:{value}", ROLE).flag("note") is flag


def test_a_flag_that_is_neither_is_refused() -> None:
    with pytest.raises(Invalid, match="This is yes or no, and I cannot tell which maybe is"):
        parse("x y note:maybe", ROLE).flag("note")


def test_an_undeclared_key_is_a_fault_of_the_handler() -> None:
    with pytest.raises(KeyError, match="colour"):
        parse("x y", ROLE).get("colour")


def test_a_value_that_must_be_there_is_asked_for() -> None:
    with pytest.raises(Invalid, match="note: is missing"):
        _ = parse("x y", ROLE)["note"]


@given(st.text())
def test_text_that_slack_escaped_comes_back_as_typed(typed: str) -> None:
    escaped = typed.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert unescape(escaped) == typed
