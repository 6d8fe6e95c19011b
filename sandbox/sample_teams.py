"""Offer ready-made workspaces to tests: two organisations with the same app, and a channel they share."""

from typing import Any

from sandbox.world.workspace import Json

APP_ID = "A0RAPPORT"
APP_TOKEN = "xapp-1-A0RAPPORT-sandbox"  # noqa: S105  (opens nothing but a sandbox)
SIGNING_SECRET = "5a4db0c5a4db0c5a4db0c5a4db0c5a4d"  # noqa: S105  (as above)


def install(letter: str, scopes: list[str] | None = None) -> Json:
    """Return the app's installation in a team."""
    return {
        "app_id": APP_ID,
        "bot_token": f"xoxb-{letter.lower()}-sandbox",
        "bot_user_id": f"U0BOT{letter}",
        "bot_id": f"B0BOT{letter}",
        "scopes": scopes,
    }


def person(letter: str, name: str, real_name: str, **more: Any) -> Json:
    """Return a person of a team, whose id is `U<team letter><name>`."""
    user = {"id": f"U{letter}{name.upper()}", "name": name, "real_name": real_name, "display_name": real_name}
    return user | {"email": f"{name}@{letter.lower()}.example"} | more


def two_teams(app_name: str = "Rapport", manifest: Json | None = None) -> Json:
    """Return a seed: teams TA (our staff, a guest) and TB (a customer, same app), sharing the channel CSHARED.

    TA: UAREP, UAAGENT, UAMANAGER, UAADMIN, UAGUEST; channels CGENERAL, CSUPPORT, CPRIVATE and CSHARED.
    TB: UBCARLA, UBDAVID; channel CBGENERAL. The bots are U0BOTA and U0BOTB, in every channel but CPRIVATE.
    """
    staff = ["UAREP", "UAAGENT", "UAMANAGER", "UAADMIN"]
    return {
        "apps": [
            {
                "id": APP_ID,
                "name": app_name,
                "app_token": APP_TOKEN,
                "signing_secret": SIGNING_SECRET,
                "manifest": manifest or {},
            }
        ],
        "teams": [
            {
                "id": "TA",
                "name": "Northwind",
                "domain": "northwind",
                "users": [
                    person("A", "rep", "Rita Rep"),
                    person("A", "agent", "Anton Agent", tz="America/New_York"),
                    person("A", "manager", "Mara Manager", tz="Asia/Tokyo"),
                    person("A", "admin", "Ada Admin", is_admin=True, is_owner=True),
                    person("A", "guest", "Gustav Guest", is_restricted=True),
                ],
                "channels": [
                    {"id": "CGENERAL", "name": "general", "members": [*staff, "U0BOTA"]},
                    {"id": "CSUPPORT", "name": "support", "members": [*staff, "UAGUEST", "U0BOTA"]},
                    {"id": "CPRIVATE", "name": "leads", "kind": "private", "members": ["UAREP", "UAMANAGER"]},
                    {
                        "id": "CSHARED",
                        "name": "ext-globex",
                        "members": [*staff, "UBCARLA", "U0BOTA", "U0BOTB"],
                        "connected": ["TB"],
                    },
                ],
                "installs": [install("A")],
            },
            {
                "id": "TB",
                "name": "Globex",
                "domain": "globex",
                "users": [person("B", "carla", "Carla Customer"), person("B", "david", "David Customer")],
                "channels": [{"id": "CBGENERAL", "name": "general", "members": ["UBCARLA", "UBDAVID", "U0BOTB"]}],
                "installs": [install("B")],
            },
        ],
    }
