"""A message that is too long is cut where it hurts least."""

from __future__ import annotations

import json
from datetime import time

import pytest

from bot.handlers.digests.cards import footer
from bot.kit import blocks as b
from storage.digests.schedules import Digest

LINES = [b.section(f"Line {number} {'x' * 1_000}") for number in range(20)]
NOTE = "more parts that do not fit here"


def test_the_controls_of_a_long_digest_stay() -> None:
    digest = Digest(workspace_id="T1", id=1, version=1, name="Numbers", at_time=time(9), zone="UTC")
    menu = b.menu(
        "Behind the numbers…", "digests.behind", [b.Option(f"F{n} {'x' * 60}", f":0:F{n} 1") for n in range(60)]
    )
    drawn = b.render([b.header("Numbers"), *LINES, b.actions(menu), *footer(digest)])
    assert NOTE in str(drawn[-2])
    assert [button["text"]["text"] for button in drawn[-1]["elements"]] == ["Edit", "Unsubscribe"]
    assert len(json.dumps(drawn, ensure_ascii=False)) <= b.MESSAGE_CHARACTERS


def test_a_list_too_long_for_slack_can_still_be_turned() -> None:
    turn = b.actions(b.button("More", "tickets.page"))
    drawn = b.render([*[b.divider()] * 60, turn])
    assert len(drawn) == b.MESSAGE_BLOCKS
    assert "… and 12 more parts" in str(drawn[-2])
    assert drawn[-1]["type"] == "actions"
    assert len(b.render([*[b.divider()] * 49, turn])) == b.MESSAGE_BLOCKS


def test_a_long_menu_makes_no_room_for_itself() -> None:
    menu = b.menu("Which", "deals.which", [b.Option("x" * 75, f"{n}") for n in range(100)])
    drawn = b.render([*LINES[:5], b.actions(menu)])
    assert [block["type"] for block in drawn] == ["section"] * 5 + ["context"]


def test_what_fits_is_whole() -> None:
    assert len(b.render(LINES[:5])) == 5
    assert b.render([]) == []


@pytest.mark.parametrize(
    "control",
    [
        b.Control("D-88", 3, "won"),
        b.Control("contract-7f3a", 1),
        b.Control("order_17", 2, "a:1:b"),
        b.Control("Ж-5", 1),
        b.Control("", 0, "only a detail"),
        b.Control("D-1", 999_999_999, "x" * 1_900),
    ],
)
def test_what_a_control_carries_comes_back(control: b.Control) -> None:
    assert b.Control.parse(str(b.button("Press", "a.b", control).value)) == control


@pytest.mark.parametrize(
    ("record", "version", "detail"),
    [
        ("two words", 1, ""),
        ("a:1", 1, ""),
        ("-1", 1, ""),
        ("x" * 101, 1, ""),
        ("D-1", -1, ""),
        ("D-1", 1_000_000_000, ""),
        ("D-1", 1, "x" * 2_000),
    ],
)
def test_what_would_not_come_back_from_slack_is_refused_where_it_is_built(
    record: str, version: int, detail: str
) -> None:
    with pytest.raises(ValueError, match="a control cannot carry"):
        b.Control(record, version, detail)


def test_a_choice_of_a_menu_carries_less_than_a_button() -> None:
    b.Option("Fits", str(b.Control("D-1", 1, "x" * 140))).build()
    with pytest.raises(ValueError, match="a choice of a menu cannot carry"):
        b.Option("Too long", str(b.Control("D-1", 1, "x" * 150))).build()


def test_text_of_another_shape_is_a_detail() -> None:
    assert b.Control.parse('{"name": "x"}') == b.Control(detail='{"name": "x"}')
    assert b.Control.parse("two words:1:x") == b.Control(detail="two words:1:x")


@pytest.mark.parametrize("value", ["x" * 2_001, "D-1:3:" + "x" * 2_000, "x" * 1_998])
def test_what_no_control_can_carry_refers_to_nothing(value: str) -> None:
    assert b.Control.parse(value) == b.Control()
