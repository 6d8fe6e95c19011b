"""Describe the demo's Slack: one company, two customers in shared channels, and what was said before you came."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

WORKSPACE = "T0BRIGHT"
APP_ID = "A0RAPPORT"
APP_TOKEN = "xapp-1-A0RAPPORT-demo"  # noqa: S105 - opens nothing but the demo's sandbox
BOT_TOKEN = "xoxb-demo"  # noqa: S105 - as above
SIGNING_SECRET = "0123456789abcdef0123456789abcdef"  # noqa: S105 - as above

REP, AGENT, MANAGER, ADMIN, SECOND_REP = "U0RITA", "U0ANTON", "U0MARA", "U0ADA", "U0TOM"
CARLA, DEV, WEI = "U0CARLA", "U0DEV", "U0WEI"
GENERAL, SALES, SUPPORT, HELP = "C0GENERAL", "C0SALES", "C0SUPPORT", "C0HELP"
HARBOR, LANTERN = "C0HARBOR", "C0LANTERN"
STAFF = [REP, AGENT, MANAGER, ADMIN, SECOND_REP]

OURS: list[dict[str, Any]] = [
    {"id": REP, "name": "rita", "real_name": "Rita Reyes", "title": "Account executive", "tz": "Europe/Berlin"},
    {"id": AGENT, "name": "anton", "real_name": "Anton Aydin", "title": "Support", "tz": "Europe/Berlin"},
    {"id": MANAGER, "name": "mara", "real_name": "Mara Moreau", "title": "Head of revenue", "tz": "Europe/Berlin"},
    {
        "id": ADMIN,
        "name": "ada",
        "real_name": "Ada Adeyemi",
        "title": "Operations",
        "tz": "Europe/London",
        "is_admin": True,
        "is_owner": True,
    },
    {
        "id": SECOND_REP,
        "name": "tom",
        "real_name": "Tom Takeda",
        "title": "Account executive",
        "tz": "America/New_York",
    },
]

SAID: list[dict[str, Any]] = [
    {
        "channel": GENERAL,
        "user": ADMIN,
        "text": "Good morning! The new CRM is in: just type /crm help",
        "minutes_ago": 180,
    },
    {
        "channel": GENERAL,
        "user": SECOND_REP,
        "text": "No more browser tabs for the pipeline then :tada:",
        "minutes_ago": 176,
    },
    {
        "channel": SALES,
        "user": MANAGER,
        "text": "Forecast review is at 4 pm. Please move your deals before that.",
        "minutes_ago": 95,
    },
    {"channel": SALES, "user": REP, "text": "Harbor Logistics want the proposal by Friday, on it.", "minutes_ago": 90},
    {"channel": SUPPORT, "user": AGENT, "text": "I have the morning shift, Tom takes over at 2.", "minutes_ago": 120},
    {"channel": HARBOR, "user": CARLA, "text": "Thanks for the call yesterday, that was helpful!", "minutes_ago": 300},
    {
        "channel": HARBOR,
        "user": REP,
        "text": "Glad to hear it, Carla. The proposal follows this week.",
        "minutes_ago": 295,
    },
    {
        "channel": LANTERN,
        "user": DEV,
        "text": "Hi all, Dev here. I look after the integration on our side.",
        "minutes_ago": 400,
    },
]


def seed(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return the sandbox's seed."""
    bot = "U0RAPPORT"
    return {
        "apps": [
            {
                "id": APP_ID,
                "name": "Rapport",
                "app_token": APP_TOKEN,
                "signing_secret": SIGNING_SECRET,
                "manifest": dict(manifest),
            }
        ],
        "teams": [
            {
                "id": WORKSPACE,
                "name": "Brightside",
                "domain": "brightside",
                "users": [_person(user, "brightside.example") for user in OURS],
                "channels": [
                    {"id": GENERAL, "name": "general", "members": [*STAFF, bot], "purpose": "The whole company"},
                    {"id": SALES, "name": "sales", "members": [REP, SECOND_REP, MANAGER, ADMIN, bot]},
                    {"id": SUPPORT, "name": "support", "members": [AGENT, SECOND_REP, MANAGER, ADMIN, bot]},
                    {"id": HELP, "name": "help", "members": [*STAFF, bot], "purpose": "Ask us anything"},
                    {
                        "id": HARBOR,
                        "name": "ext-harbor",
                        "members": [*STAFF, CARLA, bot],
                        "connected": ["T0HARBOR"],
                    },
                    {
                        "id": LANTERN,
                        "name": "ext-lantern",
                        "members": [*STAFF, DEV, WEI, bot],
                        "connected": ["T0LANTERN"],
                    },
                ],
                "installs": [{"app_id": APP_ID, "bot_token": BOT_TOKEN, "bot_user_id": bot, "bot_id": "B0RAPPORT"}],
            },
            {
                "id": "T0HARBOR",
                "name": "Harbor Logistics",
                "domain": "harbor",
                "users": [_person({"id": CARLA, "name": "carla", "real_name": "Carla Conti"}, "harbor.example")],
            },
            {
                "id": "T0LANTERN",
                "name": "Lantern Health",
                "domain": "lantern",
                "users": [
                    _person({"id": DEV, "name": "dev", "real_name": "Dev Desai"}, "lantern.example"),
                    _person({"id": WEI, "name": "wei", "real_name": "陈伟"}, "lantern.example"),
                ],
            },
        ],
        "messages": SAID,
    }


def _person(user: dict[str, Any], domain: str) -> dict[str, Any]:
    return {"display_name": user["real_name"], "email": f"{user['name']}@{domain}", **user}
