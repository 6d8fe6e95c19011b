"""Draw the settings of plugins, as they are in this workspace."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot.handlers.settings.declaration import plugin
from bot.kit import blocks as b
from bot.kit.faces import face
from bot.kit.format import Reader, undo_hint
from bot.kit.replies import Message
from bot.plugin import Catalogue, DeclaredSetting, _
from storage.records.named import Named
from storage.workspace import plugin_settings


def everything(session: Session, catalogue: Catalogue, reader: Reader) -> Message:
    """Draw the settings of every plugin that has some."""
    if not catalogue.settings:
        return Message(_("No plugin that is in use has settings."))
    blocks = [block for name in catalogue.settings for block in _of(session, catalogue, name, reader)]
    return Message(_("Settings of plugins"), [b.header(_("Settings of plugins")), *blocks, _hint(catalogue)])


def of_plugin(session: Session, catalogue: Catalogue, name: str, reader: Reader, *, saved: bool = False) -> Message:
    """Draw the settings of one plugin."""
    notice = [b.context(_("Saved."))] if saved else []
    end = [undo_hint()] if saved else [_hint(catalogue)]
    title = b.markup(_("Settings of {plugin}"), plugin=_(catalogue.title(name)))
    return Message(title, [*notice, *_of(session, catalogue, name, reader), *end])


def _of(session: Session, catalogue: Catalogue, name: str, reader: Reader) -> list[Block]:
    lines = [_line(session, one, reader) for one in catalogue.settings[name]]
    change = b.button(_("Change"), plugin.id("edit"), b.Control(detail=name))
    title = b.markup("*{title}*", title=_(catalogue.title(name)))
    return [b.section(b.join([title, *lines]), accessory=change)]


def _line(session: Session, one: DeclaredSetting, reader: Reader) -> b.Markup:
    if one.secret:
        known = _("kept") if one.of(session) else "–"
        return b.markup("• {label}: *{value}*", label=_(one.field.label), value=known)
    value: Any = SimpleNamespace(**{one.field.at or one.field.key: one.of(session)})
    shown = face(one.field).shown(one.field, cast(Named, value), reader, session) or "–"
    line = b.markup("• {label}: *{value}*", label=_(one.field.label), value=shown)
    if plugin_settings.get(session, one.id) is None:
        return line
    return b.join([line, b.markup(_("`{key}:default` goes back"), key=one.field.key)], "  ")


def _hint(catalogue: Catalogue) -> Block:
    name, settings = next(iter(catalogue.settings.items()))
    example = f"{settings[0].field.key}:{settings[0].field.example or settings[0].default}"
    command = f"{catalogue.spell('settings')} {name} {example}"
    return b.context(b.markup(_("Change: `{command}`"), command=command))
