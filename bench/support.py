"""Make support teams' workspaces: customers in channels of their own, each with a channel for its cards."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from bench.events import Author
from bench.servers import APP_ID, SECRET
from ml.starter import CHATTER, load_examples
from storage.crm import contacts, customers
from storage.database.engine import Database
from storage.database.secrets import Vault
from storage.support import channels
from storage.support.channels import Grouping
from storage.workspace import members, workspaces

OURS, THEIRS = "T0SUPPORT", "T0CUSTOMERS"
AUTHORS_A_LINK = 5


def token_of(team: str) -> str:
    """Return the token with which the app acts in a team."""
    return f"xoxb-{team.lower()}"


TOKEN = token_of(OURS)


def link(
    database: Database,
    links: int,
    groupings: Sequence[Grouping],
    *,
    ours: Sequence[str] = (OURS,),
    vault: Vault | None = None,
) -> list[Author]:
    """Link so many channels to customers, of each team and grouped in turn as given, and return who writes there.

    With a vault the teams' tokens are kept in it, without one the app has the only one in its environment.
    """
    for place, team in enumerate(ours):
        with database.transaction(team) as session:
            workspaces.ensure(session, name=team)
            token = token_of(team) if vault else None
            workspaces.install(session, token=token, vault=vault, bot_user_id=f"UBOT{team}")
            for number in range(place, links, len(ours)):
                customer = customers.add(session, name=f"Customer {number}")
                session.flush()
                channels.seen(session, f"C0LINK{number:03}", name=f"link-{number}")
                made = channels.link(session, f"C0LINK{number:03}", customer.id)
                made.cards_channel_id = cards_channel(number)
                made.grouping = groupings[number // len(ours) % len(groupings)]
    return [
        Author(f"C0LINK{number:03}", user, THEIRS, ours[number % len(ours)])
        for number in range(links)
        for user in _authors(number)
    ]


def meet(database: Database, authors: Sequence[Author]) -> None:
    """Let Rapport know these people, as it does from the second message that somebody writes."""
    for team in {author.ours for author in authors}:
        with database.transaction(team) as session:
            for author in (one for one in authors if one.ours == team):
                link_of = channels.link_of(session, author.channel)
                assert link_of is not None, "authors write in linked channels"
                profile = {"id": author.user, "team_id": author.team, "real_name": author.user.title()}
                member = members.ensure(session, author.user, profile)
                contacts.add(session, name=member.name, customer_id=link_of.customer_id, slack_user_id=member.id)


def seed(links: int, ours: Sequence[str] = (OURS,)) -> dict[str, Any]:
    """Return the sandbox's workspaces for so many links."""
    teams = []
    for place, team in enumerate(ours):
        numbers = range(place, links, len(ours))
        agent = f"U0AGENT{team}"
        made = team_of(team, token_of(team), [agent], [(cards_channel(number), [agent]) for number in numbers])
        for number in numbers:
            name = f"C0LINK{number:03}"
            members = [agent, f"UBOT{team}", *_authors(number)]
            made["channels"].append({"id": name, "name": name.lower(), "members": members, "connected": [THEIRS]})
        teams.append(made)
    theirs = team_of(THEIRS, "xoxb-nobody", [one for number in range(links) for one in _authors(number)], [])
    return {"apps": [app_of()], "teams": [*teams, {**theirs, "installs": []}]}


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
