"""Run one handler: find who acts, open the transaction, call, commit, and turn the outcome into an answer.

Nothing else begins or ends a transaction for a request, and no call to Slack happens inside one. A request's effect
happens once: its change set carries the request's key, and a second request with that key repeats the first one's
answer.
"""

from __future__ import annotations

import inspect
import logging
import secrets
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot.i18n import _, speak
from bot.kit import blocks as b
from bot.kit import format
from bot.kit.block_json import to_json
from bot.kit.cards import SECTIONS
from bot.kit.replies import Instead, Message
from bot.plugin import Handler, Slack, View
from bot.registry import Registry
from bot.requests import routing
from bot.requests.actors import KnownActor, People
from bot.requests.answer import Answer, ErrorsAnswer, blocks_of, dump, load
from bot.requests.answers import answer, failure, in_place, sentence, unsaved
from bot.requests.audience import readers
from bot.requests.failures import Failures, again_apart, because
from bot.requests.offers import Typed, offered
from bot.requests.request import Request, RequestKind, mentioned
from bot.requests.routing import Call, Misused
from storage import events
from storage.database.engine import CommitUnknown, Database
from storage.database.outages import outage
from storage.errors import CrmError, Refused, sqlstate, translate
from storage.records import history, schema
from storage.records.named import Named
from storage.records.schema import Schema
from storage.webhooks.addresses import Allowed
from storage.workspace.workspaces import Workspace

if TYPE_CHECKING:
    from bot.learning.models import WorkspaceModel

log = logging.getLogger(__name__)
QUERY_CANCELED = "57014"
BeforeCommit = Callable[[Session], None]
Find = Callable[[Registry], Call]

LOOK_FOR_S = 3.0
"""For how long to look for a request whose COMMIT got no answer: a database that restarts is back by then."""
LOOK_EVERY_S = 0.25
STATEMENT_MS = 55_000
"""A request's longest statement: a little less than the lease after which a worker would take the request over."""
REPEATABLE = frozenset({RequestKind.ACTION, RequestKind.VIEW})
"""Kinds that people send twice with one key, and whose second run might not notice the first."""


class NotKnown(Exception):
    """The database cannot say whether a request has had its effect."""


@dataclass(frozen=True, slots=True)
class Deferred:
    """Hold a value that is made, or waited for, from the open transaction, only for a handler that names it."""

    make: Callable[[Session], Any]


class Runtime:
    """Run handlers for people's requests; `slack_for` gives the narrow client that `before` functions may use."""

    def __init__(
        self,
        database: Database,
        registry: Registry,
        people: People,
        slack_for: Callable[[str], Slack],
        *,
        model: Callable[[Session], WorkspaceModel] | None = None,
        failures: Failures | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.database = database
        self.registry = registry
        self.people = people
        self.slack_for = slack_for
        self.model = model
        self.failures = failures or Failures(registry)
        self.now = now
        self.inside = Allowed()

    def perform(self, request: Request, *, before_commit: BeforeCommit | None = None, filling: bool = False) -> Answer:
        """Run a request's handler and return its answer; never raises.

        `before_commit` runs in the same transaction, for what has to be stored with the effect. `filling` asks for the
        modal that the request opens, not for its submission.
        """
        call: Call | None = None
        speak(None)
        try:
            known = self.people.find(request.workspace_id, request.user_id)
            speak(known.member.locale)
            find = partial(routing.find, request=request, known=known, now=self.now(), filling=filling)
            call, known = self._found(request, known, find)
            return self._run_once(request, call, known, before_commit, find)
        except Exception as exc:
            try:
                return self._failed(request, exc, call)
            except Exception:
                log.exception("the failure of %s could not be explained", request.name)
                return sentence(_("Something went wrong on our side. Please look at the record before you repeat it."))

    def _found(self, request: Request, known: KnownActor, find: Find) -> tuple[Call, KnownActor]:
        """Return what is to be run, and who acts; where there is no such thing, look whether there is by now."""
        try:
            return self._read(request, known, known.schema, find), known
        except (CrmError, Misused):
            self.people.forget(request.workspace_id, request.user_id)
            fresh = self.people.find(request.workspace_id, request.user_id)
            if fresh.schema.version == known.schema.version:
                raise
            return self._read(request, fresh, fresh.schema, find), fresh

    def _read(self, request: Request, known: KnownActor, whole: Schema, find: Find) -> Call:
        """Return what is to be run, read by what whoever will see the answer may see of the workspace's schema."""
        call = find(self.registry.within(whole.seen_in(readers(request, known))))
        if not call.share:
            return call
        own, call = call, find(self.registry.within(whole.seen_in(schema.CHANNEL)))
        if named := own.given["args"].values.keys() - call.given["args"].values.keys():
            raise Refused(
                "{name} is not for everybody, so it is not shown to a channel.",
                name=", ".join(sorted(named)),
                hint="Leave `share` out.",
            )
        return call

    def opens(self, request: Request) -> View | None:
        """Return the modal that a request opens, known without a database."""
        known = self.people.remembered(request.workspace_id, request.user_id)
        return routing.opens(self.registry.within(known.schema) if known else self.registry, request)

    def _run_once(
        self, request: Request, call: Call, known: KnownActor, before_commit: BeforeCommit | None, find: Find
    ) -> Answer:
        """Run a call; where the answer to its COMMIT was lost, look whether it was carried out, and else run it again.

        The second run has the same key, so of the two only one can have its effect, even if the first is still on its
        way.
        """
        run = partial(self._run, request, call, known, before_commit, find)
        try:
            return again_apart(run)
        except CommitUnknown:
            log.warning("the answer to a COMMIT was lost: %s", request.name)
        try:
            return self._look_patiently(request) or again_apart(run)
        except (CommitUnknown, NotKnown):
            text = _("I could not confirm this; look at the record before you repeat it.")
            return replace(sentence(text), in_doubt=True)

    def _look_patiently(self, request: Request) -> Answer | None:
        deadline = time.monotonic() + LOOK_FOR_S
        while True:
            try:
                return self.repeated(request)
            except NotKnown:
                if not request.key or time.monotonic() > deadline:
                    raise
                time.sleep(LOOK_EVERY_S)

    def _run(
        self,
        request: Request,
        call: Call,
        known: KnownActor,
        before_commit: BeforeCommit | None,
        find: Find,
        apart: bool = False,
    ) -> Answer:
        _check_role(call, known)
        given = {**self.given(known), "place": request.place, **call.given}
        for user_id in mentioned(request):
            # Whoever is named is known to the handler; of somebody Slack does not know it says so itself.
            with suppress(CrmError):
                self.people.find(request.workspace_id, user_id)
        if call.before:
            given["slack"] = self.slack_for(request.workspace_id)
            given["found"] = call_with(call.before, given)
        with (
            self.database.transaction(request.workspace_id, statement_timeout_ms=STATEMENT_MS) as session,
            history.recording(session, actor_id=request.user_id, request_key=request.key, source=call.source) as record,
        ):
            if request.kind in REPEATABLE and (earlier := _earlier(session, request)):
                return earlier
            given["session"] = session
            schema.see_as(session, schema.CHANNEL if call.share else readers(request, known))
            session.info[SECTIONS] = partial(self._sections, given, apart)
            registry = self.registry.within(schema.of(session))
            if schema.of(session).version != known.schema.version:
                # Somebody has changed what the workspace made its own since it was last read: what was asked is read
                # anew, by what is in force.
                self.people.forget(request.workspace_id)
                call = self._read(request, known, schema.whole(session), find)
                _check_role(call, known)
                given |= call.given
            reply = call_with(call.handler, given)
            view = call.view
            if isinstance(reply, Instead):
                call = routing.command_call(registry, Typed(reply.words, reply.rest), known, self.now())
                _check_role(call, known)
                reply = in_place(reply, call_with(call.handler, {**given, **call.given}), view)
            self.tell_listeners(session, given)
            if isinstance(reply, Message) and call.share and not reply.once:
                reply = replace(reply, share=True)
            if isinstance(reply, Message) and call.replaces:
                reply = replace(reply, replace=True)
            said = answer(reply, request, view)
            routing.check_controls(registry, blocks_of(said))
            session.flush()
            if record.change_set_id is not None:
                kept = sentence(_("This was shown once.")) if isinstance(reply, Message) and reply.once else said
                history.save_answer(session, dump(kept))
            if before_commit and not isinstance(said, ErrorsAnswer):
                before_commit(session)
        return said

    def given(self, known: KnownActor | None, workspace: Workspace | None = None) -> dict[str, Any]:
        """Return what every handler may ask for; `workspace` is where it is called, if not as it is `known`."""
        now = self.now()
        workspace = workspace or (known.workspace if known else None)
        return {
            "actor": known.member if known else None,
            "reader": format.reader(known.member if known else None, workspace, now) if workspace else None,
            "workspace": workspace,
            "now": now,
            "inside": self.inside,
            "model": Deferred(self.model) if self.model else None,
            "catalogue": Deferred(lambda session: self.registry.within(schema.of(session))),
        }

    def _sections(self, given: Mapping[str, Any], apart: bool, record: Named) -> list[Block]:
        """Draw what plugins add to a record's card."""
        blocks: list[Block] = []
        for section in self.registry.card_sections(record.__noun__):
            draw = partial(self._part, section.handler, {**given, "record": record})
            if drawn := self.failures.draw(section.handler, draw, given["session"], apart=apart):
                blocks += [b.section(b.markup("*{title}*", title=_(section.title))), *drawn]
        return blocks

    def _part(self, handler: Handler, given: Mapping[str, Any]) -> list[Block]:
        routing.check_controls(self.registry, map(to_json, drawn := list(call_with(handler, given) or ())))
        return drawn

    def tell_listeners(self, session: Session, given: Mapping[str, Any]) -> None:
        """Call the listeners of every domain event of this transaction, and of those that listeners cause.

        One of an optional plugin that raises is undone and costs only its own call.
        """
        session.flush()  # what is said of a change is said as it is written
        while facts := events.drain(session):
            for fact in facts:
                for listener in self.registry.listeners(fact):
                    told = partial(call_with, listener.handler, {**given, "fact": fact, "session": session})
                    self.failures.contain(listener.handler, told, session)

    def _failed(self, request: Request, exc: Exception, call: Call | None) -> Answer:
        with suppress(NotKnown):
            if not isinstance(exc, Misused) and (earlier := self.repeated(request)):
                return earlier
        if sqlstate(exc) == QUERY_CANCELED:
            log.warning("a statement of %s took too long", request.name)
            return unsaved(_("This took too long and nothing was saved. Please try again in a minute."), request)
        if (kind := outage(exc)) and translate(exc) is None:
            log.warning("%s was not carried out: %s", request.name, type(exc).__name__, extra={"cause": exc})
            return unsaved(because(kind), request)
        usage = call.usage if call else ""
        if isinstance(exc, Misused):
            usage, exc = exc.usage, exc.error
        known = translate(exc)
        if known is not None and call and call.unknown:
            known = routing.or_unknown(known, call.unknown)
        if known is not None:
            offers = offered(known, call.typed, call.given["args"]) if call and call.typed else []
            return failure(known, request, usage if known.kind == "invalid" else "", offers)
        if history.is_repeat(exc):
            # What was answered is not kept for ever.
            return sentence(_("You have done this before. Look at the record to see how it stands now."))
        number = secrets.token_hex(4)
        log.error("reference %s: %s %s failed", number, request.kind, request.name, exc_info=exc)
        if call:
            self.failures.count(call.handler)
        text = _(
            "Something went wrong on our side and nothing was saved. An admin can find it under reference {number}."
        )
        return unsaved(b.markup(text, number=number), request)

    def repeated(self, request: Request) -> Answer | None:
        """Return the answer of an earlier request with the same key, None if there was none; raise NotKnown."""
        if not request.key:
            raise NotKnown
        try:
            with self.database.transaction(request.workspace_id, statement_timeout_ms=2_000) as session:
                return _earlier(session, request)
        except Exception as exc:
            log.warning("could not look for %s: %s", request.name, type(exc).__name__, extra={"cause": exc})
            raise NotKnown from exc


def _earlier(session: Session, request: Request) -> Answer | None:
    stored = history.find_answer(session, request.key) if request.key else None
    return load(stored) if stored is not None else None


def _check_role(call: Call, known: KnownActor) -> None:
    if not call.outside and not known.member.has(call.role):
        raise Refused(
            "This needs the role {role}.", role=call.role.value, hint="An admin can give it to you with `/crm role`."
        )


def call_with(handler: Handler, given: Mapping[str, Any]) -> Any:
    """Call a function with those of the given values that it names."""
    wanted = {name: given.get(name) for name in _wants(handler)}
    return handler(**{name: v.make(given["session"]) if isinstance(v, Deferred) else v for name, v in wanted.items()})


@cache
def _wants(handler: Handler) -> tuple[str, ...]:
    return tuple(inspect.signature(handler).parameters)
