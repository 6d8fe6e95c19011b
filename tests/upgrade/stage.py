"""Give what is recorded a sandbox, its people, and a bot that runs in one role after the other."""

from __future__ import annotations

import copy
import itertools
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sqlalchemy import text

from bot.app import Rapport
from bot.registry import Registry
from bot.requests.answer import Answer
from bot.requests.request import Request
from bot.requests.runtime import Runtime
from bot.settings import Settings
from bot.slack.manifest import manifest
from sandbox import sample_teams
from sandbox.control.client import Person, Reply
from sandbox.server import Sandbox
from sandbox.world.persistence import dump
from storage.database.engine import EVERY_WORKSPACE, Database
from tests.support.answers import errors_of, is_failure, text_of
from tests.support.waiting import until
from tests.upgrade import left
from tests.upgrade.left import ADMIN, Left

LOADING, SAVING = "One moment…", "Saving…"
PATIENCE_S = 60.0
_NUMBERS = itertools.count(1)
BUSY = text("""
    SELECT EXISTS (SELECT FROM inbox WHERE state IN ('pending', 'working') AND not_before <= now())
        OR EXISTS (SELECT FROM outbox WHERE state IN ('pending', 'sending') AND not_before <= now())
""")


class Stage:
    """Hold the sandbox, its people, and whichever process of the bot is running."""

    def __init__(self, url: str, data: Path, registry: Registry) -> None:
        self.url, self.registry = url, registry
        self.sandbox = Sandbox(seed=_seed(registry)).start()
        self.settings = Settings(
            bot_token="xoxb-a-sandbox",
            app_token=sample_teams.APP_TOKEN,
            api_url=f"{self.sandbox.url}/api/",
            data_dir=data,
            port=0,
            probe_port=0,
            slack_pace=100,
        )
        world = self.sandbox.core.world.settings
        world.answer_seconds = world.trigger_seconds = PATIENCE_S
        self.database = Database(url, pool_size=2)
        self.admin = self.sandbox.person(ADMIN)
        self.admin.channel = "CGENERAL"
        self.modals: list[dict[str, Any]] = []
        self.refused: list[str] = []
        self.bot: Rapport

    @contextmanager
    def runs(self, role: str) -> Iterator[Rapport]:
        """Run the bot for as long as the block lasts."""
        self.bot = Rapport(self.settings, self.url, role=role, registry=self.registry)
        self.bot.dispatcher.patience, self.bot.dispatcher.deadline = PATIENCE_S / 2, PATIENCE_S
        self._watch(self.bot.runtime)
        # Whether one is fitted meanwhile depends on the hour, and its weights are large.
        self.bot.learning.learn = lambda *_ids, **_how: None  # type: ignore[method-assign]  # nothing is learned
        self.bot.start()
        self.bot.wait_until_ready(PATIENCE_S)
        try:
            yield self.bot
        finally:
            self.bot.stop(10)

    def _watch(self, runtime: Runtime) -> None:
        """Remember what was refused."""
        perform = runtime.perform

        def watched(request: Request, **how: Any) -> Answer:
            answer = perform(request, **how)
            if is_failure(answer):
                self.refused.append(f"{request.name} {request.text}: {text_of(answer)} {errors_of(answer)}")
            return answer

        runtime.perform = watched  # type: ignore[method-assign]  # for a while

    @contextmanager
    def slow(self) -> Iterator[None]:
        """Have what is asked for meanwhile answered too late for its acknowledgement."""
        dispatcher, runtime = self.bot.dispatcher, self.bot.runtime
        patience, perform = dispatcher.patience, runtime.perform

        def late(request: Request, **how: Any) -> Answer:
            time.sleep(1)
            return perform(request, **how)

        dispatcher.patience, runtime.perform = 0.0, late  # type: ignore[method-assign]  # for a while
        yield
        dispatcher.patience, runtime.perform = patience, perform  # type: ignore[method-assign]  # for a while

    def types(self, line: str, who: Person | None = None) -> None:
        """Type a command that has to succeed."""
        person = who or self.admin
        said = person.types(line, channel=person.channel or "CGENERAL")
        assert said.ok and not self.refused, (line, said, self.refused)

    def opens(self, what: Callable[[], object]) -> dict[str, Any]:
        """Do what opens a form and return it once it is filled."""
        before = (self.admin.modal or {}).get("view", {}).get("id")

        def is_open() -> bool:
            shown = (self.admin.modal or {}).get("view", {})
            return shown.get("id") not in {None, before} and LOADING not in json.dumps(shown, ensure_ascii=False)

        what()
        until(is_open)
        return self.modal()

    def modal(self) -> dict[str, Any]:
        """Return the form in front as the sandbox keeps it."""
        return copy.deepcopy(vars(self.sandbox.core.world.workspace.modals[ADMIN][-1]))

    def keep(self, **entered: Any) -> None:
        """Keep the form in front as it is left, with what is entered in it."""
        self.fills(**entered)
        self.modals.append(self.modal())

    def fills(self, **entered: Any) -> None:
        """Enter something in every field that asks, and what is given in those."""
        view = self.sandbox.core.world.workspace.modals[ADMIN][-1]
        assert LOADING not in json.dumps(view.body), view
        for block in view.body["blocks"]:
            if block["type"] == "input":
                element, values = block["element"], view.values.setdefault(block["block_id"], {})
                wanted = entered.get(block["block_id"])
                values[element["action_id"]] = _entered(element, values.get(element["action_id"]), wanted)

    def submits(self, **entered: Any) -> Reply:
        """Fill in the form in front and submit it; wait until it is answered."""
        self.fills(**entered)
        return self.admin.submits()

    def turns(self, what: Callable[[], object]) -> None:
        """Do what turns the form in front into another, and wait until it is that."""
        before = self.modal()["body"]
        what()
        until(lambda: (now := self.modal()["body"]) != before and SAVING not in json.dumps(now, ensure_ascii=False))

    def left(self) -> Left:
        """Return what stands in Slack by now."""
        slack = json.loads(dump(self.sandbox.core.world))
        # Pictures are large, and addresses of answers are no longer good when they are used again.
        slack |= {"files": [one | {"content": ""} for one in slack["files"]], "responses": []}
        sent = [{"kind": kind, "body": _without_message(body)} for kind, body in self.sent()]
        return Left(
            version=version("rapport"),
            taken_at=datetime.now(UTC).isoformat(),
            slack=slack,
            modals=self.modals,
            requests=sent,
            declared=left.declared(self.registry),
            waiting=left.waiting(self.url),
            outcomes={},
        )

    def requests(self) -> list[Request]:
        """Return what people have asked for so far."""
        return [left.request_of(kind, body) for kind, body in self.sent()]

    def sent(self) -> list[tuple[str, dict[str, Any]]]:
        """Return what Slack has sent for people, by kind."""
        kinds = {"block_actions": "action", "view_submission": "view", "block_suggestion": "options"}
        found = []
        for one in self.sandbox.control.deliveries():
            if one["kind"] == "slash_commands":
                found.append(("command", one["payload"]))
            elif one["kind"] == "interactive" and one["payload"]["type"] in kinds:
                found.append((kinds[one["payload"]["type"]], one["payload"]))
        return found

    def settles(self) -> None:
        """Wait until everything that was said is handled and everything that is to be sent is sent."""
        self.sandbox.control.settles(PATIENCE_S)
        until(lambda: not self._busy())

    def _busy(self) -> bool:
        with self.database.transaction(EVERY_WORKSPACE) as session:
            return bool(session.scalar(BUSY))


def _without_message(body: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key != "message"}


def _entered(element: dict[str, Any], state: dict[str, Any] | None, wanted: Any) -> dict[str, Any]:
    """Return the state of a field in which something was entered."""
    kind, options = element["type"], element.get("options", [])
    if wanted is None and state and any(value for key, value in state.items() if key != "type"):
        return state
    chosen = [one for one in options if one["value"] == wanted]
    written = {"text": {"type": "plain_text", "text": str(wanted)}, "value": wanted}
    states: dict[str, dict[str, Any]] = {
        "plain_text_input": {"value": wanted or f"Something new {next(_NUMBERS)}"},
        "users_select": {"selected_user": wanted or ADMIN},
        "datepicker": {"selected_date": wanted or "2031-05-01"},
        "timepicker": {"selected_time": wanted or "09:00"},
        "channels_select": {"selected_channel": wanted},
        "checkboxes": {"selected_options": chosen},
        "external_select": {"selected_option": written if wanted else None},
        "static_select": {"selected_option": (chosen or options)[0]} if options else {},
    }
    return {"type": kind, **states[kind]}


def _seed(registry: Registry) -> dict[str, Any]:
    """Return two teams, of which only ours has the app, and the channels that are walked through."""
    seed = sample_teams.two_teams(manifest=manifest(registry, socket_mode=True))
    ours, theirs = seed["teams"]
    theirs.pop("installs")
    staff = ["UAREP", "UAAGENT", "UAMANAGER", ADMIN, "U0BOTA"]
    ours["channels"] += [
        {"id": "CHELP", "name": "help", "members": [*staff]},
        {"id": "CNEWS", "name": "news", "members": [*staff]},
        {"id": "CLATER", "name": "later", "members": [*staff]},
        {"id": "CACME", "name": "ext-acme", "members": [*staff, "UBDAVID"], "connected": ["TB"]},
    ]
    for channel in [*ours["channels"], *theirs["channels"]]:
        channel["members"] = [one for one in channel["members"] if one != "U0BOTB"]
    return seed
