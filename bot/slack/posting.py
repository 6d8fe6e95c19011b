"""Call Slack once and say what is known afterwards: done, refused, held back, never reached, or perhaps done."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from socket import gaierror
from typing import Any
from urllib.error import URLError
from uuid import UUID

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

EVENT_TYPE = "crm_delivery"
PAGE = 200
"""How many messages are asked for at once; apps that Slack holds to its strictest limits get 15 all the same."""

AMBIGUOUS = frozenset({"fatal_error", "internal_error"})
TRANSIENT = frozenset({"ratelimited", "rate_limited", "service_unavailable", "request_timeout", "team_added_to_org"})
REVOKED = frozenset({"token_revoked", "account_inactive", "invalid_auth", "token_expired", "not_authed"})
_NOT_JSON = "Received a response in a non-JSON format"
_DEFAULT_RETRY_AFTER_S = 30.0

Ask = Callable[..., Mapping[str, Any]]


class CallOutcome(Exception):
    """What became of a call that did not answer ok; `str()` is the reason to keep."""


class RateLimited(CallOutcome):
    """Slack wants nothing of this method for some seconds; the call had no effect."""

    def __init__(self, method: str, seconds: float) -> None:
        super().__init__(f"{method}: held back for {seconds:g} s")
        self.method = method
        self.seconds = seconds


class TooSoon(RateLimited):
    """We do not ask Slack yet: it wants nothing of this method now, or the method's limit is used up."""


class CallRefused(CallOutcome):
    """Slack said no and will say it again; the call had no effect."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Unreached(CallOutcome):
    """The call had no effect, or one that may be had twice; it can be made again."""


class CallUncertain(CallOutcome):
    """Nobody knows whether the call had its effect."""


def call(client: WebClient, method: str, *, repeatable: bool = False, **arguments: Any) -> Mapping[str, Any]:
    """Call a Web API method once and return its answer; raise the Outcome otherwise.

    What may or may not have happened is Unreached for a `repeatable` call and Ambiguous for others.
    """
    return _called(client, method, arguments, repeatable=repeatable)[0]


def read(client: WebClient, method: str, **arguments: Any) -> tuple[Mapping[str, Any], datetime]:
    """Call a Web API method that only reads; return its answer, and when Slack wrote it, in whole seconds."""
    answer, headers = _called(client, method, arguments, repeatable=True)
    return answer, slack_time(headers)


def slack_time(headers: Mapping[str, str]) -> datetime:
    """Return when an answer was written by its sender's clock, which is also that of events; else by our own."""
    try:
        return parsedate_to_datetime(next(value for name, value in headers.items() if name.lower() == "date"))
    except (StopIteration, TypeError, ValueError):
        return datetime.now(UTC)


def _called(
    client: WebClient, method: str, arguments: dict[str, Any], *, repeatable: bool
) -> tuple[Mapping[str, Any], Mapping[str, str]]:
    unknown = Unreached if repeatable else CallUncertain
    try:
        answer = (
            client.api_call(method, json=arguments) if method in _AS_JSON else client.api_call(method, params=arguments)
        )
    except SlackApiError as exc:
        raise _judge(method, exc, unknown) from exc
    except (OSError, http.client.HTTPException, SlackClientError) as exc:
        raise (Unreached if _never_left(exc) else unknown)(f"{method}: {type(exc).__name__}") from exc
    assert isinstance(answer.data, dict)
    return answer.data, answer.headers


def copies(
    ask: Ask, channel: str, thread_ts: str | None, wanted: Mapping[str, UUID], *, oldest: float, resume: str | None
) -> Iterator[tuple[list[tuple[UUID, str]], str | None]]:
    """Search a conversation for deliveries, a page at a time: the ts of their copies, and where to go on from.

    `wanted` names a delivery by what its message carries: its own id, or a file's. `ask` is `call` with its client. The
    last page goes on from None. `resume` is what an interrupted search came to; a conversation is read from its newest
    message backwards, a thread from `oldest` on.
    """
    while True:
        window = {"oldest": f"{oldest:.6f}", "limit": PAGE, "include_all_metadata": True, "channel": channel}
        if thread_ts is None:
            # Far enough ahead for any clock, as a page without `latest` may begin at either end.
            window["latest"] = resume or f"{oldest + 10 * 366 * 86400:.6f}"
            answer = ask("conversations.history", repeatable=True, **window)
        else:
            window |= {"ts": thread_ts, "oldest": resume or window["oldest"]}
            answer = ask("conversations.replies", repeatable=True, **window)
        messages = answer.get("messages") or []
        times = [str(m["ts"]) for m in messages if m["ts"] != thread_ts]
        found = [(wanted[one], str(m["ts"])) for m in messages for one in _carried(m) if one in wanted]
        if not answer.get("has_more") or not times:
            yield found, None
            return
        resume = min(times, key=float) if thread_ts is None else max(times, key=float)
        yield found, resume


def metadata(delivery_id: UUID) -> dict[str, Any]:
    """Return the metadata a message is found by; anybody in the workspace can read it, so it says no more."""
    return {"event_type": EVENT_TYPE, "event_payload": {"delivery_id": str(delivery_id)}}


def _carried(message: Mapping[str, Any]) -> list[str]:
    """Return the ids that a message carries: of the delivery that it is, and of its files."""
    carried = message.get("metadata") or {}
    payload = carried.get("event_payload") or {}
    delivery = [str(payload.get("delivery_id"))] if carried.get("event_type") == EVENT_TYPE else []
    return [*delivery, *(str(file.get("id")) for file in message.get("files") or ())]


def _judge(method: str, exc: SlackApiError, unknown: type[CallOutcome]) -> CallOutcome:
    status = int(getattr(exc.response, "status_code", 200))
    code = str(exc.response.get("error") or "unknown_error")
    if status == 429:
        headers = {name.lower(): value for name, value in exc.response.headers.items()}
        return RateLimited(method, _seconds(headers.get("retry-after")))
    if code in AMBIGUOUS or status >= 500 or code.startswith(_NOT_JSON):
        return unknown(f"{method}: {status}" if code.startswith(_NOT_JSON) else f"{method}: {code}")
    if code in TRANSIENT:
        return Unreached(f"{method}: {code}")
    return CallRefused(code)


def _seconds(retry_after: str | None) -> float:
    try:
        return max(1.0, float(retry_after or _DEFAULT_RETRY_AFTER_S))
    except ValueError:
        return _DEFAULT_RETRY_AFTER_S


def _never_left(exc: BaseException) -> bool:
    """Tell whether a request certainly was not sent: no address, no connection, or no trust in the other side."""
    reason = exc.reason if isinstance(exc, URLError) else exc
    return isinstance(reason, ConnectionRefusedError | gaierror | ssl.SSLCertVerificationError)


_AS_JSON = frozenset({"chat.postMessage", "chat.update", "chat.delete", "conversations.open"})
