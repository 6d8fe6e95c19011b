"""Set a digest up in a form, and change it in the same one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, time
from typing import Any

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot.grammar.narrowing import read
from bot.handlers.digests.cards import card
from bot.handlers.digests.declaration import plugin
from bot.handlers.digests.drawing import narrowing
from bot.handlers.digests.drawing.narrowing import LONGEST
from bot.handlers.digests.notices import RegistryForDigests
from bot.handlers.digests.wording import section
from bot.kit import blocks as b
from bot.kit import format
from bot.kit.lookup import colleague
from bot.kit.replies import Message, Modal
from bot.plugin import Member, Role, Slack, _
from storage.crm import pipelines
from storage.digests import schedules
from storage.digests.metrics import PIPELINE, SUPPORT, TEAM
from storage.digests.schedules import Digest, Frequency, Scope
from storage.errors import CrmError, Invalid, Refused
from storage.names import NAME_LIMIT
from storage.records import named, schema
from storage.support import channels, sharing
from storage.support.channels import Use
from storage.workspace import members
from storage.workspace.workspaces import Workspace, check_zone

FREQUENCIES = {Frequency.WORKDAYS: "Monday to Friday", Frequency.DAILY: "Every day", Frequency.WEEKLY: "Once a week"}
SCOPES = {Scope.EVERYONE: "Everybody's", Scope.TEAM: "A team's", Scope.OWN: "One person's"}
SKIP = "skip"
WEEKDAYS = tuple("0123456")
# Slack shows at most ten boxes.
ZONE_LIMIT = 60


def _join(values: Mapping[str, Any], workspace: Workspace, slack: Slack) -> str | None:
    """Join the channel that was chosen; numbers of ours do not go where other organisations read."""
    channel_id = str(values.get("channel") or "")
    if not channel_id:
        return None
    channel = slack.join(channel_id)
    if sharing.others_read(channel, workspace.id):
        raise Refused(
            "That channel is shared with another organisation.", field="channel", hint="Choose one of your own."
        )
    return channel_id


def _fields(
    session: Session, actor: Member, workspace: Workspace, catalogue: RegistryForDigests, known: Digest | None
) -> list[Block]:
    locale = format.locale_of(actor, workspace)
    weekdays = [b.Option(name, str(number)) for number, name in enumerate(format.weekdays(locale))]
    names = [b.Option(title, name) for name, title in _titles(catalogue).items()]
    chosen = known.parts if known else (PIPELINE, SUPPORT)
    return [
        b.text_input("name", _("Name"), initial=known.name if known else _("Sales and support"), max_length=NAME_LIMIT),
        b.checks_input("sections", _("What"), names, initial=chosen),
        b.choice_input("scope", _("Whose"), _options(SCOPES), initial=known.scope if known else Scope.EVERYONE),
        b.person_input(
            "about", _("Whose records (yours, if empty)"), initial=known.about_id if known else None, optional=True
        ),
        *_pipelines(session, known),
        *_only(session, known),
        b.choice_input(
            "frequency",
            _("How often"),
            _options(FREQUENCIES),
            initial=known.frequency if known else Frequency.WORKDAYS,
        ),
        b.choice_input("weekday", _("On (if once a week)"), weekdays, initial=str((known and known.weekday) or 0)),
        b.time_input("time", _("At"), initial=f"{known.at_time:%H:%M}" if known else "09:00"),
        b.text_input(
            "zone",
            _("Time zone"),
            initial=known.zone if known else str(format.zone_of(actor, workspace)),
            max_length=ZONE_LIMIT,
        ),
        b.channel_input(
            "channel",
            _("To a channel"),
            initial=known.target_channel if known else None,
            optional=True,
            hint=_("Leave it empty to get it yourself."),
        ),
        b.checks_input(
            "skip",
            _("If there is nothing to report"),
            [b.Option(_("Send nothing"), SKIP)],
            initial=[SKIP] if known and known.skip_empty else [],
            optional=True,
        ),
    ]


def _pipelines(session: Session, known: Digest | None) -> list[Block]:
    found = pipelines.all_of(session)
    if len(found) < 2:
        return []
    options = [b.Option(_("All pipelines"), "0"), *(b.Option(one.name, str(one.id)) for one in found)]
    initial = str((known and known.pipeline_id) or 0)
    return [b.choice_input("pipeline", _("Pipeline"), options, initial=initial)]


def _only(session: Session, known: Digest | None) -> list[Block]:
    if known and not narrowing.seen(session, known.only):
        # Who may not see a field does not learn what it is compared with; the filter stays.
        return []
    hint = _("As in lists, by fields of deals and tickets or of their customers: tier:gold")
    label = _("Only what these filters find")
    text = b.text_input(
        "only", label, initial=known.only if known else "", optional=True, max_length=LONGEST, hint=hint
    )
    return [text]


@plugin.view("new", title="New digest", role=Role.MANAGER, before=_join)
def new(session: Session, actor: Member, workspace: Workspace, catalogue: RegistryForDigests) -> Modal:
    """Set up a digest of the pipeline, support, the team and more, at a fixed time."""
    return Modal(_("New digest"), _fields(session, actor, workspace, catalogue, None), submit=_("Save"))


@new.submit
def create(
    values: Mapping[str, Any],
    found: str | None,
    session: Session,
    actor: Member,
    workspace: Workspace,
    now: datetime,
    catalogue: RegistryForDigests,
) -> Message:
    """Store the digest of a form."""
    wanted = _wanted(session, values, found, catalogue)
    wanted["only"] = _filters(session, values, wanted, actor, actor, workspace, now)
    digest = schedules.add(session, owner_id=actor.id, **wanted)
    return _saved(session, digest, actor, workspace, now)


@plugin.view("edit", title="Edit digest", role=Role.MANAGER, before=_join)
def edit(
    control: b.Control, session: Session, actor: Member, workspace: Workspace, catalogue: RegistryForDigests
) -> Modal:
    """Open the form with what a digest is set up as."""
    digest = schedules.resolve(session, control.record)
    state = {"record": digest.reference, "version": str(digest.version)}
    fields = _fields(session, actor, workspace, catalogue, digest)
    return Modal(_("Edit digest"), fields, submit=_("Save"), state=state)


@edit.submit
def save(
    values: Mapping[str, Any],
    state: Mapping[str, str],
    found: str | None,
    session: Session,
    actor: Member,
    workspace: Workspace,
    now: datetime,
    catalogue: RegistryForDigests,
) -> Message:
    """Store what was changed, unless somebody else was quicker."""
    digest = named.at_version(session, schedules.resolve(session, state["record"]), int(state["version"]))
    wanted = _wanted(session, values, found, catalogue, digest.about_id)
    # Whoever got it goes on getting it, also where a manager edits another's.
    target_user = None if found else digest.target_user or actor.id
    reader = members.get(session, target_user) if target_user else None
    entered = values if "only" in values else {**values, "only": digest.only}
    if entered["only"] != digest.only or digest.target_channel != found or digest.parts != wanted["sections"]:
        wanted["only"] = _filters(session, entered, wanted, actor, reader, workspace, now)
    else:
        wanted["only"] = digest.only
    return _saved(session, schedules.change(session, digest, target_user=target_user, **wanted), actor, workspace, now)


def _filters(
    session: Session,
    values: Mapping[str, Any],
    wanted: Mapping[str, Any],
    actor: Member,
    reader: Member | None,
    workspace: Workspace,
    now: datetime,
) -> str:
    """Return the filters that were entered; raise Invalid where whoever gets the digest cannot be told by them."""
    reads = narrowing.values_of(actor.id, actor, workspace, check_zone(str(wanted["zone"])), now)
    to_channel = wanted["target_channel"] is not None
    roles = schema.CHANNEL if to_channel or reader is None else reader.acts_in
    try:
        pairs = narrowing.typed(str(values.get("only") or ""), reads)
        only = read(session, pairs, reads, roles)
    except CrmError as error:
        error.field = "only"
        if to_channel:
            error.hint = error.hint or "A channel counts only by what all may see."
        raise
    for name in wanted["sections"] if only else ():
        if name not in narrowing.COUNTS or (only and narrowing.leaves_out(only, name)):
            titled = section(name) if name in narrowing.COUNTS else name.partition(".")[0].capitalize()
            hint = "Choose other parts, or write it without this filter."
            raise Invalid("{part} cannot be counted by these filters.", field="only", part=titled, hint=hint)
    return only.text if only else ""


def _titles(catalogue: RegistryForDigests) -> dict[str, str]:
    """Return what a digest can be made of, with its title."""
    own = {name: section(name) for name in (PIPELINE, SUPPORT, TEAM)}
    return own | {one.id: _(one.title) for one in catalogue.digest_sections.values()}


def _wanted(
    session: Session,
    values: Mapping[str, Any],
    channel_id: str | None,
    catalogue: RegistryForDigests,
    had: str | None = None,
) -> dict[str, Any]:
    try:
        at = time.fromisoformat(str(values["time"]))
    except ValueError:
        raise Invalid("Choose a time of day.", field="time") from None
    sections = list(values["sections"] or [])
    if not sections:
        raise Invalid("Choose at least one part.", field="sections")
    if not _titles(catalogue).keys() >= set(sections):
        raise Invalid("One of these parts no longer exists.", field="sections")
    weekly = values["frequency"] == Frequency.WEEKLY
    if str(values["weekday"] or 0) not in WEEKDAYS:
        raise Invalid("Choose a day of the week.", field="weekday")
    pipeline = str(values.get("pipeline") or 0)
    if pipeline not in {"0", *(str(one.id) for one in pipelines.all_of(session))}:
        raise Invalid("There is no such pipeline any more.", field="pipeline")
    pipeline_id, about_id = int(pipeline), str(values.get("about") or "")
    link = channels.link_of(session, channel_id) if channel_id else None
    if link is not None and link.use == Use.CUSTOMER:
        raise Refused("A customer reads that channel.", field="channel", hint="Choose another.")
    both = {PIPELINE, SUPPORT} <= set(sections)
    return {
        "name": str(values["name"]),
        "sections": sections,
        # What a replica of the release before draws.
        "content": "both" if both else next((one for one in sections if one in (PIPELINE, SUPPORT)), "both"),
        "scope": str(values["scope"]),
        "about_id": colleague(session, about_id, field="about", role=Role.VIEWER, had=had) if about_id else None,
        "pipeline_id": pipeline_id or None,
        "frequency": str(values["frequency"]),
        "weekday": int(values["weekday"] or 0) if weekly else None,
        "at_time": at,
        "zone": str(values["zone"]).strip(),
        "target_channel": channel_id,
        "skip_empty": SKIP in (values.get("skip") or ()),
    }


def _saved(session: Session, digest: Digest, actor: Member, workspace: Workspace, now: datetime) -> Message:
    if not digest.active:
        notice = b.esc(_("Saved. It is paused: press Resume to have it sent."))
    else:
        first = format.reader(actor, workspace, now).moment(schedules.first_time(digest, now))
        notice = b.markup(_("Saved. It comes for the first time {when}."), when=first)
        if digest.version > 1:
            notice = b.markup(_("Saved. It comes next {when}."), when=first)
    blocks: Sequence[Block] = [
        b.context(notice),
        *card(session, digest, format.locale_of(actor, workspace)),
        format.undo_hint(),
    ]
    return Message(_("The digest is saved."), blocks)


def _options(choices: Mapping[Any, str]) -> list[b.Option]:
    return [b.Option(_(label), str(value)) for value, label in choices.items()]


plugin.opens("digest", new)
plugin.opens("digest new", new)
plugin.button_opens("edit", edit)
