"""Ask what the columns of a file are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot.handlers.transfer.actions import allowed
from bot.handlers.transfer.declaration import plugin
from bot.handlers.transfer.wording import rows_line, rows_may_be, targets
from bot.kit import blocks as b
from bot.kit.lookup import colleague
from bot.kit.replies import Message, Modal
from bot.plugin import Catalogue, Declaration, Member, Role, _, ngettext
from storage.errors import Invalid
from storage.names import short
from storage.transfer import looking, mapping, requests
from storage.transfer.activities.declaration import is_activity
from storage.transfer.mapping import ColumnMapping, Matches, has_name

ASKED = 80
"""So many columns fit into a form; the others stay as they are."""
NOTHING = "-"
SHEETS_OFFERED = 100


@plugin.view("mapping", title="Columns", role=Role.VIEWER)
def columns(control: b.Control, session: Session, actor: Member, catalogue: Catalogue) -> Modal:
    """Open the form for what the columns of a file are."""
    run = allowed(session, control, actor, catalogue)
    noun = _noun(session, catalogue, run.mapping["noun"])
    nouns = [b.Option(_(one.plural), key) for key, one in rows_may_be(catalogue).items() if not one.is_setting]
    known = ColumnMapping.from_json(run.mapping)
    matches = [
        b.Option(_("Take what the file says"), Matches.CHANGE),
        b.Option(_("Only fill in what is missing"), Matches.FILL),
        b.Option(_("Leave it alone"), Matches.SKIP),
    ]
    read, sheets = requests.sheets(run)
    offered = [b.Option(one, str(at)) for at, one in enumerate(sheets[:SHEETS_OFFERED])]
    fields: list[Block] = [
        *([b.choice_input("sheet", _("Sheet"), offered, initial=str(sheets.index(read)))] if len(sheets) > 1 else []),
        b.choice_input("noun", _("The rows are"), nouns, initial=noun.key),
        b.choice_input("matches", _("What is there already"), matches, initial=known.matches),
        *_notation(known),
    ]
    options = [b.Option(_("(left out)"), NOTHING), *(b.Option(name, key) for key, name in targets(noun).items())]
    if actor.has(Role.ADMIN) and not is_activity(noun):
        options.insert(1, b.Option(_("A new field, of the type that its cells have"), mapping.NEW))
        adds = [b.Option(_("Refuse these rows"), "no"), b.Option(_("Add them"), "yes")]
        missing = _("Stages and the like that are not there")
        fields.append(b.choice_input("adds", missing, adds, initial="yes" if known.adds else "no"))
    for at, (column, samples, _asks) in enumerate(requests.shown(run)[:ASKED]):
        label = f"{column.name}   ({short(', '.join(samples), 80)})" if samples else column.name
        fields.append(b.choice_input(f"column{at}", label, options, initial=_chosen(column.to)))
    return Modal(_("Columns"), fields, submit=_("Read it so"), state={"import": str(run.id)})


def _written(known: ColumnMapping) -> tuple[str, str]:
    """Return how the first column with days is written, and the first with numbers, as the form has them."""
    written = [one.written for one in known.columns]
    order = next((one.day_first for one in written if one.day_first is not None), None)
    return {None: "", True: "day", False: "month"}[order], next((one.decimal for one in written if one.decimal), "")


def _notation(known: ColumnMapping) -> list[Block]:
    order, mark = _written(known)
    days = [b.Option(_("day first: 31/12/2026"), "day"), b.Option(_("month first: 12/31/2026"), "month")]
    marks = [b.Option(_("1,234.50"), "."), b.Option(_("1.234,50"), ",")]
    return [
        b.choice_input("dates", _("Days are written"), days, initial=order, optional=True),
        b.choice_input("decimal", _("Numbers are written"), marks, initial=mark, optional=True),
    ]


@columns.submit
def read_so(
    values: Mapping[str, str], state: Mapping[str, str], session: Session, actor: Member, catalogue: Catalogue
) -> Message | None:
    """Read a file as a person says, and show it again."""
    run = allowed(session, b.Control(detail=state.get("import", "")), actor, catalogue)
    known = ColumnMapping.from_json(run.mapping)
    noun = _noun(session, catalogue, values["noun"])
    read, sheets = requests.sheets(run)
    if said := values.get("sheet"):
        sheet = sheets[int(_offered("sheet", said, map(str, range(len(sheets)))))]
        if sheet != read:
            # What its columns are is guessed once it is read.
            requests.correct(session, run.id, replace(known, sheet=sheet, columns=()), actor)
            return None
    if noun.key != known.noun:
        header = [column.name for column in known.columns]
        known = replace(mapping.guess(header, run.file_name, {noun.key: noun}, noun=noun.key), sheet=read)
    else:
        for at in range(min(len(known.columns), ASKED)):
            to = values.get(f"column{at}") or NOTHING
            may_add = to == mapping.NEW and actor.has(Role.ADMIN) and not is_activity(noun)
            if to != NOTHING and to not in targets(noun) and not may_add:
                raise Invalid("There is no field {name}.", name=to, field=f"column{at}")
            to = "" if to == NOTHING else to
            if to != known.columns[at].to:
                known = known.with_column(at, to=to)
    if not has_name(known):
        raise Invalid("One of the columns must be the name.", field="column0")
    how = _offered("matches", values.get("matches") or Matches.CHANGE, Matches)
    adds = actor.has(Role.ADMIN) and _offered("adds", values.get("adds") or "no", ("no", "yes")) == "yes"
    known = replace(known, matches=Matches(how), adds=adds)
    order = _offered("dates", values.get("dates") or "", ("", "day", "month"))
    mark = _offered("decimal", values.get("decimal") or "", ("", ".", ","))
    shown = zip(known.columns, requests.shown(run), strict=True)
    known = replace(known, columns=tuple(replace(one, asks=asks) for one, (*_rest, asks) in shown))
    if any(one.asks for one in known.columns) or (order, mark) != _written(ColumnMapping.from_json(run.mapping)):
        known = looking.told(known, day_first=order == "day" if order else None, decimal=mark or None)
    requests.correct(session, run.id, known, actor)
    return None


@plugin.view("owners", title="Owners", role=Role.VIEWER)
def owners(control: b.Control, session: Session, actor: Member, catalogue: Catalogue) -> Modal:
    """Open the form for who is meant by the owners of a file that nobody here is called by."""
    run = allowed(session, control, actor, catalogue)
    said = _("Records that came in with these owners, and still have none, get the person you choose.")
    fields: list[Block] = [b.section(said)]
    for at, (name, count) in enumerate(requests.unknown(run)):
        label = f"{b.cut(' '.join(name.split()), 60)}   ({rows_line(count)})"
        fields.append(b.person_input(f"owner{at}", label, optional=True))
    return Modal(_("Owners"), fields, submit=_("Give them"), state={"import": str(run.id)})


@owners.submit
def give(
    values: Mapping[str, str], state: Mapping[str, str], session: Session, actor: Member, catalogue: Catalogue
) -> Message:
    """Give the records their owners, as one change."""
    run = allowed(session, b.Control(detail=state.get("import", "")), actor, catalogue)
    noun = _noun(session, catalogue, run.mapping["noun"])
    role = requests.owner_field(noun).role or noun.change
    chosen = {
        name: colleague(session, person, field=f"owner{at}", role=role)
        for at, (name, _count) in enumerate(requests.unknown(run))
        if (person := values.get(f"owner{at}"))
    }
    if not chosen:
        raise Invalid("Choose a person for one of them.", field="owner0")
    count, more = requests.give_owners(session, run.id, noun, chosen, actor)
    said = ngettext("{count} record has an owner now.", "{count} records have an owner now.", count)
    text = b.markup(_("{said} `/crm undo` takes that back."), said=said.format(count=f"{count:,}"))
    if more:
        text = b.join([text, b.Markup(_("There are more: press *Whose are they?* again."))])
    return Message(text, [b.section(text)])


def _chosen(to: str) -> str:
    return mapping.NEW if to.startswith(mapping.NEW) else to or NOTHING


def _offered(field: str, chosen: str, choices: Iterable[str]) -> str:
    """Return what was chosen; raise Invalid for what was not offered."""
    if chosen not in set(choices):
        raise Invalid("Choose one of those that are offered.", field=field)
    return chosen


def _noun(session: Session, catalogue: Catalogue, key: str) -> Declaration:
    found = rows_may_be(catalogue).get(key)
    if found is None:
        raise Invalid("There is no noun {name}.", name=key, field="noun")
    return found


plugin.button_opens("columns", columns)
plugin.button_opens("owners", owners)
