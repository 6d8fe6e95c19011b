"""Greet people in the App Home, offer what they begin most often, and draw it when they open it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from slack_sdk.models.blocks import Block

from bot.kit import blocks as b
from bot.kit import commands
from bot.kit.replies import Home
from bot.plugin import Member, Plugin, Role, _

if TYPE_CHECKING:
    from bot.registry import Registry

plugin = Plugin("home", contract=2, title="Home", description="Your own page: your work, and buttons for new records.")


@plugin.home("Rapport", role=Role.VIEWER, order=0)
def start(actor: Member, catalogue: Registry) -> list[Block]:
    """Greet the person with a button for each form that a bare command opens and that they may use."""
    greeting = b.markup(_("Hello {name}. Here is your work. `/crm help` lists the commands."), name=actor.name)
    return [b.section(greeting), *commands.forms(catalogue, actor, daily=True), b.divider()]


@plugin.event("app_home_opened")
def opened(event: Mapping[str, Any]) -> Home | None:
    """Draw the page afresh whenever its person opens it."""
    return Home() if event.get("tab") == "home" else None
