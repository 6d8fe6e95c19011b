"""Ask for a new choice, or for another name of one, in a form."""

from __future__ import annotations

from collections.abc import Mapping

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot.handlers.choices import lists
from bot.handlers.choices.declaration import plugin
from bot.handlers.choices.wording import ALL, Choices, read
from bot.kit import blocks as b
from bot.kit.replies import Message, Modal
from bot.plugin import Member, Role, _
from storage.errors import Invalid
from storage.records.schema import choice_definitions
from storage.records.schema.choice_definitions import LIMIT

Values = Mapping[str, str]
State = Mapping[str, str]


@plugin.view("new", title="Add one", role=Role.ADMIN)
def new(control: b.Control) -> Modal:
    """Open the form for a choice of the team's own."""
    of, _what, _key = read(control)
    fields: list[Block] = [b.text_input("name", _("Name"), max_length=LIMIT)]
    if of.kinds:
        kinds = [b.Option(_(kind), kind) for kind in of.kinds]
        fields.append(b.choice_input("kind", _("Counts as"), kinds, initial=of.kinds[0]))
        fields.append(b.context(_(of.about)))
    return Modal(_("Add one"), fields, submit=_("Add"), state={"of": of.word})


@new.submit
def add(values: Values, state: State, session: Session, actor: Member) -> Message:
    """Add the choice and show all."""
    return added(session, of_state(state), actor, values["name"], values.get("kind") or "")


plugin.button_opens("new", new)


@plugin.view("edit", title="Rename", role=Role.ADMIN)
def edit(control: b.Control, session: Session) -> Modal:
    """Open the form with the name of a choice."""
    of, _what, key = read(control)
    offered = of.offered(session)
    if key not in offered:
        raise Invalid("This is gone.", hint="Look at what there is.")
    name = b.text_input("name", _("Name"), initial=offered[key], max_length=LIMIT)
    return Modal(_("Rename"), [name], submit=_("Save"), state={"of": of.word, "key": key})


@edit.submit
def save(values: Values, state: State, session: Session, actor: Member) -> Message:
    """Save the name."""
    return renamed(session, of_state(state), actor, state.get("key", ""), values["name"])


plugin.button_opens("edit", edit)


def of_state(state: State) -> Choices:
    """Return the choices that a form is about; raise Invalid for anything else."""
    if state.get("of") not in ALL:
        raise Invalid("This form no longer works.", hint="Please repeat the command.")
    return ALL[state["of"]]


def added(session: Session, of: Choices, actor: Member, name: str, kind: str) -> Message:
    """Add a choice and show all."""
    row = choice_definitions.define(session, of.noun, of.field, name=name, kind=kind)
    notice = b.markup(_("Added *{name}*."), name=row.name)
    return lists.choices(session, of, actor, notice=notice, undo=True)


def renamed(session: Session, of: Choices, actor: Member, key: str, name: str) -> Message:
    """Give a choice another name and show all."""
    choice_definitions.rename(session, of.noun, of.field, key, name)
    return lists.choices(session, of, actor, notice=_("Saved."), undo=True)
