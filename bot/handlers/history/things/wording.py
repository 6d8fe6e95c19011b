"""Name what a change happened to as people call it, not as a table does."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy.orm import Session

from bot.handlers.history.values import Change
from bot.kit import blocks as b
from bot.plugin import _
from storage.records import schema
from storage.references import in_force, reference
from storage.support.channels import Use
from storage.workspace import api_keys

Named = Callable[[Session, Change, str], b.Text]


def thing(session: Session, change: Change, name: str = "") -> b.Text:
    """Name the row of a change: a record by its reference and name, a setting by what it is and its name."""
    known = name or change.after.get("name") or change.before.get("name")
    entity = change.entity.rpartition(".")[2]
    if entity in _NAMED:
        return _NAMED[entity](session, change, str(known or ""))
    letters = in_force(session)
    ref = reference(change.noun, change.record_id, letters) if change.record_id and change.noun in letters else ""
    if change.own and ref:
        return b.join([b.markup("*{ref}*", ref=ref), str(known) if known and known != ref else ""], " ")
    if change.own and known:
        return b.markup("{label} *{name}*", label=_label(session, change), name=known)
    if ref:
        return name or b.markup(_("{thing} of *{ref}*"), thing=change.thing, ref=ref)
    return known or change.thing


def _label(session: Session, change: Change) -> str:
    return _(schema.label_of(session, change.noun).replace("_", " "))


def _person(_session: Session, change: Change, _name: str) -> b.Text:
    return b.person(change.row_key)


def _settings(_session: Session, _change: Change, _name: str) -> b.Text:
    return _("the workspace's settings")


def _link(session: Session, change: Change, _name: str) -> b.Text:
    values = {**change.before, **change.after}
    if values.get("use") == Use.CUSTOMER or change.noun == "customer":
        ref = reference("customer", change.record_id, in_force(session)) if change.record_id else ""
        return b.markup(_("the link of {channel} to *{ref}*"), channel=b.channel(change.row_key), ref=ref)
    return b.markup(_("the inbox {channel}"), channel=b.channel(change.row_key))


def _promise(_session: Session, change: Change, name: str) -> b.Text:
    values = {**change.before, **change.after}
    whose = " ".join(str(values[part]) for part in ("tier", "priority") if values.get(part))
    return name or b.markup(_("the promise for {whose} tickets"), whose=whose or _("all"))


def _plugin_setting(_session: Session, change: Change, _name: str) -> b.Text:
    return b.markup(_("the setting *{name}*"), name=change.row_key.replace("/", " ").replace(".", " "))


def _called(template: str) -> Named:
    def named(_session: Session, change: Change, name: str) -> b.Text:
        return b.markup(_(template), name=name or change.row_key)

    return named


def _field(session: Session, change: Change, name: str) -> b.Text:
    known = {row.id: row for row in schema.whole(session).rows}
    row = known.get(int(change.row_key)) if change.row_key.isdecimal() else None
    noun = str(change.after.get("noun") or change.before.get("noun") or (row.noun if row else ""))
    declaration = schema.whole(session).declared.get(noun)
    of = _(declaration.plural).casefold() if declaration else noun
    return b.markup(_("the field *{name}* of {nouns}"), name=name or (row.name if row else ""), nouns=of)


def _choice(session: Session, change: Change, name: str) -> b.Text:
    known = {str(row.id): row for row in schema.whole(session).choice_rows}.get(change.row_key)
    values = {**change.before, **change.after}
    noun, key = (str(values.get(one) or (getattr(known, one) if known else "")) for one in ("noun", "field"))
    declaration = schema.whole(session).declared.get(noun)
    label = next((_(one.label) for one in declaration.fields if one.key == key), key) if declaration else key
    standard = values.get("standard", known.standard if known else False)
    if standard:
        kind = _(str(values.get("kind") or (known.kind if known else "")))
        return b.markup(_("the name *{name}* for {kind} ({field})"), name=name, kind=kind, field=label)
    return b.markup(_("the choice *{name}* ({field})"), name=name, field=label)


def _wishes(_session: Session, change: Change, _name: str) -> b.Text:
    target = change.row_key
    whose = b.person(target) if target.startswith(("U", "W")) else b.channel(target)
    return b.markup(_("the quiet hours and limits of {whose}"), whose=whose)


def _key(session: Session, change: Change, name: str) -> b.Text:
    key = api_keys.get(session, int(change.row_key)) if change.row_key.isdecimal() else None
    return b.markup(_("the key *{name}*"), name=name or (key.name if key else change.row_key))


_NAMED: Mapping[str, Named] = {
    "member": _person,
    "workspace": _settings,
    "channel_link": _link,
    "field": _field,
    "noun": _called("the kind of record *{name}*"),
    "api_key": _key,
    "business_hours": _called("the business hours"),
    "attention": _wishes,
    "choice": _choice,
    "layout": _called("the layout *{name}*"),
    "webhook": _called("the webhook *{name}*"),
    "holiday": _called("the holiday *{name}*"),
    "category": _called("the category *{name}*"),
    "route": _called("the {name}"),
    "sla_target": _promise,
    "plugin_setting": _plugin_setting,
}
"""How rows of these tables are named; of others, the record, or the table's own name."""
