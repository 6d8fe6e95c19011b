"""Find records by what people remember of their names: misspelt, in part, in any script.

The words of all names are looked through for those that may have been meant, then records are found by exactly those
words: how long it takes does not depend on how many records there are. Both are in functions of the database
(`search_records`, made by the migrations) that run as a role of their own and compare the workspace setting themselves,
as under row-level security an index serves neither.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ScalarSelect, bindparam, column, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session
from sqlalchemy.types import Text

from storage.names import KEY_LIMIT, name_key
from storage.records.rows import RecordRow, kept
from storage.references import in_force, parse_reference

LONGEST = 200
"""As many characters of what was typed are looked for as a name may have."""

_SEARCH = text("SELECT noun, id, name, score, how FROM search_records(:wanted, :nouns, :most)").bindparams(
    bindparam("nouns", type_=ARRAY(Text()))
)


class How(StrEnum):
    """Say how a record answers to what was typed."""

    SAME = "same"
    """It is called so, as far as people can tell: but for spaces, marks, punctuation and legal form."""
    HAS = "has"
    """All words that were typed are in its name or address, or its name begins so."""
    NEAR = "near"
    """Words are misspelt, begun or missing."""


@dataclass(frozen=True, slots=True)
class Hit:
    """Name a record that was found; `score` is 0 to 1, and 1 for its reference or whole name."""

    noun: str
    id: int
    name: str
    score: float
    how: How = How.SAME
    letter: str = ""

    @property
    def reference(self) -> str:
        """Return the reference people use, such as `D-88`."""
        return f"{self.letter}-{self.id}"


def find(session: Session, typed: str, *, nouns: Sequence[str] | None = None, limit: int = 10) -> list[Hit]:
    """Return the records of these nouns, or of all, that what was typed may mean, best first, at most `limit`.

    A reference finds its record; anything else is looked for among the words of names, domains and addresses, of all
    nouns but settings where none are given. Of records of the same name, one comes before all others.
    """
    known = kept(session)
    letters = in_force(session)
    parsed = parse_reference(typed, letters)
    if parsed is not None and parsed[0] in (known if nouns is None else nouns):
        noun, record_id = parsed
        name = session.scalar(select(RecordRow.name).where(RecordRow.noun == noun, RecordRow.id == record_id))
        if name is not None:
            return [Hit(noun, record_id, name, 1.0, letter=letters[noun])]
    wanted = name_key(typed)[:LONGEST]
    if not wanted:
        return []
    searched = sorted(noun for noun, model in known.items() if not model.__setting__) if nouns is None else list(nouns)
    rows = session.execute(_SEARCH, {"wanted": wanted, "nouns": searched, "most": limit})
    return [
        Hit(noun, record_id, name, score, How(how), letters[noun])
        for noun, record_id, name, score, how in rows
        if noun in letters
    ]


def whole_name(typed: str) -> ScalarSelect[str]:
    """Return the form by which two names are the same as far as people can tell, to be compared with `find_key`."""
    parts = func.name_parts(name_key(typed)).table_valued("words", column("find_key", Text()), "slots", "whole")
    return select(parts.c.find_key).scalar_subquery()


def find_key(*texts: str | None) -> str:
    """Return what the release before compares: the texts' name keys, with spaces around each Han character and kana.

    It goes with its columns, one release later.
    """
    key = " ".join(name_key(part)[:KEY_LIMIT] for part in texts if part)
    return " ".join("".join(_spaced(key)).split())


def _spaced(key: str) -> Iterable[str]:
    for character in key:
        yield f" {character} " if _stands_alone(character) else character


def _stands_alone(character: str) -> bool:
    return "\u3040" <= character <= "\u30ff" or "\u3400" <= character <= "\u9fff" or "\uf900" <= character <= "\ufaff"
