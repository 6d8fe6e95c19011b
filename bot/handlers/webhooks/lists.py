"""Draw the webhooks of a workspace, and the log of one."""

from __future__ import annotations

from urllib.parse import urlsplit

from slack_sdk.models.blocks import Block
from slack_sdk.models.blocks.block_elements import InteractiveElement
from sqlalchemy.orm import Session

from bot.handlers.webhooks.declaration import plugin
from bot.handlers.webhooks.wording import control, outcome, standing
from bot.kit import blocks as b
from bot.kit.format import Reader, undo_hint
from bot.kit.replies import Message
from bot.plugin import _, ngettext
from storage.references import in_force, reference
from storage.webhooks import occurrences, queue, settings
from storage.webhooks.model import Webhook, WebhookDelivery

LOGGED = 12


def webhooks(
    session: Session, reader: Reader, *, notice: b.Text | None = None, undo: bool = False, replace: bool = False
) -> Message:
    """Draw every webhook, with what can be done about it."""
    hooks = settings.listed(session)
    title = b.markup(_("*Webhooks*: {count}"), count=len(hooks))
    blocks: list[Block] = [b.context(notice)] if notice else []
    blocks.append(b.section(title))
    blocks += [b.section(_line(session, hook, reader), accessory=_menu(hook)) for hook in hooks]
    if not hooks:
        blocks.append(b.section(_("None yet. A webhook tells another program what happens here, as it happens.")))
    blocks.append(b.actions(b.button(_("Add a webhook"), plugin.id("new"), style="primary")))
    if undo:
        blocks.append(undo_hint())
    return Message(b.join([notice, title], " ") if notice else title, blocks, replace=replace)


def added(hook: Webhook, *, unknown: bool) -> Message:
    """Show a new webhook's secret, once; say so where its host is `unknown`."""
    title = b.markup(
        _("*{name}* is told of {events}. Its secret is shown only now, so keep it: `{secret}`"),
        name=hook.name,
        events=_("everything") if occurrences.ANY in hook.events else ", ".join(hook.events),
        secret=hook.secret,
    )
    how = b.context(
        _("Each event is signed with it (docs/webhooks.md shows how that is checked). A test is on its way.")
    )
    doubt = b.markup(
        _("⚠️ There is no host called {host} now, so nothing arrives yet."), host=urlsplit(hook.url).hostname
    )
    warning = [b.section(doubt)] if unknown else []
    said = b.join([title, doubt], " ") if unknown else title
    return Message(said, [b.section(title), *warning, b.actions(_show_log(hook)), how, undo_hint()], once=True)


def tested(hook: Webhook) -> Message:
    """Say that a test is on its way."""
    if not hook.is_on:
        text = b.markup(_("*{name}* is off: the test is sent once you resume it."), name=hook.name)
    else:
        text = b.markup(_("A test is on its way to *{name}*. The log shows what it answers."), name=hook.name)
    return Message(text, [b.section(text), b.actions(_show_log(hook))])


def replayed(hook: Webhook, number: int) -> Message:
    """Say how many events are sent again."""
    said = ngettext("{count} event is sent again.", "{count} events are sent again.", number).format(count=number)
    text = said if number else _("Nothing was given up, so there is nothing to send again.")
    return Message(text, [b.section(text), b.actions(_show_log(hook))])


def log(
    session: Session,
    hook: Webhook,
    reader: Reader,
    *,
    before: int | None = None,
    notice: b.Text | None = None,
    replace: bool = False,
) -> Message:
    """Draw what a webhook was told, the newest first, from before an event on."""
    rows = queue.log(session, hook, before=before, limit=LOGGED + 1)
    counts = queue.counts(session, hook)
    title = b.markup(_("*Log of {name}*"), name=hook.name)
    waits = counts.get("pending", 0) + counts.get("sending", 0)
    told = b.markup(
        _("{standing} · {sent} taken · {waits} wait · {dead} given up"),
        standing=standing(hook, reader),
        sent=counts.get("sent", 0),
        waits=waits,
        dead=counts.get("dead", 0),
    )
    blocks: list[Block] = [b.context(notice)] if notice else []
    blocks += [b.section(title), b.context(told)]
    blocks += [_event(session, hook, row, reader) for row in rows[:LOGGED]]
    if not rows:
        blocks.append(b.section(_("Nothing was told yet. Try it: `/crm webhook test {name}`").format(name=hook.name)))
    buttons = [b.button(_("Refresh"), plugin.id("log"), control(hook))]
    if len(rows) > LOGGED:
        buttons.append(b.button(_("Older"), plugin.id("older"), control(hook, str(rows[LOGGED - 1].seq))))
    if counts.get("dead"):
        buttons.append(b.button(_("Send all again that were given up"), plugin.id("replay_all"), control(hook)))
    blocks.append(b.actions(*buttons))
    return Message(b.join([notice, title], " ") if notice else title, blocks, replace=replace)


def _event(session: Session, hook: Webhook, row: WebhookDelivery, reader: Reader) -> Block:
    known = in_force(session)
    about = reference(row.noun, row.record_id, known) if row.noun in known else ""
    line = b.markup(
        "`{event}` {about} · {outcome} · _{ago}_",
        event=row.event,
        about=about,
        outcome=outcome(row, reader),
        ago=reader.ago(row.created_at),
    )
    over = row.state not in {"pending", "sending"}
    return b.section(
        line, accessory=b.button(_("Send again"), plugin.id("replay"), control(hook, str(row.seq))) if over else None
    )


def _line(session: Session, hook: Webhook, reader: Reader) -> b.Markup:
    about: list[b.Text] = [b.markup("`{events}`", events=", ".join(hook.events)), standing(hook, reader)]
    if hook.sensitive:
        about.append(_("🔒 is told all fields"))
    return b.join([b.markup("*{name}* {url}", name=hook.name, url=hook.url), b.join(about, " · ")])


def _menu(hook: Webhook) -> InteractiveElement:
    switch = (
        b.Option(_("Pause"), str(control(hook, "pause")))
        if hook.is_on
        else b.Option(_("Resume"), str(control(hook, "resume")))
    )
    return b.overflow(
        plugin.id("more"),
        [
            b.Option(_("Show the log"), str(control(hook, "log"))),
            b.Option(_("Edit"), str(control(hook, "edit"))),
            b.Option(_("Send a test"), str(control(hook, "test"))),
            switch,
            b.Option(_("Remove"), str(control(hook, "remove"))),
        ],
    )


def _show_log(hook: Webhook) -> InteractiveElement:
    return b.button(_("Show the log"), plugin.id("log"), control(hook))
