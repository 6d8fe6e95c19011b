"""Draw the set-up of a digest: what, when, to whom, and its buttons."""

from __future__ import annotations

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot.handlers.digests.declaration import plugin
from bot.handlers.digests.drawing.narrowing import LONGEST, seen
from bot.handlers.digests.wording import sections
from bot.kit import blocks as b
from bot.kit import format
from bot.plugin import _
from storage.digests.schedules import Digest, Frequency


def card(session: Session, digest: Digest, locale: str) -> list[Block]:
    """Draw one digest's set-up."""
    control = b.Control(digest.reference, digest.version)
    switch = (
        b.button(_("Pause"), plugin.id("stop"), control)
        if digest.active
        else b.button(_("Resume"), plugin.id("start"), control, style="primary")
    )
    delete = b.button(_("Delete"), plugin.id("delete"), control, style="danger", confirm=_("It is not sent any more."))
    return [
        b.section(line(digest, locale)),
        *([b.context(_only(session, digest.only))] if digest.only else []),
        b.actions(
            b.button(_("Preview"), plugin.id("preview"), control),
            b.button(_("Send now"), plugin.id("send"), control),
            switch,
            b.button(_("Edit"), plugin.id("edit"), control),
            delete,
        ),
    ]


def _only(session: Session, text: str) -> b.Markup:
    if not seen(session, text):
        return b.markup(_("⚠️ Counts by a field that is gone, or that you cannot see."))
    return b.markup(_("Only {filters}"), filters=b.cut(text, LONGEST))


def footer(digest: Digest) -> list[Block]:
    """Draw what whoever gets a digest can do about it."""
    control = b.Control(digest.reference, digest.version)
    confirm = _("It no longer comes here. A manager can resume it with `/digest list`.")
    leave = b.button(_("Unsubscribe"), plugin.id("unsubscribe"), control, confirm=confirm)
    return [b.actions(b.button(_("Edit"), plugin.id("edit"), control), leave)]


def line(digest: Digest, locale: str) -> b.Markup:
    """Say in one line what a digest is, when it comes and to whom."""
    target = b.person(digest.target_user) if digest.target_user else b.channel(digest.target_channel or "")
    state = b.esc("") if digest.active else b.markup(" _({paused})_", paused=_("paused"))
    return b.markup(
        _("*{name}*  {ref}{state}\n{content}, {when}, to {target}"),
        name=digest.name,
        ref=digest.reference,
        state=state,
        content=sections(digest.parts),
        when=_when(digest, locale),
        target=target,
    )


def _when(digest: Digest, locale: str) -> str:
    if digest.frequency == Frequency.WEEKLY:
        days = _("every {day}").format(day=format.weekdays(locale)[digest.weekday or 0])
    else:
        days = _("every day") if digest.frequency == Frequency.DAILY else _("Monday to Friday")
    return f"{days} {format.clock(digest.at_time, locale)} ({digest.zone})"
