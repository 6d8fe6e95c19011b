"""Say that a deal is won or lost, and ask why where an admin wants to know."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.orm import Session

from bot.handlers.deals.declaration import plugin
from bot.kit import blocks as b
from bot.kit import cards
from bot.kit.replies import Message
from bot.plugin import _
from storage.crm.deals import Deal, reasons
from storage.crm.pipelines import Outcome
from storage.errors import NotFound
from storage.names import short
from storage.records.schema.choice_definitions import LIMIT

FORMS: Mapping[str, str] = {Outcome.WON: plugin.id("reason.won"), Outcome.LOST: plugin.id("lost")}
"""The buttons that open the form about a deal that is won, or lost."""


def why(outcome: str) -> str:
    """Return the question for which reason a deal was closed."""
    return _("Why was it won?") if outcome == Outcome.WON else _("Why was it lost?")


def closed(outcome: str) -> str:
    """Say that a deal was closed."""
    return _("Won. Congratulations!") if outcome == Outcome.WON else _("Marked as lost.")


def asking(session: Session, deal: Deal, outcome: str, *, replace: bool = False) -> Message | None:
    """Ask why a deal is closed, with a button that opens the form; None where nobody is to be asked."""
    if deal.status == outcome or not (known := reasons.asked(session, outcome)):
        return None
    question = b.markup(_("{why} Nothing has changed yet."), why=why(outcome))
    names = b.context(b.markup(_("There are {reasons}."), reasons=", ".join(known.values())))
    say = b.button(_("Say why"), FORMS[outcome], cards.control(deal), style="primary")
    said = [cards.headline(deal), question]
    return Message(b.join(said, " "), [b.section(b.join(said)), names, b.actions(say)], replace=replace)


def unknown_reason(session: Session, typed: str) -> NotFound:
    """Return the error for what is none of the reasons for which deals are won."""
    known = reasons.offered(session, Outcome.WON)
    return NotFound(
        "There is no reason {name}.",
        field="reason",
        hint="There are {names}." if known else "An admin adds reasons with `/crm reason add`.",
        typed=typed,
        name=short(typed, LIMIT),
        names=", ".join(known.values()),
    )
