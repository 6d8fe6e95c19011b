"""Pictures of deliveries: shown where Slack takes them, and never a reason for a message not to come."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import pytest

from bot.delivery import pictures
from bot.delivery.calls import SlackCall
from bot.delivery.pictures import Illustrator, send
from bot.kit.blocks import section
from bot.kit.replies import Picture
from bot.slack.posting import CallRefused, Unreached

PNG = b"\x89PNG\r\n\x1a\n"


def wanted(blocks: int = 1, draw: Any = lambda: PNG) -> SlackCall:
    said = [section(f"part {number}").to_dict() for number in range(blocks)]
    return SlackCall("chat.postMessage", "C1", {"blocks": said}, {1: Picture("chart.png", "a chart", draw)})


def refuse(method: str, **_: Any) -> Mapping[str, Any]:
    raise CallRefused("missing_scope")


def lost(method: str, **_: Any) -> Mapping[str, Any]:
    raise Unreached(method)


def elsewhere(method: str, **_: Any) -> Mapping[str, Any]:
    return {"upload_url": "file:///etc/hostname", "file_id": "F1"}


def nobody(method: str, **_: Any) -> Mapping[str, Any]:
    return {"upload_url": "http://127.0.0.1:9/upload", "file_id": "F1"}


def broken() -> bytes:
    raise ValueError("no such font")


@pytest.mark.parametrize("ask", [refuse, lost, elsewhere, nobody])
def test_a_message_goes_without_what_cannot_be_uploaded(ask: Any) -> None:
    plain = wanted()
    assert Illustrator().illustrate(ask, uuid4(), plain, spare_s=60) is plain


def test_a_message_goes_without_what_cannot_be_drawn_or_has_no_room_or_time() -> None:
    illustrator = Illustrator()
    for call, spare_s in ((wanted(draw=broken), 60), (wanted(blocks=50), 60), (wanted(), 1)):
        assert illustrator.illustrate(refuse, uuid4(), call, spare_s=spare_s) is call


def test_a_picture_is_tried_once_for_each_delivery(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "REMEMBERED", 1)
    illustrator, delivery, asked = Illustrator(), uuid4(), []

    def ask(method: str, **_: Any) -> Mapping[str, Any]:
        asked.append(method)
        raise Unreached(method)

    for one in (delivery, delivery, uuid4(), delivery):
        illustrator.illustrate(ask, one, wanted(), spare_s=60)
    assert asked == ["files.getUploadURLExternal"] * 3


def test_refused_blocks_are_tried_again_and_then_sent_without_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "NOT_READY_S", 0)
    plain = wanted()
    drawn = SlackCall("chat.postMessage", "C1", {"blocks": []}, plain=plain)
    tried: list[SlackCall] = []

    def post(call: SlackCall) -> Mapping[str, Any]:
        tried.append(call)
        if call is drawn:
            raise CallRefused("invalid_blocks")
        return {"ts": "1"}

    assert send(drawn, post, until=math.inf) == {"ts": "1"}
    assert tried == [drawn, drawn, plain]
    with pytest.raises(CallRefused):
        send(drawn, lambda call: refuse("chat.postMessage"), until=math.inf)
    with pytest.raises(CallRefused):
        send(SlackCall("chat.postMessage", "C1", {}), lambda call: refuse("chat.postMessage"), until=math.inf)


def test_refused_blocks_are_not_tried_again_once_the_lease_may_be_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "NOT_READY_S", 0.1)
    drawn = SlackCall("chat.postMessage", "C1", {"blocks": []}, plain=wanted())
    tried: list[SlackCall] = []

    def post(call: SlackCall) -> Mapping[str, Any]:
        tried.append(call)
        raise CallRefused("invalid_blocks")

    with pytest.raises(Unreached):
        send(drawn, post, until=time.monotonic() + 0.05)
    assert tried == [drawn]
