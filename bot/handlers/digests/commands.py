"""See a digest now, and list those that are sent."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from bot.grammar import Args
from bot.handlers.digests import notices
from bot.handlers.digests.cards import card
from bot.handlers.digests.declaration import plugin
from bot.handlers.digests.lists import PERIODS, only_of, period_of
from bot.handlers.digests.wording import section
from bot.kit import blocks as b
from bot.kit.format import Reader
from bot.kit.pages import Page
from bot.kit.replies import Message
from bot.plugin import Member, Role, _
from storage.digests import runs, schedules
from storage.digests.metrics import PIPELINE, SUPPORT, TEAM
from storage.errors import Invalid
from storage.workspace.workspaces import Workspace

LINES = 6
BOTH = "both"
CONTENTS = {PIPELINE: [PIPELINE], SUPPORT: [SUPPORT], TEAM: [TEAM], BOTH: [PIPELINE, SUPPORT]}


@plugin.command(
    "digest now", usage="[content] [period:week] [filters]", role=Role.MANAGER, example="pipeline period:month"
)
def now_(
    args: Args,
    session: Session,
    actor: Member,
    workspace: Workspace,
    now: datetime,
    catalogue: notices.RegistryForDigests,
) -> Message:
    """Show a digest now: pipeline, support, team, or both of the first, for a day to a year, of all or by filters."""
    content, spoken = args.text.casefold(), args.text.casefold().removeprefix("this ")
    if "period" not in args and spoken in PERIODS:
        content, args = BOTH, args.having("period", spoken)
    content = content or BOTH
    if content not in CONTENTS:
        raise Invalid("There is no digest of “{word}”.", word=args.text, hint="Choose pipeline, support, team or both.")
    sections = CONTENTS[content]
    name = _("{sections} right now").format(sections=", ".join(section(one) for one in sections))
    period = period_of(args, now)
    only = only_of(args, session, actor, workspace, now)
    if only:
        name = f"{name}, {only.text}"
    wanted = notices.WantedDigest(
        name=name,
        sections=sections,
        period=period,
        receiver=actor,
        workspace=workspace,
        now=now,
        last=runs.as_of(session, period.since, user_id=actor.id, name=name),
        at_once=True,
    )
    wanted = notices.narrowed(wanted, only)
    sheet, blocks = notices.draw(session, wanted, catalogue)
    return notices.message(wanted, sheet, blocks, notices.keep(session, wanted, sheet, user_id=actor.id))


@plugin.command("digest list", role=Role.MANAGER)
def list_(session: Session, reader: Reader) -> Message:
    """List the digests, with buttons to see, send, edit, pause or delete each."""
    return _page(Page(), session, reader)


@plugin.action("page", role=Role.MANAGER)
def page(control: b.Control, session: Session, reader: Reader) -> Message:
    """Turn to another page of the digests."""
    turned = _page(Page.load(control.detail), session, reader)
    return Message(turned.text, turned.blocks, replace=True)


def _page(page: Page, session: Session, reader: Reader) -> Message:
    found = schedules.list_digests(session, limit=LINES + 1, offset=page.offset)
    if not found:
        none = _("There are no more digests.") if page.offset else _("No digests yet. Set one up: `/digest new`")
        return Message(b.Markup(none))
    more = len(found) > LINES
    title = page.title(_("Digests"), min(len(found), LINES), reader, more=more)
    blocks = [block for one in found[:LINES] for block in card(session, one, reader.locale)]
    return Message(title, [b.section(title), *blocks, *page.turns(plugin.id("page"), size=LINES, more=more)])
