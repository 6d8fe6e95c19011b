"""Put pictures into a message that is about to be sent, without ever keeping it from being sent.

A picture is uploaded for the bot alone, and shown by an image block that names it, so that a delivery stays one message
with its id. Where anything fails, the message goes without it.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from slack_sdk.models.blocks import Block

from bot.delivery.calls import SlackCall
from bot.delivery.uploads import UPLOAD_S, upload
from bot.kit.block_json import to_json
from bot.kit.blocks import MESSAGE_BLOCKS
from bot.kit.replies import Picture
from bot.slack.posting import Ask, CallRefused, Unreached
from storage.names import short

log = logging.getLogger(__name__)

NOT_READY_S = 2.0
"""How long Slack is given to look at a picture it refused, as it does so after the upload."""
REMEMBERED = 1_000


class Illustrator:
    """Upload the pictures of deliveries; of each once, so that a slow upload cannot keep a message back for ever."""

    def __init__(self) -> None:
        self._tried: dict[UUID, None] = {}

    def illustrate(self, ask: Ask, delivery_id: UUID, wanted: SlackCall, *, spare_s: float) -> SlackCall:
        """Return the call with its pictures in place, or as it is where they cannot be drawn or uploaded.

        `spare_s` is how long it may take at most; a step is begun only while there is enough left for it.
        """
        full = len(wanted.arguments.get("blocks", ())) + len(wanted.pictures) > MESSAGE_BLOCKS
        if not wanted.pictures or full or delivery_id in self._tried:
            return wanted
        if _are_there(wanted):
            return _placed(
                wanted, {place: picture.block(picture.file_id) for place, picture in wanted.pictures.items()}
            )
        self._tried[delivery_id] = None
        while len(self._tried) > REMEMBERED:
            del self._tried[next(iter(self._tried))]
        until = time.monotonic() + spare_s
        drawn: dict[int, Block] = {}
        try:
            for place, picture in wanted.pictures.items():
                if time.monotonic() + UPLOAD_S > until:
                    raise TimeoutError("no time is left for pictures")
                drawn[place] = _block(ask, picture)
        except Exception as exc:
            # Whatever it is: a digest without its picture is better than none.
            log.warning("delivery %s goes without pictures: %s: %s", delivery_id, type(exc).__name__, exc)
            return wanted
        return _placed(wanted, drawn)


def _are_there(wanted: SlackCall) -> bool:
    """Tell whether Slack has all pictures already, so that waiting for it to look at them helps nothing."""
    return bool(wanted.pictures) and all(picture.file_id for picture in wanted.pictures.values())


def _placed(wanted: SlackCall, drawn: Mapping[int, Block]) -> SlackCall:
    """Return a call with pictures in place, each below so many of the blocks it had before."""
    blocks = list(wanted.arguments["blocks"])
    for place in sorted(drawn, reverse=True):
        blocks.insert(place, to_json(drawn[place]))
    return replace(wanted, arguments={**wanted.arguments, "blocks": blocks}, plain=wanted)


def send(wanted: SlackCall, post: Callable[[SlackCall], Mapping[str, Any]], *, until: float) -> Mapping[str, Any]:
    """Post a message with pictures; where Slack refuses its blocks, once more after a while, then without them.

    Raises Unreached where another post would begin after `until`, on time.monotonic(): what was refused had no effect.
    """
    again = [] if _are_there(wanted) else [wanted]
    attempts = [wanted] if wanted.plain is None else [wanted, *again, wanted.plain]
    for number, attempt in enumerate(attempts, start=1):
        if number > 1 and time.monotonic() >= until:
            raise Unreached("too little of the lease is left to post it again")
        try:
            return post(attempt)
        except CallRefused as exc:
            if exc.code != "invalid_blocks" or number == len(attempts):
                raise
            log.warning("Slack refuses the pictures of a message, attempt %d", number)
            if number == 1 and again:
                time.sleep(NOT_READY_S)
    raise AssertionError("unreachable")


def _block(ask: Ask, picture: Picture) -> Block:
    content = picture.draw()
    file_id = upload(ask, picture.name, content, alt_txt=short(picture.alt, 1_000))
    ask("files.completeUploadExternal", repeatable=True, files=json.dumps([{"id": file_id, "title": picture.name}]))
    return picture.block(file_id)
