"""Keep the companies a team sells to and supports."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Index, select
from sqlalchemy.orm import Mapped, Session, relationship, selectinload

from storage.database.engine import TENANT, Base, composite_key
from storage.errors import Invalid, NotFound
from storage.events import CustomerAdded, CustomerChanged, emit
from storage.names import check_name, check_text, name_key, short
from storage.records import named
from storage.records.comparisons import Field
from storage.records.declaration import Declaration, Values
from storage.records.fields import PersonField, TextField
from storage.records.history import CREATED
from storage.records.named import CANDIDATES, PAGE, Key, Named, named_args
from storage.workspace.members import Member, Role

TIER_LIMIT = 40
# Above this score a name is like another rather than merely about the same thing; see search_records for the score.
ALIKE = 0.6

_SCHEME = re.compile(r"^(?:[a-z][a-z0-9+.-]*://|mailto:)")
_DOMAIN = re.compile(r"[^\s.@/:]+(\.[^\s.@/:]+)+")


class Customer(Named, Base):
    """Describe a company; `tier` is the team's own word for how it is served, in lower case."""

    __noun__ = "customer"
    __letter__ = "C"
    __owner__ = "owner_id"
    __tablename__ = "customer"
    __table_args__ = (
        *named_args("customer"),
        composite_key("owner_id", "member", ondelete="SET NULL"),
        Index(None, "workspace_id", "owner_id", "name_key", "id"),
        Index(None, "workspace_id", "domain"),
        Index(None, "workspace_id", "tier", "name_key", "id"),
        Index(None, "workspace_id", "tier", "id"),
        {"info": TENANT},
    )

    domain: Mapped[Key | None]
    tier: Mapped[Key | None]
    owner_id: Mapped[str | None]

    owner: Mapped[Member | None] = relationship(viewonly=True)

    def found_by(self) -> Sequence[str | None]:
        """Return the texts a search looks at: name and domain."""
        return (self.name, self.domain)

    def undoing(self, session: Session, action: str) -> None:
        """Tell those whose work depends on the customer's tier."""
        if action != CREATED:
            emit(session, CustomerChanged(self))


def tiers_called(session: Session, typed: str) -> list[str]:
    """Return the tiers of customers that are called so or begin so; raise NotFound naming all there are."""
    key = name_key(typed)
    if session.scalar(select(Customer.tier).where(Customer.tier == key).limit(1)) is not None:
        return [key]
    known = session.scalars(select(Customer.tier).where(Customer.tier.is_not(None)).distinct().order_by(Customer.tier))
    tiers = [tier for tier in known if tier]
    found = [tier for tier in tiers if key and tier.startswith(key)]
    if found:
        return found
    raise NotFound(
        "No customer has the tier {value}.",
        hint="There are {tiers}." if tiers else None,
        typed=typed,
        value=short(typed),
        tiers=short(", ".join(tiers), 500),
    )


def add(
    session: Session, *, name: str, domain: str | None = None, tier: str | None = None, owner_id: str | None = None
) -> Customer:
    """Add a customer; raise Invalid if a value cannot be stored."""
    customer = Customer.new(
        session,
        name=check_name(name),
        domain=None if domain is None else check_domain(domain),
        tier=None if tier is None else check_tier(tier),
        owner_id=owner_id,
    )
    emit(session, CustomerAdded(customer))
    return customer


def get(session: Session, customer_id: int) -> Customer:
    """Return the customer with this number, or the one it was merged into; raise NotFound if there is none."""
    return named.get(session, Customer, customer_id)


def resolve(session: Session, text: str) -> Customer:
    """Return the customer a person means: by reference, name, domain, or beginning of the name.

    Raises Ambiguous with the candidates, or NotFound with up to three near names.
    """
    return named.resolve(session, Customer, text, also=[Customer.domain == name_key(text)])


def find(session: Session, text: str, limit: int = 10) -> list[Customer]:
    """Return the customers whose name or domain is like the text, best first."""
    return named.near(session, Customer, text, limit)


def likely_duplicates(session: Session, name: str, domain: str | None = None) -> list[Customer]:
    """Return up to five customers that may be the same company: same name or domain first, then names much alike."""
    found = named.namesakes(session, Customer, name)
    if domain is not None:
        same = select(Customer).where(Customer.domain == name_key(domain), Customer.merged_into_id.is_(None))
        found += [customer for customer in session.scalars(same.limit(CANDIDATES)) if customer not in found]
    known = {customer.id for customer in found}
    alike = named.near(session, Customer, name, CANDIDATES, at_least=ALIKE)
    return (found + [customer for customer in alike if customer.id not in known])[:CANDIDATES]


def _twins(session: Session, values: Values) -> list[Customer]:
    return likely_duplicates(session, values["name"], values.get("domain"))


def _told(session: Session, customer: Customer, added: bool) -> None:
    emit(session, CustomerAdded(customer) if added else CustomerChanged(customer))


@dataclass(frozen=True, kw_only=True)
class DomainField(TextField):
    """Hold a domain, in the form domains are compared in."""

    # At the end of a name alone, and in small letters: Booking.com is a name, and so is Müller Co.KG.
    written = re.compile(r"(?<=\S\s)(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}(?=[\s.,;)]*\Z)")

    def checked(self, session: Session, value: Any) -> str:
        """Return the domain; raise Invalid if it is none."""
        return check_domain(str(value), field=self.key)


@dataclass(frozen=True, kw_only=True)
class TierField(TextField):
    """Hold a team's own word for how a customer is served, in lower case."""

    most: int = TIER_LIMIT

    def checked(self, session: Session, value: Any) -> str:
        """Return the tier; raise Invalid if it is longer than 40 characters."""
        return check_tier(str(value), field=self.key)

    def comparison(self, model: type[Named]) -> Field | None:
        """Return how customers are filtered by tier: by all that are called so or begin so."""
        return Field(Customer.tier, "keys", resolve=tiers_called)


CUSTOMER = Declaration(
    model=Customer,
    label="Customer",
    plural="Customers",
    change=Role.REP,
    fields=(
        TextField(key="name", label="Name", by="name_key", required=True, example="Acme Corp"),
        DomainField(key="domain", label="Domain", by="domain", example="acme.com", most=300),
        TierField(
            key="tier",
            label="Tier",
            by="tier",
            example="gold",
            hint="Your team's own word for how this customer is served.",
        ),
        PersonField(key="owner", label="Owner", at="owner_id", by="owner_id", role=Role.REP, mine=True, example="@x"),
    ),
    identity=("domain",),
    exact=lambda typed: (Customer.domain == name_key(typed),),
    twins=_twins,
    told=_told,
)
"""A company that the team sells to and supports."""


def list_customers(
    session: Session,
    *where: Any,
    owner_id: str | None = None,
    tier: str | None = None,
    limit: int = PAGE,
    after: Customer | None = None,
    order_by: Sequence[Any] = (),
    offset: int = 0,
) -> list[Customer]:
    """Return customers with their owner loaded, at most `limit`: by name, `after` being the last of the page before.

    `where` and `order_by` are conditions and columns of `storage.records.query`; another order is paged by `offset`.
    """
    statement = select(Customer).where(Customer.merged_into_id.is_(None), *where).options(selectinload(Customer.owner))
    if owner_id is not None:
        statement = statement.where(Customer.owner_id == owner_id)
    if tier is not None:
        statement = statement.where(Customer.tier == name_key(tier))
    if after is not None:
        statement = statement.where(named.follows((Customer.name_key, Customer.id), (after.name_key, after.id)))
    ordered = statement.order_by(*(order_by or (Customer.name_key, Customer.id)))
    return list(session.scalars(ordered.limit(limit).offset(offset)))


def update(
    session: Session, customer: Customer, *, name: str | None = None, domain: str | None = None, tier: str | None = None
) -> Customer:
    """Change what is given (an empty domain or tier is taken away); raise Invalid or Conflict."""
    if name is not None:
        customer.name = check_name(name)
    if domain is not None:
        customer.domain = check_domain(domain) if domain.strip() else None
    if tier is not None:
        customer.tier = check_tier(tier) if tier.strip() else None
    session.flush()
    emit(session, CustomerChanged(customer))
    return customer


def assign(session: Session, customer: Customer, owner_id: str | None) -> Customer:
    """Give the customer an owner, or none."""
    customer.owner_id = owner_id
    session.flush()
    return customer


def check_domain(text: str, *, field: str = "domain") -> str:
    """Return the domain of an address in the form it is compared in, without `www.`; raise Invalid if there is none."""
    written = _SCHEME.sub("", name_key(check_text(text, field=field)).strip("<([{\"'"))
    host = re.split(r"[/?#]", written)[0].rpartition("@")[2]
    domain = re.sub(r":\d+$", "", host.rstrip(".,;:!?)]}>\"'")).removeprefix("www.")
    if len(domain) > 253 or _DOMAIN.fullmatch(domain) is None:
        raise Invalid("This does not look like a domain: {domain}", field=field, typed=text, domain=text)
    return domain


def check_tier(text: str, *, field: str = "tier") -> str:
    """Return the tier in lower case; raise Invalid if it is empty or longer than 40 characters."""
    tier = name_key(check_text(text, field=field))
    if not 0 < len(tier) <= TIER_LIMIT:
        raise Invalid("A tier has 1 to {limit} characters.", field=field, typed=text, limit=TIER_LIMIT)
    return tier
