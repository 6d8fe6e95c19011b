"""Answer a customer from a ticket's card: written in a form, seen as the customer will see it, and only then sent.

Nothing else that is written on a card or under it reaches a customer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from typing import Any

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot.handlers.triage.declaration import plugin
from bot.handlers.triage.replies import wording
from bot.handlers.triage.replies.wording import AttachedFile
from bot.kit import blocks as b
from bot.kit import fields, format
from bot.kit.links import permalink
from bot.kit.replies import Message, Modal, Speaker
from bot.plugin import Member, Role, Slack, _
from storage.errors import Conflict, CrmError, Invalid, NotFound, Refused
from storage.queues.outbox import Delivery
from storage.records import history, named
from storage.support import messages, replies, tickets
from storage.support.replies import PLACEHOLDERS, TEXT_LIMIT, Reply
from storage.support.tickets import TICKET, Ticket, TicketStatus
from storage.workspace.workspaces import Workspace

PRIORITY = 8
"""Before cards and reminders: a customer waits for it."""
WRITE, SEND = "write", "send"
State = Mapping[str, str]


def _reachable(control: b.Control, state: State, actor: Member, slack: Slack) -> str:
    """Ask Slack whether the customer's channel still takes messages; raise Refused saying what to do if not.

    Return the address of the picture of who sends an answer, empty before that and where there is none.
    """
    found = slack.channel(control.detail)
    if found.get("is_archived"):
        raise Refused("The customer's channel is archived, so nothing can be sent there.")
    if not (found.get("is_member") or found.get("is_im")):
        raise Refused(
            "I am not in the customer's channel any more, so nothing can be sent there.",
            hint="Write `/invite @Rapport` in it first.",
        )
    return _picture(slack, actor) if state.get("step") == SEND else ""


def _picture(slack: Slack, actor: Member) -> str:
    try:
        profile = slack.user(actor.id).get("profile") or {}
    except CrmError:
        return ""  # The answer matters more than the picture.
    return str(profile.get("image_192") or profile.get("image_72") or "")


@plugin.view("reply", title="Reply to customer", role=Role.AGENT, before=_reachable)
def reply(control: b.Control, session: Session, actor: Member, workspace: Workspace, reader: format.Reader) -> Modal:
    """Open the form for an answer to the customer, with what its author had begun to write."""
    ticket = tickets.resolve(session, control.record)
    _check_asked(control, ticket)
    begun = replies.draft_of(session, ticket, actor.id)
    return _form(session, ticket, begun.text if begun else "", workspace, reader)


plugin.button_opens("reply", reply)


@plugin.action("reply_saved", role=Role.AGENT)
def use_saved(
    control: b.Control,
    values: Mapping[str, Any],
    state: State,
    session: Session,
    actor: Member,
    workspace: Workspace,
    reader: format.Reader,
) -> Modal:
    """Put a saved reply into the form, below what was typed there or in the place of one that was put there before."""
    ticket = tickets.resolve(session, state.get("ticket", ""))
    chosen = replies.get_saved(session, control.detail)
    typed = values.get(_field(state), "").strip()
    earlier = state.get("saved")
    if earlier and typed == _saved_text(session, int(earlier), ticket, actor):
        typed = ""
    text = "\n\n".join(part for part in (typed, _saved_text(session, chosen.id, ticket, actor)) if part)
    turn = int(state.get("turn", "0")) + 1
    form = partial(_form, session, ticket, turn=turn, file=wording.chosen(values, state))
    if len(text) > TEXT_LIMIT:
        return form(typed, workspace, reader, notice=_("The saved reply does not fit below it."))
    return form(text, workspace, reader, saved=chosen.id)


@plugin.action("reply_change", role=Role.AGENT)
def change(state: State, session: Session, actor: Member, workspace: Workspace, reader: format.Reader) -> Modal:
    """Go back from what would be sent to the form."""
    ticket = tickets.resolve(session, state.get("ticket", ""))
    draft = replies.get(session, int(state.get("draft", "0")))
    mine = draft.text if draft and draft.author_id == actor.id else ""
    turn = int(state.get("turn", "0")) + 1
    return _form(session, ticket, mine, workspace, reader, turn=turn, file=wording.kept(state))


@plugin.action("reply_without_file", role=Role.AGENT)
def without_file(state: State, session: Session, actor: Member, workspace: Workspace, reader: format.Reader) -> Modal:
    """Go back from what would be sent to the form, and leave the file out."""
    return change({**state, "file": ""}, session, actor, workspace, reader)


@reply.submit
def submitted(
    control: b.Control,
    values: Mapping[str, Any],
    state: State,
    found: str,
    session: Session,
    actor: Member,
    workspace: Workspace,
    reader: format.Reader,
) -> Message | Modal:
    """Show an answer as the customer will see it, or send the one that was shown."""
    ticket = tickets.resolve(session, state.get("ticket", ""))
    _check_asked(control, ticket)
    if state.get("step") == SEND:
        return _send(session, ticket, state, actor, workspace, reader, picture=found)
    field = _field(state)
    try:
        text = replies.check_answer(replies.fill(values.get(field, ""), _known(session, ticket, actor)))
        if len(b.esc(text)) > b.MESSAGE_CHARACTERS // 2:
            raise Invalid("This answer is too long for Slack.", hint="Send it in two parts.")
    except Invalid as error:
        error.field = field
        raise
    draft = replies.draft(session, ticket, text, author_id=actor.id)
    return _preview(session, ticket, draft, state, workspace, reader, file=wording.chosen(values, state))


def _check_asked(control: b.Control, ticket: Ticket) -> None:
    """Raise Conflict where Slack was asked about another channel than the one that the answer goes to."""
    if control.detail != ticket.channel_id:
        raise Conflict("The customer now writes elsewhere.", hint="Open the card again.")


def _send(
    session: Session,
    ticket: Ticket,
    state: State,
    actor: Member,
    workspace: Workspace,
    reader: format.Reader,
    *,
    picture: str,
) -> Message | Modal:
    draft, file = replies.get(session, int(state.get("draft", "0"))), wording.kept(state)
    if draft is None or draft.delivery_id is not None or draft.author_id != actor.id:
        raise Conflict("This answer was already sent or replaced.", hint="Look at the card before you answer again.")
    if not named.is_current(session, ticket, int(state["version"])):
        who = history.last_actor(session, ticket.__noun__, ticket.id)
        text = _("⚠️ {who} has changed {ref} meanwhile, and it is {status} now. Nothing was sent yet.")
        notice = b.markup(
            text, who=who, ref=ticket.reference, status=fields.called(session, TICKET, "status", ticket.standing)
        )
        return _preview(session, ticket, draft, state, workspace, reader, file=file, notice=notice)
    replies.send(session, draft, ticket, renderer=plugin.id("reply"), priority=PRIORITY, picture=picture)
    told = {"text": draft.text}
    if file is not None:
        replies.send_file(session, draft, ticket, asdict(file), renderer=plugin.id("reply_file"), priority=PRIORITY)
        told["file"] = file.name
    history.record(session, ticket.__noun__, ticket.id, tickets.REPLIED, after=told)
    tickets.responded(session, ticket)
    tickets.set_status(session, ticket, TicketStatus.WAITING, by=actor.id)
    return Message(b.markup(_("Sent to {who} in {where}."), who=_whom(session, ticket), where=_where(ticket)))


@plugin.renderer("reply", kind=None, outside=True)
def draw(delivery: Delivery, session: Session) -> Message | None:
    """Draw an answer for the customer; None when it is gone."""
    found = replies.get(session, int(delivery.payload["reply"]))
    if found is None:
        return None
    name = history.actor_name(session, found.author_id)
    speaker = Speaker(name, str(delivery.payload.get("picture", ""))) if found.author_id else None
    return Message(found.text, _as_sent(session, found), speaker=speaker)


def _as_sent(session: Session, found: Reply) -> list[Block]:
    who = history.actor_name(session, found.author_id)
    return [*format.paragraphs(_lines(found.text)), b.context(b.markup("— {who}", who=who))]


def _lines(text: str) -> list[str]:
    """Return a text's lines, long ones in pieces of which each fits into a paragraph even when escaped."""
    piece = b.SECTION_LIMIT // 5
    return [line[at : at + piece] for line in text.splitlines() for at in range(0, max(len(line), 1), piece)]


def _form(
    session: Session,
    ticket: Ticket,
    text: str,
    workspace: Workspace,
    reader: format.Reader,
    *,
    turn: int = 0,
    saved: int | None = None,
    file: AttachedFile | None = None,
    notice: str = "",
) -> Modal:
    ready = replies.saved(session)
    options = [b.Option(one.name, str(b.Control(detail=str(one.id)))) for one in ready]
    state = {"step": WRITE, "ticket": ticket.reference, "version": str(ticket.version), "turn": str(turn)}
    menu = [b.actions(b.menu(_("Saved replies"), plugin.id("reply_saved"), options))] if options else []
    none = [b.context(_("Save your frequent answers: `/crm replies`"))] if not options else []
    hint = _("{placeholders} are filled in. You see the text before it is sent.")
    written = b.text_input(
        _field(state),
        _("Your answer"),
        initial=text,
        placeholder=_("Hello {contact}, …"),
        multiline=True,
        max_length=TEXT_LIMIT,
        hint=hint.format(placeholders=" ".join(f"{{{name}}}" for name in PLACEHOLDERS)),
    )
    said = [b.context(notice)] if notice else []
    along = [b.context(wording.named(file, reader.locale))] if file else []
    added = b.file_input("file", _("Another file") if file else _("A file"), hint=wording.limits(reader.locale))
    address = b.section(_goes_to(session, ticket, workspace))
    fields = [address, *_asked(session, ticket), *menu, written, *said, *along, added, *none]
    state |= {"file": file.kept} if file else {}
    return Modal(
        _("Reply to customer"),
        fields,
        submit=_("Preview"),
        state=state if saved is None else {**state, "saved": str(saved)},
    )


def _preview(
    session: Session,
    ticket: Ticket,
    draft: Reply,
    state: State,
    workspace: Workspace,
    reader: format.Reader,
    *,
    file: AttachedFile | None,
    notice: b.Text | None = None,
) -> Modal:
    obstacle = wording.obstacle(file, reader.locale) if file else None
    along = [b.context(obstacle or wording.named(file, reader.locale))] if file else []
    goes = file if obstacle is None else None
    where = b.Control(ticket.reference, ticket.version)
    change = b.button(_("Change it"), plugin.id("reply_change"), where)
    leave = [b.button(_("Leave the file out"), plugin.id("reply_without_file"), where)] if goes else []
    return Modal(
        _("Send this?"),
        [
            *([b.section(notice)] if notice else []),
            b.section(_goes_to(session, ticket, workspace)),
            b.divider(),
            *_as_sent(session, draft),
            *along,
            b.divider(),
            b.actions(change, *leave),
            b.context(_("You cannot recall it once it is sent.")),
        ],
        submit=_("Send"),
        state={
            "step": SEND,
            "ticket": ticket.reference,
            "version": str(ticket.version),
            "draft": str(draft.id),
            "turn": state.get("turn", "0"),
            **({"file": goes.kept} if goes else {}),
        },
    )


def _goes_to(session: Session, ticket: Ticket, workspace: Workspace) -> b.Markup:
    first = messages.of_ticket(session, ticket.id, limit=1)
    address = permalink(workspace.url, first[0]) if first else None
    thread = b.link(address, _("their message")) if address else b.esc(_("their message"))
    text = _("📨 This goes to *{who}* in {where}, under {thread}. Everybody in that channel can read it.")
    return b.markup(text, who=_whom(session, ticket), where=_where(ticket), thread=thread)


def _asked(session: Session, ticket: Ticket) -> list[Block]:
    """Show what the customer wrote last, so that it is answered."""
    standing = [message for message in messages.of_ticket(session, ticket.id) if message.deleted_at is None]
    return [b.context(format.quoted(standing[-1], format.NOTE_CUT))] if standing else []


def _whom(session: Session, ticket: Ticket) -> str:
    known = _contact(session, ticket)
    return ticket.customer.name if ticket.customer is not None else known or _("the customer")


def _where(ticket: Ticket) -> b.Markup:
    return b.channel(ticket.channel_id or "")


def _contact(session: Session, ticket: Ticket) -> str | None:
    if ticket.contact is not None:
        return ticket.contact.name
    first = messages.of_ticket(session, ticket.id, limit=1)
    return first[0].author_name if first else None


def _known(session: Session, ticket: Ticket, actor: Member) -> dict[str, str | None]:
    contact = _contact(session, ticket)
    return {
        "customer": ticket.customer.name if ticket.customer is not None else contact,
        "contact": contact,
        "ticket": ticket.reference,
        "agent": actor.name,
    }


def _saved_text(session: Session, saved_id: int, ticket: Ticket, actor: Member) -> str:
    """Return a saved reply with as many of its placeholders filled in as are known; the others are left to be seen."""
    try:
        text = replies.get_saved(session, saved_id).text
        return replies.fill(text, _known(session, ticket, actor))
    except NotFound:
        return ""
    except Invalid:
        return text


def _field(state: State) -> str:
    """Return the name of the text's field, another for each filling: Slack keeps what was typed in a field it knows."""
    return f"text{state.get('turn', '0')}"
