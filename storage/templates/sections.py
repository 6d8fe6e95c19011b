"""Save and apply each part of a set-up: what is there already, by its name, stays as it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy.orm import Session

from storage.crm import pipelines
from storage.crm.deals import reasons
from storage.crm.pipelines import PIPELINE, STAGE, Outcome
from storage.names import name_key, short
from storage.records import lifecycle, schema
from storage.records.history import ownership
from storage.records.schema import choice_definitions, field_definitions, noun_definitions
from storage.records.schema.choice_rows import declared_choices
from storage.records.schema.layout_definitions import CARD, FORM, HOME, LINE, PLACES, check_form, lay_out
from storage.templates.parts import SetupSection, Surroundings, at
from storage.templates.reading import FilePart
from storage.templates.support import SUPPORT
from storage.workspace import plugin_settings
from storage.workspace.members import Role

PLAIN = frozenset({"text", "long", "choice", "yesno", "email", "phone", "link"})
"""The types of which a set-up carries the default."""
WORDS = {reasons.FIELD: "reason"}
"""What people call a field of which the key is another word."""


def _save_nouns(session: Session) -> Any:
    live = [row for row in noun_definitions.all_rows(session) if row.retired_at is None]
    return [
        {"word": row.key, "name": row.name, "plural": row.plural, "letter": row.letter, "role": row.role}
        for row in live
    ]


def _apply_nouns(session: Session, part: FilePart, known: Surroundings) -> list[str]:
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
                reserved=known.reserved(session, None),
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
            default = row.offered.get(str(row.begins)) if row.type == "choice" else row.begins
            # A number is kept in its smallest part, an amount as two: neither is what people write.
            field |= {"default": default} if default is not None and row.type in PLAIN else {}
            saved.setdefault(key, []).append(field)
    return saved


def _apply_fields(session: Session, part: FilePart, known: Surroundings) -> list[str]:
    changed = []
    for key, fields in part.items():
        noun = schema.of(session).declared.get(key)
        if noun is None:
            raise fields.fault("there are no records called {name}.", name=key)
        for one in fields.each():
            one.only("key", "name", "type", "required", "help", "choices", "to", "seen_by", "default")
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
                    reserved=known.reserved(session, noun),
                )
                if (default := one.get("default")) is not None:
                    field_definitions.begin_with(session, row, default.value)
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


def _apply_pipelines(session: Session, part: FilePart, known: Surroundings) -> list[str]:
    changed = []
    pipelines.default(session)
    for one in part.each():
        one.only("name", "stages")
        wanted = one.get("stages")
        there = {found.name_key: found for found in pipelines.all_of(session)}
        made = name_key(one.text("name")) not in there
        with at(one):
            into: Any = there.get(name_key(one.text("name"))) or lifecycle.add(
                session, PIPELINE, {"name": one.text("name")}
            )
        changed += [f"+ {into.name}"] if made else []
        given = list(wanted.each()) if wanted else []
        for place, stage in enumerate(given, start=1):
            stage.only("name", "probability", "means")
            values = {"probability": stage.number("probability", 50), "outcome": _outcome(stage)}
            steps = {found.name_key: found for found in pipelines.stages(session, into.id)}
            found = steps.get(name_key(stage.text("name")))
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


def _apply_choices(noun: str, field: str) -> Callable[[Session, FilePart, Surroundings], list[str]]:
    def apply(session: Session, part: FilePart, known: Surroundings) -> list[str]:
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
            changed.append(f"+ {WORDS.get(field, field)}: {name}")
        return changed

    return apply


def _save_asked(session: Session) -> Any:
    chosen = plugin_settings.get(session, reasons.ASK)
    return chosen.value if chosen else None


def _apply_asked(session: Session, part: FilePart, known: Surroundings) -> list[str]:
    if part.value not in reasons.WHEN:
        raise part.fault("{value} is none of {values}.", value=short(part.value), values=", ".join(reasons.WHEN))
    if part.value == reasons.NEVER or plugin_settings.get(session, reasons.ASK) is not None:
        return []
    plugin_settings.choose(session, reasons.ASK, part.value)
    return [f"+ asked for a reason: {part.value}"]


def _save_rights(session: Session) -> Any:
    nouns = schema.of(session).declared
    return {noun: who for noun in nouns if (who := ownership.who_changes(session, noun))}


def _apply_rights(session: Session, part: FilePart, known: Surroundings) -> list[str]:
    changed = []
    for key, one in part.items():
        noun = schema.of(session).declared.get(key)
        if noun is None or not noun.model.__owner__:
            raise one.fault("there are no records called {name} that belong to somebody.", name=key)
        if one.value not in {ownership.OWNER, ownership.ASK}:
            raise one.fault("{value} is none of {values}.", value=short(one.value), values="owner, ask")
        if ownership.who_changes(session, key) is None:
            ownership.let_change(session, key, one.value)
            changed.append(f"+ rights: {noun.plural}, {one.value}")
    return changed


def _save_layouts(session: Session) -> Any:
    return {
        noun: {place: list(keys) for place, keys in places.items()}
        for noun, places in schema.of(session).layouts.items()
    }


def _apply_layouts(session: Session, part: FilePart, known: Surroundings) -> list[str]:
    changed = []
    for key, places in part.items():
        noun = schema.of(session).declared.get(key)
        if noun is None and key != HOME:
            raise places.fault("there are no records called {name}.", name=key)
        for place, shown in places.items():
            if place not in PLACES or (place == HOME) != (key == HOME):
                raise places.fault("{key} means nothing here; there are {keys}.", key=place, keys=", ".join(PLACES))
            if place in schema.of(session).layouts.get(key, {}):
                continue
            keys = [str(one.value) for one in shown.each()]
            with at(shown):
                if noun is not None and place == FORM:
                    check_form(noun, keys)
                fields = place in {CARD, LINE, FORM}
                # Buttons and parts of the Home belong to plugins: one that is not there is passed by when it is drawn.
                there = [one.key for one in noun.entered[1:]] if noun is not None and fields else keys
                lay_out(session, key, place, keys, there)
            changed.append(f"+ layout: {noun.label if noun else key}, {place}")
    return changed


SECTIONS: Mapping[str, SetupSection] = {
    "nouns": SetupSection(_save_nouns, _apply_nouns),
    "fields": SetupSection(_save_fields, _apply_fields),
    "pipelines": SetupSection(_save_pipelines, _apply_pipelines),
    "statuses": SetupSection(_save_choices("ticket", "status"), _apply_choices("ticket", "status")),
    "priorities": SetupSection(_save_choices("ticket", "priority"), _apply_choices("ticket", "priority")),
    "tiers": SetupSection(_save_choices("customer", "tier"), _apply_choices("customer", "tier")),
    "reasons": SetupSection(_save_choices("deal", "closed_reason"), _apply_choices("deal", "closed_reason")),
    "ask_reasons": SetupSection(_save_asked, _apply_asked),
    "rights": SetupSection(_save_rights, _apply_rights),
    "layouts": SetupSection(_save_layouts, _apply_layouts),
    **SUPPORT,
}
"""The parts of a set-up, in the order in which one may need another."""
