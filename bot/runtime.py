"""Run one handler: find who acts, open the transaction, call, commit, and turn the outcome into an answer.

Nothing else begins or ends a transaction for a request, and no call to Slack happens inside one. A request's effect
happens once: its change set carries the request's key, and a second request with that key repeats the first one's
answer.
"""

from __future__ import annotations

import inspect
import logging
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from bot import blocks as b
from bot.answers import Answer, answer, failure
from bot.grammar import Args, did_you_mean, parse
from bot.people import Known, People
from bot.plugin import Handler, Role, Slack, View, _, speak
from bot.registry import Registry
from bot.replies import Message
from bot.requests import Kind, Request, submitted
from storage import events, history
from storage.database import CommitUnknown, Database
from storage.errors import CrmError, NotFound, Refused, translate

if TYPE_CHECKING:
    from ml.classifier import MessageClassifier

log = logging.getLogger(__name__)
BeforeCommit = Callable[[Session], None]


@dataclass(frozen=True, slots=True)
class Call:
    """Hold what is to be run for a request: the handler, the role it asks for, and what it is given."""

    handler: Handler
    role: Role | None
    source: str
    before: Handler | None = None
    view: View | None = None
    given: Mapping[str, Any] = field(default_factory=dict)
    usage: str = ""
    share: bool = False


class Runtime:
    """Run handlers for people's requests; `slack_for` gives the narrow client that `before` functions may use."""

    def __init__(
        self,
        database: Database,
        registry: Registry,
        people: People,
        slack_for: Callable[[str], Slack],
        *,
        model: MessageClassifier | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.database = database
        self.registry = registry
        self.people = people
        self.slack_for = slack_for
        self.model = model
        self.now = now

    def perform(self, request: Request, *, before_commit: BeforeCommit | None = None, filling: bool = False) -> Answer:
        """Run a request's handler and return its answer; never raises.

        `before_commit` runs in the same transaction, for what has to be stored with the effect. `filling` asks for the
        modal that the request opens, not for its submission.
        """
        call: Call | None = None
        try:
            known = self.people.find(request.workspace_id, request.user_id)
            speak(known.member.locale)
            call = self.call(request, known, filling=filling)
            return self._run(request, call, known, before_commit)
        except CommitUnknown:
            return self._unconfirmed(request)
        except Exception as exc:
            try:
                return self._failed(request, exc, call)
            except Exception:
                log.exception("the failure of %s could not be explained", request.name)
                return _sentence(_("Something went wrong on our side. Please look at the record before you repeat it."))

    def opens(self, request: Request) -> View | None:
        """Return the modal that a request opens, known without a database."""
        match request.kind:
            case Kind.COMMAND:
                command, rest = self.registry.command(request.name, request.text)
                return command.opens if command and not rest else None
            case Kind.ACTION:
                action = self.registry.actions.get(request.name)
                return action.opens if action else None
            case Kind.SHORTCUT:
                shortcut = self.registry.shortcuts.get(request.name)
                return shortcut.opens if shortcut else None
            case _:
                return None

    def call(self, request: Request, known: Known, *, filling: bool = False) -> Call:
        """Find what a request asks for; raise CrmError with a sentence where there is no such thing."""
        view = self.opens(request)
        if filling and view:
            return Call(view.fill, view.role, view.id, view.before, view, self._view_given(request))
        match request.kind:
            case Kind.COMMAND:
                return self._command(request, known)
            case Kind.ACTION:
                action = self.registry.actions.get(request.name)
                if action is None or action.handler is None:
                    raise NotFound("This button is from an older version of Rapport.", hint="Ask for the card again.")
                given = {"control": request.control, "values": submitted(request.view), "state": request.origin.state}
                return Call(action.handler, action.role, request.name, action.before, given=given)
            case Kind.VIEW:
                declared = self.registry.views.get(request.name)
                if declared is None or declared.submitted is None:
                    raise NotFound("This form is from an older version of Rapport.", hint="Open it again.")
                return Call(
                    declared.submitted,
                    declared.role,
                    request.name,
                    declared.before,
                    declared,
                    self._view_given(request),
                )
            case Kind.OPTIONS:
                source = self.registry.sources.get(request.name)
                if source is None:
                    raise NotFound("This menu is from an older version of Rapport.")
                given = {"query": request.text, "state": request.origin.state, "values": submitted(request.view)}
                return Call(source.handler, source.role, request.name, given=given)
            case _:
                raise NotFound("Rapport does not know what {name} is.", name=request.name)

    @staticmethod
    def _view_given(request: Request) -> Mapping[str, Any]:
        return {"control": request.control, "values": submitted(request.view), "state": request.origin.state}

    def _command(self, request: Request, known: Known) -> Call:
        command, rest = self.registry.command(request.name, request.text)
        if command is None or command.handler is None:
            raise self._unknown_command(request, known)
        usage = self.registry.usages[command.words]
        try:
            args: Args = parse(rest, usage)
            share = args.flag("share")
        except CrmError as exc:
            raise _Usage(exc, usage.text(self.registry.spell(command.words))) from exc
        return Call(
            command.handler,
            command.role,
            f"/{command.words}",
            command.before,
            given={"args": args},
            usage=usage.text(self.registry.spell(command.words)),
            share=share,
        )

    def _unknown_command(self, request: Request, known: Known) -> CrmError:
        noun = request.name.removeprefix("/").removeprefix(self.registry.prefix)
        allowed = self.registry.allowed(known.member, None if noun == "crm" else noun)
        words = [c.words if noun == "crm" else c.words.removeprefix(noun).strip() for c in allowed]
        typed = " ".join(request.text.split()[:2]) or _("nothing")
        near = did_you_mean(typed, words) or did_you_mean(request.text.split()[0] if request.text else "", words)
        choices = ", ".join(w for w in words if w)
        if near:
            return NotFound(
                "I don't know “{word}”. Did you mean “{near}”?",
                word=typed,
                near=near,
                hint="Try: {all}.",
                all=choices,
            )
        return NotFound("I don't know “{word}”.", word=typed, hint="Try: {all}.", all=choices)

    def _run(self, request: Request, call: Call, known: Known, before_commit: BeforeCommit | None) -> Answer:
        if call.role and not known.member.has(call.role):
            raise _refused(call.role)
        place = request.place
        if call.share:
            place = replace(place, shared=self.people.shared(request.workspace_id, place.channel_id))
            request = replace(request, place=place)
        given = {**self.given(known), "place": place, **call.given}
        if call.before:
            given["slack"] = self.slack_for(request.workspace_id)
            given["found"] = call_with(call.before, given)
        with self.recorded(request.workspace_id, request.user_id, request.key, call.source) as session:
            given["session"] = session
            reply = call_with(call.handler, given)
            self.tell_listeners(session, given)
            if isinstance(reply, Message) and call.share:
                reply = replace(reply, share=True)
            said = answer(reply, request, call.view)
            session.flush()
            if history.current_change(session):
                history.save_answer(session, said.dump())
            if before_commit and said.kind != "errors":
                before_commit(session)
        return said

    def given(self, known: Known | None) -> dict[str, Any]:
        """Return what every handler may ask for."""
        return {
            "actor": known.member if known else None,
            "workspace": known.workspace if known else None,
            "now": self.now(),
            "model": self.model,
            "catalogue": self.registry,
        }

    @contextmanager
    def recorded(self, workspace_id: str, actor_id: str, key: str, source: str) -> Iterator[Session]:
        """Open a transaction whose changes are one change set under the request's key."""
        with (
            self.database.transaction(workspace_id) as session,
            history.recording(session, actor_id=actor_id, request_key=key, source=source),
        ):
            yield session

    def tell_listeners(self, session: Session, given: Mapping[str, Any]) -> None:
        """Call the listeners of every domain event of this transaction, and of those that listeners cause."""
        while facts := events.drain(session):
            for fact in facts:
                for listener in self.registry.listeners(fact):
                    call_with(listener.handler, {**given, "fact": fact, "session": session})

    def _failed(self, request: Request, exc: Exception, call: Call | None) -> Answer:
        if isinstance(exc, OperationalError | InterfaceError | PoolTimeout) and translate(exc) is None:
            log.warning("database unreachable for %s: %s", request.name, type(exc).__name__)
            return _sentence(_("I can't reach the database, so nothing was saved. Please try again in a minute."))
        repeated = self.repeated(request)
        if repeated:
            return repeated
        usage = call.usage if call else ""
        if isinstance(exc, _Usage):
            usage, exc = exc.usage, exc.error
        known = translate(exc)
        if known is not None:
            return failure(known, request, usage if known.kind == "invalid" else "")
        number = secrets.token_hex(4)
        log.error("reference %s: %s %s failed", number, request.kind, request.name, exc_info=exc)
        text = _(
            "Something went wrong on our side and nothing was saved. An admin can find it under reference {number}."
        )
        return _sentence(b.markup(text, number=number))

    def repeated(self, request: Request) -> Answer | None:
        """Return the answer of an earlier request with the same key, None where there was none."""
        if not request.key:
            return None
        try:
            with self.database.transaction(request.workspace_id) as session:
                stored = history.find_answer(session, request.key)
        except Exception as exc:
            log.warning("could not look for %s: %s", request.kind, type(exc).__name__)
            return None
        return Answer.load(stored) if stored is not None else None

    def _unconfirmed(self, request: Request) -> Answer:
        repeated = self.repeated(request)
        if repeated:
            return repeated
        text = _("I could not confirm this; look at the record before you repeat it.")
        return replace(_sentence(text), kind="message")


class _Usage(Exception):
    """Carry the usage line of the command whose arguments could not be read."""

    def __init__(self, error: CrmError, usage: str) -> None:
        super().__init__(str(error))
        self.error = error
        self.usage = usage


def _refused(role: Role) -> Refused:
    return Refused("This needs the role {role}.", role=role.value, hint="An admin can give it to you with `/crm role`.")


def _sentence(text: b.Text) -> Answer:
    return Answer("message", b.esc(text), b.render([b.section(text)]), failed=True)


def call_with(handler: Handler, given: Mapping[str, Any]) -> Any:
    """Call a function with those of the given values that it names."""
    return handler(**{name: given.get(name) for name in _wants(handler)})


@cache
def _wants(handler: Handler) -> tuple[str, ...]:
    return tuple(inspect.signature(handler).parameters)
