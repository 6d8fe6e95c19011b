"""Fill a workspace from JSON: apps, teams with people, channels and installations, and a first few messages.

    {"apps": [{"id": "A1", "name": "Rapport", "app_token": "xapp-1", "signing_secret": "s", "manifest": {...}}],
     "teams": [{"id": "T1", "name": "Acme", "domain": "acme",
                "users": [{"id": "U1", "name": "ada", "real_name": "Ada Byron", "is_admin": true}],
                "channels": [{"id": "C1", "name": "general", "members": ["U1"], "connected": ["T2"]}],
                "installs": [{"app_id": "A1", "bot_token": "xoxb-1", "bot_user_id": "UB1", "bot_id": "B1"}]}],
     "messages": [{"channel": "C1", "user": "U1", "text": "Good morning", "minutes_ago": 30, "key": "m1"},
                  {"channel": "C1", "user": "U1", "text": "a reply", "minutes_ago": 29, "thread": "m1"}]}

Seeded messages are history: nobody is told of them. Fields are those of the classes in `sandbox.world.workspace`.
"""

import json
import time
from pathlib import Path

from sandbox.content.messages import rich_text
from sandbox.world.markup import typed
from sandbox.world.workspace import App, Channel, Installation, Json, Message, Team, User, Workspace


def read_seed(path: Path) -> Json:
    """Return a seed file's content."""
    seed: Json = json.loads(path.read_text())
    return seed


def sow(workspace: Workspace, seed: Json) -> None:
    """Add what a seed describes; what has the same id is replaced."""
    for given in seed.get("apps", []):
        workspace.apps[given["id"]] = App(**given)
    for given in seed.get("teams", []):
        team = Team(given["id"], given["name"], given["domain"])
        workspace.teams[team.id] = team
        for user in given.get("users", []):
            workspace.users[user["id"]] = User(team_id=team.id, **user)
        for install in given.get("installs", []):
            _install(workspace, Installation(team_id=team.id, **install))
    for given in seed.get("teams", []):
        for channel in given.get("channels", []):
            made = Channel(team_id=given["id"], **channel)
            made.created = made.created or int(time.time())
            workspace.channels[made.id] = made
    _say(workspace, seed.get("messages", []))
    workspace.changes.bump()


def _install(workspace: Workspace, install: Installation) -> None:
    app = workspace.apps[install.app_id]
    workspace.users[install.bot_user_id] = User(
        install.bot_user_id,
        install.team_id,
        app.name.lower().replace(" ", "_"),
        real_name=app.name,
        is_bot=True,
        bot_id=install.bot_id,
        app_id=app.id,
    )
    others = [one for one in workspace.installations if one.bot_id != install.bot_id]
    workspace.installations = [*others, install]


def _say(workspace: Workspace, messages: list[Json]) -> None:
    said: dict[str, str] = {}
    now = time.time()
    for number, given in enumerate(messages):
        author = workspace.users[given["user"]]
        text = given.get("raw") or typed(workspace, author, given["text"])
        ts = f"{now - 60 * given.get('minutes_ago', 0):.0f}.{number:06d}"
        body: Json = {
            "type": "message",
            "user": author.id,
            "ts": ts,
            "text": text,
            "team": author.team_id,
            "blocks": [rich_text(text)],
        }
        if given.get("thread"):
            body["thread_ts"] = said[given["thread"]]
        said[given.get("key", ts)] = ts
        workspace.add(Message(given["channel"], ts, body))
    for channel in workspace.messages.values():
        channel.sort(key=lambda message: message.ts)
