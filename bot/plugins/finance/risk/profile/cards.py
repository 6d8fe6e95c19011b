"""Draw what is known of a client, for those who may see it, and write down who saw it."""

from __future__ import annotations

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot.kit import blocks as b
from bot.kit.cards import control, headline
from bot.kit.format import Reader, paragraphs, who
from bot.kit.replies import Message
from bot.plugin import _
from bot.plugins.finance import plugin
from bot.plugins.finance.books import portfolios
from bot.plugins.finance.nouns import may_see
from bot.plugins.finance.risk.profile import profiles
from bot.plugins.finance.risk.profile.profiles import RiskProfile
from bot.plugins.finance.risk.profile.questions import HIGHEST
from bot.plugins.finance.risk.profile.scoring import LEVELS
from bot.plugins.finance.wording import looked_at
from storage.crm.customers import Customer

EARLIER = 5
TOPICS = {"knowledge": "Knowledge", "capacity": "Capacity for loss", "objectives": "Objectives", "horizon": "Horizon"}


def profile_of(session: Session, customer: Customer, reader: Reader, *, notice: b.Text | None = None) -> Message:
    """Draw a customer's newest profile with its answers, and name the earlier ones."""
    looked_at(session, customer, "risk profile")
    found = profiles.of_customer(session, customer.id, EARLIER + 1)
    title = b.markup(_("Risk profile of {customer}"), customer=headline(customer))
    label = _("Ask the questions again") if found else _("Ask the questions")
    ask = b.actions(b.button(label, plugin.id("risk_ask"), control(customer), style=None if found else "primary"))
    above: list[Block] = [*([b.context(notice)] if notice else []), b.section(title)]
    if not found:
        return Message(title, [*above, b.section(_("Nothing is known of this client yet.")), ask])
    newest, *earlier = found
    past = b.context(*(_earlier(one, reader) for one in earlier)) if earlier else None
    return Message(
        title,
        [*above, *_levels(session, newest, reader), *_answers(newest), *([past] if past else []), ask],
    )


def level(profile: RiskProfile) -> str:
    """Name the risk that suits a client."""
    found = profile.assessed.level
    return _("{level} of {highest}: {called}").format(level=found, highest=HIGHEST, called=_(LEVELS[found - 1]))


def counts(profile: RiskProfile, reader: Reader) -> str:
    """Say until when a profile counts, or since when it does not."""
    expired = profile.expires_on < reader.today
    template = _("⚠️ It counted until {day}.") if expired else _("It counts until {day}.")
    return template.format(day=reader.day(profile.expires_on))


def _levels(session: Session, profile: RiskProfile, reader: Reader) -> list[Block]:
    of = {topic: getattr(profile, topic) for topic in TOPICS}
    told = {
        _(TOPICS[topic]): _("{level} of {highest}").format(level=found, highest=HIGHEST) for topic, found in of.items()
    }
    taken = b.markup(
        _("Answered on {day}, asked by {who}. {counts}"),
        day=reader.day(profile.taken_on),
        who=who(session, profile.taken_by),
        counts=counts(profile, reader),
    )
    return [*b.facts({_("Level"): level(profile), **told}), b.context(taken)]


def _answers(profile: RiskProfile) -> list[Block]:
    return paragraphs(
        b.markup(
            "• {question}\n      _{answer}_ ({points})", question=one.question, answer=one.answer, points=one.points
        )
        for one in profile.given
    )


def _earlier(profile: RiskProfile, reader: Reader) -> str:
    return _("{day}: level {level}").format(day=reader.day(profile.taken_on), level=level(profile))


@plugin.card("customer", "Risk profile", order=110)
def profile_of_customer(record: Customer, session: Session, reader: Reader) -> list[Block]:
    """Say on a customer's card if a risk profile counts, to advisers, and not what is in it."""
    profile = profiles.current(session, record.id)
    if not may_see(session) or (profile is None and not portfolios.of_customer(session, record.id)):
        return []
    text = counts(profile, reader) if profile else _("There is none yet.")
    return [b.section(text, accessory=b.button(_("Show"), plugin.id("risk_profile"), control(record)))]
