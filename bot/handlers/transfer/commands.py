"""Say how records come in from files, and how they go out."""

from __future__ import annotations

from bot.handlers.transfer.declaration import plugin
from bot.kit import blocks as b
from bot.kit.replies import Message
from bot.plugin import Member, Role, _
from storage.errors import Refused


@plugin.command("import", role=Role.VIEWER)
def bring_in(actor: Member) -> Message:
    """Say how to bring records in from a file."""
    if not actor.has(Role.REP) and not actor.has(Role.AGENT):
        raise Refused("To bring records in needs the role rep or agent.")
    return Message(
        b.join(
            [
                b.markup(_("Send me a CSV, TSV or XLSX file in a direct message.")),
                b.markup(_("I say how I read each column and what would happen, and change nothing until you say so.")),
                b.markup(_("*Undo* takes all of it back, also halfway.")),
            ],
            " ",
        )
    )


@plugin.command("export", role=Role.VIEWER)
def take_out() -> Message:
    """Say how to take records out as a file."""
    return Message(
        b.join(
            [
                b.markup(_("Put `as:csv` or `as:xlsx` behind a list or a search, and I send you the file.")),
                b.markup(_("For example `/deal list owner:me as:xlsx` or `/crm find acme as:csv`.")),
            ],
            " ",
        )
    )
