"""Read what Slack sends."""

from __future__ import annotations

from bot.requests import Kind, read


def test_a_mention_is_the_message_it_also_is() -> None:
    event = {"type": "app_mention", "user": "U1", "channel": "C1", "ts": "1.1", "text": "<@U0BOT> help"}

    request = read(Kind.EVENT, {"type": "event_callback", "event_id": "Ev1", "event": event}, "T1")

    assert (request.name, request.user_id, request.place.channel_id) == ("message", "U1", "C1")
