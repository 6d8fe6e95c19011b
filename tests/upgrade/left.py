"""Read what a version left behind in people's Slack, and press every control of it as they would."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from bot.registry import Registry
from bot.requests.actors import People
from bot.requests.answer import dump
from bot.requests.request import Request, RequestKind, read
from bot.requests.runtime import Runtime
from bot.slack.clients import Installations, SlackDoor
from storage.database.engine import Database
from storage.records import history
from storage.support.sla import Rung
from tests.support.answers import is_failure
from tests.support.cluster import connect
from tests.support.small_model import small_models

FOLDER = Path(__file__).parent / "last_version"
DATABASE, SLACK = "database.backup", "slack.json.gz"
TEAM, ADMIN = "TA", "UAADMIN"
QUERIES = ("", "acme", "T-1")
"""What is typed into a menu that is searched."""


@dataclass(frozen=True)
class Left:
    """Hold what a version left outside the database.

    `slack` is the sandbox's state, `modals` what was open in it, `requests` what people had sent by kind and body.
    `declared` are the ids that the version knew, `waiting` how many rows of each kind it left in each queue, `outcomes`
    what each press did in that version.
    """

    version: str
    taken_at: str
    slack: dict[str, Any]
    modals: list[dict[str, Any]]
    requests: list[dict[str, Any]]
    declared: dict[str, list[str]]
    waiting: dict[str, dict[str, int]]
    outcomes: dict[str, str]

    @property
    def at(self) -> datetime:
        """Return when it was left."""
        return datetime.fromisoformat(self.taken_at)

    def write(self, path: Path) -> None:
        """Keep it in a file."""
        text = json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":"))
        path.write_bytes(gzip.compress(text.encode(), 9, mtime=0))

    @classmethod
    def read(cls, path: Path = FOLDER / SLACK) -> Left:
        """Read the file again."""
        return cls(**json.loads(gzip.decompress(path.read_bytes())))


def missing(found: Left) -> set[str]:
    """Return what a version could have left and has not."""
    known, kept = found.declared, found.waiting
    pressed = {press.action for press in presses(found)}
    wanted = {*known["actions"], *known["views"], *known["sources"]} - pressed
    wanted |= {one for one in known["renderers"] if not any(row.startswith(f"{one} ") for row in kept["outbox"])}
    wanted |= {*known["jobs"]} - {row.removeprefix("job:") for row in kept["due"]}
    wanted |= {*known["events"], "command", "action", "view"} - {*kept["inbox"]}
    wanted |= {"digest", "followup", *Rung} - {*kept["due"]}
    return wanted | ({"message", "none"} - {*kept["answers"]})


@dataclass(frozen=True)
class Press:
    """Hold one use of something that is on somebody's screen."""

    name: str
    kind: RequestKind
    body: Mapping[str, Any]

    @property
    def action(self) -> str:
        """Return the id that Slack sends back."""
        match self.kind:
            case RequestKind.VIEW:
                return str(self.body["view"]["callback_id"])
            case RequestKind.ACTION:
                return str(self.body["actions"][0]["action_id"])
            case _:
                return str(self.body["action_id"])


COUNTS = {
    "outbox": """
        SELECT concat_ws(' ', renderer, kind), count(*) FROM outbox WHERE state = 'pending' AND not_before <= now()
        GROUP BY 1 ORDER BY 1
    """,
    "due": "SELECT kind, count(*) FROM due WHERE at IS NOT NULL GROUP BY 1 ORDER BY 1",
    "inbox": "SELECT kind, count(*) FROM inbox WHERE state IN ('pending', 'working') GROUP BY 1 ORDER BY 1",
    "answers": "SELECT answer->>'kind', count(*) FROM change_answer GROUP BY 1 ORDER BY 1",
}


def waiting(admin_url: str) -> dict[str, dict[str, int]]:
    """Count what waits in each queue, by kind, and the answers that are kept to be repeated."""
    with closing(connect(admin_url)) as connection:
        return {name: dict(connection.execute(query.encode()).fetchall()) for name, query in COUNTS.items()}


def declared(registry: Registry) -> dict[str, list[str]]:
    """Return every id that may stand in Slack or in the database."""
    return {
        "actions": sorted(registry.actions),
        "views": sorted(registry.views),
        "sources": sorted(registry.sources),
        "shortcuts": sorted(registry.shortcuts),
        "commands": sorted(registry.commands),
        "renderers": sorted(registry.renderers),
        "jobs": sorted(registry.jobs),
        "events": sorted({one.type for plugin in registry.plugins.values() for one in plugin.events}),
    }


def presses(left: Left) -> Iterator[Press]:
    """Yield a use of every control: each button, each form as it was filled in, each menu, and each of its choices.

    What a menu offers in many messages is chosen in the newest, and its first entry in each.
    """
    chosen: set[str] = set()
    for modal in left.modals:
        yield from _in_view(modal, chosen)
        # A form that only shows has nothing to submit.
        if modal["body"].get("submit"):
            view = _state(modal)
            body = _sent("view_submission", modal["user_id"], {"view": view})
            yield Press(f"{view['id']} {view['callback_id']} submitted", RequestKind.VIEW, body)
    for home in left.slack["homes"].values():
        yield from _in_view(home, chosen)
    humans = {one["id"] for one in left.slack["users"] if not one["is_bot"]}
    channels = {one["id"]: one for one in left.slack["channels"]}
    for message in sorted(left.slack["messages"], key=lambda one: str(one["ts"]), reverse=True):
        channel = channels[message["channel"]]
        alone = humans & set(channel["members"]) if channel["kind"] == "im" else set()
        who = message["visible_to"] or next(iter(alone), ADMIN)
        container = {"type": "message", "message_ts": message["ts"], "channel_id": channel["id"]}
        container["is_ephemeral"] = bool(message["visible_to"])
        if message["body"].get("thread_ts"):
            container["thread_ts"] = message["body"]["thread_ts"]
        place = {"container": container, "channel": {"id": channel["id"]}}
        yield from _uses(f"{channel['id']}:{message['ts']}", who, message["body"].get("blocks", ()), place, chosen)


def _in_view(view: Mapping[str, Any], chosen: set[str]) -> Iterator[Press]:
    place = {"container": {"type": "view", "view_id": view["id"]}, "view": _state(view)}
    yield from _uses(view["id"], view["user_id"], view["body"]["blocks"], place, chosen)


def _state(view: Mapping[str, Any]) -> dict[str, Any]:
    return {**view["body"], "state": {"values": view["values"]}}


def _uses(where: str, who: str, blocks: Any, place: Mapping[str, Any], chosen: set[str]) -> Iterator[Press]:
    for block in blocks:
        for element in [*block.get("elements", ()), block.get("accessory"), block.get("element")]:
            if not isinstance(element, dict) or "action_id" not in element:
                continue
            ids = {"block_id": block.get("block_id", ""), "action_id": element["action_id"]}
            name = f"{where} {element['action_id']}"
            if element["type"] == "external_select":
                for query in QUERIES:
                    body = _sent("block_suggestion", who, {**place, **ids, "value": query})
                    yield Press(f"{name} {query!r}", RequestKind.OPTIONS, body)
            elif element["type"] == "button":
                action = {"type": "button", **ids, "value": element["value"]}
                body = _sent("block_actions", who, {**place, "actions": [action]})
                yield Press(f"{name} {element['value']}", RequestKind.ACTION, body)
            elif block["type"] != "input":
                for option in _choices(element, chosen):
                    action = {"type": element["type"], **ids, "selected_option": option}
                    body = _sent("block_actions", who, {**place, "actions": [action]})
                    yield Press(f"{name} {option['value']}", RequestKind.ACTION, body)


def _choices(element: Mapping[str, Any], chosen: set[str]) -> list[Any]:
    """Return a menu's first choice, and those that were chosen in no newer message."""
    details = {f"{element['action_id']} {option['value'].split(':', 2)[-1]}": option for option in element["options"]}
    new = [option for detail, option in details.items() if detail not in chosen]
    chosen.update(details)
    return new if element["options"][0] in new else [element["options"][0], *new]


def _sent(kind: str, who: str, more: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": kind, "user": {"id": who, "team_id": TEAM}, "team": {"id": TEAM}, "trigger_id": "late", **more}


class Undone(Database):
    """Undo every transaction at its end, so that each press meets what was left behind."""

    @contextmanager
    def transaction(
        self, workspace_id: str, *, statement_timeout_ms: int | None = None, learning: str = "NULL"
    ) -> Iterator[Session]:
        """Open a transaction of which nothing stays."""
        begun = super().transaction(workspace_id, statement_timeout_ms=statement_timeout_ms, learning=learning)
        with begun as session:
            yield session
            session.flush()
            # What was read is used afterwards too.
            session.expunge_all()
            session.rollback()


def runtime_at(left: Left, url: str, api_url: str, registry: Registry) -> Runtime:
    """Return what handles requests as it was at the moment when it was left; nothing that it does stays."""
    database = Undone(url, pool_size=2)
    installations = Installations(database, api_url=api_url, vault=None, token="xoxb-a-sandbox")
    installations.load()

    def slack_for(workspace_id: str) -> SlackDoor:
        return SlackDoor(installations.client(workspace_id))

    people = People(database, slack_for)
    return Runtime(database, registry, people, slack_for, model=small_models().of, now=lambda: left.at)


def outcomes(left: Left, runtime: Runtime) -> dict[str, str]:
    """Press everything, repeat what was asked for, and return what came of each, by where, id and more."""
    found = {press.name: outcome(runtime, read(press.kind, press.body, TEAM)) for press in presses(left)}
    for number, sent in enumerate(left.requests):
        request = request_of(sent["kind"], sent["body"])
        found[f"{number} {request.name} {request.text}"] = outcome(runtime, request)
    return found


def outcome(runtime: Runtime, request: Request) -> str:
    """Perform a request and say in a word what came of it: it was refused, it changed something, or it only showed."""
    wrote = []

    def before_commit(session: Session) -> None:
        wrote.append(bool(request.key) and history.find_request(session, request.key) is not None)

    filling = runtime.opens(request) is not None
    answer = runtime.perform(request, before_commit=before_commit, filling=filling)
    if "on our side" in json.dumps(dump(answer)):
        return "failed"
    if is_failure(answer):
        return "refused"
    return "changed" if wrote == [True] else "shown" if wrote else "repeated"


def request_of(kind: str, body: Mapping[str, Any]) -> Request:
    """Read what Slack sent."""
    return read(RequestKind(kind), body, TEAM)
