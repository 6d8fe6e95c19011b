"""Find records by what people remember of their names: misspelt, in part, in any script.

Trigram operators are not leakproof, so under row-level security no index would serve them. The search is therefore a
SECURITY DEFINER function (`find_records`, made by the migrations) that compares the workspace setting itself.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session
from sqlalchemy.types import Text

from storage.names import KEY_LIMIT, name_key
from storage.references import Noun, parse_reference, reference

SEARCHED = (Noun.CUSTOMER, Noun.CONTACT, Noun.DEAL, Noun.TICKET)

_FIND = text("SELECT noun, id, name, score FROM find_records(:wanted, :nouns, :most)").bindparams(
    bindparam("nouns", type_=ARRAY(Text()))
)
_BY_NUMBER = {noun: text(f"SELECT name FROM {noun} WHERE id = :id") for noun in SEARCHED}  # noqa: S608 - our own names


@dataclass(frozen=True, slots=True)
class Hit:
    """Name a record that was found; `score` is 0 to 1, and 1 for its reference."""

    noun: Noun
    id: int
    name: str
    score: float

    @property
    def reference(self) -> str:
        """Return the reference people use, such as `D-88`."""
        return reference(self.noun, self.id)


def find(session: Session, typed: str, *, nouns: Sequence[Noun] = SEARCHED, limit: int = 10) -> list[Hit]:
    """Return the records that what was typed may mean, best first, at most `limit`.

    A reference finds its record; anything else is compared by trigrams with names, domains and addresses, first
    strictly and, only where that finds nothing, more and more loosely.
    """
    parsed = parse_reference(typed)
    if parsed is not None and parsed[0] in _BY_NUMBER and parsed[0] in nouns:
        noun, record_id = parsed
        name = session.execute(_BY_NUMBER[noun], {"id": record_id}).scalar()
        if name is not None:
            return [Hit(noun, record_id, name, 1.0)]
    wanted = find_key(typed)
    if not wanted:
        return []
    rows = session.execute(_FIND, {"wanted": wanted, "nouns": [str(noun) for noun in nouns], "most": limit})
    hits = [Hit(Noun(noun), record_id, name, score) for noun, record_id, name, score in rows]
    return sorted(hits, key=lambda hit: hit.score, reverse=True)[:limit]


def find_key(*texts: str | None) -> str:
    """Return what a search compares: the texts' name keys, with spaces around each Han character and kana.

    Those scripts do not put spaces between words, and trigrams are taken word by word: without this a Chinese name
    would be found from its beginning only.
    """
    key = " ".join(name_key(part)[:KEY_LIMIT] for part in texts if part)
    return " ".join("".join(_spaced(key)).split())


def _spaced(key: str) -> Iterable[str]:
    for character in key:
        yield f" {character} " if _stands_alone(character) else character


def _stands_alone(character: str) -> bool:
    return "\u3040" <= character <= "\u30ff" or "\u3400" <= character <= "\u9fff" or "\uf900" <= character <= "\ufaff"
