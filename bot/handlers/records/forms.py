"""Ask for a record of any noun, its changes, or a note about it in modals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from bot.handlers.records.declaration import plugin
from bot.handlers.records.rights import changed_by, check_changes
from bot.kit import blocks as b
from bot.kit import cards, records
from bot.kit.faces import Hand
from bot.kit.format import Reader
from bot.kit.records import card
from bot.kit.replies import Message, Modal
from bot.plugin import Catalogue, DeclaredNoun, Member, Role, _
from storage.crm import notes
from storage.errors import Invalid
from storage.records import named
from storage.records.fields import LinkField
from storage.records.named import Named
from storage.references import in_force, parse_reference
from storage.workspace.workspaces import Workspace

Values = Mapping[str, Any]
State = Mapping[str, str]


@plugin.view("new", title="New record", role=Role.VIEWER)
def new(control: b.Control, session: Session, actor: Member, catalogue: Catalogue) -> Modal:
    """Open the form for a new record."""
    noun = _noun(catalogue, control.detail)
    check_changes(actor, noun)
    declaration = noun.declaration
    parsed = parse_reference(control.record, in_force(session))
    begins = records.beginning(declaration, session, actor)
    for field in declaration.entered:
        if parsed and isinstance(field, LinkField) and field.to.__noun__ == parsed[0]:
            begins[field.key] = field.resolve(session, control.record).id
    return records.form(declaration, begins, session, submit=_("Add"), state={"noun": declaration.key})


@new.submit
def add(
    values: Values,
    state: State,
    session: Session,
    actor: Member,
    reader: Reader,
    workspace: Workspace,
    catalogue: Catalogue,
) -> Message | Modal:
    """Add the record, unless others are like it that have not been shown yet."""
    noun = _noun(catalogue, state.get("noun", ""))
    check_changes(actor, noun)
    return records.submitted(noun, values, state, Hand(session, actor, reader, workspace))


plugin.button_opens("new", new)
plugin.each_noun_opens(new)


@plugin.view("edit", title="Edit", role=Role.VIEWER)
def edit(control: b.Control, session: Session, actor: Member, catalogue: Catalogue) -> Modal:
    """Open the form with what is known of a record."""
    noun = changed_by(actor, catalogue, control.record).declaration
    record = noun.resolve(session, control.record)
    return records.edited(noun, record, session)


@edit.submit
def save(
    values: Values,
    state: State,
    session: Session,
    actor: Member,
    reader: Reader,
    workspace: Workspace,
    catalogue: Catalogue,
) -> Message | Modal:
    """Save a record's changes; where somebody else changed the same fields meanwhile, show both values and ask."""
    noun, record = _opened(session, actor, catalogue, state)
    version = _version(state)
    if "began" not in state:  # as in forms that the release before has opened
        named.at_version(session, record, version)
    return records.saved(noun, record, values, state, Hand(session, actor, reader, workspace))


plugin.button_opens("edit", edit)


@plugin.view("note", title="Note", role=Role.VIEWER)
def note(control: b.Control, session: Session, actor: Member, catalogue: Catalogue) -> Modal:
    """Open the form for a note about a record."""
    noun = changed_by(actor, catalogue, control.record).declaration
    record = noun.resolve(session, control.record)
    text = b.text_input("text", _("Note"), multiline=True, placeholder=_("What was said, agreed or promised"))
    about = b.section(cards.headline(record))
    return Modal(_("Note"), [about, text], submit=_("Save"), state={"record": record.reference})


@note.submit
def save_note(
    values: Values, state: State, session: Session, actor: Member, reader: Reader, catalogue: Catalogue
) -> Message:
    """Keep the note and show the record with it."""
    noun, record = _opened(session, actor, catalogue, state)
    notes.add(session, record, values["text"])
    return card(session, noun, record, reader, actor, notice=_("Noted."), undo=True)


plugin.button_opens("note", note)


@plugin.view("open", title="Record", role=Role.VIEWER)
def opened(control: b.Control, session: Session, actor: Member, reader: Reader, catalogue: Catalogue) -> Modal:
    """Show a record in a modal."""
    noun = catalogue.noun_of(control.record)
    record = noun.declaration.resolve(session, control.record)
    return Modal(record.reference, card(session, noun, record, reader, actor).blocks)


plugin.button_opens("open", opened)


def _opened(session: Session, actor: Member, catalogue: Catalogue, state: State) -> tuple[DeclaredNoun, Named]:
    noun = changed_by(actor, catalogue, state.get("record", ""))
    return noun, noun.declaration.resolve(session, state["record"])


def _noun(catalogue: Catalogue, key: str) -> DeclaredNoun:
    found = catalogue.nouns.get(key)
    if found is None:
        raise Invalid("This form is from an older version of Rapport.", hint="Open it again.")
    return found


def _version(state: State) -> int:
    version = state.get("version", "")
    if not version.isdigit():
        raise Invalid("This form is from an older version of Rapport.", hint="Open it again.")
    return int(version)
