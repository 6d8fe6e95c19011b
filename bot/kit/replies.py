"""Name the values a handler may return; the runtime alone turns them into calls to Slack."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from slack_sdk.models.blocks import Block, ImageBlock
from slack_sdk.models.blocks.basic_components import SlackFile

from bot.kit import blocks as b
from bot.kit.blocks import Markup, Option, Text


@dataclass(frozen=True, slots=True)
class Picture:
    """Draw a picture of a delivered message: `draw` returns a PNG, after the transaction, `alt` says what it shows.

    One that Slack has already is named by its `file_id` and not drawn.
    """

    name: str
    alt: str
    draw: Callable[[], bytes] = bytes
    file_id: str = ""

    def block(self, file_id: str) -> Block:
        """Return the block that shows the picture once it is uploaded."""
        return ImageBlock(alt_text=b.plain(self.alt, b.FIELD_LIMIT).text, slack_file=SlackFile(id=file_id))


@dataclass(frozen=True, slots=True)
class Speaker:
    """Say under whose name, and with whose picture, a delivered message appears, where Slack lets Rapport do so."""

    name: str
    picture: str = ""


@dataclass(frozen=True, slots=True)
class SentFile:
    """Hold a file that is sent as it is, with the name it has for who receives it.

    One that somebody sent in Slack is named by its `address` there, and fetched, up to `most` bytes, when it is sent.
    """

    name: str
    content: bytes = b""
    address: str = ""
    most: int = 0


@dataclass(frozen=True, slots=True)
class Message:
    """Say something to the person who asked, or show a card.

    `text` is what a notification and a screen reader show; plain strings are escaped, `Markup` is not.
    """

    text: Text
    blocks: Sequence[Block] = ()
    share: bool = False
    """Show it to the whole channel; never honoured in channels shared with other organisations."""
    replace: bool = False
    """Put it in the place of the message whose control was used."""
    once: bool = False
    """Say it once, to who asked alone: it is kept nowhere, so a request that is repeated is not told it again."""
    pictures: Mapping[int, Picture] = field(default_factory=dict)
    """Pictures by the number of blocks above them; only in what is delivered, and left out where Slack takes none."""
    file: SentFile | None = None
    """A file that comes with the text, and without the blocks; only in what is delivered."""
    speaker: Speaker | None = None
    """Who speaks, if not Rapport; only in what is delivered."""


@dataclass(frozen=True, slots=True)
class Modal:
    """Fill the modal of a declared view."""

    title: str
    blocks: Sequence[Block]
    submit: str | None = None
    state: Mapping[str, str] = field(default_factory=dict)
    """What the modal remembers until it is submitted; never authority, only references."""


@dataclass(frozen=True, slots=True)
class FieldErrors:
    """Keep the modal open and say under each named field what is wrong with it."""

    errors: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Home:
    """Draw the actor's App Home afresh, with one line above it where there is something to say."""

    notice: Text | None = None


@dataclass(frozen=True, slots=True)
class Options:
    """Offer these choices in a menu that is filled while the person types."""

    options: Sequence[Option]


@dataclass(frozen=True, slots=True)
class Instead:
    """Carry out another command, in the same transaction: its words (`deal show`) and what follows them.

    A `notice` is said below its answer.
    """

    words: str
    rest: str
    notice: Text | None = None


Reply = Message | Modal | FieldErrors | Home | Options | Instead | None
"""What a handler may return; None acknowledges and says nothing."""

__all__ = ["FieldErrors", "Home", "Instead", "Markup", "Message", "Modal", "Options", "Picture", "Reply", "SentFile"]
