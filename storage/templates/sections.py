"""Save and apply each part of a set-up: what is there already, by its name, stays as it is."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from storage.crm import pipelines
from storage.crm.pipelines import PIPELINE, STAGE, Outcome
from storage.errors import CrmError
from storage.names import name_key
from storage.records import lifecycle, schema
from storage.records.declaration import Declaration
from storage.records.schema import choice_definitions, field_definitions, noun_definitions
from storage.records.schema.choice_rows import declared_choices
from storage.support import replies, sla
from storage.templates.reading import FilePart
from storage.workspace.members import Role

Reserved = Callable[[Session, Declaration | None], Collection[str]]
"""Returns the words that no field of a noun may have as its key; without a noun, those that begin commands."""


@dataclass(frozen=True)
class SetupSection:
    """Say how a part of a set-up is saved, None or nothing where there is none, and how it is applied."""

    save: Callable[[Session], Any]
    apply: Callable[[Session, FilePart, Reserved], list[str]]


@contextmanager
def at(part: FilePart) -> Iterator[None]:
    """Name the line in whatever is wrong."""
    try:
        yield
    except CrmError as error:
        if str(error).startswith("Line "):
            raise
        hint = f" {error.hint.format(**error.params)}" if error.hint else ""
        raise part.fault("{why}", why=f"{error}{hint}") from None


def _save_nouns(session: Session) -> Any:
    live = [row for row in noun_definitions.all_rows(session) if row.retired_at is None]
    return [
        {"word": row.key, "name": row.name, "plural": row.plural, "letter": row.letter, "role": row.role}
        for row in live
    ]


def _apply_nouns(session: Session, part: FilePart, reserved: Reserved) -> list[str]:
    changed = []
    for one in part.each():
        one.only("word", "name", "plural", "letter", "role")
        word = name_key(one.text("word", field_definitions.key_for(one.text("name"))))
        if word in {row.key for row in noun_definitions.all_rows(session)}:
            continue
        with at(one):
            letter = one.text("letter", "").upper()
            # Another letter where this one is taken: it says nothing of what a workspace means.
            free = "" if letter in schema.of(session).letters.values() else letter
            row = noun_definitions.define(
                session,
                name=one.text("name"),
                plural=one.text("plural", ""),
                key=word,
                letter=free,
                role=_role(one),
                reserved=reserved(session, None),
            )
        changed.append(f"+ {row.plural} ({row.letter}-1)")
    return changed


def _role(part: FilePart) -> Role:
    try:
        return Role(part.text("role", Role.REP))
    except ValueError:
        raise part.fault("{role} is no role.", role=part.text("role")) from None


def _save_fields(session: Session) -> Any:
    saved: dict[str, list[dict[str, Any]]] = {}
    for key in schema.of(session).declared:
        for row in field_definitions.live_rows(session, key):
            field: dict[str, Any] = {"key": row.key, "name": row.name, "type": row.type}
            field |= {"required": True} if row.required else {}
            field |= {"help": row.hint} if row.hint else {}
            field |= {"choices": list(row.offered.values())} if row.choices else {}
            field |= {"to": row.links_to} if row.links_to else {}
            field |= {"seen_by": list(row.seen_by)} if row.seen_by else {}
            saved.setdefault(key, []).append(field)
    return saved


def _apply_fields(session: Session, part: FilePart, reserved: Reserved) -> list[str]:
    changed = []
    for key, fields in part.items():
        noun = schema.of(session).declared.get(key)
        if noun is None:
            raise fields.fault("there are no records called {name}.", name=key)
        for one in fields.each():
            one.only("key", "name", "type", "required", "help", "choices", "to", "seen_by")
            noun = schema.of(session).declared[key]
            wanted = name_key(one.text("key", field_definitions.key_for(one.text("name"))))
            if wanted in {field.key for field in noun.fields}:
                continue
            choices, seen_by = one.get("choices"), one.get("seen_by")
            with at(one):
                row = field_definitions.define(
                    session,
                    noun,
                    name=one.text("name"),
                    type=one.text("type"),
                    key=wanted,
                    required=one.yes("required"),
                    hint=one.text("help", ""),
                    choices=[str(choice.value) for choice in choices.each()] if choices else [],
                    links_to=one.text("to", ""),
                    seen_by=[Role(str(role.value)) for role in seen_by.each()] if seen_by else [],
                    reserved=reserved(session, noun),
                )
            changed.append(f"+ {noun.label}: {row.name}")
    return changed


def _save_pipelines(session: Session) -> Any:
    return [
        {
            "name": one.name,
            "stages": [
                {"name": stage.name, "probability": stage.probability, "means": stage.outcome}
                for stage in pipelines.stages(session, one.id)
            ],
        }
        for one in pipelines.all_of(session)
    ]


def _apply_pipelines(session: Session, part: FilePart, reserved: Reserved) -> list[str]:
    changed = []
    pipelines.default(session)
    for one in part.each():
        one.only("name", "stages")
        wanted = one.get("stages")
        known = {found.name_key: found for found in pipelines.all_of(session)}
        made = name_key(one.text("name")) not in known
        with at(one):
            into: Any = known.get(name_key(one.text("name"))) or lifecycle.add(
                session, PIPELINE, {"name": one.text("name")}
            )
        changed += [f"+ {into.name}"] if made else []
        given = list(wanted.each()) if wanted else []
        for place, stage in enumerate(given, start=1):
            stage.only("name", "probability", "means")
            values = {"probability": stage.number("probability", 50), "outcome": _outcome(stage)}
            there = {found.name_key: found for found in pipelines.stages(session, into.id)}
            found = there.get(name_key(stage.text("name")))
            with at(stage):
                if found is None:
                    new = {"name": stage.text("name"), "pipeline": into.id, "position": place, **values}
                    lifecycle.add(session, STAGE, new)
                    changed.append(f"+ {into.name}: {stage.text('name')}")
                elif made:
                    lifecycle.change(session, STAGE, found, {**values, "position": place})
        if made and given:
            # It began with the stages of another.
            names = {name_key(stage.text("name")) for stage in given}
            for found in pipelines.stages(session, into.id):
                if found.name_key not in names:
                    with at(one):
                        lifecycle.archive(session, found)
    return changed


def _outcome(part: FilePart) -> Outcome:
    try:
        return Outcome(part.text("means", Outcome.OPEN))
    except ValueError:
        raise part.fault("a stage means open, won or lost, not {means}.", means=part.text("means")) from None


def _save_choices(noun: str, field: str) -> Callable[[Session], Any]:
    def save(session: Session) -> Any:
        rows = choice_definitions.live_rows(session, noun, field)
        return [{"name": row.name, "kind": row.kind} | ({"renamed": True} if row.standard else {}) for row in rows]

    return save


def _apply_choices(noun: str, field: str) -> Callable[[Session, FilePart, Reserved], list[str]]:
    def apply(session: Session, part: FilePart, reserved: Reserved) -> list[str]:
        changed = []
        for one in part.each():
            one.only("name", "kind", "renamed")
            name = one.text("name")
            rows = choice_definitions.live_rows(session, noun, field)
            if name_key(name) in {row.name_key for row in rows}:
                continue
            with at(one):
                if one.yes("renamed") and one.text("kind") in declared_choices(noun, field):
                    choice_definitions.rename(session, noun, field, one.text("kind"), name)
                else:
                    choice_definitions.define(session, noun, field, name=name, kind=one.text("kind", ""))
            changed.append(f"+ {field}: {name}")
        return changed

    return apply


def _save_replies(session: Session) -> Any:
    return [{"name": one.name, "text": one.text} for one in replies.saved(session)]


def _apply_replies(session: Session, part: FilePart, reserved: Reserved) -> list[str]:
    changed = []
    for one in part.each():
        one.only("name", "text")
        if name_key(one.text("name")) in {name_key(known.name) for known in replies.saved(session)}:
            continue
        with at(one):
            replies.save(session, one.text("name"), one.text("text"))
        changed.append(f"+ {one.text('name')}")
    return changed


def _save_promises(session: Session) -> Any:
    keys = {"priority": "priority", "tier": "tier", "answer": "first_response_minutes", "solve": "resolution_minutes"}
    return [
        {key: value for key, at in keys.items() if (value := getattr(one, at)) is not None}
        for one in sla.targets(session)
    ]


def _apply_promises(session: Session, part: FilePart, reserved: Reserved) -> list[str]:
    changed = []
    for one in part.each():
        one.only("priority", "tier", "answer", "solve")
        which = {"priority": one.text("priority", "") or None, "tier": one.text("tier", "") or None}
        with at(one):
            if any((known.priority, known.tier) == tuple(which.values()) for known in sla.targets(session)):
                continue
            sla.set_target(
                session,
                **which,
                first_response_minutes=one.number("answer"),
                resolution_minutes=one.number("solve"),
            )
        changed.append("+ " + " ".join(["promise", *filter(None, which.values())]))
    return changed


SECTIONS: Mapping[str, SetupSection] = {
    "nouns": SetupSection(_save_nouns, _apply_nouns),
    "fields": SetupSection(_save_fields, _apply_fields),
    "pipelines": SetupSection(_save_pipelines, _apply_pipelines),
    "statuses": SetupSection(_save_choices("ticket", "status"), _apply_choices("ticket", "status")),
    "priorities": SetupSection(_save_choices("ticket", "priority"), _apply_choices("ticket", "priority")),
    "tiers": SetupSection(_save_choices("customer", "tier"), _apply_choices("customer", "tier")),
    "reasons": SetupSection(_save_choices("deal", "closed_reason"), _apply_choices("deal", "closed_reason")),
    "replies": SetupSection(_save_replies, _apply_replies),
    "service_levels": SetupSection(_save_promises, _apply_promises),
}
"""The parts of a set-up, in the order in which one may need another."""
