"""Send one event to another program: signed, to an address that was checked, following nothing that it answers.

The headers are those of Standard Webhooks: an id, a time, and a signature of both with the body.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import socket
import ssl
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from storage.webhooks.addresses import AddressRefused, Allowed, LookUp, Target, resolve
from storage.webhooks.queue import Attempt
from storage.webhooks.settings import PREFIX

TIMEOUT_S = 15.0
ANSWER_BYTES = 64_000
GONE = 410


class _Pinned(http.client.HTTPConnection):
    """Connect to the addresses that were checked, whatever the name stands for by now."""

    def __init__(self, target: Target, context: ssl.SSLContext | None, timeout_s: float) -> None:
        super().__init__(target.host, target.port, timeout=timeout_s)
        self._target = target
        self._context = context

    def connect(self) -> None:
        """Open a connection to the first address that takes one."""
        failed: OSError | None = None
        for address in self._target.addresses:
            try:
                self.sock = socket.create_connection((address, self._target.port), timeout=self.timeout)
                break
            except OSError as exc:
                failed = exc
        else:
            raise failed or OSError("there is no address")
        if self._context is not None:
            self.sock = self._context.wrap_socket(self.sock, server_hostname=self._target.host)


class WebhookCaller:
    """Send events; `look_up` stands in for name servers, and `context` for whom the system trusts, in tests."""

    def __init__(
        self,
        allowed: Allowed = Allowed(),  # noqa: B008 - it is frozen
        *,
        look_up: LookUp | None = None,
        context: ssl.SSLContext | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self._allowed = allowed
        self._look_up = look_up
        self._context = context
        self._timeout_s = timeout_s

    def send(self, url: str, secrets: Sequence[str], delivery_id: str, body: Mapping[str, Any]) -> Attempt:
        """Send an event and say what it came to; never raises for what the other side does."""
        began = time.monotonic()
        sent = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
        status, reason = None, None
        try:
            target = resolve(url, self._allowed, self._look_up)
            status = self._post(target, sent, headers(secrets, delivery_id, int(time.time()), sent))
            reason = None if 200 <= status < 300 else _answered(status)
        except AddressRefused as exc:
            reason = f"refused: {exc}"
        except ssl.SSLError as exc:
            reason = f"no encrypted connection: {getattr(exc, 'verify_message', '') or exc.reason or 'refused'}"
        except TimeoutError:
            reason = "no answer in time"
        except socket.gaierror:
            reason = "the name stands for no address"
        except (OSError, http.client.HTTPException) as exc:
            reason = f"no connection: {getattr(exc, 'strerror', None) or type(exc).__name__}"
        took_ms = round((time.monotonic() - began) * 1_000)
        return Attempt(status, took_ms, reason, for_good=status == GONE)

    def _post(self, target: Target, body: bytes, given: Mapping[str, str]) -> int:
        context = (self._context or ssl.create_default_context()) if target.encrypted else None
        connection = _Pinned(target, context, self._timeout_s)
        late = threading.Event()

        def end() -> None:
            """Break off: each byte that comes in time would else let the next take as long."""
            late.set()
            if connection.sock is not None:
                with suppress(OSError):
                    connection.sock.shutdown(socket.SHUT_RDWR)

        clock = threading.Timer(self._timeout_s, end)
        clock.daemon = True
        clock.start()
        try:
            connection.request("POST", target.path, body, {"Host": target.authority, **given})
            answer = connection.getresponse()
            answer.read(ANSWER_BYTES)
        except (OSError, http.client.HTTPException):
            if late.is_set():
                raise TimeoutError from None
            raise
        finally:
            clock.cancel()
            connection.close()
        return answer.status


def headers(secrets: Sequence[str], delivery_id: str, at: int, body: bytes) -> dict[str, str]:
    """Return the headers of an event; it is signed with each secret, `at` being seconds since 1970."""
    return {
        "content-type": "application/json",
        "user-agent": "Rapport-Webhooks/1",
        "webhook-id": delivery_id,
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(signature(secret, delivery_id, at, body) for secret in secrets),
    }


def signature(secret: str, delivery_id: str, at: int, body: bytes) -> str:
    """Return the signature of an event: HMAC-SHA256 over its id, its time and its body, with dots between."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = hmac.new(key, f"{delivery_id}.{at}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(signed).decode()}"


def _answered(status: int) -> str:
    if 300 <= status < 400:
        return f"answered {status}: events follow no redirect"
    return f"answered {status}"
