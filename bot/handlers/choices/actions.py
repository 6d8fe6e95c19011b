"""Answer the buttons and menus of the list of choices."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot.handlers.choices import lists
from bot.handlers.choices.declaration import plugin
from bot.handlers.choices.forms import edit
from bot.handlers.choices.wording import Choices, read
from bot.kit import blocks as b
from bot.kit.replies import Message
from bot.plugin import Catalogue, Member, Role, _
from storage.errors import Invalid
from storage.records import moves
from storage.records.schema import choice_definitions
from storage.records.schema.choice_rows import ChoiceRow
from storage.records.schema.field_definitions import MOST_CHOICES

RETIRE, START = "moves.retire", "moves.start"
"""The form that asks what records become, and the button that has them moved as it was said."""


@plugin.action("more", role=Role.ADMIN, opens=edit, choice="edit")
def more(control: b.Control, session: Session, actor: Member, catalogue: Catalogue) -> Message:
    """Move a choice up or down, or retire it."""
    of, what, key = read(control)
    row = row_of(session, of, key)
    if what == "retire":
        return retire(session, of, row, actor, catalogue, replace=True)
    if what not in {"up", "down"}:
        raise Invalid("This button no longer works.", hint="Please repeat the command.")
    moved = choice_definitions.move(session, row, up=what == "up")
    return lists.choices(
        session, of, actor, notice=_("Moved.") if moved else _("It stays where it is."), undo=moved, replace=True
    )


@plugin.action("page", role=Role.VIEWER)
def page(control: b.Control, session: Session, actor: Member) -> Message:
    """Turn to another page of the choices."""
    of, _what, begin = read(control)
    at = min(int(begin), MOST_CHOICES) if begin.isascii() and begin.isdigit() and len(begin) < 9 else 0
    return lists.choices(session, of, actor, replace=True, begin=at)


@plugin.action("restore", role=Role.ADMIN)
def restore(control: b.Control, session: Session, actor: Member) -> Message:
    """Bring a retired choice back."""
    of, _what, number = read(control)
    back = choice_definitions.restore(session, choice_definitions.get(session, int(number) if number.isdigit() else 0))
    return lists.choices(session, of, actor, notice=_("It is back.") if back else None, undo=back, replace=True)


def row_of(session: Session, of: Choices, key: str) -> ChoiceRow:
    """Return the row of a choice; raise Invalid for one that comes with Rapport or is gone."""
    rows = choice_definitions.live_rows(session, of.noun, of.field)
    for row in rows:
        if row.key == key:
            return row
    raise Invalid("Rapport itself uses this, so it is only renamed.")


def retire(
    session: Session,
    of: Choices,
    row: ChoiceRow,
    actor: Member,
    catalogue: Catalogue,
    *,
    into: str = "",
    replace: bool = False,
) -> Message:
    """Retire a choice that no record has, or say how many do and ask what they become."""
    choice_definitions.check_retirable(row)
    count = choice_definitions.count(session, of.noun, of.field, row.key)
    if not count:
        choice_definitions.retire(session, row)
        return lists.choices(session, of, actor, notice=lists.retired(row.name), undo=True, replace=replace)
    noun = catalogue.nouns[of.noun].declaration
    said = b.markup(
        _("*{name}* goes out of use. {count} {records} have it."),
        name=row.name,
        count=f"{count:,}",
        records=_(noun.label if count == 1 else noun.plural).casefold(),
    )
    key = f"{choice_definitions.WHAT} {choice_definitions.moving_key(row)}"
    targets = moves.look(session, choice_definitions.WHAT, choice_definitions.moving_key(row))[0].targets
    if into and into not in targets:
        raise Invalid(
            "They can only become {names}, as no rule is to see a difference.",
            field="to",
            names=", ".join(targets.values()),
        )
    if into:
        label = b.cut(_("They become {name}").format(name=targets[into]), b.LABEL_LIMIT)
        button = b.button(label, START, b.Control(detail=f"{key} {into}"), style="primary")
    else:
        button = b.button(_("Say what they become"), RETIRE, b.Control(detail=key), style="primary")
    return Message(said, [b.section(said), b.actions(button)], replace=replace)
