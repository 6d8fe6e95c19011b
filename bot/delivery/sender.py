"""Send what the outbox holds so that each message is seen once, through any crash, kill or time-out.

A delivery is claimed with a lease and a fence. Where an earlier attempt may have reached Slack, the conversation is
searched for the delivery's id first, not before `grace_s` has passed, for Slack may show a message late. A send begins
only while the lease outlasts its time-out and that grace, and under an advisory lock, so that a worker that was stopped
and wakes up late is waited for.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Any

from slack_sdk import WebClient
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from bot.delivery.calls import LIMITS, METHODS, Limit, Rendered, SlackCall, Unrenderable, call_for, marked_as_repeat
from bot.delivery.pacing import Pace
from bot.delivery.pictures import Illustrator, send
from bot.delivery.second_copies import by_conversation, delete_second_copies, searched_from
from bot.delivery.speaking import post as post_as
from bot.delivery.uploads import marks, with_file
from bot.slack.posting import (
    REVOKED,
    CallOutcome,
    CallRefused,
    CallUncertain,
    RateLimited,
    TooSoon,
    Unreached,
    copies,
)
from bot.slack.sharing import Sharing
from bot.workers import Workers, spread_back_off
from storage.database.engine import EVERY_WORKSPACE, Database
from storage.database.outages import outage
from storage.database.session_lock import session_lock
from storage.digests.schedules import Digest
from storage.notifications import failures
from storage.queues import outbox, outbox_claims
from storage.queues.claimed import IN_INDEX_ORDER
from storage.queues.outbox import DELETE, POST
from storage.references import parse_reference
from storage.workspace import workspaces

log = logging.getLogger(__name__)

HTTP_TIMEOUT_S = 10
MARGIN_S = 5.0
PATIENCE_S = 15 * 60.0
LONGEST_WAIT_S = 300.0
CHECKS = 200


@dataclass(frozen=True, slots=True)
class ClaimedDelivery:
    """Hold a claimed row, and until when on time.monotonic() it is surely ours."""

    row: outbox.Delivery
    until: float


class Sender:
    """Send the outbox's rows.

    `render` draws one from its record at the last moment, None if it is no longer wanted; before that, `hold` puts back
    what its receiver does not want now, and says so. What is `ours` alone goes only where nobody else reads it.
    `client_for` gives a client, of which token and address are used. Raises ValueError if the lease is too short.
    """

    def __init__(
        self,
        database: Database,
        render: Callable[[Session, outbox.Delivery], Rendered | None],
        client_for: Callable[[str], WebClient],
        *,
        hold: Callable[[Session, outbox.Delivery], bool] = lambda _session, _row: False,
        ours: Callable[[outbox.Delivery], bool] = lambda _row: True,
        sharing: Sharing | None = None,
        lease_s: float = 60.0,
        grace_s: float = 30.0,
        http_timeout_s: int = HTTP_TIMEOUT_S,
        margin_s: float = MARGIN_S,
        patience_s: float = PATIENCE_S,
        hands: int = 4,
        poll_s: float = 1.0,
        first_wait_s: float = 2.0,
        render_attempts: int = 10,
        apart_s: float = outbox_claims.LANE_INTERVAL_S,
        limits: Mapping[str, Limit] = LIMITS,
    ) -> None:
        self.repaired = 0
        """How many second copies this process has deleted."""
        self._needs_s = http_timeout_s + max(margin_s, grace_s)
        if lease_s <= self._needs_s:
            raise ValueError(f"a lease of {lease_s:g} s leaves no time to send; it must be over {self._needs_s:g} s")
        self._database = database
        self._render = render
        self._hold = hold
        self._ours = ours
        self._client_for = client_for
        self._lease_s = lease_s
        self._grace_s = grace_s
        self._http_timeout_s = http_timeout_s
        self._patience_s = patience_s
        self._first_wait_s = first_wait_s
        self._render_attempts = render_attempts
        self.apart_s = apart_s
        self._pace = Pace(database, limits)
        self._sharing = sharing or Sharing()
        self._illustrator = Illustrator()
        # Connections of their own: a lock is held while Slack is waited for, and requests must not wait for that.
        self._locks = database.another(pool_size=hands, application_name="rapport-send")
        self.workers = Workers(
            "delivery", self.claim, self.work, hands=hands, poll_s=poll_s, database=database, channel=outbox.CHANNEL
        )

    def start(self) -> None:
        """Start to send; returns at once."""
        self.workers.start()

    def stop(self, timeout_s: float) -> None:
        """Claim nothing more and finish what was begun."""
        self.workers.stop(timeout_s)
        self._locks.dispose()

    def repair(self) -> None:
        """Look at messages that may have come up twice, and delete all copies but the first."""
        with self._database.transaction(EVERY_WORKSPACE) as session:
            rows = outbox_claims.claim_checks(session, CHECKS)
        for together in by_conversation(rows):
            row = together[0]
            try:
                ask = partial(self._ask, row, self._client(row))
                self.repaired += delete_second_copies(self._database, ask, together)
            except RateLimited as exc:
                self._pace.pause(row.workspace_id, exc)
                with self._database.transaction(row.workspace_id) as session:
                    outbox_claims.check_again(session, together, exc.seconds)
                continue
            except CallOutcome as exc:
                log.warning("%s could not be looked at for second copies: %s", row.lane, exc)
            with self._database.transaction(row.workspace_id) as session:
                outbox_claims.checked(session, together)

    def claim(self, free: int) -> Sequence[ClaimedDelivery]:
        """Lease so many deliveries at most that can be sent now."""
        until = time.monotonic() + self._lease_s
        with self._database.transaction(EVERY_WORKSPACE, learning=IN_INDEX_ORDER) as session:
            return [
                ClaimedDelivery(row, until)
                for row in outbox_claims.claim(session, free, self._lease_s, apart_s=self.apart_s)
            ]

    def work(self, claim: ClaimedDelivery) -> None:
        """Send what was claimed, or mark why it was not."""
        row = claim.row
        try:
            self._deliver(claim, self._client(row))
        except RateLimited as exc:
            self._pace.pause(row.workspace_id, exc)
            self._mark(row, outbox_claims.retry_later, str(exc), delay_s=exc.seconds)
        except Unreached as exc:
            self._mark(row, outbox_claims.retry_later, str(exc), delay_s=self._wait(row))
        except CallUncertain as exc:
            log.warning("delivery %s may have reached Slack: %s", row.id, exc)
            self._mark(row, outbox_claims.mark_ambiguous, str(exc), grace_s=self._grace_s)
        except CallRefused as exc:
            self._refused(row, exc.code)
        except Unrenderable as exc:
            log.exception("delivery %s could not be drawn", row.id)
            if row.attempt >= self._render_attempts:
                self._give_up(row, str(exc))
            else:
                self._mark(row, outbox_claims.retry_later, str(exc), delay_s=self._wait(row))

    def _deliver(self, claim: ClaimedDelivery, client: WebClient) -> None:
        row = claim.row
        channel = self._resolve(row, client) if row.kind == POST else ""
        repeat = False
        if row.ambiguous and row.kind == POST:
            try:
                if self._was_sent(row, client, channel):
                    return
            except (RateLimited, Unreached, CallRefused) as exc:
                if not self._send_unseen(row, exc):
                    return
                repeat = True
        wanted = self._draw(row, channel, repeat=repeat)
        if wanted is None:
            return
        self._keep_ours(row, client, wanted.channel)
        until = claim.until - self._needs_s
        ask = partial(self._ask, row, client)
        wanted = self._illustrator.illustrate(ask, row.id, wanted, spare_s=until - time.monotonic())
        wanted = with_file(ask, client, row, wanted, partial(self._mark, row, outbox_claims.uploaded))
        with self.alone(row) as alone:
            if not alone:
                self._mark(row, outbox_claims.retry_later, "another worker still sends it", delay_s=self._grace_s)
            elif time.monotonic() >= until:
                self._mark(row, outbox_claims.release)
            else:
                self._send(row, client, wanted, until)

    def _resolve(self, row: outbox.Delivery, client: WebClient) -> str:
        """Return where to post; it is stored before the first attempt, so that a crash leaves where to search."""
        if row.channel is not None:
            return row.channel
        with self._database.transaction(row.workspace_id) as session:
            known = outbox_claims.direct_messages(session, row)
        if known is None:
            opened = self._ask(row, client, "conversations.open", repeatable=True, users=row.target_user)
            known = str(opened["channel"]["id"])
        self._mark(row, outbox_claims.resolved, known)
        return known

    def _was_sent(self, row: outbox.Delivery, client: WebClient, channel: str) -> bool:
        """Search the conversation for the delivery and mark it if it is there; raise what keeps us from reading it."""
        ask = partial(self._ask, row, client)
        pages = copies(ask, channel, row.thread_ts, marks(row), oldest=searched_from(row), resume=row.looked_until)
        for found, resume in pages:
            if found:
                self._mark(row, outbox_claims.mark_sent, channel=channel, ts=min((ts for _id, ts in found), key=float))
                return True
            # Kept after each page, as the next may have to wait a minute; emptied at the end, before it is sent again.
            self._mark(row, outbox_claims.looked, resume)
        return False

    def _send_unseen(self, row: outbox.Delivery, outcome: CallOutcome) -> bool:
        """Decide whether to send unseen: a reminder after a while; what would keep a digest for ever is then raised."""
        if isinstance(outcome, RateLimited):
            self._pace.pause(row.workspace_id, outcome)
        with self._database.transaction(row.workspace_id) as session:
            now = session.scalar(select(func.now()))
        since = row.unreadable_since
        unreadable_s = (now - since).total_seconds() if since and now else 0.0
        if unreadable_s >= self._patience_s:
            if not _can_wait(row):
                return self._mark(row, outbox_claims.looked, None)
            if isinstance(outcome, CallRefused):
                raise outcome
        delay = outcome.seconds if isinstance(outcome, RateLimited) else self._wait(row)
        self._mark(row, outbox_claims.unreadable, f"history unreadable: {outcome}", delay_s=delay)
        return False

    def _draw(self, row: outbox.Delivery, channel: str, *, repeat: bool) -> SlackCall | None:
        """Render the message and name the call; None if there is nothing to send now, which is then marked."""
        with self._database.transaction(row.workspace_id) as session:
            # What Slack may have already is looked after whatever its receiver wishes.
            if row.kind == POST and not row.ambiguous and self._hold(session, row):
                return None
            edited = session.get(outbox.Delivery, (row.workspace_id, row.edits)) if row.edits else None
            if row.kind != POST and (edited is None or edited.state != "sent"):
                outbox_claims.cancelled(session, row, "what it edits was never sent")
                return None
            rendered = self._rendered(session, row) if row.kind != DELETE else Rendered("")
            if rendered is None:
                outbox_claims.cancelled(session, row, "no longer wanted")
                return None
            # Last, as others wait for the bucket while this transaction lasts.
            wait = self._pace.take(session, METHODS[row.kind])
        if wait:
            raise TooSoon(METHODS[row.kind], wait)
        return call_for(row, edited, channel, marked_as_repeat(rendered) if repeat else rendered)

    def _rendered(self, session: Session, row: outbox.Delivery) -> Rendered | None:
        try:
            return self._render(session, row)
        except Exception as exc:
            if outage(exc):  # it says nothing about the message
                raise
            said = "" if isinstance(exc, DBAPIError) else f": {exc}"
            raise Unrenderable(f"{row.renderer}: {type(exc).__name__}{said}") from exc

    def _send(self, row: outbox.Delivery, client: WebClient, wanted: SlackCall, until: float) -> None:
        def post(one: SlackCall) -> Mapping[str, Any]:
            self._keep_ours(row, client, wanted.channel)
            if time.monotonic() >= until:
                raise Unreached("too little of the lease is left to post it")
            return post_as(client, one.method, one.arguments, repeatable=row.kind != POST)

        try:
            answer = send(wanted, post, until=until)
        except CallRefused as exc:
            if row.kind != DELETE or exc.code != "message_not_found":
                raise
            answer = {}
        ts = str(answer.get("ts") or wanted.arguments.get("ts") or "")
        if not self._mark(row, outbox_claims.mark_sent, channel=str(answer.get("channel") or wanted.channel), ts=ts):
            log.warning("delivery %s was sent by a worker that had been overtaken", row.id)

    def _keep_ours(self, row: outbox.Delivery, client: WebClient, channel: str) -> None:
        """Raise an outcome for what is ours alone unless nobody else is known to read the channel."""
        if self._ours(row):
            last = row.attempt >= self._render_attempts
            self._sharing.refuse(self._database, row, channel, partial(self._ask, row, client), last=last)

    def _refused(self, row: outbox.Delivery, code: str) -> None:
        log.error("delivery %s to %s is refused: %s", row.id, row.lane, code)
        if code not in REVOKED:
            self._give_up(row, code)
            return
        with self._database.transaction(row.workspace_id) as session:
            outbox_claims.dead(session, row, code)
            workspaces.revoke(session)

    def _give_up(self, row: outbox.Delivery, reason: str) -> None:
        with self._database.transaction(row.workspace_id) as session:
            if outbox_claims.dead(session, row, reason):
                failures.tell(session, row, reason)

    def alone(self, row: outbox.Delivery) -> AbstractContextManager[bool]:
        """Hold the delivery's lock, as a worker that was stopped in mid-send may."""
        return session_lock(self._locks, int.from_bytes(row.id.bytes[:8], signed=True))

    def _client(self, row: outbox.Delivery) -> WebClient:
        try:
            known = self._client_for(row.workspace_id)
        except Exception as exc:
            raise Unreached(f"no client: {type(exc).__name__}") from exc
        # The SDK's own client would post again after a reset, whether or not Slack has the message.
        return WebClient(known.token, base_url=known.base_url, timeout=self._http_timeout_s, retry_handlers=[])

    def _ask(self, row: outbox.Delivery, client: WebClient, method: str, **given: Any) -> Mapping[str, Any]:
        return self._pace.ask(row.workspace_id, client, method, **given)

    def _mark(self, row: outbox.Delivery, mark: Callable[..., bool], *values: Any, **named: Any) -> bool:
        with self._database.transaction(row.workspace_id) as session:
            return mark(session, row, *values, **named)

    def _wait(self, row: outbox.Delivery) -> float:
        return spread_back_off(row.attempt, first_s=self._first_wait_s, longest_s=LONGEST_WAIT_S)


def _can_wait(row: outbox.Delivery) -> bool:
    """Tell whether a message is held for as long as it takes: a second digest is worse than a late one."""
    return (parse_reference(row.record or "") or (None,))[0] == Digest.__noun__
