"""Show that no text is cut in silence to fit Slack: it is parted over blocks, or a mark says that there is more."""

from __future__ import annotations

import ast
import json
import re
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from slack_sdk.models.blocks import Block

from bot.kit import blocks as b
from sandbox.blocks_check import view_problems
from storage.names import short
from tests.support.rapport import ROOT

NOT_SHOWN = r"ValueError|log[.]|get_close_matches|re[.]match|hexdigest|KEY_LIMIT|EMAIL_LIMIT|ONCE_LIMIT|text\[:READ\]|…"
"""What is cut and read by no person: errors of ours, prints, keys, what a model reads; and what gets its mark there."""
MAKE_TEXT = {"str", "strip", "join", "casefold", "lower", "replace", "rstrip", "sub", "decode", "sendable", "storable"}
ARE_TEXTS = re.compile(
    "because|body|description|key|kind|label|line|name|note|quoted|reason|said|subject|text|title|topic|typed|value"
    "|whole|words|written"
)
WORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp")), min_size=1, max_size=40
)
PARTS = st.one_of(WORDS, st.sampled_from([" ", "\n", "<", ">", "&", "&amp;", "<@U1>", "*", "…", "高" * 50]))
TEXTS = st.builds(
    lambda parts, times: "".join(parts) * times, st.lists(PARTS, min_size=1, max_size=8), st.integers(1, 60)
)
FIELDS = st.lists(TEXTS, max_size=60)


def drawn(blocks: list[Block]) -> list[dict[str, Any]]:
    return [json.loads(json.dumps(block.to_dict())) for block in blocks]


def texts(block: Any) -> str:
    """Return all that a block says, in order."""
    if isinstance(block, dict):
        first = block.get("text", "")
        rest = "".join(texts(value) for key, value in block.items() if key != "text" and not isinstance(value, str))
        return (first if isinstance(first, str) else texts(first)) + rest
    return "".join(map(texts, block)) if isinstance(block, list) else ""


def problems(blocks: list[dict[str, Any]]) -> list[Any]:
    """Return what Slack would refuse."""
    title = {"type": "plain_text", "text": "Any"}
    view = {"type": "modal", "title": title, "submit": title, "blocks": blocks[:100]}
    return view_problems(view, "modal")


def bare(text: str) -> str:
    return "".join(text.split())


@given(TEXTS, st.integers(20, 3_000))
@settings(deadline=None)
@example("<" * 50, 20)
@example("a&" * 40, 21)
def test_a_text_is_parted_and_stays_whole(text: str, limit: int) -> None:
    parted = b.pieces(text, limit)
    assert "".join(parted) == b.esc(text)
    assert all(0 < len(piece) <= limit for piece in parted[:-1]) and len(parted[-1]) <= limit
    # Each says by itself what it says: no half of an escape.
    assert "".join(map(b.unescaped, parted)) == text


def test_no_link_of_ours_is_parted() -> None:
    link = b.link("https://example.com/" + "x" * 60, "here")
    parted = b.pieces(b.join(["word " * 10, link, "end"]), 100)
    assert any(link in piece for piece in parted)


@given(FIELDS, TEXTS)
@settings(deadline=None, max_examples=60)
def test_fields_of_any_number_and_length_are_shown_whole(fields: list[str], above: str) -> None:
    title = b.cut(above, 200)
    labelled = [b.markup("*{at}*\n{text}", at=at, text=text) for at, text in enumerate(fields)]
    blocks = drawn(b.columns(labelled, above=title))
    assert problems(blocks) == []
    assert bare("".join(map(texts, blocks))) == bare(title + "".join(labelled))


@given(FIELDS.filter(bool))
@settings(deadline=None, max_examples=60)
def test_a_message_says_how_much_of_it_is_left_out(fields: list[str]) -> None:
    whole = drawn(b.columns(fields))
    shown = b.render(b.columns(fields))
    assert problems(shown) == []
    left = len(whole) - len(shown) + 1
    if f"… and {left} more parts that do not fit here." in texts(shown[-1]):
        assert [texts(one) for one in shown[:-1]] == [texts(one) for one in whole[: len(shown) - 1]]
    else:
        assert [texts(one) for one in shown] == [texts(one) for one in whole]


@given(st.lists(TEXTS, min_size=1, max_size=30))
@settings(deadline=None, max_examples=60)
def test_small_text_of_any_number_is_shown_or_ends_with_a_mark(texts_given: list[str]) -> None:
    (block,) = drawn([b.context(*texts_given)])
    assert problems([block]) == []
    said = bare(texts(block))
    assert said.endswith("…") or "…" in said or bare(texts_given[-1]) in bare(b.unescaped(b.Markup(said)))


@given(st.integers(1, 450), st.data())
@settings(deadline=None, max_examples=40)
def test_each_choice_of_a_menu_is_offered(count: int, data: st.DataObject) -> None:
    options = [b.Option(f"{data.draw(WORDS) if at % 50 == 0 else at}", f"value {at}") for at in range(count)]
    for block in (
        b.actions(b.menu("Which?", "any.menu", options)),
        b.choice_input("one", "Which?", options, initial=options[-1].value),
        b.checks_input("some", "Which?", options, initial=[options[0].value]),
    ):
        (shown,) = drawn([block])
        assert problems([shown]) == []
        assert [one for one in values(shown) if one.startswith("value ")][-count:] == [one.value for one in options]


def values(block: Any) -> list[str]:
    if isinstance(block, dict):
        own = [block["value"]] if "value" in block else []
        return own + [one for key, value in block.items() if "initial" not in key for one in values(value)]
    return [one for value in block for one in values(value)] if isinstance(block, list) else []


@pytest.mark.parametrize(
    "build",
    [
        lambda: b.Option("Long", "x" * 151).build(),
        lambda: b.section("", fields=["x"] * 11),
        lambda: b.overflow("any.menu", [b.Option(str(at), str(at)) for at in range(6)]),
        lambda: b.actions(*(b.button(str(at), f"any.{at}") for at in range(26))),
        lambda: b.text_input("text", "Text", initial="x" * 41, max_length=40),
    ],
)
def test_what_would_be_lost_is_refused_when_it_is_built(build: Any) -> None:
    with pytest.raises(ValueError, match=r"\d|carry"):
        build()


@given(TEXTS, st.integers(1, 60))
@settings(deadline=None, max_examples=60)
def test_what_is_quoted_is_whole_or_ends_with_a_mark(text: str, most: int) -> None:
    said = short(text, most)
    assert len(said) <= most and (said == text if len(text) <= most else said == text[: most - 1] + "…")


def test_no_code_cuts_a_text_without_a_mark() -> None:
    cuts = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for folder in ("bot", "storage", "api")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if "migrations" not in path.parts
        for line in cutting(path.read_text(encoding="utf-8"))
        if not re.search(NOT_SHOWN, line)
    ]
    assert cuts == []


@pytest.mark.parametrize(
    ("code", "cuts"),
    [
        ("name = typed[:200]", True),
        ("name = typed[:LIMIT] or '-'", True),
        ("name = str(name or 'file')[:NAME_LIMIT]", True),
        ("said = (attempt.reason or '')[:REASON_LIMIT]", True),
        ("text = one.past.text[:SHOWN]", True),
        ("line = read['words'][:most]", True),
        ("said = ', '.join(column.samples)[:SHOWN]", True),
        ("said = f'{number} {what}'[:SIZE]", True),
        ("rows = found[:SHOWN]", False),
        ("name = short(typed, LIMIT)", False),
        ("head = text[:2]", False),
    ],
)
def test_the_rule_sees_limits_with_and_without_a_name(code: str, cuts: bool) -> None:
    assert bool(cutting(code)) is cuts


def cutting(code: str) -> list[str]:
    """Return the lines that cut off the end of a text: at a number of two digits, or at a limit with a name."""
    lines = code.splitlines()
    return [
        lines[node.lineno - 1]
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice) and node.slice.lower is None
        if (isinstance(node.slice.upper, ast.Constant) and len(str(node.slice.upper.value)) > 1)
        or (isinstance(node.slice.upper, ast.Name) and (limits(node.slice.upper.id) and is_text(node.value)))
    ]


def limits(name: str) -> bool:
    return name.isupper() or name in {"limit", "most"}


def is_text(of: ast.expr) -> bool:
    """Tell whether what is cut is a text, by what it is called or made by."""
    match of:
        case ast.BoolOp(values=values):
            return any(map(is_text, values))
        case ast.JoinedStr() | ast.Constant(value=str()):
            return True
        case ast.Call(func=ast.Name(id=name)) | ast.Call(func=ast.Attribute(attr=name)):
            return name in MAKE_TEXT
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.Subscript(slice=ast.Constant(value=str(name))):
            return bool(ARE_TEXTS.fullmatch(name))
    return False


def test_of_a_long_name_the_reference_stays() -> None:
    option = b.record_option("Harbor Freight " * 10, "C-1234567").build().to_dict()
    assert option["text"]["text"].endswith("… (C-1234567)") and len(option["text"]["text"]) <= b.LABEL_LIMIT
