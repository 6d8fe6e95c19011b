"""Say what is shown of a noun's records at each place, and in which order."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.database.engine import current_workspace, lock_until_end
from storage.errors import Invalid
from storage.names import name_key, short
from storage.records.declaration import Declaration
from storage.records.schema.definition_rows import LayoutRow

CARD, LINE, FORM, BUTTONS, HOME = PLACES = ("card", "line", "form", "buttons", "home")
MOST_SHOWN = 60


def lay_out(session: Session, noun: str, place: str, keys: Sequence[str] | None, known: Collection[str]) -> None:
    """Show at a place of a noun what these keys name, in their order, or with None all that there is again.

    Raises Invalid naming a key that is none of `known`, or is given twice.
    """
    lock_until_end(session, f"schema {current_workspace(session)}")
    row = session.scalars(select(LayoutRow).where(LayoutRow.noun == noun, LayoutRow.place == place)).first()
    if keys is None:
        if row is not None:
            session.delete(row)
            session.flush()
        return
    names = {name_key(key): key for key in known}
    wanted = [names.get(name_key(key), key) for key in keys]
    for key in wanted:
        if key not in known:
            raise Invalid(
                "There is no {name} to show.",
                field=place,
                typed=key,
                hint="There are {names}.",
                name=short(key),
                names=", ".join(known),
            )
    if len(set(wanted)) < len(wanted):
        raise Invalid("Name each once.", field=place)
    if row is None:
        row = LayoutRow(workspace_id=current_workspace(session), noun=noun, place=place, shown=wanted)
        session.add(row)
    else:
        row.shown = wanted
    session.flush()


def check_form(noun: Declaration, keys: Sequence[str]) -> None:
    """Raise Invalid where a form would be without a field that has to be given."""
    given = {name_key(key) for key in keys}
    missing = [one.key for one in noun.entered[1:] if one.required and not one.begins and one.key not in given]
    if missing:
        raise Invalid("{names} must be given, so the form has to ask for it.", field=FORM, names=", ".join(missing))
