"""Make a support team's workspace: customers in channels of their own, each with a channel for its cards."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from bench.events import Author
from bench.servers import APP_ID, SECRET
from ml.starter import CHATTER, load_examples
from storage import channels, contacts, customers, members, workspaces
from storage.channels import Grouping
from storage.database import Database

OURS, THEIRS = "T0SUPPORT", "T0CUSTOMERS"
TOKEN = "xoxb-support"
AUTHORS_A_LINK = 5


def link(database: Database, links: int, groupings: Sequence[Grouping]) -> list[Author]:
    """Link so many channels to customers, grouped in turn as given, and return who writes there."""
    with database.transaction(OURS) as session:
        workspaces.ensure(session, name="Support")
        workspaces.install(session, bot_user_id=f"UBOT{OURS}")
        for number in range(links):
            customer = customers.add(session, name=f"Customer {number}")
            session.flush()
            channels.seen(session, f"C0LINK{number:03}", name=f"link-{number}", is_ext_shared=True)
            made = channels.link(session, f"C0LINK{number:03}", customer.id)
            made.cards_channel_id = cards_channel(number)
            made.grouping = groupings[number % len(groupings)]
    return [Author(f"C0LINK{number:03}", user, THEIRS, OURS) for number in range(links) for user in _authors(number)]


def meet(database: Database, authors: Sequence[Author]) -> None:
    """Let Rapport know these people, as it does from the second message that somebody writes."""
    with database.transaction(OURS) as session:
        for author in authors:
            link_of = channels.link_of(session, author.channel)
            assert link_of is not None, "authors write in linked channels"
            profile = {"id": author.user, "team_id": author.team, "real_name": author.user.title()}
            member = members.ensure(session, author.user, profile)
            contacts.add(session, name=member.name, customer_id=link_of.customer_id, slack_user_id=member.id)


def seed(links: int) -> dict[str, Any]:
    """Return the sandbox's workspace for so many links."""
    ours = team_of(OURS, TOKEN, ["U0AGENT"], [(cards_channel(number), ["U0AGENT"]) for number in range(links)])
    for number in range(links):
        name = f"C0LINK{number:03}"
        members = ["U0AGENT", f"UBOT{OURS}", *_authors(number)]
        ours["channels"].append({"id": name, "name": name.lower(), "members": members, "connected": [THEIRS]})
    theirs = team_of(THEIRS, "xoxb-nobody", [one for number in range(links) for one in _authors(number)], [])
    return {"apps": [app_of()], "teams": [ours, {**theirs, "installs": []}]}


def said(count: int) -> list[str]:
    """Return so many things that customers ask, the same in every run, each with a number of its own."""
    draw = random.Random(1)
    examples = load_examples()
    texts = [text for text, label in zip(examples.texts, examples.labels, strict=True) if label != CHATTER]
    return [f"{draw.choice(texts)} (number {number})" for number in range(count)]


def cards_channel(link: int) -> str:
    """Return the channel that a link's cards go to."""
    return f"C0CARDS{link:03}"


def app_of() -> dict[str, Any]:
    """Return the app as the sandbox knows it; it is sent no events."""
    nothing: dict[str, Any] = {"settings": {"event_subscriptions": {"bot_events": []}}}
    return {"id": APP_ID, "name": "Rapport", "app_token": "xapp-bench", "signing_secret": SECRET, "manifest": nothing}


def team_of(
    team: str, token: str, people: Sequence[str], channels: Sequence[tuple[str, Sequence[str]]]
) -> dict[str, Any]:
    """Return a team as the sandbox knows it, with the app installed and in every channel."""
    bot = f"UBOT{team}"
    return {
        "id": team,
        "name": team.title(),
        "domain": team.lower(),
        "users": [{"id": one, "name": one.lower(), "real_name": one.title()} for one in people],
        "channels": [{"id": name, "name": name.lower(), "members": [*members, bot]} for name, members in channels],
        "installs": [{"app_id": APP_ID, "bot_token": token, "bot_user_id": bot, "bot_id": f"B{team}"}],
    }


def _authors(link: int) -> list[str]:
    return [f"U0CUST{link:03}{number}" for number in range(AUTHORS_A_LINK)]
