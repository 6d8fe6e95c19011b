"""Say which column of a table is which field of a noun: guessed from the names of columns, corrected by people."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

from storage.errors import Invalid
from storage.names import name_key, short
from storage.records.declaration import Declaration
from storage.records.fields import DateField, EmailField, LinkField, MomentField, PhoneField, RecordField
from storage.transfer.activities.declaration import ABOUT, ACTIVITY, PLURALS, is_activity
from storage.transfer.own import ADDED_ON, ARCHIVED_ON, NOTES, TEXT, origin
from storage.transfer.written import Notation

ID, CREATED, NOTE, FIRST, LAST = "@id", "@created", "@note", "@first", "@last"
CURRENCY, ARCHIVED = "@currency", "@archived"
AS_IT_IS = Notation()
SPECIAL = (ID, CREATED, NOTE, FIRST, LAST, CURRENCY, ARCHIVED, ABOUT)
"""What a column may be besides a field: the record's number where it comes from, when it was made, something to note,
the two parts of a name, the currency of the amounts, when it was archived, what the row is about."""
_OF_ACTIVITIES = (ID, CREATED, NOTE, ABOUT)
NEW = "+"
"""Before the type of the field that a column becomes on the way; alone, for one whose type is yet to be guessed."""
LINKED_ID = "@id"
"""Behind the key of a link: the number that what is linked has in the program the file comes from."""
A_FILE = "file"
"""The source of what comes from no program that is known."""


class Matches(StrEnum):
    """Say what happens with a row whose record is there already."""

    CHANGE = "change"
    FILL = "fill"
    SKIP = "skip"


@dataclass(frozen=True)
class MappedColumn:
    """Say what a column is: `to` is the key of a field, one of SPECIAL, or nothing for one that is left out."""

    name: str
    to: str = ""
    written: Notation = AS_IT_IS
    samples: tuple[str, ...] = ()
    asks: bool = False
    """Whether a person must say how it is written."""


@dataclass(frozen=True)
class ColumnMapping:
    """Say how the rows of a table become records of a noun.

    `source` names the program whose numbers the column ID holds. `makes` says that a record which a row is linked to,
    and which is not there, is added with its name.
    """

    noun: str
    source: str
    columns: tuple[MappedColumn, ...]
    matches: Matches = Matches.CHANGE
    makes: bool = True
    adds: bool = False
    """Whether settings that rows name and that are not there, such as stages, are added before the import runs."""
    sheet: str = ""
    """Which sheet of a workbook it is of."""

    @property
    def makes_more(self) -> bool:
        """Tell whether fields or settings are made before it runs, which is for admins."""
        return self.adds or any(column.to.startswith(NEW) for column in self.columns)

    def to(self, key: str) -> int | None:
        """Return the place of the column that is this field, None where none is."""
        return next((at for at, column in enumerate(self.columns) if column.to == key), None)

    def with_column(self, at: int, **changes: Any) -> ColumnMapping:
        """Return the mapping with one column changed; a field that it takes is taken from the column that had it."""
        columns = list(self.columns)
        if changes.get("to", NEW)[:1] not in ("", NEW):
            columns = [replace(column, to="") if column.to == changes["to"] else column for column in columns]
        columns[at] = replace(columns[at], **changes)
        return replace(self, columns=tuple(columns))

    def to_json(self) -> dict[str, Any]:
        """Return what the database keeps; no cells of the file are in it."""
        columns = [
            {"name": one.name, "to": one.to, "decimal": one.written.decimal, "day_first": one.written.day_first}
            for one in self.columns
        ]
        how = {"matches": str(self.matches), "makes": self.makes, "adds": self.adds, "sheet": self.sheet}
        return {"noun": self.noun, "source": self.source, **how, "columns": columns}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> ColumnMapping:
        """Return what `to_json` was given."""
        columns = tuple(
            MappedColumn(one["name"], one["to"], Notation(one["decimal"], one["day_first"])) for one in kept["columns"]
        )
        how = (Matches(kept["matches"]), kept["makes"], kept.get("adds", False), kept.get("sheet", ""))
        return cls(kept["noun"], kept["source"], columns, *how)


def guess(
    header: Sequence[str], file_name: str, declarations: Mapping[str, Declaration], *, noun: str = ""
) -> ColumnMapping:
    """Return what the columns most likely are, of this noun or the one that most of them fit.

    Raises Invalid where no column is the name of a record of any noun, or of this one.
    """
    known = {key: declarations[key] for key in declarations if noun in ("", key)}
    if (ours := _by_ourselves(header, known)) is not None:
        return ours
    if noun and known and not any(has_name(_by_names(header, file_name, one)[1]) for one in known.values()):
        # Who says what the rows are is shown a name to correct.
        mapping = _by_names(header, file_name, known[noun])[1]
        free = next((at for at, column in enumerate(mapping.columns) if not column.to), 0)
        return mapping.with_column(free, to="name")
    named = [one for one in known.values() if noun or not is_activity(one) or _is_called(one, file_name)]
    guessed = [_by_vendor(header, known), *(_by_names(header, file_name, one) for one in named)]
    fitting = [(score, mapping) for score, mapping in filter(None, guessed) if has_name(mapping)]
    if not fitting:
        raise Invalid(
            "I cannot tell which column of {file} is the name.",
            file=file_name,
            hint="The first row must name the columns; there are: {columns}.",
            columns=short(", ".join(header), 300),
        )
    return max(fitting, key=lambda found: found[0])[1]


def remembered(mapping: ColumnMapping, header: Sequence[str]) -> ColumnMapping | None:
    """Return a mapping of an earlier file for one with the same columns in any order, None if they are not the same."""
    before = dict(zip(_numbered([one.name for one in mapping.columns]), mapping.columns, strict=True))
    now = _numbered(header)
    if set(now) != set(before):
        return None
    columns = (replace(before[key], name=name) for key, name in zip(now, header, strict=True))
    return replace(mapping, columns=tuple(columns))


def _numbered(header: Sequence[str]) -> list[tuple[str, int]]:
    """Return the names of columns as they are compared, each with how often it was there before."""
    keys = [name_key(name) for name in header]
    return [(key, keys[:at].count(key)) for at, key in enumerate(keys)]


def has_name(mapping: ColumnMapping) -> bool:
    """Tell whether a column says what a record is called."""
    called = ("name", NOTE) if mapping.noun in PLURALS else ("name", FIRST, LAST)
    return any(mapping.to(key) is not None for key in called)


def specials(declaration: Declaration) -> tuple[str, ...]:
    """Return what a column of these rows may be besides a field."""
    return _OF_ACTIVITIES if is_activity(declaration) else tuple(one for one in SPECIAL if one != ABOUT)


def field_of(declaration: Declaration, to: str) -> RecordField | None:
    """Return the field that a column is, None for another column.

    What follows from what people do is no column, except when it was and with whom: history comes with its days. A noun
    that takes its records as they are elsewhere also takes what became of them there.
    """
    whole, kept = declaration.arriving is not None, DateField | MomentField | LinkField
    fits = (one for one in declaration.fields if one.entered or whole or isinstance(one, kept))
    return next((field for field in fits if field.key == to), None)


@cache
def known_columns() -> Any:
    """Return what columns are called elsewhere, as `columns.json` has it."""
    return json.loads(files("storage.transfer").joinpath("columns.json").read_text("utf-8"))


def _by_ourselves(header: Sequence[str], declarations: Mapping[str, Declaration]) -> ColumnMapping | None:
    """Return the mapping of a table that Rapport wrote, None for any other."""
    found = origin(header)
    noun = ACTIVITY if found and found[0] == NOTES else found[0] if found else ""
    if found is None or noun not in declarations:
        return None
    declaration = declarations[noun]
    labels = {field.label: field.key for field in declaration.fields} | {ADDED_ON: CREATED, ARCHIVED_ON: ARCHIVED}
    labels |= {TEXT: NOTE} if noun == ACTIVITY else {}
    first = ABOUT if noun == ACTIVITY else ID
    columns = _once(header, [first, *(labels.get(name, "") for name in header[1:])], declaration)
    return ColumnMapping(noun, found[1], columns)


def _by_vendor(header: Sequence[str], declarations: Mapping[str, Declaration]) -> tuple[float, ColumnMapping] | None:
    """Return the mapping of the vendor that writes such columns, with more weight than any that is put together."""
    best: tuple[float, ColumnMapping] | None = None
    own = [name_key(name) for name in header]
    for vendor, tables in known_columns()["vendors"].items():
        for described in tables:
            if described["noun"] not in declarations:
                continue
            known = {name_key(name): to for name, to in described["columns"].items()}
            telling = {name_key(name) for name in described["telling"]}
            if not telling <= set(own):
                continue
            declaration = declarations[described["noun"]]
            columns = _once(header, _further(header, _targets(own, known), declaration), declaration)
            score = 100.0 + len(telling) + sum(bool(column.to) for column in columns) / 100
            # Their tables also have columns of the records that they are about.
            score += is_activity(declaration)
            if best is None or score > best[0]:
                best = (score, ColumnMapping(described["noun"], vendor, columns))
    return best


def _targets(own: Sequence[str], known: Mapping[str, str]) -> list[str]:
    """Return what each column is; where a number (`Related To.id`) says the same as a name, the number says it."""
    found = [known.get(name, "") for name in own]
    numbered = {to for name, to in zip(own, found, strict=True) if name.endswith(".id")}
    return ["" if to in numbered and not name.endswith(".id") else to for name, to in zip(own, found, strict=True)]


def _further(header: Sequence[str], found: Sequence[str], declaration: Declaration) -> list[str]:
    """Return what each column is, also of those that a vendor is not known for, by their names."""
    if is_activity(declaration):
        return list(found)
    taken = {FIRST, LAST, "name"} if {FIRST, LAST, "name"} & set(found) else set()
    others = (one.to for one in _by_names(header, "", declaration)[1].columns)
    return [to or (other if other not in {*found, *taken} else "") for to, other in zip(found, others, strict=True)]


def _is_called(declaration: Declaration, file_name: str) -> bool:
    """Tell whether a file is called as these rows are."""
    called = [declaration.key, declaration.plural, *known_columns()["files"].get(declaration.key, ())]
    file_name = name_key(file_name.replace("_", " ").replace("-", " "))
    return any(name_key(word) in file_name for word in called)


def _by_names(header: Sequence[str], file_name: str, declaration: Declaration) -> tuple[float, ColumnMapping]:
    known = known_columns()
    names: dict[str, str] = {}
    for to, written in known["every"].items():
        names |= {name_key(name): to for name in written}
    key = ACTIVITY if is_activity(declaration) else declaration.key
    for to, written in known["nouns"].get(key, {}).items():
        names |= {name_key(name): to for name in written}
    # What is listed first is meant first: `Job Title` before `Title`, and the name that the field has here before all.
    ranks = {name: rank for rank, name in enumerate(names)}
    for field in declaration.entered:
        own = {name_key(field.key): field.key, name_key(field.label): field.key}
        names, ranks = names | own, ranks | dict.fromkeys(own, -1)
    bare = [_bare(name, declaration) for name in header]
    best = {names[name]: name for name in sorted(ranks.keys() & set(bare), key=lambda name: -ranks[name])}
    named = [names.get(name, "") for name in bare]
    found = [
        to if to and (best[to] == name or _is_manifold(declaration, to)) else ""
        for name, to in zip(bare, named, strict=True)
    ]
    columns = _once(header, found, declaration)
    score = float(sum(bool(column.to) for column in columns if column.to not in (ID, CREATED, NOTE)))
    score += 1.5 * _is_called(declaration, file_name)
    return score, ColumnMapping(declaration.key, A_FILE, columns)


def _bare(name: str, declaration: Declaration) -> str:
    """Return the name of a column as it is compared: without the noun before it and underscores."""
    key = name_key(name.replace("_", " ")).strip(":*")
    own = f"{name_key(declaration.label)} "
    rest = key.removeprefix(own)
    return rest if any(name_key(word) == rest for one in declaration.entered for word in (one.key, one.label)) else key


def _is_manifold(declaration: Declaration, to: str) -> bool:
    """Tell whether people have several of what a column is, and programs a column for each."""
    return not is_activity(declaration) and isinstance(field_of(declaration, to), EmailField | PhoneField)


def _once(header: Sequence[str], found: Iterable[str], declaration: Declaration) -> tuple[MappedColumn, ...]:
    """Return the columns, each field taken by the first that is it and by none that the noun does not have.

    Of what people have several, such as telephone numbers, every column is it: the first that is filled counts.
    """
    taken: set[str] = set()
    columns = []
    for name, to in zip(header, found, strict=True):
        is_field = to not in SPECIAL and field_of(declaration, to.removesuffix(LINKED_ID)) is not None
        is_free = to not in taken or _is_manifold(declaration, to)
        fits = to and is_free and (is_field or to in specials(declaration))
        columns.append(MappedColumn(name, to if fits else ""))
        taken.add(to)
    if "name" in taken and not is_activity(declaration):
        columns = [replace(one, to="") if one.to in (FIRST, LAST) else one for one in columns]
    return tuple(columns)


def links_made(declaration: Declaration, declarations: Mapping[str, Declaration]) -> dict[str, Declaration]:
    """Return the nouns whose records can be made from a name alone, by the key of the field that links to them."""
    made: dict[str, Declaration] = {}
    if is_activity(declaration):
        return made
    for field in declaration.fields:
        if isinstance(field, LinkField) and field.entered:
            target = declarations.get(str(field.to.__noun__))
            if target is not None and not any(one.required and not one.begins for one in target.fields[1:]):
                made[field.key] = target
    return made
