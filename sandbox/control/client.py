"""Drive a sandbox from Python: act as its people and look at what they see."""

import base64
import json
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

Json = dict[str, Any]

PATIENCE = 60.0
"""How many seconds what has to come is waited for: it comes late where many processes share two cores."""


class Refused(AssertionError):
    """Say why a person could not do that."""


@dataclass
class Reply:
    """Say what came back from an act: `text` as the person reads it, `errors` under a modal's fields."""

    ok: bool
    error: str = ""
    text: str = ""
    ts: str = ""
    channel: str = ""
    errors: dict[str, str] = field(default_factory=dict)
    answer: Any = None
    options: list[str] = field(default_factory=list)
    raw: Json = field(default_factory=dict)


def upload(name: str, content: bytes) -> Json:
    """Return a file as a field for files takes it from a person."""
    return {"name": name, "content": base64.b64encode(content).decode()}


class Control:
    """Speak with the control API of a sandbox at `url`, in this process or another."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")

    def person(self, user_id: str) -> "Person":
        """Return someone to act as."""
        return Person(self, user_id)

    def get(self, path: str, **query: Any) -> Json:
        """Read from the control API."""
        asked = urlencode({key: value for key, value in query.items() if value is not None})
        return self._exchange(urllib.request.Request(f"{self.url}/control/{path}?{asked}"))  # noqa: S310  (always http)

    def post(self, path: str, **body: Any) -> Json:
        """Change something through the control API."""
        request = urllib.request.Request(  # noqa: S310  (always http)
            f"{self.url}/control/{path}", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        return self._exchange(request)

    def app(self, app_id: str, **fields: Any) -> Json:
        """Set an app's `request_url` (empty: Socket Mode) or `manifest`."""
        return self.admin("app", app_id=app_id, **fields)

    def admin(self, verb: str, **args: Any) -> Json:
        """Do what no person could: see `sandbox.control.admin`."""
        return self.post(f"admin/{verb}", **args)

    def fault(self, kind: str, **how: Any) -> None:
        """Script a fault; see `sandbox.world.faults.Fault`."""
        self.post("faults", kind=kind, **how)

    def clear_faults(self) -> None:
        """Forget every fault."""
        request = urllib.request.Request(f"{self.url}/control/faults", method="DELETE")  # noqa: S310  (always http)
        self._exchange(request)

    def settings(self, **changed: Any) -> Json:
        """Change the switches of `sandbox.world.in_flight.Settings` and return them all."""
        found: Json = self.post("settings", **changed)["settings"]
        return found

    def advance(self, seconds: float) -> None:
        """Move the sandbox's clock, by which triggers, response urls and limits expire."""
        self.post("clock", advance=seconds)

    def calls(self, method: str | None = None, since: float = 0) -> list[Json]:
        """Return the logged Web API calls, oldest first: method, args without token, at, team, outcome, a post's ts."""
        found: list[Json] = self.get("calls", method=method, since=since)["calls"]
        return found

    def deliveries(self, kind: str | None = None, since: float = 0) -> list[Json]:
        """Return what was sent to apps (events_api, slash_commands, interactive) and how they answered."""
        found: list[Json] = self.get("deliveries", kind=kind, since=since)["deliveries"]
        return found

    def settles(self, within: float = PATIENCE) -> None:
        """Wait until every event is acknowledged; raises AssertionError when some are not."""
        deadline = time.monotonic() + within
        while pending := self.get("pending")["pending"]:
            left = deadline - time.monotonic()
            if left <= 0:
                raise AssertionError(f"{len(pending)} events are not acknowledged: {pending[:3]}")
            self.wait(self.version, min(left, 0.2))

    @property
    def version(self) -> int:
        """Return the version of the state."""
        return self.wait(-1, 0)

    def wait(self, since: int, seconds: float) -> int:
        """Return the version of the state once it is above `since`, or when the time is over."""
        return int(self.get("wait", since=since, seconds=seconds)["version"])

    def _exchange(self, request: urllib.request.Request) -> Json:
        try:
            with urllib.request.urlopen(request, timeout=90) as response:  # noqa: S310  (always http)
                answer: Json = json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                detail = error.read().decode()
            try:
                why = json.loads(detail).get("why") or detail
            except ValueError:
                why = detail
            raise Refused(why) from None
        return answer


class Person:
    """Act as one person of the sandbox; what is not there yet is waited for up to `within` seconds."""

    def __init__(self, control: Control, user_id: str) -> None:
        self.control = control
        self.id = user_id
        self.channel: str | None = None

    def types(
        self, text: str, channel: str | None = None, thread: str | None = None, escape: bool | None = None
    ) -> Reply:
        """Write a message or, when it starts with a slash, run a command."""
        return self._act("types", text=text, channel=channel or self.channel, thread=thread, escape=escape)

    def posts(self, text: str, channel: str | None = None, thread: str | None = None, raw: bool = False) -> Reply:
        """Write a message; `raw` sends the text as Slack's markup."""
        return self._act("posts", text=text, channel=channel or self.channel, thread=thread, raw=raw)

    def sends(self, name: str, content: bytes, channel: str | None = None, text: str = "") -> Reply:
        """Send a file."""
        return self._act("sends", **upload(name, content), text=text, channel=channel or self.channel)

    def clicks(self, target: str, value: Any = None, within: float = PATIENCE, **where: str | None) -> Reply:
        """Press what says `target` (or has that action id); `message=`, `channel=`, `view="home"` narrow it."""
        return self._act("clicks", target=target, value=value, within=within, **where)

    def selects(self, target: str, value: Any, within: float = PATIENCE, **where: str | None) -> Reply:
        """Choose a value in a menu or picker."""
        return self._act("selects", target=target, value=value, within=within, **where)

    def forges(self, action_id: str, value: str, message: str, channel: str | None = None) -> Reply:
        """Press a control that nobody was shown, on a message of the app that one sees."""
        return self._act("forges", action_id=action_id, value=value, message=message, channel=channel or self.channel)

    def types_option(self, target: str, text: str, within: float = PATIENCE, **where: str | None) -> Reply:
        """Type into an external select; `options` are what it offers."""
        return self._act("types_option", target=target, text=text, within=within, **where)

    def fills(self, values: dict[str, Any] | None = None, /, within: float = PATIENCE, **named: Any) -> Reply:
        """Fill fields of the open modal by label, block id or action id."""
        return self._act("fills", values=(values or {}) | named, within=within)

    def submits(self, values: dict[str, Any] | None = None, /, within: float = PATIENCE, **named: Any) -> Reply:
        """Fill and submit the open modal."""
        return self._act("submits", values=(values or {}) | named, within=within)

    def closes(self, all: bool = False, within: float = PATIENCE) -> Reply:
        """Close the open modal."""
        return self._act("closes", all=all, within=within)

    def opens_home(self, tab: str = "home") -> Reply:
        """Open the App Home."""
        return self._act("opens_home", tab=tab)

    def shortcut(self, callback_id: str, message: str | None = None, channel: str | None = None) -> Reply:
        """Run a shortcut, on a message when one is named."""
        return self._act("shortcut", callback_id=callback_id, message=message, channel=channel)

    def reacts(self, name: str, message: str, channel: str | None = None, remove: bool = False) -> Reply:
        """React to a message."""
        return self._act("reacts", name=name, message=message, channel=channel, remove=remove)

    def edits(self, message: str, text: str, channel: str | None = None) -> Reply:
        """Change one's own message."""
        return self._act("edits", message=message, text=text, channel=channel)

    def deletes(self, message: str, channel: str | None = None) -> Reply:
        """Delete one's own message."""
        return self._act("deletes", message=message, channel=channel)

    def joins(self, channel: str) -> Reply:
        """Join a public channel."""
        return self._act("joins", channel=channel)

    def invites(self, user: str, channel: str) -> Reply:
        """Invite someone to a channel."""
        return self._act("invites", user=user, channel=channel)

    @property
    def modal(self) -> Json | None:
        """Return the modal in front as `{view, values, errors, notice, depth}`, None when none is open."""
        found: Json | None = self.control.get("modal", **{"as": self.id})["modal"]
        return found

    @property
    def home(self) -> Json | None:
        """Return the App Home as `{view, values, ...}`, None before it was published."""
        found: Json | None = self.control.get("home", **{"as": self.id})["home"]
        return found

    def messages(self, channel: str | None = None) -> list[Json]:
        """Return the messages this person sees in a channel, oldest first, ephemerals marked."""
        found: list[Json] = self.control.get("messages", **{"as": self.id}, channel=channel or self.channel)["messages"]
        return found

    def texts(self, channel: str | None = None) -> list[str]:
        """Return every text this person sees now."""
        return [one["text"] for one in self._sight(channel)[1]]

    def sees(self, text: str, channel: str | None = None, within: float = PATIENCE) -> str:
        """Return the first thing seen with that text in it, waiting for it; raises AssertionError without."""
        deadline = time.monotonic() + within
        while True:
            version, seen = self._sight(channel)
            found = next((one for one in seen if _holds(one, text)), None)
            if found is not None:
                return str(found["text"])
            left = deadline - time.monotonic()
            if left <= 0:
                shown = "\n---\n".join(one["text"] for one in seen[-8:])
                raise AssertionError(f"{self.id} does not see {text!r} within {within} s; the last seen:\n{shown}")
            self.control.wait(version, left)

    def does_not_see(self, text: str, channel: str | None = None, within: float = 0.3) -> None:
        """Raise AssertionError if that text is seen now or comes within the time."""
        deadline = time.monotonic() + within
        while True:
            version, seen = self._sight(channel)
            found = next((one for one in seen if _holds(one, text)), None)
            if found is not None:
                raise AssertionError(f"{self.id} sees {text!r}:\n{found['text']}")
            left = deadline - time.monotonic()
            if left <= 0:
                return
            self.control.wait(version, left)

    def _sight(self, channel: str | None) -> tuple[int, list[Json]]:
        answer = self.control.get("sight", **{"as": self.id}, channel=channel)
        return int(answer["version"]), list(answer["seen"])

    def _act(self, verb: str, **args: Any) -> Reply:
        given = {key: value for key, value in args.items() if value is not None}
        raw = self.control.post(f"act/{verb}", **{"as": self.id}, **given)
        return Reply(
            ok=bool(raw["ok"]),
            error=str(raw.get("error", "")),
            text=str(raw.get("text", "")),
            ts=str(raw.get("ts", "")),
            channel=str(raw.get("channel", "")),
            errors=dict(raw.get("errors") or {}),
            answer=raw.get("answer"),
            options=[str(option["text"]["text"]) for option in raw.get("options") or []],
            raw=raw,
        )


def _holds(seen: Json, text: str) -> bool:
    """Say whether a text is there, as read, as written in markup, or with the markup's signs left out."""
    wanted = " ".join(text.split())
    plain = str.maketrans("", "", "*_~`")
    shown = (str(seen["text"]), str(seen["raw"]), str(seen["text"]).translate(plain))
    return any(wanted in " ".join(one.split()) for one in shown)
