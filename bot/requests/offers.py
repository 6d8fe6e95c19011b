"""Offer what may have been meant by a name or a value, a button each, and carry the command out with what is chosen.

A button holds the command as it was typed and what was chosen so far, so that nothing has to be typed again. A command
that is too long for a button is given back in words instead.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot.grammar import Args, unescape
from bot.grammar.entities import decode
from bot.i18n import _
from bot.kit import blocks as b
from bot.kit import fields
from bot.kit.faces import Hand
from bot.kit.format import VALUE_LIMIT, Reader
from bot.kit.replies import Instead, Message
from bot.plugin import Catalogue, Member
from storage.errors import CrmError, Invalid
from storage.records.named import CANDIDATES, Named
from storage.workspace.workspaces import Workspace

ACTION = "rapport.meant"


@dataclass(frozen=True, slots=True)
class Typed:
    """Hold a command as it was typed: its words, what followed them, and what was chosen for which of its places."""

    words: str
    rest: str
    chosen: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls, text: str) -> Typed:
        """Read what `dump` wrote into a button; raise Invalid for anything else."""
        try:
            words, rest, chosen = json.loads(text)
            return cls(str(words), str(rest), {str(place): str(value) for place, value in chosen.items()})
        except (ValueError, TypeError, AttributeError):
            raise Invalid("This button no longer works.", hint="Please repeat the command.") from None

    def dump(self) -> str:
        """Write it into a button."""
        return json.dumps([self.words, self.rest, dict(self.chosen)], ensure_ascii=False)

    def choose(self, args: Args) -> Args:
        """Return the arguments with what was chosen in its places."""
        for place, value in self.chosen.items():
            args = args.having(place, value)
        return args


def offered(error: CrmError, typed: Typed, args: Args) -> list[Block]:
    """Draw the candidates of an error, each with a button that carries the command out with it.

    Nothing where there are none, where the error is about no place of the command, and for a command too long.
    """
    candidates: Sequence[Any] = getattr(error, "candidates", ())
    records = [one for one in candidates if isinstance(one, Named)][:CANDIDATES]
    named_by = args.place_of(str(error.params.get("name", ""))) if records else None
    if named_by is None:
        return []
    place, behind = named_by
    lines: list[Block] = []
    for record in records:
        value = Typed(typed.words, typed.rest, {**typed.chosen, place: record.reference + behind}).dump()
        if len(value) > VALUE_LIMIT:
            return []
        button = b.button(_("This one"), ACTION, b.Control(detail=value))
        lines.append(b.section(b.markup("*{name}*  {ref}", name=record.name, ref=record.reference), accessory=button))
    return lines


def value_or_record(
    valued: tuple[str, str, str],
    args: Args,
    session: Session,
    actor: Member,
    reader: Reader,
    workspace: Workspace,
    catalogue: Catalogue,
) -> Instead | Message:
    """Give a record the value that only one of its fields can read, ask where several can; else look it up by name."""
    noun, reference, said = valued
    declaration = catalogue.nouns[noun].declaration
    keyed = fields.keyed(declaration, said)
    if keyed is not None:
        return _understood(catalogue, Typed(f"{noun} edit", f"{reference} {keyed}"))
    found = fields.readings(declaration, decode(said), Hand(session, actor, reader, workspace))
    if not found or '"' in said:
        return Instead(f"{noun} show", args.text)
    typed = {field.key: Typed(f"{noun} edit", f"{reference} {field.key}:{fields.quoted(said)}") for field in found}
    if len(found) == 1:
        (only,) = typed.values()
        return _understood(catalogue, only)
    text = b.markup(_("“{said}” may be several things of {ref}. Which is it?"), said=unescape(said), ref=reference)
    # A row each, as Slack refuses two controls of one id in a row.
    rows = [b.actions(b.button(_(one.label), ACTION, b.Control(detail=typed[one.key].dump()))) for one in found]
    return Message(text, [b.section(text), *rows])


def _understood(catalogue: Catalogue, typed: Typed) -> Instead:
    command = unescape(f"{catalogue.spell(typed.words)} {typed.rest}")
    notice = b.markup(_("Understood as `{command}`."), command=command.replace("`", "'"))
    return Instead(typed.words, typed.rest, notice)
