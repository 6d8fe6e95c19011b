"""Greet people in the App Home, offer what they begin most often, and draw it when they open it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from slack_sdk.models.blocks import Block

from bot.kit import blocks as b
from bot.kit.replies import Home
from bot.plugin import Action, Command, Member, Plugin, Role, _

plugin = Plugin("home", title="Home", description="Your own page: your work, and buttons for new records.")


class RegistryForHome(Protocol):
    """Stand for what the home page asks of every plugin's declarations."""

    @property
    def commands(self) -> Mapping[str, Command]:
        """Return every command by its words."""
        ...

    @property
    def actions(self) -> Mapping[str, Action]:
        """Return every button and menu by its id."""
        ...


@plugin.home("Rapport", role=Role.VIEWER, order=0)
def start(actor: Member, catalogue: RegistryForHome) -> list[Block]:
    """Greet the person with a button for each form that a bare command opens and that they may use."""
    opened = [command.opens for command in catalogue.commands.values() if command.opens]
    buttons = [
        b.button(_(action.opens.title), action.id)
        for action in catalogue.actions.values()
        if action.opens in opened and actor.has(action.role)
    ]
    greeting = b.markup(_("Hello {name}. Here is your work. `/crm help` lists the commands."), name=actor.name)
    return [b.section(greeting), *([b.actions(*buttons)] if buttons else []), b.divider()]


@plugin.event("app_home_opened")
def opened(event: Mapping[str, Any]) -> Home | None:
    """Draw the page afresh whenever its person opens it."""
    return Home() if event.get("tab") == "home" else None
