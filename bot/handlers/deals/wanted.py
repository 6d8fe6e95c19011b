"""Hold a deal that somebody asked for, checked, and not stored yet because it may be there already."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from bot.grammar import Args, parse_amount
from bot.kit.lookup import checked_number, colleague, customer_called
from storage.crm import customers, deals, pipelines
from storage.crm.deals import Deal
from storage.crm.pipelines import Outcome
from storage.errors import Invalid
from storage.money import Money
from storage.names import check_name
from storage.workspace.members import Member, Role
from storage.workspace.workspaces import Workspace


@dataclass(frozen=True, slots=True)
class WantedDeal:
    """Hold checked values; `stage` is a stage's name, None for the first."""

    name: str
    amount: Money | None = None
    customer_id: int | None = None
    close_on: date | None = None
    owner_id: str | None = None
    stage: str | None = None

    @classmethod
    def typed(cls, session: Session, args: Args, actor: Member) -> WantedDeal:
        """Read a command; raise CrmError for what cannot be understood or found."""
        customer = args.get("customer")
        owner_id = args.user("owner")
        stage = args.get("stage")
        return cls(
            check_name(args["name"]),
            deals.check_amount(args.amount("amount")),
            customer_called(session, customer).id if customer else None,
            args.date("close"),
            colleague(session, owner_id, field="owner", role=Role.REP) if owner_id else actor.id,
            pipelines.resolve_stage(session, stage).name if stage else None,
        )

    @classmethod
    def submitted(
        cls, session: Session, values: Mapping[str, str], workspace: Workspace, locale: str, *, had: str | None = None
    ) -> WantedDeal:
        """Read a form; raise CrmError naming the field for what cannot be understood or found."""
        amount, customer, close_on, owner_id = (values.get(key) for key in ("amount", "customer", "close", "owner"))
        return cls(
            check_name(values["name"]),
            deals.check_amount(parse_amount(amount, currency=workspace.currency, locale=locale)) if amount else None,
            customer_called(session, customer).id if customer else None,
            _day(close_on) if close_on else None,
            colleague(session, owner_id, field="owner", role=Role.REP, had=had) if owner_id else None,
            _open_stage(session, stage) if (stage := values.get("stage")) else None,
        )

    @classmethod
    def load(cls, session: Session, text: str) -> WantedDeal:
        """Read what `dump` wrote into a button; raise Invalid for anything else."""
        try:
            name, minor, currency, customer_id, close_on, owner_id, stage = json.loads(text)
            return cls(
                check_name(name),
                deals.check_amount(Money(minor, currency)) if currency else None,
                customers.get(session, checked_number(customer_id)).id if customer_id else None,
                date.fromisoformat(close_on) if close_on else None,
                colleague(session, owner_id, field="owner", role=Role.REP) if owner_id else None,
                pipelines.resolve_stage(session, stage).name if stage else None,
            )
        except (ValueError, TypeError, AttributeError):
            raise Invalid("This button no longer works.", hint="Please repeat the command.") from None

    def dump(self) -> str:
        """Write it into a button."""
        minor, currency = (self.amount.minor, self.amount.currency) if self.amount else (None, None)
        close_on = self.close_on.isoformat() if self.close_on else None
        fields = [self.name, minor, currency, self.customer_id, close_on, self.owner_id, self.stage]
        return json.dumps(fields, ensure_ascii=False)

    def twins(self, session: Session) -> list[Deal]:
        """Return the open deals that are likely the same."""
        return deals.likely_duplicates(session, self.name, self.customer_id)

    def add(self, session: Session) -> Deal:
        """Store the deal."""
        return deals.add(
            session,
            name=self.name,
            amount=self.amount,
            customer_id=self.customer_id,
            close_on=self.close_on,
            owner_id=self.owner_id,
            stage=self.stage,
        )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Invalid("Choose a day.", field="close", typed=text) from None


def _open_stage(session: Session, name: str) -> str:
    """Return a stage's name that the form offers; raise Invalid for any other."""
    if name not in {stage.name for stage in pipelines.stages(session) if stage.outcome == Outcome.OPEN}:
        raise Invalid("This stage is gone.", field="stage", hint="Choose another.")
    return name
