"""Write texts for Slack; the only place where text is escaped, cut and parted to Slack's limits."""

from __future__ import annotations

import re
from collections.abc import Iterable

from slack_sdk.models.blocks import PlainTextObject

SECTION_LIMIT = 3_000
FIELD_LIMIT = 2_000
LABEL_LIMIT = 75
_ENTITY = re.compile(r"&(?:a|am|amp|l|lt|g|gt)?$")
_UNSENDABLE = re.compile("[\x00\ud800-\udfff]")


class Markup(str):
    """Mark text as finished mrkdwn: what came from people in it has been escaped."""

    __slots__ = ()


Text = str | Markup


def sendable(text: str) -> str:
    """Leave out NUL and half surrogates, which neither Slack nor the database takes."""
    return _UNSENDABLE.sub("", text)


def esc(text: Text) -> Markup:
    """Escape the three characters that can begin a control sequence in Slack; leave finished markup alone."""
    if isinstance(text, Markup):
        return text
    return Markup(sendable(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))


def unescaped(text: Text) -> str:
    """Return what a text says where Slack shows plain text: without escapes."""
    if not isinstance(text, Markup):
        return text
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def markup(template: str, **values: object) -> Markup:
    """Fill a template written by us with values that may come from people, escaping each."""
    return Markup(template.format(**{key: esc(v if isinstance(v, str) else str(v)) for key, v in values.items()}))


def join(parts: Iterable[Text], separator: str = "\n") -> Markup:
    """Join texts into one finished markup, escaping the plain ones."""
    return Markup(separator.join(esc(part) for part in parts))


def person(user_id: str) -> Markup:
    """Mention a person; Slack shows the name, and notifies only in a message that is posted."""
    return Markup(f"<@{user_id}>") if re.fullmatch(r"[UW][A-Z0-9]+", user_id) else esc(user_id)


def channel(channel_id: str) -> Markup:
    """Name a channel as a link."""
    return Markup(f"<#{channel_id}>") if re.fullmatch(r"[CGD][A-Z0-9]+", channel_id) else esc(channel_id)


def link(url: str, label: str) -> Markup:
    """Link to an address that we made; anything but http and https stays text."""
    if not re.match(r"https?://[^\s<>|]+$", url):
        return esc(label)
    return Markup(f"<{url.replace('&', '&amp;')}|{esc(label).replace('|', '¦')}>")


def cut(text: Text, limit: int) -> Markup:
    """Escape, then shorten to Slack's limit without cutting an escape or one of our own links in half."""
    escaped = esc(text)
    return escaped if len(escaped) <= limit else Markup(_head(escaped, limit - 1) + "…")


def pieces(text: Text, limit: int = SECTION_LIMIT) -> list[Markup]:
    """Escape, then part a text into as many as Slack needs, at the end of a line or a word where there is one."""
    rest, found = str(esc(text)), []
    while len(rest) > limit:
        head = _head(rest, limit) or rest[:limit]
        end = max(head.rfind("\n"), head.rfind(" ") if "\n" not in head[limit // 2 :] else -1)
        head = head[: end + 1] if end > limit // 2 else head
        found.append(Markup(head))
        rest = rest[len(head) :]
    return [*found, Markup(rest)]


def _head(escaped: str, limit: int) -> str:
    """Return the beginning of a text up to a limit, without half an escape or half a link."""
    head = _ENTITY.sub("", escaped[:limit])
    opened = head.rfind("<")
    return head[:opened] if opened > head.rfind(">") else head


def shortened(text: str, limit: int) -> str:
    """Return plain text that fits, with a mark where the end is left out."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def plain(text: str, limit: int) -> PlainTextObject:
    """Make a plain-text object that fits; Slack interprets nothing in it."""
    return PlainTextObject(text=shortened(sendable(text).strip() or " ", limit), emoji=False)
