"""Answer as a Slack in which every name is hostile."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import IO, Any

from storage.errors import Refused

WHO, CHANNEL = "UBOSS", "C0SUPPORT"


class QuietSlack:
    """Know one channel, whose name is hostile, and nobody."""

    def channel(self, channel_id: str) -> Mapping[str, Any]:
        """Return the channel."""
        if channel_id not in {CHANNEL, "CMARKED"}:
            raise Refused("I can't see that channel.")
        return {"id": channel_id, "name": "<!channel> {x} %s", "is_private": False, "is_member": True}

    def join(self, channel_id: str) -> Mapping[str, Any]:
        """Return the channel."""
        return self.channel(channel_id)

    def user(self, user_id: str) -> Mapping[str, Any]:
        """Know one person, whose profile is hostile."""
        if user_id == WHO:
            return {"id": WHO, "real_name": "<!channel> {x} %s", "profile": {"title": "<!here>", "email": "none"}}
        raise Refused("I don't know {who}.", who=user_id)

    def message(self, channel_id: str, ts: str) -> Mapping[str, Any]:
        """Return a message."""
        return {"ts": ts, "user": "UMARKED", "text": "<!channel> {x}"}

    def permalink(self, channel_id: str, ts: str) -> str:
        """Return an address."""
        return f"https://example.com/{channel_id}/{ts}"

    def file(self, address: str, most: int) -> IO[bytes]:
        """Return a file with a company in it."""
        return io.BytesIO(b"Company\nHeron Imports\n")
