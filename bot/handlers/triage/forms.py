"""Do from a ticket's card what is not done every day: assign, note, merge, split, and look back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot.handlers.triage.actions import stale
from bot.handlers.triage.declaration import plugin
from bot.kit import blocks as b
from bot.kit import categories, format
from bot.kit.format import Reader
from bot.kit.lookup import colleague
from bot.kit.records import doubted
from bot.kit.replies import Message, Modal, Options
from bot.plugin import Member, Role, _
from storage.crm import notes
from storage.errors import CrmError, Doubtful, Invalid
from storage.records import history, lifecycle
from storage.records.history import CREATED, UPDATED
from storage.support import messages, tickets
from storage.support.messages import IncomingMessage
from storage.support.ratings import RATED
from storage.support.tickets import TICKET, Ticket

OFFERED = 20
SHOWN = 15
SPLITTABLE = 10
TOLD = ("status", "priority", "category", "assignee_id", "name")
"""The fields of a ticket whose changes its short history tells."""
Values = Mapping[str, Any]


@plugin.view("more", title="Ticket", role=Role.AGENT)
def more(control: b.Control, session: Session, reader: Reader) -> Modal:
    """Open the form for what was chosen behind the three dots."""
    ticket = tickets.resolve(session, control.record)
    title = f"{ticket.reference} {ticket.name}"
    state = {"what": control.detail, "ticket": ticket.reference, "version": str(control.version)}
    match control.detail:
        case "assign":
            who = b.person_input("person", _("Assign to"), initial=ticket.assignee_id)
            return Modal(_("Assign"), [b.section(title), who], submit=_("Assign"), state=state)
        case "note":
            text = b.text_input("text", _("Note"), multiline=True, placeholder=_("Only your team sees it"))
            earlier = format.last_notes(session, ticket, reader)
            return Modal(_("Add a note"), [b.section(title), *earlier, text], submit=_("Save"), state=state)
        case "join":
            return Modal(
                _("Merge or split"), [b.section(title), *_join_fields(session, ticket)], submit=_("Do it"), state=state
            )
        case "history":
            lines = _history(session, ticket, reader)
            hint = b.markup(_("Whole history: `/crm history {ref}`"), ref=ticket.reference)
            return Modal(_("History"), [*format.paragraphs([b.markup("*{it}*", it=title), *lines]), b.context(hint)])
        case _:
            raise Invalid("This menu is from an older version of Rapport.", hint="Open the card again.")


plugin.button_opens("more", more)


@more.submit
def done(values: Values, state: Mapping[str, str], session: Session, actor: Member) -> Message | Modal | None:
    """Do what the form was for, unless somebody else changed the ticket meanwhile; a note harms nothing."""
    ticket = tickets.resolve(session, state.get("ticket", ""))
    if state["what"] != "note" and (
        overtaken := stale(session, ticket, b.Control(ticket.reference, int(state["version"])))
    ):
        return overtaken
    if state["what"] == "join":
        return _join(session, ticket, values, state)
    doing: dict[str, Callable[[Session, Ticket, Values], Message | None]] = {"assign": _assign, "note": _note}
    return doing[state["what"]](session, ticket, values)


@plugin.options("tickets", role=Role.AGENT)
def pick(state: Mapping[str, str], query: str, session: Session) -> Options:
    """Offer other tickets than the form's by what was typed so far, before that the backlog."""
    found = tickets.find(session, query, limit=OFFERED) if query.strip() else tickets.list_tickets(session)
    found = [one for one in found if one.reference != state.get("ticket")]
    return Options([b.Option(f"{one.reference} {one.name}", one.reference) for one in found])


def _assign(session: Session, ticket: Ticket, values: Values) -> None:
    had = ticket.assignee_id
    tickets.assign(session, ticket, colleague(session, values["person"], field="person", role=Role.AGENT, had=had))


def _note(session: Session, ticket: Ticket, values: Values) -> Message:
    notes.add(session, ticket, str(values["text"]))
    return Message(b.markup(_("Noted on {ref}; the customer does not see it."), ref=ticket.reference))


def _join_fields(session: Session, ticket: Ticket) -> list[Block]:
    into = b.search_input(
        "into", _("Merge into"), plugin.id("tickets"), optional=True, placeholder=_("Type to search tickets")
    )
    later = _later(session, ticket)
    if not later:
        return [into]
    options = [b.Option(" ".join(one.text.split()) or _("(no text)"), one.ts) for one in later]
    return [into, b.checks_input("split", _("Split off as tickets of their own"), options, optional=True)]


def _later(session: Session, ticket: Ticket) -> list[IncomingMessage]:
    return messages.of_ticket(session, ticket.id)[1 : SPLITTABLE + 1]


def _join(session: Session, ticket: Ticket, values: Values, state: Mapping[str, str]) -> Message | Modal:
    if "into" in state:
        # Whoever was asked has said that the tickets of two customers are one.
        return _merged(session, ticket, state["into"], meant=True)
    wanted, offered = set(values.get("split") or ()), _later(session, ticket)
    if not wanted.issubset(one.ts for one in offered):
        raise Invalid("One of these messages is no longer in this ticket.", field="split")
    if wanted and values.get("into"):
        raise Invalid("Merge or split, one at a time.", field="into")
    if values.get("into"):
        try:
            return _merged(session, ticket, str(values["into"]))
        except Doubtful as doubt:
            asked = [b.section(doubted(doubt))]
            state = {**state, "into": str(values["into"])}
            return Modal(_("Merge or split"), asked, submit=_("Merge anyway"), state=state)
        except CrmError as error:
            raise error.on_field("into") from None
    made = [tickets.split(session, one) for one in offered if one.ts in wanted]
    if not made:
        raise Invalid("Choose a ticket to merge it into, or messages to split off.", field="into")
    refs = ", ".join(one.reference for one in made)
    return Message(b.markup(_("Split off from {ref}: {refs}."), ref=ticket.reference, refs=refs))


def _merged(session: Session, ticket: Ticket, named: str, *, meant: bool = False) -> Message:
    into = tickets.resolve(session, named)
    lifecycle.merge(session, TICKET, ticket, into, meant=meant)
    return Message(b.markup(_("{ref} is now part of {into}."), ref=ticket.reference, into=into.reference))


def _history(session: Session, ticket: Ticket, reader: format.Reader) -> list[b.Markup]:
    lines, called = [], categories.namer(session)
    for activity in history.timeline(session, ticket.__noun__, ticket.id, limit=SHOWN):
        if activity.action == CREATED and activity.entity == ticket.__noun__:
            did: b.Text = _("opened it")
        elif activity.action == UPDATED:
            did = _changes(activity.before or {}, activity.after or {}, called)
        else:
            others = {tickets.REPLIED: _("answered the customer"), RATED: _("said how they were served")}
            did = others.get(activity.action, "")
        if did:
            by = format.who(session, activity.change_set.actor_id)
            lines.append(b.markup("{who}  {did}  _{ago}_", who=by, did=did, ago=reader.ago(activity.at)))
    return lines


def _changes(before: Mapping[str, Any], after: Mapping[str, Any], called: Callable[[str], str]) -> b.Text:
    def value(of: Mapping[str, Any], field: str) -> b.Text:
        known = of.get(field)
        if known and field == "category":
            return called(str(known))
        return b.person(str(known)) if known and field == "assignee_id" else str(known or "–")

    told = [b.markup("{old} → {new}", old=value(before, f), new=value(after, f)) for f in TOLD if f in after]
    return b.join(told, ", ")
