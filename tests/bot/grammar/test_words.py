"""What belongs to which key, place or filter of a command, whatever Slack makes of it on the way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.grammar import Args, Usage, did_you_mean, split_text
from bot.grammar.types import AMOUNT, DAY, FLAG
from storage.errors import Invalid
from tests.support.writing import parse

DEAL = Usage.parse(
    "<name> [amount:12k] [customer:acme] [close:friday]",
    everywhere="[share:yes]",
    types={"amount": AMOUNT, "close": DAY, "share": FLAG},
)
NOTE = Usage.parse("<customer> <note>", everywhere="[share:yes]", types={"share": FLAG})
LIST = Usage.parse("[name] [filters]", everywhere="[share:yes]", types={"share": FLAG})
BARE = Usage.parse("[currency:EUR] [zone:Europe/Berlin]")


def written(args: Args) -> tuple[str, ...]:
    return tuple(f"{pair.key}{pair.operator}{pair.value.text}" for pair in args.filters)


def refused(text: str, usage: Usage) -> str:
    with pytest.raises(Invalid) as caught:
        parse(text, usage)
    error = caught.value
    return " ".join(filter(None, [str(error), (error.hint or "").format(**error.params)]))


def test_words_without_a_key_are_the_text_wherever_they_stand() -> None:
    args = parse("Big amount:12k deal customer:acme for 2026", DEAL)
    assert args.text == "Big deal for 2026"
    assert args.get("amount") == "12k"
    assert args["customer"] == "acme"
    assert args.get("close") is None
    assert "close" not in args


@pytest.mark.parametrize("text", ["call at 10:30", "see https://acme.com/a?b=c:d", "re:pricing", "a: b", "::", "x:"])
def test_colons_of_no_declared_key_are_text(text: str) -> None:
    assert parse(text, DEAL).text == text


@pytest.mark.parametrize(
    "value",
    list(map("Acme Corp".join, ['""', "“”", "„“", "””", "«»", "「」", "『』", "《》", "''", "‘’", "＂＂"])),
)
def test_every_kind_of_quote_holds_a_value_together(value: str) -> None:
    args = parse(f"Big customer:{value} deal", DEAL)
    assert args.get("customer") == "Acme Corp"
    assert args.text == "Big deal"


def test_an_apostrophe_is_not_a_quote() -> None:
    assert parse("x customer:O'Brien", DEAL).get("customer") == "O'Brien"
    assert parse("x customer:'t Hooft", DEAL).get("customer") == "'t"


def test_inch_marks_and_quoted_speech_stay_in_the_text() -> None:
    assert parse('5" pipe and 6" pipe amount:5', DEAL).text == '5" pipe and 6" pipe'
    assert parse('acme said "no way" twice', NOTE).text == 'said "no way" twice'


def test_quotes_keep_a_key_in_the_text() -> None:
    args = parse('acme they wrote "amount:5 share:yes" today', NOTE)
    assert args.text == 'they wrote "amount:5 share:yes" today'
    assert "share" not in args


def test_a_text_quoted_whole_loses_its_quotes_where_it_is_the_only_place() -> None:
    assert parse("“Acme Corp” amount:5", DEAL).text == "Acme Corp"
    assert parse('"Acme" and "Beta"', DEAL).text == '"Acme" and "Beta"'
    assert parse('acme "we love it"', NOTE).text == '"we love it"'


@pytest.mark.parametrize(
    "text",
    [
        "Ｂｉｇ ａｍｏｕｎｔ：12k",
        "Ｂｉｇ　amount：12k",
        "Ｂｉｇ\u00a0AMOUNT:12k",
        "Ｂｉｇ \u200bamount:\u200b12k\u200b",
        "Ｂｉｇ \u2067amount:12k\u2069",
        "Ｂｉｇ\namount:12k",
        "amount:12k\u3000Ｂｉｇ",
        "\ufeffamount:12k\n\nＢｉｇ",
    ],
)
def test_full_width_bidirectional_and_invisible_characters_hide_no_key(text: str) -> None:
    args = parse(text, DEAL)
    assert args.get("amount") == "12k"
    assert args.text == "Ｂｉｇ"


def test_a_note_keeps_its_lines_and_inner_spaces() -> None:
    args = parse("acme first  line\n\n  second share:yes", NOTE)
    assert args.record == "acme"
    assert args.text == "first  line\n\n  second"
    assert parse("acme one\nshare:yes\ntwo", NOTE).text == "one\ntwo"


def test_the_record_is_a_word_a_reference_or_a_quoted_name() -> None:
    assert parse("acme asked for a quote", NOTE).record == "acme"
    assert parse("C-17 asked", NOTE).record == "C-17"
    assert parse("“Acme Corp” asked", NOTE).record == "Acme Corp"
    assert parse("「某某 公司」要报价", NOTE).record == "某某 公司"
    assert parse("「某某 公司」要报价", NOTE).text == "要报价"
    assert parse("acme: asked", NOTE).record == "acme"
    assert parse("<@U1|Ann Lee> asked", NOTE).record == "@Ann Lee"
    assert parse("acme asked", NOTE).get("note") == "asked"


def test_filters_are_kept_as_words() -> None:
    args = parse("big ones amount&gt;10k close&lt;friday stage:“in talks” owner:<@U7|ann> sort:-amount share:no", LIST)
    assert written(args) == ("amount>10k", "close<friday", "stage:in talks", "owner:@ann", "sort:-amount")
    assert args.text == "big ones"
    assert args.flag("share") is False


def test_a_filter_has_all_words_up_to_the_next() -> None:
    args = parse("customer: Harbor Freight, close<next friday stage:in talks share:no", LIST)
    assert written(args) == ("customer:Harbor Freight", "close<next friday", "stage:in talks")
    assert written(parse("close<next friday mine", Usage.parse("[filters]"))) == ("close<next friday mine",)
    assert written(parse("mine close<friday\noverdue", Usage.parse("[filters]"))) == ("close<friday", "mine\noverdue")


def test_full_width_and_mathematical_operators_are_the_ascii_ones() -> None:
    assert written(parse("amount≥10k amount＜20k stage：won owner≠me amount > 5", LIST)) == (
        "amount>=10k",
        "amount<20k",
        "stage:won",
        "owner!=me",
        "amount>5",
    )


def test_times_and_links_are_no_filters() -> None:
    args = parse("10:30 <https://a.b|a.b> https://c.d", LIST)
    assert args.filters == ()
    assert args.text == "10:30 a.b https://c.d" or args.text == "10:30 https://a.b https://c.d"


def test_what_was_typed_is_kept() -> None:
    assert parse("a &amp; b", DEAL).raw == "a &amp; b"
    assert parse("a", DEAL, raw="deal add a").raw == "deal add a"


@pytest.mark.parametrize(
    ("text", "usage", "sentence"),
    [
        ("x amount:1 amount:2", DEAL, "amount: is given twice."),
        ("x amount:", DEAL, "amount: has no value."),
        ('x amount:"" y', DEAL, "amount: has no value."),
        ("x amount:\u200b", DEAL, "amount: has no value."),
        ('x customer:"Acme', DEAL, 'The quote " is opened and never closed.'),
        ('"Acme Corp', DEAL, 'The quote " is opened and never closed.'),
        ("“Acme Corp asked", NOTE, "The quote “ is opened and never closed."),
        ("x amuont:12k", DEAL, "Did you mean amount:?"),
        ("x Custmer：acme", DEAL, "Did you mean customer:?"),
        ("", DEAL, "The name is missing."),
        ("\u200b \u2069", DEAL, "The name is missing."),
        ("acme", NOTE, "The note is missing."),
        ("a:'x " * 4_000, LIST, "There are more than 50 filters."),
        ("", NOTE, "The customer is missing."),
        ("hello", BARE, "I do not understand hello here."),
        ("curency EUR", BARE, "Did you mean currency:EUR?"),
    ],
)
def test_a_mistake_is_named(text: str, usage: Usage, sentence: str) -> None:
    assert sentence in refused(text, usage)


def test_a_missing_required_key_is_named_with_its_example() -> None:
    usage = Usage.parse('<record> [text] when:"friday 9am"')
    assert refused("D-88", usage) == 'when: is missing. Write for example when:"friday 9am".'
    assert parse("D-88 when:now", usage).text == ""


def test_did_you_mean_needs_a_near_word() -> None:
    assert did_you_mean("kye", ["key", "name"]) == "key"
    assert did_you_mean("Amont", ["amount", "close"]) == "amount"
    assert did_you_mean("zebra", ["amount", "close"]) is None
    assert did_you_mean("a" * 10_000, ["a" * 10_000]) is None


def test_split_text_takes_the_first_word_or_quoted_name() -> None:
    assert split_text('  "Acme Corp"  asked\n for ') == ("Acme Corp", "asked\n for")
    assert split_text("acme") == ("acme", "")
    assert split_text("") == ("", "")


def test_many_quotes_take_no_time() -> None:
    assert parse('x "a' * 20_000, DEAL).text.startswith("x")


PIECES = (
    "<@U1|ab> <@U1> <#C1|x> <#C1|> <!here> <!subteam^S1|@x> <!date^1^{date}|then> &amp; &lt; &gt; <mailto:a@b.c|a@b.c> "
    "<https://x.y/z|x.y> < > & \" “ ' 「 」 : ： amount: customer: share:yes amount&gt; me \u200b \u2067 \x00 \ud800"
)
MARKUP = st.sampled_from([*PIECES.split(" "), " ", "\u3000", "\n"])


@given(st.one_of(st.text(), st.lists(MARKUP, max_size=20).map("".join)), st.sampled_from([DEAL, NOTE, LIST, BARE]))
def test_hostile_text_is_ordinary_text_or_refused_with_the_input_returned(text: str, usage: Usage) -> None:
    try:
        args = parse(text, usage)
    except Invalid as error:
        assert error.typed is not None
        assert str(error)
        (error.hint or "").format(**error.params)
    else:
        assert args.raw == text


@given(st.lists(st.from_regex(r"[^\W:<>=!≤≥≠]+", fullmatch=True), min_size=1), st.sampled_from([DEAL, LIST]))
def test_plain_words_come_back_as_typed(words: list[str], usage: Usage) -> None:
    text = " ".join(words)
    args: Args = parse(text, usage)
    assert args.text == text
    assert args.filters == ()


@pytest.mark.parametrize(
    ("typed", "value", "text"),
    [
        ('Plan customer:North,South,"Far East" amount:5k', 'North,South,"Far East"', "Plan"),
        ('Plan customer:"Far East",North', '"Far East",North', "Plan"),
        ("Plan customer:“Far East”，南 bald", "“Far East”，南", "Plan bald"),
        ('Plan customer:"Far East"', "Far East", "Plan"),
    ],
)
def test_a_name_in_quotes_may_be_one_of_several(typed: str, value: str, text: str) -> None:
    args = parse(typed, DEAL)
    assert (args["customer"], args.text) == (value, text)
