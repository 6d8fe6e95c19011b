"""A message that is too long is cut where it hurts least."""

from __future__ import annotations

import json
from datetime import time

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
