"""A usage line is the grammar and the help at once."""

import pytest

from bot.grammar import Usage


def test_a_usage_line_declares_places_keys_and_filters() -> None:
    usage = Usage.parse('<record> [text] [amount:12k] when:"friday 9am" [filters]', everywhere="[share:yes]")
    assert [(p.name, p.required) for p in usage.positionals] == [("record", True), ("text", False)]
    assert [(k.name, k.example, k.required) for k in usage.keys.values()] == [
        ("amount", "12k", False),
        ("when", "friday 9am", True),
        ("share", "yes", False),
    ]
    assert usage.filters
    assert usage.required == ["record", "when"]


def test_people_see_the_line_without_what_every_command_takes() -> None:
    usage = Usage.parse("<name> [amount:12k]", everywhere="[share:yes]")
    assert usage.text("deal add") == "/deal add <name> [amount:12k]"
    assert Usage.parse("").text("/crm help") == "/crm help"


@pytest.mark.parametrize("line", ["<a> <b> <c>", "[a] <b>", "a", "<a> [a:1]", "[a:1] [a:2]", "<a> <a>", "<>", "<a> <"])
def test_a_line_that_cannot_be_followed_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"usage|told apart|same name"):
        Usage.parse(line)


def test_a_place_may_name_its_choices() -> None:
    assert Usage.parse("<ticket> <new|open|resolved>").positionals[1].name == "new|open|resolved"
