"""Attack with connections that never finish what they say, and with requests that end in two places."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest

from sandbox.server import Sandbox
from tests.support.replicas import Replica, StartReplica
from tests.support.signed_requests import PATH, command, headers_of
from tests.support.waiting import until

HEAD = f"POST {PATH} HTTP/1.1\r\nhost: x\r\n"
HALF = {
    "nothing": b"",
    "a letter": b"P",
    "half a head": HEAD.encode() + b"x-a: b",
    "half a body": HEAD.encode() + b"content-length: 1000\r\n\r\ntext=",
    "half a chunk": HEAD.encode() + b"transfer-encoding: chunked\r\n\r\n10\r\nabc",
    "a request, then half of one": HEAD.encode() + b"content-length: 1\r\n\r\nx" + HEAD.encode(),
}


@pytest.fixture
def held() -> Iterator[ExitStack]:
    """Keep connections open until the test is over."""
    with ExitStack() as stack:
        yield stack


def hold(replica: Replica, held: ExitStack, port: int, said: bytes) -> socket.socket:
    """Open a connection, say something on it, and keep it."""
    connection = held.enter_context(socket.create_connection(("127.0.0.1", port), timeout=60))
    with suppress(OSError):
        connection.sendall(said)
    return connection


def test_slack_is_answered_while_a_thousand_half_sent_requests_are_held(
    slack: Sandbox, start: StartReplica, held: ExitStack
) -> None:
    replica = start(descriptors=150)
    for number in range(1_000):
        hold(replica, held, replica.port, list(HALF.values())[number % len(HALF)])
        if number % 100 == 50:
            assert command(replica)[0] == 200
    assert "What you can do" in slack.person("UAREP").types("/crm help", channel="CGENERAL").text
    for _number in range(100):
        hold(replica, held, replica.probe_port, b"GET /livez HTTP/1.1\r\n")
    assert replica.get("/livez")[0] == 200
    assert replica.get("/readyz")[0] == 200
    assert "Added" in slack.person("UAREP").types("/customer add Acme", channel="CGENERAL").text
    assert replica.stop() == 0
    assert "Traceback" not in replica.said
    assert "Too many open files" not in replica.said


def test_a_request_that_drips_is_closed(start: StartReplica, held: ExitStack) -> None:
    replica = start()
    begun = [HALF["half a head"], HALF["half a body"], HALF["half a chunk"]]
    connections = [hold(replica, held, port, said) for port in (replica.port, replica.probe_port) for said in begun]
    over = [threading.Event() for _connection in connections]

    def drip(connection: socket.socket, closed: threading.Event) -> None:
        while not closed.wait(0.5):
            try:
                connection.sendall(b"a")
            except OSError:
                closed.set()

    for connection, closed in zip(connections, over, strict=True):
        threading.Thread(target=drip, args=(connection, closed), daemon=True).start()
    until(lambda: all(closed.is_set() for closed in over))
    assert "Traceback" not in replica.said


def ask(replica: Replica, head: str, body: bytes) -> bytes:
    """Send a head as it is, and return all that comes back until the connection is closed."""
    with socket.create_connection(("127.0.0.1", replica.port), timeout=60) as connection:
        connection.sendall(head.encode("latin-1") + b"\r\n" + body)
        said = b""
        with suppress(ConnectionResetError):
            while part := connection.recv(65_536):
                said += part
        return said


BODY = b"command=%2Fcrm&text=help&user_id=UAREP&team_id=TA&channel_id=CGENERAL&trigger_id=7"
CHUNKED = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)
SECOND = b"GET /slack/install HTTP/1.1\r\nhost: x\r\n\r\n"
LENGTH = f"content-length: {len(BODY)}\r\n"
CHUNKS = "transfer-encoding: chunked\r\n"
AMBIGUOUS = {
    "a length and chunks": (LENGTH + CHUNKS, CHUNKED),
    "chunks and a length": (CHUNKS + LENGTH, CHUNKED),
    "chunks and no length": (CHUNKS + "content-length: 0\r\n", CHUNKED),
    "chunks in capitals and a length": ("TRANSFER-ENCODING: Chunked\r\n" + LENGTH, CHUNKED),
    "two lengths": (LENGTH + "content-length: 3\r\n", BODY),
    "two lengths in one": (f"content-length: 3, {len(BODY)}\r\n", BODY),
    "chunks twice": (CHUNKS * 2, CHUNKED),
    "chunks twice in one": ("transfer-encoding: chunked, chunked\r\n", CHUNKED),
    "chunks of something else": ("transfer-encoding: gzip, chunked\r\n", CHUNKED),
    "chunks of nothing": ("transfer-encoding: identity\r\n", CHUNKED),
    "chunks with a letter before": ("transfer-encoding: xchunked\r\n", CHUNKED),
    "chunks with a blank before the colon": ("transfer-encoding : chunked\r\n", CHUNKED),
    "a length with a sign": (f"content-length: +{len(BODY)}\r\n", BODY),
    "a length below nothing": ("content-length: -1\r\n", BODY),
    "a length in hexadecimal": (f"content-length: {hex(len(BODY))}\r\n", BODY),
    "a length without an end": ("content-length: " + "9" * 200 + "\r\n", BODY),
    "a chunk of a length that is none": (CHUNKS, b"zz\r\n" + BODY),
    "a chunk that goes on": (CHUNKS, b"3\r\nabcdef\r\n0\r\n\r\n"),
}


@pytest.fixture
def replica(start: StartReplica) -> Replica:
    """Start one that Slack reaches over HTTP."""
    return start()


def test_a_request_that_ends_in_two_places_is_refused_and_nothing_after_it_read(replica: Replica) -> None:
    signed = "".join(
        f"{name}: {value}\r\n" for name, value in headers_of(BODY, "application/x-www-form-urlencoded").items()
    )
    for what, (lines, body) in AMBIGUOUS.items():
        said = ask(replica, HEAD + signed + lines, body + SECOND)
        assert said.startswith((b"HTTP/1.1 400", b"HTTP/1.1 501")), (what, said)
        assert said.count(b"HTTP/1.1 ") == 1, (what, said)
    old = HEAD.replace("HTTP/1.1", "HTTP/1.0")
    assert ask(replica, old + signed + CHUNKS, CHUNKED).startswith(b"HTTP/1.1 400")
    # As proxies send them, either is fine alone.
    for lines, body in ((LENGTH, BODY), (CHUNKS, CHUNKED)):
        said = ask(replica, HEAD + signed + "connection: close\r\n" + lines, body)
        assert said.startswith(b"HTTP/1.1 200") and b"What you can do" in said
    assert "Traceback" not in replica.said


def test_who_leaves_in_the_middle_leaves_no_traceback(replica: Replica, held: ExitStack) -> None:
    for said in HALF.values():
        hold(replica, held, replica.port, said).close()
    garbled = hold(replica, held, replica.port, HALF["half a chunk"])
    garbled.sendall(b"x" * 13 + b"\r\nno chunk\r\n")
    # Answered before it was sent whole, and then no HTTP any more.
    early = hold(replica, held, replica.port, HALF["half a chunk"].replace(PATH.encode(), b"/nowhere"))
    assert early.recv(65_536).startswith(b"HTTP/1.1 404")
    early.sendall(b"x" * 13 + b"\r\nno chunk\r\n")
    with suppress(ConnectionResetError):
        while early.recv(65_536):
            pass
    assert command(replica)[0] == 200
    assert replica.stop() == 0
    assert "Traceback" not in replica.said
