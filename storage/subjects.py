"""Find the record a note or a follow-up is about, of whatever noun."""

from __future__ import annotations

from sqlalchemy.orm import Session

from storage.errors import CrmError, NotFound
from storage.names import name_key
from storage.records import named
from storage.records.about import About
from storage.records.declaration import declared
from storage.records.named import Named
from storage.records.rows import kept
from storage.references import in_force, parse_reference, reference


def subject_of(session: Session, row: About) -> Named | None:
    """Return the record a note or follow-up is about, None if it is about none that this program knows."""
    if row.about is None or row.about[0] not in kept(session):
        return None
    noun, record_id = row.about
    found: Named = named.get(session, kept(session)[noun], record_id)
    return found


def called(session: Session, typed: str, *, field: str | None = None, settings: bool = False) -> Named:
    """Return the record a person means: by reference, else that of this name.

    Of nouns those that come with the program are first, and of them those of one letter.

    The workspace's settings come last, and only where `settings` are asked for. Raises NotFound with near names if
    there is none, Ambiguous if several of one noun are called the same.
    """
    letters = in_force(session)
    parsed = parse_reference(typed, letters)
    known = {noun: model.__setting__ for noun, model in kept(session).items() if settings or not model.__setting__}
    nouns = sorted(known.keys() & letters.keys(), key=lambda noun: (known[noun], *_rank(noun), letters[noun]))
    if parsed is not None and parsed[0] not in nouns:
        raise NotFound(
            "{reference} is a {noun}, and this is about one of: {nouns}.",
            field=field,
            reference=reference(*parsed, letters),
            noun=parsed[0],
            nouns=", ".join(nouns),
        )
    near: list[Named] = []
    for noun in [parsed[0]] if parsed else nouns:
        try:
            found = _resolve(session, noun, typed)
        except CrmError as error:
            error.field = field
            if parsed is not None or not isinstance(error, NotFound):
                raise
            near += error.candidates
            continue
        # A number alone is one of each noun, so here it only names what is called so.
        if not typed.strip().lstrip("#").isdecimal() or name_key(found.name) == name_key(typed):
            return found
    raise NotFound(
        "Nothing is called {name}.",
        candidates=near,
        field=field,
        hint="Use a reference such as D-88, or put a name of several words in quotes.",
        name=typed,
    )


def _rank(noun: str) -> tuple[bool, int]:
    """Return what sets a noun before others: that it came with the program, and the length of its letter."""
    declaration = declared().get(noun)
    return declaration is None, len(declaration.letter) if declaration else 0


def _resolve(session: Session, noun: str, typed: str) -> Named:
    declaration = declared().get(noun)
    return declaration.resolve(session, typed) if declaration else named.resolve(session, kept(session)[noun], typed)
