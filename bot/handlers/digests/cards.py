"""Draw the set-up of a digest: what, when, to whom, and its buttons."""

from __future__ import annotations

from slack_sdk.models.blocks import Block

from bot import blocks as b
from bot import shown
from bot.handlers.digests.declaration import plugin
from bot.plugin import _
from storage.digests import Content, Digest, Frequency


def card(digest: Digest, locale: str) -> list[Block]:
    """Draw one digest's set-up."""
    control = b.Control(digest.reference, digest.version)
    switch = (
        b.button(_("Stop"), plugin.id("stop"), control)
        if digest.active
        else b.button(_("Start"), plugin.id("start"), control, style="primary")
    )
    delete = b.button(_("Delete"), plugin.id("delete"), control, style="danger", confirm=_("It is sent no longer."))
    return [
        b.section(line(digest, locale)),
        b.actions(b.button(_("Send now"), plugin.id("send"), control), switch, delete),
    ]


def line(digest: Digest, locale: str) -> b.Markup:
    """Say in one line what a digest is, when it comes and to whom."""
    target = b.person(digest.target_user) if digest.target_user else b.channel(digest.target_channel or "")
    state = b.esc("") if digest.active else b.markup(" _({stopped})_", stopped=_("stopped"))
    contents = {Content.BOTH: _("Pipeline and support"), Content.PIPELINE: _("Pipeline"), Content.SUPPORT: _("Support")}
    return b.markup(
        _("*{name}*  {ref}{state}\n{content}, {when}, to {target}"),
        name=digest.name,
        ref=digest.reference,
        state=state,
        content=contents[Content(digest.content)],
        when=_when(digest, locale),
        target=target,
    )


def _when(digest: Digest, locale: str) -> str:
    if digest.frequency == Frequency.WEEKLY:
        days = _("every {day}").format(day=shown.weekdays(locale)[digest.weekday or 0])
    else:
        days = _("every day") if digest.frequency == Frequency.DAILY else _("Monday to Friday")
    return f"{days} {shown.clock(digest.at_time, locale)} ({digest.zone})"
