"""Keep the people at a team's customers."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from sqlalchemy import Index, bindparam, select, text
from sqlalchemy.orm import Mapped, Session, relationship, selectinload

from storage.crm import customers
from storage.crm.customers import Customer
from storage.database.engine import TENANT, Base, composite_key
from storage.errors import Invalid
from storage.names import check_email, check_name, check_text, email_key, name_key
from storage.records import named
from storage.records.named import CANDIDATES, PAGE, Key, Named, named_args
from storage.records.query import Field, Fields
from storage.references import Noun
from storage.workspace.members import Member

PHONE_LIMIT = 40


class Contact(Named, Base):
    """Describe a person at a customer; `slack_user_id` is who they are in a channel shared with us."""

    __noun__ = Noun.CONTACT
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


FIELDS = Fields(
    {
        "name": Field(Contact.name_key, "name"),
        "email": Field(Contact.email_key, "name"),
        "customer": Field(Contact.customer_id, "record", resolve=customers.resolve),
        "created": Field(Contact.created_at, "moment", past=True),
    },
    tie=Contact.id,
)
"""What contacts can be filtered and sorted by."""


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
        phone=None if phone is None else check_phone(phone),
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


def likely_duplicates(session: Session, name: str, email: str | None = None) -> list[Contact]:
    """Return up to five contacts that may be the same person: same name or same address."""
    found = named.namesakes(session, Contact, name)
    if email is not None:
        same = select(Contact).where(Contact.email_key == email_key(email), Contact.merged_into_id.is_(None))
        known = {contact.id for contact in found}
        found += [one for one in session.scalars(same.order_by(Contact.id).limit(CANDIDATES)) if one.id not in known]
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


def check_phone(text: str, *, field: str = "phone") -> str:
    """Return the number as it was typed; raise Invalid if it has no digit or more than 40 characters."""
    phone = check_text(text, field=field).strip()
    if len(phone) > PHONE_LIMIT or not any(character.isdigit() for character in phone):
        raise Invalid("This does not look like a telephone number: {phone}", field=field, typed=text, phone=text)
    return phone
