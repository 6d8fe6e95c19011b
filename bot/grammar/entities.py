"""Turn the text Slack sends into the text a person typed, keeping who and what it points at."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

# Entities are atoms: where the structure of a text is looked for, their characters are hidden behind this one, so that
# a colon in a link or a space in a person's name divides nothing.
OPAQUE = "\ufffc"

# Characters that take no room and that keyboards and clipboards leave around words.
INVISIBLE = "\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"

_MARKUP = re.compile(
    r"<(?:@(?P<user>[A-Za-z0-9]+)"
    r"|\#(?P<channel>[A-Za-z0-9]+)"
    r"|!(?P<special>[A-Za-z][^<>|]*)"
    r"|(?P<link>[A-Za-z][A-Za-z0-9+.-]{1,30}:[^<>|\s]+))"
    r"(?:\|(?P<label>[^<>]*))?>"
    r"|&(?P<escape>amp|lt|gt);",
)
_ESCAPES = {"amp": "&", "lt": "<", "gt": ">"}
_ESCAPE = re.compile(r"&(amp|lt|gt);")
# Nobody reads or types these schemes.
_SPOKEN = re.compile(r"(mailto|tel):", re.IGNORECASE)
_SHOWN = 80
_EDGES = re.compile(rf"^[\s{INVISIBLE}]+|[\s{INVISIBLE}]+$")


class EntityKind(StrEnum):
    """Name what an entity points at."""

    USER = "user"
    CHANNEL = "channel"
    GROUP = "group"
    BROADCAST = "broadcast"
    LINK = "link"


@dataclass(frozen=True)
class Entity:
    """Hold a mention or link: what it points at, and where it stands in the readable text."""

    kind: EntityKind
    id: str
    start: int
    end: int


@dataclass(frozen=True)
class Decoded:
    """Hold a readable text, the same with its entities made opaque, and the entities in it."""

    text: str
    mask: str
    entities: tuple[Entity, ...] = ()

    @property
    def entity(self) -> Entity | None:
        """Return the entity that is all of this text, if one is."""
        return next((e for e in self.entities if self.text[e.start : e.end] == visible(self.text)), None)

    def part(self, start: int, end: int) -> "Decoded":
        """Return the piece between two places."""
        inside = (e for e in self.entities if e.start >= start and e.end <= end)
        moved = tuple(replace(e, start=e.start - start, end=e.end - start) for e in inside)
        return Decoded(self.text[start:end], self.mask[start:end], moved)

    def without(self, spans: Iterable[tuple[int, int]]) -> "Decoded":
        """Return what is left when the given pieces, in order and apart from each other, are taken out."""
        pieces = []
        position = 0
        for start, end in [*spans, (len(self.text), len(self.text))]:
            pieces.append(self.part(position, start))
            position = end
        return _joined(pieces)

    def strip(self) -> "Decoded":
        """Return the text without the spaces around it."""
        start = len(self.text) - len(self.text.lstrip())
        return self.part(start, max(start, len(self.text.rstrip())))


def _joined(pieces: Iterable[Decoded]) -> Decoded:
    text, mask = "", ""
    entities: list[Entity] = []
    for piece in pieces:
        entities += (replace(e, start=e.start + len(text), end=e.end + len(text)) for e in piece.entities)
        text += piece.text
        mask += piece.mask
    return Decoded(text, mask, tuple(entities))


NameOf = Callable[[EntityKind, str], str]
"""What tells what a person, channel or group is called whose mention brings no name."""


def _id_of(_kind: EntityKind, identity: str) -> str:
    return identity


def decode(raw: str, name_of: NameOf = _id_of) -> Decoded:
    """Read Slack's markup: mentions, channels, groups, broadcasts, links and the three escapes.

    Where a mention brings no name and nobody tells one, the id stands for it.
    """
    pieces = []
    position = 0
    for match in _MARKUP.finditer(raw):
        pieces.append(_plain(raw[position : match.start()]))
        pieces.append(_read(match, name_of))
        position = match.end()
    pieces.append(_plain(raw[position:]))
    return _joined(pieces)


def unescape(raw: str, name_of: NameOf = _id_of) -> str:
    """Return the text of a Slack message as a person reads it."""
    return decode(raw, name_of).text


def visible(text: str) -> str:
    """Return a text without the spaces and invisible characters around it."""
    return _EDGES.sub("", text)


def shown(text: str) -> str:
    """Return as much of a text as fits into a sentence about it."""
    return text if len(text) <= _SHOWN else text[:_SHOWN].rstrip() + "…"


def _plain(text: str) -> Decoded:
    return Decoded(text, text)


def _read(match: re.Match[str], name_of: NameOf) -> Decoded:
    if match["escape"]:
        return _plain(_ESCAPES[match["escape"]])
    label = _unescape_characters(match["label"] or "")
    if match["user"]:
        return _atom(EntityKind.USER, match["user"], "@" + _name(EntityKind.USER, match["user"], label, name_of))
    if match["channel"]:
        return _atom(
            EntityKind.CHANNEL, match["channel"], "#" + _name(EntityKind.CHANNEL, match["channel"], label, name_of)
        )
    if match["link"]:
        url = _unescape_characters(match["link"])
        return _atom(EntityKind.LINK, url, _link_text(url, label))
    return _read_special(match["special"], label, name_of)


def _name(kind: EntityKind, identity: str, label: str, name_of: NameOf) -> str:
    return label.lstrip("@#") or name_of(kind, identity).lstrip("@#")


def _read_special(special: str, label: str, name_of: NameOf) -> Decoded:
    if special.startswith("subteam^"):
        group = special.removeprefix("subteam^")
        return _atom(EntityKind.GROUP, group, "@" + _name(EntityKind.GROUP, group, label, name_of))
    if special.startswith("date^"):
        return _plain(label or special)
    return _atom(EntityKind.BROADCAST, special, "@" + (label.removeprefix("@") or special))


def _link_text(url: str, label: str) -> str:
    """Return what was typed: Slack adds the scheme to a bare address, and a title hides its address."""
    if spoken := _SPOKEN.match(url):
        address = url[spoken.end() :]
        same = label in address or (spoken[1].lower() == "tel" and _digits(label) == _digits(address))
        return (label or address) if same else f"{label} ({address})"
    address = re.sub(r"^[a-z]+://", "", url, flags=re.IGNORECASE)
    if label.rstrip("/") == address.rstrip("/"):
        return label
    return url if not label or label in url else f"{label} ({url})"


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def _atom(kind: EntityKind, identity: str, text: str) -> Decoded:
    return Decoded(text, OPAQUE * len(text), (Entity(kind, identity, 0, len(text)),))


def _unescape_characters(text: str) -> str:
    return _ESCAPE.sub(lambda match: _ESCAPES[match[1]], text)
