"""Look for what a workspace's risk rests on and has let slip, for `rapport doctor`, and for the checker's Home."""

from __future__ import annotations

from datetime import datetime

from slack_sdk.models.blocks import Block
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.kit import blocks as b
from bot.kit.format import Reader
from bot.plugin import Member, ngettext
from bot.plugins.finance import plugin
from bot.plugins.finance.books.portfolios import Portfolio
from bot.plugins.finance.risk.profile import profiles, questions
from bot.plugins.finance.risk.profile.profiles import RiskProfile
from bot.plugins.finance.risk.profile.questions import Topic
from bot.plugins.finance.risk.settings import EVERYBODY, JUDGED
from bot.plugins.finance.risk.suitability import checks
from bot.plugins.finance.risk.suitability.cards import CHECKER


@plugin.finding("Risk profiles", remedy="Ask the questions again: `/crm risk profile <customer>`.")
def expired(session: Session, now: datetime) -> str | None:
    """Look for risk profiles that do not count any more."""
    count = profiles.expired(session, now.date())
    if not count:
        return None
    return ngettext(
        "{count} customer has a risk profile that has expired",
        "{count} customers have a risk profile that has expired",
        count,
    ).format(count=count)


@plugin.finding(
    "Trades that nobody judges",
    remedy="Ask the questions: `/crm risk profile <customer>`, or `/crm settings finance judged:everybody`.",
)
def unjudged(session: Session) -> str | None:
    """Look for portfolios of customers without a risk profile, in which trades are booked without a judgement."""
    if JUDGED.of(session) == EVERYBODY:
        return None
    known = select(RiskProfile.customer_id)
    lives = (Portfolio.archived_at.is_(None), Portfolio.customer_id.is_(None) | Portfolio.customer_id.not_in(known))
    count = session.scalar(select(func.count()).select_from(Portfolio).where(*lives))
    if not count:
        return None
    return ngettext(
        "{count} portfolio is of a customer without a risk profile",
        "{count} portfolios are of customers without a risk profile",
        count,
    ).format(count=count)


@plugin.finding("Questionnaire", remedy="Add a question on it: `/crm question add`.")
def unasked(session: Session) -> str | None:
    """Look for topics that no question asks about, without which no profile can be made."""
    asked = {one.topic for one in questions.ready(session)}
    lacking = [topic.value for topic in Topic if topic.value not in asked]
    return f"no question asks about {', '.join(lacking)}" if lacking else None


@plugin.home("Trades to decide on", role=CHECKER, order=45)
def to_decide(session: Session, actor: Member, reader: Reader) -> list[Block]:
    """Say how many blocked trades of others wait for a decision, and since when."""
    waiting = [one for one in checks.waiting(session, checks.MOST_WAITING) if one.maker_id != actor.id]
    if not waiting:
        return []
    text = ngettext(
        "{count} trade that does not suit waits for a decision, since {ago}: `/crm risk waiting`",
        "{count} trades that do not suit wait for a decision, the first since {ago}: `/crm risk waiting`",
        len(waiting),
    )
    return [b.section(b.markup(text, count=len(waiting), ago=reader.ago(waiting[0].made_at)))]
