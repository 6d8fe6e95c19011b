"""Ask those who may decide on a blocked trade, and tell who proposed it what came of that."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot.kit import blocks as b
from bot.kit.cards import headline
from bot.kit.format import who
from bot.kit.replies import Message
from bot.plugin import Member, _
from bot.plugins.finance import plugin
from bot.plugins.finance.books import portfolios
from bot.plugins.finance.risk.suitability import checks
from bot.plugins.finance.risk.suitability.cards import CHECKER, control
from bot.plugins.finance.risk.suitability.checks import SuitabilityCheck
from storage.errors import NotFound
from storage.queues import outbox
from storage.queues.outbox import Delivery
from storage.workspace import members

ASKED = 10
"""So many people are asked at most where who proposed a trade has no manager."""


def ask(session: Session, check: SuitabilityCheck, maker: Member) -> str:
    """Ask the manager of who proposed a trade, or all who may decide, and say who was asked."""
    own = members.get(session, maker.manager_id) if maker.manager_id else None
    may = [own] if own and own.has(CHECKER) else members.staff(session, CHECKER)[: ASKED + 1]
    asked = [one for one in may if one.id != maker.id][:ASKED]
    for one in asked:
        outbox.enqueue(
            session,
            target_user=one.id,
            renderer=plugin.id("risk_asked"),
            record=str(check.id),
            dedupe_key=f"risk:{check.id}:asked:{one.id}",
        )
    if not asked:
        return _("Nobody else may decide on it. An admin makes somebody a manager with `/crm role`.")
    return _("Asked to decide: {names}.").format(names=", ".join(one.name for one in asked))


def tell(session: Session, check: SuitabilityCheck) -> None:
    """Tell who proposed a trade what was decided."""
    outbox.enqueue(
        session,
        target_user=check.maker_id,
        renderer=plugin.id("risk_decided"),
        record=str(check.id),
        dedupe_key=f"risk:{check.id}:decided",
    )


@plugin.renderer("risk_asked")
def asked(delivery: Delivery, session: Session) -> Message | None:
    """Draw the question, while nobody has decided; what the trade is stands behind the button."""
    found = _found(delivery, session)
    if found is None or found.state != checks.BLOCKED:
        return None
    return _drawn(session, found, _("{who} proposes a trade in {portfolio} that does not suit the client. You decide."))


@plugin.renderer("risk_decided")
def decided(delivery: Delivery, session: Session) -> Message | None:
    """Draw the decision."""
    found = _found(delivery, session)
    if found is None or found.state not in (checks.RELEASED, checks.DECLINED):
        return None
    template = _("{checker} declined the trade that you proposed in {portfolio}.")
    if found.state == checks.RELEASED:
        template = _("{checker} released the trade that you proposed in {portfolio}. Book it within a week.")
    return _drawn(session, found, template)


def _found(delivery: Delivery, session: Session) -> SuitabilityCheck | None:
    try:
        return checks.get(session, int(delivery.record or 0))
    except NotFound:
        return None


def _drawn(session: Session, check: SuitabilityCheck, template: str) -> Message:
    portfolio = portfolios.get(session, check.portfolio_id)
    text = b.markup(
        template,
        who=who(session, check.maker_id),
        checker=who(session, check.checker_id),
        portfolio=headline(portfolio),
    )
    show = b.button(_("Show"), plugin.id("risk_look"), control(check, portfolio))
    return Message(text, [b.section(text, accessory=show)])
