"""Show managers which model answers, what it is worth, and what it learned from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot.handlers.learning import wording
from bot.handlers.learning.declaration import plugin
from bot.kit import blocks as b
from bot.kit import categories, format
from bot.kit.format import Reader
from bot.kit.replies import Message
from bot.plugin import Role, _, ngettext
from storage.support import labels, model_versions, tickets
from storage.support.model_versions import ModelVersion, State
from storage.support.tickets import conversations

if TYPE_CHECKING:
    from bot.learning.models import WorkspaceModel

LAST_LABELS = 5
VERSIONS = 6
MOST_ANSWERS = 5_000
TEXT_CUT = 120
STARTER = "starter"


@plugin.command("model", role=Role.MANAGER)
def show(session: Session, reader: Reader, model: WorkspaceModel) -> Message:
    """Show the model in use, its figures beside the previous ones, and its corrections; roll it back."""
    return card(session, reader, model)


def card(session: Session, reader: Reader, model: WorkspaceModel, *, notice: b.Text | None = None) -> Message:
    """Draw the model's card; `notice` is what was just done."""
    live = model_versions.live(session)
    versions = model_versions.newest(session, VERSIONS)
    name = categories.namer(session)
    blocks: list[Block] = [
        *([b.section(notice), format.undo_hint()] if notice else []),
        b.header(_("The model")),
        b.section(_standing(live, reader)),
        *_refused(model.refused),
        *(wording.compared(live, reader) if live else []),
        *(wording.confusion(live, name) if live else []),
        *_undecided(session, versions),
        *_kept(session, reader),
        *_controls(session, live),
        b.section(wording.grouping(conversations.taught(session))),
        b.divider(),
        *_learned(session, versions, reader, name),
        *_versions(session, live, versions, reader),
    ]
    return Message(_("The model"), blocks, replace=notice is not None)


def _standing(live: ModelVersion | None, reader: Reader) -> b.Markup:
    if live is None:
        return b.esc(
            _(
                "The starter model answers. It comes with Rapport and has learned nothing from you yet. "
                "A corrected message is right at once when it comes again. After 20 labels, or at "
                "night, Rapport fits a model of your own, which takes over if it is better."
            )
        )
    count = live.figures.get("labels", 0)
    return b.markup(
        ngettext(
            "*{version}* has answered since {when} ({ago}). It learned from {count} label.",
            "*{version}* has answered since {when} ({ago}). It learned from {count} labels.",
            count,
        ),
        version=live.version,
        when=reader.moment(live.live_at or live.trained_at),
        ago=reader.ago(live.live_at or live.trained_at),
        count=count,
    )


def _refused(why: str | None) -> list[Block]:
    if why is None:
        return []
    text = _("⚠️ *Its stored weights cannot be used, so the starter model answers.* {why} Roll back to another version.")
    return [b.section(b.markup(text, why=why))]


def _controls(session: Session, live: ModelVersion | None) -> list[Block]:
    if live is None:
        return []
    target = model_versions.before(session, live)
    called = target.version if target else _("the starter model")
    question = _("From now on {version} answers instead of {live}. Corrections stay remembered.")
    return [
        b.actions(
            b.button(
                _("Roll back"),
                plugin.id("use"),
                _use(session, target, live),
                style="danger",
                confirm=question.format(version=called, live=live.version),
            )
        )
    ]


def _use(session: Session, version: ModelVersion | None, live: ModelVersion | None) -> b.Control:
    """Name the version to use, the one it takes the place of, and the turn, which tells a click from a repeat of it."""
    ids = [str(one.id) if one else STARTER for one in (version, live)]
    return b.Control(detail=":".join([*ids, str(model_versions.turn(session))]))


def _learned(session: Session, versions: list[ModelVersion], reader: Reader, name: wording.Name) -> list[Block]:
    last = labels.newest(session, LAST_LABELS)
    if not last:
        return [b.section(_("*Corrections*\nNobody has corrected or confirmed anything yet."))]
    seen = max((one.last_label_id for one in versions), default=0)
    new = labels.count_after(session, seen)
    lines: list[b.Text] = [b.markup(_("*Latest corrections*  {new} since the last fit"), new=new)]
    for label, text in last:
        who = format.who(session, label.actor_id) if label.actor_id else b.esc(_("somebody"))
        lines.append(
            b.markup(
                _("• “{text}” is *{category}*, said {who} {ago}"),
                text=b.cut(" ".join(text.split()) or _("(no text)"), TEXT_CUT),
                category=name(label.new_category),
                who=who,
                ago=reader.ago(label.at),
            )
        )
    return format.paragraphs(lines)


def _kept(session: Session, reader: Reader) -> list[Block]:
    answers = tickets.judged(session, merged=model_versions.standing(session).merged, limit=MOST_ANSWERS)
    said = wording.kept(answers, reader)
    return [b.section(said)] if said else []


def _undecided(session: Session, versions: list[ModelVersion]) -> list[Block]:
    if not versions:
        return []
    said = wording.undecided(versions[0], labels.count_after(session, versions[0].last_label_id))
    return [b.context(said)] if said else []


def _versions(session: Session, live: ModelVersion | None, versions: list[ModelVersion], reader: Reader) -> list[Block]:
    others = [one for one in versions if one is not live]
    if not others:
        return []
    blocks: list[Block] = [b.section(_("*Other versions*"))]
    for one in others:
        line = b.markup(
            "{version}  _{ago}_  {what}",
            version=one.version,
            ago=reader.ago(one.trained_at),
            what=_outcome(one, reader),
        )
        if one.state == State.RETIRED:
            control = _use(session, one, live)
            question = _("From now on {version} answers.").format(version=one.version)
            blocks.append(b.section(line, accessory=b.button(_("Use it"), plugin.id("use"), control, confirm=question)))
        else:
            blocks.append(b.section(line))
    return blocks


def _outcome(one: ModelVersion, reader: Reader) -> str:
    rights = wording.change(one, "right", reader.locale) if "candidate" in one.figures else ""
    if one.state == State.REFUSED:
        return _("was refused: {reason} ({rights})").format(reason=wording.reason(one.figures), rights=rights)
    return rights
