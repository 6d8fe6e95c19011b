"""Give each workspace the fields that plugins declare for nouns of the core, once, as fields of its own."""

from __future__ import annotations

import logging

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.plugin import GivenField
from bot.registry import Registry
from storage.errors import CrmError
from storage.records import history, schema
from storage.records.schema import FieldRow, field_definitions

log = logging.getLogger(__name__)


def ensure(session: Session, registry: Registry) -> None:
    """Add the fields that the session's workspace never had; one that it retired stays retired, its own go before."""
    wanted = [(name, one) for name, plugin in registry.plugins.items() for one in plugin.given_fields]
    if not wanted:
        return
    known = {(noun, key) for noun, key in session.execute(select(FieldRow.noun, FieldRow.key))}
    for name, one in wanted:
        if (one.noun, one.key) in known:
            continue
        try:
            with session.begin_nested(), history.recording(session, actor_id=None, source=f"plugin.{name}"):
                _define(session, registry, one)
        except CrmError as error:
            # The workspace has something of this key or name: its own goes before.
            log.warning("the plugin %s cannot give %s the field %s: %s", name, one.noun, one.key, error)


def _define(session: Session, registry: Registry, one: GivenField) -> None:
    noun = registry.nouns[one.noun].declaration
    field_definitions.define(
        session,
        schema.extended(session, noun),
        name=one.name,
        key=one.key,
        type=one.type,
        hint=one.hint,
        choices=one.choices,
        links_to=one.links_to,
        reserved=registry.reserved(noun),
    )
