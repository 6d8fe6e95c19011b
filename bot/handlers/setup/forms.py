"""Open a part of the set-up in a modal: what its command shows."""

from __future__ import annotations

from bot.handlers.setup import wording
from bot.handlers.setup.declaration import plugin
from bot.kit import blocks as b
from bot.kit.replies import Instead
from bot.plugin import Catalogue, Role
from storage.errors import Invalid


@plugin.view("part", title="Set up", role=Role.ADMIN)
def part(control: b.Control, catalogue: Catalogue) -> Instead:
    """Show a part of the set-up, with what can be done about it."""
    if control.detail not in {one.command for one in wording.parts(catalogue)}:
        raise Invalid("This button no longer works.", hint="Please repeat the command.")
    return Instead(control.detail, "")
