"""Ask a client's questions in a form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from bot.kit import blocks as b
from bot.kit.cards import headline
from bot.kit.format import Reader
from bot.kit.lookup import customer_called
from bot.kit.replies import Message, Modal
from bot.plugin import _
from bot.plugins.finance import plugin
from bot.plugins.finance.nouns import ADVISER
from bot.plugins.finance.risk.profile import profiles, questions
from bot.plugins.finance.risk.profile.cards import profile_of
from bot.plugins.finance.risk.profile.profiles import FIELD
from bot.plugins.finance.risk.settings import MONTHS


@plugin.view("risk_ask", title="Risk profile", role=ADVISER)
def ask(control: b.Control, session: Session) -> Modal:
    """Ask all questions of the questionnaire about the card's customer; nothing is filled in from the last time."""
    customer = customer_called(session, control.record)
    asked = questions.ready(session)
    if not asked:
        nothing = b.markup(_("There are no questions. An admin adds some with `/crm question add`."))
        return Modal(_("Risk profile"), [b.section(nothing)])
    fields = [
        b.choice_input(
            f"{FIELD}{one.id}", one.name, [b.Option(of.words, str(at)) for at, of in enumerate(one.possible)]
        )
        for one in asked
    ]
    return Modal(
        _("Risk profile"),
        [b.section(headline(customer)), *fields],
        submit=_("Save"),
        state={"customer": customer.reference, "asked": questions.fingerprint(asked)},
    )


@ask.submit
def answered(values: Mapping[str, Any], state: Mapping[str, str], session: Session, reader: Reader) -> Message:
    """Make the profile of what was answered."""
    customer = customer_called(session, state.get("customer", ""))
    chosen = {
        int(name.removeprefix(FIELD)): int(value)
        for name, value in values.items()
        if name.startswith(FIELD) and isinstance(value, str) and value.isdecimal()
    }
    profiles.take(
        session,
        customer,
        chosen,
        state.get("asked", ""),
        today=reader.today,
        months=int(MONTHS.of(session)),
        text=_("Renew the risk profile of {name}").format(name=customer.name),
    )
    return profile_of(session, customer, reader, notice=_("Saved. You are reminded before it expires."))


plugin.button_opens("risk_ask", ask)
