"""Tell support when the model has learned, with its figures."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot.handlers.learning import wording
from bot.handlers.learning.declaration import plugin
from bot.kit import blocks as b
from bot.kit.format import locale_of
from bot.kit.replies import Message
from bot.plugin import Member, Notice, _, ngettext
from storage.errors import NotFound
from storage.queues.outbox import Delivery
from storage.support import model_versions
from storage.workspace.workspaces import Workspace


@plugin.renderer("learned", kind=Notice.NEWS)
def learned(delivery: Delivery, session: Session, receiver: Member | None, workspace: Workspace) -> Message | None:
    """Say what the new model is worth beside the one before; None when it is gone."""
    try:
        version = model_versions.get(session, int(delivery.payload["version_id"]))
    except NotFound:
        return None
    locale = locale_of(receiver, workspace)
    text = ngettext(
        "The model learned from {labels} label: right {right} on {judged} messages {how}.",
        "The model learned from {labels} labels: right {right} on {judged} messages {how}.",
        version.figures["labels"],
    )
    how = (
        _("that neither it nor the one before had seen")
        if version.figures["method"] == "held-out"
        else _("by cross-validation")
    )
    line = b.markup(
        text,
        labels=version.figures["labels"],
        right=wording.change(version, "right", locale),
        judged=version.figures["judged"],
        how=how,
    )
    more = b.markup(
        _("{gain}It answers {coverage} of them, calibration error {ece}. `/crm model` shows more and rolls it back."),
        gain=_("Gain in points: {gain}. ").format(gain=gained) if (gained := wording.gain(version.figures)) else "",
        coverage=wording.change(version, "coverage", locale),
        ece=wording.change(version, "ece", locale),
    )
    return Message(line, [b.section(line), b.context(more)])
