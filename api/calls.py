"""Carry out what a program asks for: find its key, open the transaction, run, tell the listeners, commit, answer.

Nothing else begins or ends a transaction for a program, whether it came by REST or MCP. A request that carries an
idempotency key has its effect once: its change set is unique by it, and a second such request gets the first one's
answer.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from api.lent import Bot
from api.limits import PER_MINUTE, Limits
from api.problems import Answer, HttpProblem, problem_of
from storage.database.engine import EVERY_WORKSPACE, CommitUnknown, Database, learned
from storage.names import short
from storage.records import history, schema
from storage.records.declaration import Declaration
from storage.workspace import api_keys
from storage.workspace.api_keys import ApiKey, Verb
from storage.workspace.members import Member, Role
from storage.workspace.workspaces import Workspace

log = logging.getLogger(__name__)

STATEMENT_MS = 20_000
LOOK_FOR_S = 3.0
"""For how long to look for a request whose COMMIT got no answer."""
MOST_KNOWN = 10_000
SEEN_EVERY_S = 60.0

_BEARER = re.compile(r"Bearer +([\x21-\x7e]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Identity:
    """Name a key without saying whether it is good."""

    workspace_id: str
    key_id: int


@dataclass(frozen=True, slots=True)
class Caller:
    """Hold who acts: a key, the member it acts as, if any, and where."""

    key: ApiKey
    member: Member | None
    workspace: Workspace
    now: datetime

    @property
    def owner_id(self) -> str | None:
        """Return whose a record is that the key adds."""
        return self.member.id if self.member else None

    @property
    def roles(self) -> Collection[Role]:
        """Return the roles that the key may act in now."""
        return api_keys.roles(self.key, self.member)

    def acts_in(self, role: Role) -> bool:
        """Tell whether the key may act in a role now."""
        return self.key.acts_in(role, self.member)


@dataclass(frozen=True, slots=True)
class Work:
    """Hold the open transaction of one request, and who made it."""

    session: Session
    caller: Caller
    nouns: Mapping[str, Declaration]
    bot: Bot

    def noun(self, key: str, verb: Verb) -> Declaration:
        """Return a noun if the key may do this with its records; raise HttpProblem where not."""
        declaration = self.nouns.get(key)
        if declaration is None:
            raise HttpProblem("not-found", f"There is no noun {short(key, 60)}.", nouns=sorted(self.nouns))
        self.check(declaration, verb)
        return declaration

    def check(self, declaration: Declaration, verb: Verb) -> None:
        """Raise HttpProblem unless the key may do this: by its scopes, and by the role it acts in."""
        if not self.caller.key.allows(declaration.key, verb):
            raise HttpProblem("forbidden", f"This key may not {declaration.key}:{verb}.")
        role = Role.VIEWER if verb is Verb.READ else declaration.change
        if not self.caller.acts_in(role):
            raise HttpProblem("forbidden", f"This needs the role {role}.")

    def may(self, key: str, verb: Verb) -> bool:
        """Tell whether the key may do this with the records of a noun."""
        try:
            self.noun(key, verb)
        except HttpProblem:
            return False
        return True


Run = Callable[[Work], Answer]
Acting = tuple[ApiKey, Workspace, Member | None]


@dataclass(frozen=True, slots=True)
class Once:
    """Hold the idempotency key of a request, and what tells it from another request with the same."""

    key: str
    print: str


class Calls:
    """Carry out calls, of each key at most `per_minute`; `now` is a clock for tests."""

    def __init__(
        self,
        database: Database,
        bot: Bot,
        *,
        per_minute: int = PER_MINUTE,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.limits = Limits(per_minute)
        self.bot = bot
        self._database = database
        self._now = now
        self._known: dict[str, Identity] = {}
        self._acting: dict[Identity, tuple[str, Acting]] = {}

    def known(self, authorization: str) -> Identity | None:
        """Return whose the key of an Authorization header is, as far as that is known without asking the database."""
        bearer = _BEARER.fullmatch(authorization.strip())
        return self._known.get(api_keys.hashed(bearer[1])) if bearer else None

    def identify(self, authorization: str) -> Identity:
        """Return whose the key of an Authorization header is; raise HttpProblem where there is none."""
        bearer = _BEARER.fullmatch(authorization.strip())
        if bearer is None:
            raise unauthenticated("Send the key as `Authorization: Bearer ...`.")
        known = self._known.get(api_keys.hashed(bearer[1]))
        if known is not None:
            return known
        with self._database.transaction(EVERY_WORKSPACE, statement_timeout_ms=STATEMENT_MS) as session:
            found = api_keys.find(session, bearer[1])
        if found is None:
            raise unauthenticated("There is no such key.")
        if len(self._known) >= MOST_KNOWN:
            self._known.clear()
        return self._known.setdefault(api_keys.hashed(bearer[1]), Identity(*found))

    def admit(self, who: Identity) -> None:
        """Raise HttpProblem where a key has made too many requests."""
        if seconds := self.limits.wait(who):
            detail = f"A key may make {self.limits.per_minute} requests a minute."
            raise HttpProblem("too-many", detail, headers={"retry-after": str(seconds)})

    def perform(self, who: Identity, run: Run, *, doing: str, once: Once | None = None) -> Answer:
        """Run a call in one transaction and return its answer; never raises.

        `doing` says in the history from where: a word and the noun.
        """
        try:
            return self._run_once(who, run, doing, once)
        except Exception as exc:
            try:
                if once is not None and history.is_repeat(exc) and (earlier := self._earlier(who, once)):
                    return earlier
                return problem_of(exc, doing).answer()
            except Exception as second:
                return problem_of(second, doing).answer()

    def _run_once(self, who: Identity, run: Run, doing: str, once: Once | None) -> Answer:
        try:
            return self._run(who, run, doing, once)
        except CommitUnknown:
            log.warning("the answer to a COMMIT was lost: %s", doing)
            if once is None:
                raise
        deadline = time.monotonic() + LOOK_FOR_S
        while True:
            try:
                # With the same key: of the two only one can have its effect.
                return self._earlier(who, once) or self._run(who, run, doing, once)
            except CommitUnknown:
                raise
            except Exception:
                if time.monotonic() > deadline:
                    raise CommitUnknown from None
                time.sleep(LOOK_FOR_S / 10)

    def _run(self, who: Identity, run: Run, doing: str, once: Once | None) -> Answer:
        standing = api_keys.standing(who.workspace_id, who.key_id)
        with self._database.transaction(
            who.workspace_id, statement_timeout_ms=STATEMENT_MS, learning=standing
        ) as session:
            caller = self._caller(session, who)
            schema.see_as(session, caller.roles)
            if once is not None and (earlier := _kept(session, caller.key, once)):
                return earlier
            with history.recording(
                session,
                actor_id=caller.key.actor_id,
                source=f"api.{doing}",
                request_key=_request_key(caller.key, once) if once else None,
            ):
                work = Work(session, caller, self.bot.nouns(session), self.bot)
                answer = run(work)
                self.bot.tell(session, caller)
                session.flush()
                if once is not None:
                    history.save_answer(session, _dump(answer, once))
        return answer

    def _caller(self, session: Session, who: Identity) -> Caller:
        now = self._now()
        acting = self._who_acts(session, who)
        if acting is None or not acting[0].is_good(now):
            raise unauthenticated("This key has expired or was revoked.")
        key, workspace, member = acting
        if key.member_id and (member is None or not member.is_ours):
            raise unauthenticated("This key acts as somebody who is not on the team any more.")
        if key.last_used_at is None or (now - key.last_used_at).total_seconds() > SEEN_EVERY_S:
            api_keys.used(session, key)
        return Caller(key, member, workspace, now)

    def _who_acts(self, session: Session, who: Identity) -> Acting | None:
        """Return the key with its workspace and member: as they were read before, unless any of them has changed."""
        standing = learned(session)
        known = self._acting.get(who)
        if known is not None and known[0] == standing:
            return known[1]
        acting = api_keys.acting(session, who.key_id)
        if acting is not None and standing:
            if len(self._acting) >= MOST_KNOWN:
                self._acting.clear()
            for row in acting:
                if row is not None:
                    session.expunge(row)  # as a rollback of this transaction would empty it
            self._acting[who] = (standing, acting)
        return acting

    def _earlier(self, who: Identity, once: Once) -> Answer | None:
        with self._database.transaction(who.workspace_id, statement_timeout_ms=2_000) as session:
            return _kept(session, self._caller(session, who).key, once)


def unauthenticated(detail: str) -> HttpProblem:
    """Return the problem of a request without a good key."""
    return HttpProblem("unauthenticated", detail, headers={"www-authenticate": 'Bearer realm="rapport"'})


def _request_key(key: ApiKey, once: Once) -> str:
    return f"api|{key.id}|{once.key}"


def _dump(answer: Answer, once: Once) -> dict[str, Any]:
    return {
        "kind": "api",
        "print": once.print,
        "status": answer.status,
        "body": answer.body,
        "headers": dict(answer.headers),
    }


def _kept(session: Session, key: ApiKey, once: Once) -> Answer | None:
    """Return what was answered to an earlier request; raise HttpProblem where that was another one, or long ago."""
    change_set = history.find_request(session, _request_key(key, once))
    if change_set is None:
        return None
    kept = change_set.answer
    if kept is None:
        raise HttpProblem("conflict", "This Idempotency-Key was used long ago.")
    if kept["print"] != once.print:
        raise HttpProblem(
            "invalid",
            "This Idempotency-Key was used for another request.",
            errors=[("Idempotency-Key", "It was used for another request.")],
        )
    return Answer(kept["status"], kept["body"], {**kept["headers"], "idempotent-replayed": "true"})
