"""Say who may change the records of a noun."""

from __future__ import annotations

from bot.plugin import Catalogue, DeclaredNoun, Member
from storage.errors import Refused


def changed_by(actor: Member, catalogue: Catalogue, reference: str) -> DeclaredNoun:
    """Return the noun of a reference if somebody may change its records; raise Refused if they may not."""
    noun = catalogue.noun_of(reference)
    check_changes(actor, noun)
    return noun


def check_changes(actor: Member, noun: DeclaredNoun) -> None:
    """Raise Refused where somebody may not change the records of a noun."""
    role = noun.declaration.change
    if not actor.has(role):
        raise Refused(
            "This needs the role {role}.", role=role.value, hint="An admin can give it to you with `/crm role`."
        )
