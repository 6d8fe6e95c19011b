"""Read and store the settings of a plugin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from bot.grammar import Usage, Writer, parse
from bot.grammar.types import WORD, OrNothing
from bot.kit.faces import Hand, face
from bot.kit.fields import NOTHING
from bot.plugin import Catalogue, DeclaredSetting
from storage.errors import Invalid, NotFound
from storage.names import name_key, short
from storage.workspace import plugin_settings

AS_IT_COMES = NOTHING | {"default"}
"""The words by which a setting goes back to what it is without anybody's choice."""


def plugin_called(catalogue: Catalogue, typed: str) -> str:
    """Return the name of the plugin with settings that was meant; raise NotFound naming all."""
    for name in catalogue.settings:
        if name_key(typed) in {name, name_key(catalogue.title(name))}:
            return name
    raise NotFound(
        "No plugin called {name} has settings.",
        field="plugin",
        hint="There are {names}." if catalogue.settings else None,
        name=short(typed) or "-",
        names=", ".join(catalogue.settings),
    )


def usage(settings: Sequence[DeclaredSetting]) -> Usage:
    """Return how the settings of a plugin are typed."""
    keys = " ".join(f"[{one.field.key}:{one.field.example or one.field.key}]" for one in settings)
    reads = {one.field.key: face(one.field).reads(one.field) for one in settings}
    types = {key: words if words is WORD else OrNothing(words, AS_IT_COMES) for key, words in reads.items()}
    return Usage.parse(keys, types=types)


def from_words(settings: Sequence[DeclaredSetting], typed: str, hand: Hand) -> dict[DeclaredSetting, Any]:
    """Return the values of `key:value` as Slack sends them, None for what goes back; raise Invalid naming the key."""
    reader = hand.reader
    writer = Writer(hand.actor.id, hand.workspace.currency, reader.zone, reader.now, reader.locale)
    try:
        args = parse(typed, usage(settings), writer)
    except Invalid as error:
        error.hint = error.hint or "Its settings are {keys}."
        error.params |= {"keys": ", ".join(f"{one.field.key}:" for one in settings)}
        raise
    given = {}
    for one in settings:
        if one.field.key in args:
            nothing = (args.get(one.field.key) or "").casefold() in AS_IT_COMES
            read = args.read[one.field.key]
            given[one] = None if nothing else face(one.field).from_words(one.field, read, hand)
    return given


def from_form(
    settings: Sequence[DeclaredSetting], entered: Mapping[str, Any], hand: Hand
) -> dict[DeclaredSetting, Any]:
    """Return the values of a form, None for what is left empty, but for a secret; raise CrmError naming the field."""
    read = {one: face(one.field).from_form(one.field, entered[one.field.key], hand) for one in settings}
    return {one: value for one, value in read.items() if value is not None or not one.secret}


def store(session: Session, given: Mapping[DeclaredSetting, Any]) -> None:
    """Check and keep values; nothing, and what a setting is anyway, is kept as nobody's choice."""
    for one, value in given.items():
        checked = one.field.check(session, value)
        if one.secret:
            plugin_settings.choose_secret(session, one.id, checked)
            continue
        chosen = None if checked is None or checked == one.default else one.field.to_json(checked)
        plugin_settings.choose(session, one.id, chosen)
