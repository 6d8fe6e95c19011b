"""See a digest now, and list those that are sent."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from bot import blocks as b
from bot import shown
from bot.grammar import Args
from bot.handlers.digests import report
from bot.handlers.digests.cards import card
from bot.handlers.digests.declaration import plugin
from bot.handlers.digests.explain import period_of
from bot.handlers.digests.words import section
from bot.plugin import Member, Role, _
from bot.replies import Message
from bot.shown import Page
from storage import digest_runs, digests
from storage.errors import Invalid
from storage.figures import PIPELINE, SUPPORT, TEAM
from storage.workspaces import Workspace

LINES = 6
BOTH = "both"
CONTENTS = {PIPELINE: [PIPELINE], SUPPORT: [SUPPORT], TEAM: [TEAM], BOTH: [PIPELINE, SUPPORT]}


@plugin.command("digest now", usage="[content] [period:week]", role=Role.MANAGER, example="pipeline period:month")
def now_(
    args: Args, actor: Member, workspace: Workspace, now: datetime, session: Session, catalogue: report.Catalogue
) -> Message:
    """Show the digest now: pipeline, support, team or both of the first, of the last day, week or month."""
    content = args.text.casefold() or BOTH
    if content not in CONTENTS:
        raise Invalid(
            "There is no digest of “{word}”.", word=args.text, hint="It is of pipeline, support, team or both."
        )
    sections = CONTENTS[content]
    name = _("{sections} right now").format(sections=", ".join(section(one) for one in sections))
    wanted = report.Wanted(
        name=name,
        sections=sections,
        period=period_of(args, now),
        reader=actor,
        workspace=workspace,
        now=now,
        last=digest_runs.newest(session, user_id=actor.id, channel_id="", name=name),
    )
    sheet, blocks = report.draw(session, wanted, catalogue)
    return report.message(wanted, sheet, blocks, report.keep(session, wanted, sheet, user_id=actor.id))


@plugin.command("digest list", role=Role.MANAGER)
def list_(actor: Member, workspace: Workspace, session: Session) -> Message:
    """List the digests that are sent, with buttons to see, send, edit, pause or delete each."""
    return _page(Page(), session, shown.locale_of(actor, workspace))


@plugin.action("page", role=Role.MANAGER)
def page(control: b.Control, actor: Member, workspace: Workspace, session: Session) -> Message:
    """Turn to another page of the digests."""
    turned = _page(Page.load(control.detail), session, shown.locale_of(actor, workspace))
    return Message(turned.text, turned.blocks, replace=True)


def _page(page: Page, session: Session, locale: str) -> Message:
    found = digests.list_digests(session, limit=LINES + 1, offset=page.offset)
    if not found:
        none = _("There are no more digests.") if page.offset else _("No digests yet. Set one up: `/digest new`")
        return Message(b.Markup(none))
    more = len(found) > LINES
    title = page.title(_("Digests"), min(len(found), LINES), more=more)
    blocks = [block for one in found[:LINES] for block in card(one, locale)]
    return Message(title, [b.section(title), *blocks, *page.turns(plugin.id("page"), size=LINES, more=more)])
