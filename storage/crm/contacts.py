"""Keep the people at a team's customers."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from sqlalchemy import Index, bindparam, or_, select, text
from sqlalchemy.orm import Mapped, Session, relationship, selectinload

from storage.crm import customers
from storage.crm.customers import Customer
from storage.database.engine import TENANT, Base, composite_key
from storage.errors import Invalid
from storage.names import check_email, check_name, email_key, name_key
from storage.records import named
from storage.records.declaration import Declaration, Values
from storage.records.fields import EmailField, LinkField, PersonField, PhoneField, TextField
from storage.records.named import CANDIDATES, PAGE, Key, Named, named_args
from storage.workspace.members import Member, Role


class Contact(Named, Base):
    """Describe a person at a customer; `slack_user_id` is who they are in a channel shared with us."""

    __noun__ = "contact"
    __letter__ = "P"
    __tablename__ = "contact"
    __table_args__ = (
        *named_args("contact"),
        composite_key("customer_id", "customer", ondelete="SET NULL"),
        Index(None, "workspace_id", "customer_id", "name_key", "id"),
        Index(None, "workspace_id", "email_key"),
        Index(
            "contact_slack_user_key",
            "workspace_id",
            "slack_user_id",
            unique=True,
            postgresql_where=text("merged_into_id IS NULL"),
        ),
        {"info": TENANT},
    )

    email: Mapped[str | None]
    email_key: Mapped[Key | None]
    phone: Mapped[str | None]
    job_title: Mapped[str | None]
    customer_id: Mapped[int | None]
    slack_user_id: Mapped[str | None]

    customer: Mapped[Customer | None] = relationship(viewonly=True)

    def found_by(self) -> Sequence[str | None]:
        """Return the texts a search looks at: name and address."""
        return (self.name, self.email)

    def derive_keys(self) -> None:
        """Set the keys the contact is found by from its name and address."""
        super().derive_keys()
        self.email_key = None if self.email is None else email_key(self.email)


def add(
    session: Session,
    *,
    name: str,
    email: str | None = None,
    phone: str | None = None,
    job_title: str | None = None,
    customer_id: int | None = None,
    slack_user_id: str | None = None,
) -> Contact:
    """Add a contact; raise Invalid if a value cannot be stored."""
    return Contact.new(
        session,
        name=check_name(name),
        email=None if email is None else check_email(email),
        phone=_PHONE.check(session, phone),
        job_title=None if job_title is None else check_name(job_title, field="job_title"),
        customer_id=customer_id,
        slack_user_id=slack_user_id,
    )


def add_member(session: Session, member: Member, *, customer_id: int | None) -> Contact:
    """Add who writes in Slack as a contact; what cannot be kept of their name or address is left out."""
    try:
        email = None if member.email is None else check_email(member.email)
    except Invalid:
        email = None
    name = member.name if name_key(member.name) else member.id
    return add(session, name=name, email=email, customer_id=customer_id, slack_user_id=member.id)


def get(session: Session, contact_id: int) -> Contact:
    """Return the contact with this number, or the one it was merged into; raise NotFound if there is none."""
    return named.get(session, Contact, contact_id)


_BY_SLACK_USER = select(Contact).where(Contact.slack_user_id == bindparam("user"), Contact.merged_into_id.is_(None))


def by_slack_user(session: Session, slack_user_id: str) -> Contact | None:
    """Return the contact who is this Slack user, None if nobody is."""
    return session.scalars(_BY_SLACK_USER, {"user": slack_user_id}).one_or_none()


def recognise(session: Session, slack_user_id: str, email: str | None) -> Contact | None:
    """Return the contact who is this Slack user: known as such, or of the same address and nobody in Slack yet.

    One found by the address is known as this user from then on.
    """
    known = by_slack_user(session, slack_user_id)
    if known is not None or email is None:
        return known
    same = select(Contact).where(
        Contact.email_key == email_key(email), Contact.slack_user_id.is_(None), Contact.merged_into_id.is_(None)
    )
    found = session.scalars(same.order_by(Contact.id).limit(1)).first()
    if found is not None:
        found.slack_user_id = slack_user_id
        session.flush()
    return found


def follow(session: Session, member: Member, *, was_called: str, had_email: str | None) -> Contact | None:
    """Call the contact who is this Slack user as they are called now, and return it, None if nobody is.

    What people keep of them under another name or address than the one in Slack stays.
    """
    known = by_slack_user(session, member.id)
    if known is None:
        return None
    session.refresh(known, with_for_update=True)
    if known.name in {was_called, member.id} and name_key(member.name):
        known.name = member.name
    if member.email is not None and known.email in {None, had_email}:
        with suppress(Invalid):
            known.email = check_email(member.email)
    session.flush()
    return known


def resolve(session: Session, text: str) -> Contact:
    """Return the contact a person means: by reference, name, address, or beginning of the name.

    Raises Ambiguous with the candidates, or NotFound with up to three near names.
    """
    return named.resolve(session, Contact, text, also=[Contact.email_key == email_key(text)])


def find(session: Session, text: str, limit: int = 10) -> list[Contact]:
    """Return the contacts whose name or address is like the text, best first."""
    return named.near(session, Contact, text, limit)


def likely_duplicates(
    session: Session, name: str, email: str | None = None, slack_user_id: str | None = None
) -> list[Contact]:
    """Return up to five contacts that may be the same person: same name, same address, or same person in Slack."""
    found = named.namesakes(session, Contact, name)
    same = [Contact.email_key == email_key(email)] if email is not None else []
    same += [Contact.slack_user_id == slack_user_id] if slack_user_id is not None else []
    if same:
        others = select(Contact).where(or_(*same), Contact.merged_into_id.is_(None)).order_by(Contact.id)
        known = {contact.id for contact in found}
        found += [one for one in session.scalars(others.limit(CANDIDATES)) if one.id not in known]
    return found[:CANDIDATES]


def list_contacts(
    session: Session,
    *where: Any,
    customer_id: int | None = None,
    order_by: Sequence[Any] = (),
    limit: int = PAGE,
    offset: int = 0,
) -> list[Contact]:
    """Return contacts with their customer loaded, all or one customer's, by name, at most `limit`.

    `where` and `order_by` are conditions and columns as `storage.records.query` makes them.
    """
    statement = select(Contact).where(Contact.merged_into_id.is_(None), *where).options(selectinload(Contact.customer))
    if customer_id is not None:
        statement = statement.where(Contact.customer_id == customer_id)
    ordered = statement.order_by(*(order_by or (Contact.name_key, Contact.id)))
    return list(session.scalars(ordered.limit(limit).offset(offset)))


def _twins(session: Session, values: Values) -> list[Contact]:
    return likely_duplicates(session, values["name"], values.get("email"), values.get("slack"))


_PHONE = PhoneField(key="phone", label="Phone", example="+1 555 0100")
CONTACT = Declaration(
    model=Contact,
    label="Contact",
    plural="Contacts",
    change=Role.REP,
    fields=(
        TextField(key="name", label="Name", by="name_key", required=True, example="Jane Doe"),
        TextField(key="role", label="Role", at="job_title", example="CFO"),
        EmailField(key="email", label="E-mail", by="email_key", example="jane@acme.com"),
        _PHONE,
        LinkField(
            key="customer",
            label="Customer",
            at="customer_id",
            by="customer_id",
            to=Customer,
            whose=True,
            resolve=customers.resolve,
            example="acme",
        ),
        PersonField(
            key="slack", label="In Slack", at="slack_user_id", by="slack_user_id", unique=True, example="@jane"
        ),
    ),
    identity=("email",),
    exact=lambda typed: (Contact.email_key == email_key(typed),),
    twins=_twins,
)
"""A person at a customer."""
