"""Give tests a plugin that does what they need: takes its time, writes one customer, fails on request."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any

from slack_sdk.models.blocks import Block
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from bot.grammar import Args
from bot.kit import blocks as b
from bot.kit.replies import FieldErrors, Home, Message, Modal, Options
from bot.plugin import Plugin, Role
from sandbox.control.client import Json, Person
from storage.crm import customers
from storage.crm.customers import Customer
from storage.errors import Invalid
from storage.events import CustomerAdded
from storage.queues.inbox import InboxItem
from tests.support.cluster import connect
from tests.support.company import Company
from tests.support.waiting import PATIENCE_S

SLOW_S = 0.3
"""How long the dispatcher waits where handlers are held at the gate."""


class Trial:
    """Hold the plugin, and what its handlers are to do."""

    def __init__(self) -> None:
        self.plugin = _declare(self)
        self.gate = threading.Event()
        self.gate.set()
        self.fails: set[str] = set()
        self.ran: list[str] = []
        self.asked: Callable[[], None] = lambda: None

    def reset(self) -> None:
        """Behave again."""
        self.gate.set()
        self.fails.clear()
        self.ran.clear()
        self.asked = lambda: None

    def takes_its_time(self, session: Session, name: str) -> None:
        """Be held at the gate, in a transaction as handlers are, and fail if so told."""
        self.ran.append(name)
        session.execute(text("SELECT 1"))
        assert self.gate.wait(PATIENCE_S), "nobody opened the gate"
        if name in self.fails:
            raise RuntimeError(f"{name} fails as it was told, about jo@example.com")


def _declare(trial: Trial) -> Plugin:
    plugin = Plugin("trial", contract=2, title="Trial")

    @plugin.command("trial add", usage="<name>", role=Role.REP)
    def add(args: Args, session: Session) -> Message:
        """Add a customer."""
        customer = customers.add(session, name=args.text)
        session.flush()
        trial.takes_its_time(session, "add")
        return Message(f"Added {customer.name} as {customer.reference}.")

    @plugin.command("trial read", usage="[what]", role=Role.REP)
    def read(session: Session) -> Message:
        """Read how many customers there are."""
        trial.takes_its_time(session, "read")
        return Message(f"There are {session.scalar(select(func.count()).select_from(Customer))} customers.")

    @plugin.command("trial long", role=Role.REP)
    def long() -> Message:
        """Say more than fits."""
        sections = [b.section("<x> & " + "word " * 590) for _ in range(80)]
        return Message("Long & wide " * 1_000, sections)

    @plugin.command("trial card", usage="<name>", role=Role.REP)
    def card(args: Args) -> Message:
        """Show the controls."""
        control = b.Control("C-1", 1, args.text)
        return Message(
            "Controls",
            [
                b.section("Controls"),
                b.actions(
                    b.button("Add it", "trial.add", control),
                    b.button("Fill it in", "trial.fill", control),
                    b.button("Say nothing", "trial.nothing", control),
                    b.button("Say it to all", "trial.shared", control),
                    b.button("Say it here", "trial.instead", control),
                    b.button("Add it unless it is there", "trial.unless", control),
                ),
            ],
        )

    def ask(slack: Any) -> str:
        """Ask Slack first."""
        trial.asked()
        return str(slack.channel("CGENERAL")["name"])

    @plugin.command("trial asks", role=Role.REP, before=ask)
    def asks(found: str) -> Message:
        """Say what Slack said."""
        return Message(f"Slack said {found}.")

    @plugin.action("add", role=Role.REP)
    def add_by_button(control: b.Control, session: Session) -> Message:
        """Add the customer that the button names."""
        customer = customers.add(session, name=control.detail)
        session.flush()
        trial.takes_its_time(session, "button")
        return Message(f"Added {customer.name} as {customer.reference}.")

    @plugin.action("unless", role=Role.REP)
    def add_unless(control: b.Control, session: Session) -> Message:
        """Add the customer that the button names, or see that it is there."""
        if session.scalar(select(Customer.name).where(Customer.name == control.detail)):
            return Message(f"{control.detail} was there.")
        return Message(f"Added {customers.add(session, name=control.detail).name}.")

    @plugin.action("nothing", role=Role.REP)
    def nothing() -> None:
        """Say nothing."""

    @plugin.action("shared", role=Role.REP)
    def shared() -> Message:
        """Say something to all."""
        return Message("For everybody.", share=True)

    @plugin.action("instead", role=Role.REP)
    def instead() -> Message:
        """Say something in the place of the message with the button."""
        return Message("Something else.", replace=True)

    @plugin.action("home", role=Role.REP)
    def home_button(session: Session) -> Home:
        """Note something on the home page."""
        trial.takes_its_time(session, "home button")
        return Home("Noted.")

    @plugin.view("form", title="Trial form", role=Role.REP)
    def form(session: Session) -> Modal:
        """Ask for a name."""
        trial.takes_its_time(session, "fill")
        fields = [
            b.text_input("name", "Name"),
            b.choice_input("tier", "Tier", [b.Option("Gold", "gold"), b.Option("Silver", "silver")], optional=True),
        ]
        return Modal("Trial form", fields, submit="Save")

    @form.submit
    def save(values: Mapping[str, Any], session: Session) -> Message | Modal | FieldErrors | Home | None:
        """Save it, or whatever the name asks for."""
        trial.takes_its_time(session, "submit")
        match values["name"]:
            case "nothing":
                return None
            case "home":
                return Home("Saved.")
            case "all":
                return Message("For everybody.", share=True)
            case "next":
                return Modal("Next", [b.section("A second page")])
            case "wrong":
                return FieldErrors({"name": "That is no name."})
            case "invalid":
                raise Invalid("{name} cannot be <stored>.", field="name", name="invalid")
        return Message(f"Saved {customers.add(session, name=values['name']).name}.", [b.section("A card")])

    plugin.opens("trial", form)
    plugin.button_opens("fill", form)

    @plugin.options("menu", role=Role.REP)
    def menu(query: str, session: Session) -> Options:
        """Offer what was typed."""
        trial.takes_its_time(session, "options")
        return Options([b.Option(query, query)])

    @plugin.event("reaction_added")
    def reacted(event: Mapping[str, Any], session: Session) -> None:
        """Add a customer named after the reaction."""
        customers.add(session, name=str(event["reaction"]))
        session.flush()
        trial.takes_its_time(session, "event")

    @plugin.job("nightly", every="FREQ=DAILY")
    def nightly(session: Session) -> None:
        """Do something every night."""
        trial.takes_its_time(session, "nightly")

    @plugin.on(CustomerAdded)
    def heard(fact: CustomerAdded, session: Session) -> None:
        """Hear of a customer."""
        trial.takes_its_time(session, f"heard {fact.record.name}")

    @plugin.home("Trial part", role=Role.VIEWER)
    def part(session: Session) -> list[Block]:
        """Show a part with a button."""
        trial.takes_its_time(session, "section")
        return [b.actions(b.button("Note it", "trial.home", b.Control("C-1", 1, "")))]

    return plugin


def names(company: Company) -> list[str]:
    """Return the names of all customers, in their order."""
    with company.database.transaction(company.workspace) as session:
        return list(session.scalars(select(Customer.name).order_by(Customer.id)))


def stored(company: Company) -> list[str]:
    """Return the states of the requests that were stored."""
    with company.database.transaction(company.workspace) as session:
        rows = session.query(InboxItem).where(InboxItem.kind.in_(("command", "action", "view"))).order_by(InboxItem.id)
        return [row.state for row in rows]


@contextmanager
def locked(company: Company, table: str, mode: str = "EXCLUSIVE") -> Iterator[None]:
    with closing(connect(company.admin_url)) as connection, connection.transaction():
        connection.execute(f"LOCK TABLE {table} IN {mode} MODE".encode())
        yield


def waiting(company: Company, statement: str = "") -> int:
    """Count the transactions whose statement, which begins so, waits for another's lock."""
    which = "datname = current_database() AND wait_event_type = 'Lock' AND starts_with(query, %s)"
    with closing(connect(company.admin_url)) as connection:
        row = connection.execute(
            f"SELECT count(*) FROM pg_stat_activity WHERE {which}".encode(), [statement]
        ).fetchone()
    assert row is not None
    return int(row[0])


def calls(company: Company, method: str) -> list[Json]:
    return company.sandbox.control.calls(method)


def controls(rep: Person, name: str) -> None:
    rep.types(f"/crm trial card {name}")


def controls_clicked(company: Company) -> dict[str, object]:
    """Return what Slack sends for a click that is never delivered."""
    controls(company.rep, "Acme")
    company.rep.clicks("Say nothing")
    payload = dict(company.sandbox.control.deliveries("interactive")[-1]["payload"])
    action = {**payload["actions"][0], "action_id": "trial.add"}
    return {**payload, "actions": [action], "trigger_id": "1.2.other"}
