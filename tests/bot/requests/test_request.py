"""Read what Slack sends."""

from __future__ import annotations

from typing import Any

import pytest

from bot.requests.request import RequestKind, read, unoffered


def test_a_mention_is_the_message_it_also_is() -> None:
    event = {"type": "app_mention", "user": "U1", "channel": "C1", "ts": "1.1", "text": "<@U0BOT> help"}

    request = read(RequestKind.EVENT, {"type": "event_callback", "event_id": "Ev1", "event": event}, "T1")

    assert (request.name, request.user_id, request.place.channel_id) == ("message", "U1", "C1")


@pytest.mark.parametrize(
    ("chosen", "field"),
    [
        ({"selected_option": {"value": "high"}}, None),
        ({"selected_option": None}, None),
        ({}, None),
        ({"selected_option": {"value": "highest"}}, "priority"),
        ({"selected_options": [{"value": "high"}, {"value": "low"}]}, None),
        ({"selected_options": [{"value": "high"}, {"value": "lowest"}]}, "priority"),
    ],
)
def test_what_a_form_does_not_offer_is_seen(chosen: dict[str, Any], field: str | None) -> None:
    element = {"type": "static_select", "action_id": "p", "options": [{"value": "high"}, {"value": "low"}]}
    blocks = [{"type": "section"}, {"type": "input", "block_id": "priority", "element": element}]
    assert unoffered({"blocks": blocks, "state": {"values": {"priority": {"p": chosen}}}}) == field
