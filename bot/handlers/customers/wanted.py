"""Hold a customer that somebody asked for and that is not stored yet, because it may be there already."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from sqlalchemy.orm import Session

from bot.kit.lookup import colleague
from storage.crm import customers
from storage.crm.customers import Customer
from storage.errors import Invalid
from storage.names import check_name
from storage.workspace.members import Role


@dataclass(frozen=True, slots=True)
class WantedCustomer:
    """Hold checked values; build it by `check`."""

    name: str
    domain: str | None
    tier: str | None
    owner_id: str | None

    @classmethod
    def check(
        cls,
        session: Session,
        *,
        name: str,
        domain: str | None,
        tier: str | None,
        owner_id: str | None,
        had: str | None = None,
    ) -> WantedCustomer:
        """Return what is wanted if it can be stored, empty values as none; raise Invalid naming the field."""
        return cls(
            check_name(name),
            customers.check_domain(domain) if domain else None,
            customers.check_tier(tier) if tier else None,
            colleague(session, owner_id, field="owner", role=Role.REP, had=had) if owner_id else None,
        )

    @classmethod
    def load(cls, session: Session, text: str) -> WantedCustomer:
        """Read what `dump` wrote into a button, and check it again; raise Invalid for anything else."""
        try:
            wanted = json.loads(text)
            return cls.check(session, **{key: wanted[key] for key in ("name", "domain", "tier", "owner_id")})
        except (ValueError, TypeError, AttributeError, LookupError):
            raise Invalid("This button no longer works.", hint="Please repeat the command.") from None

    def dump(self) -> str:
        """Write it into a button."""
        return json.dumps(asdict(self), ensure_ascii=False)

    def twins(self, session: Session) -> list[Customer]:
        """Return the customers that are likely the same company."""
        return customers.likely_duplicates(session, self.name, self.domain)

    def add(self, session: Session) -> Customer:
        """Store the customer."""
        return customers.add(session, name=self.name, domain=self.domain, tier=self.tier, owner_id=self.owner_id)
