"""Play rounds against servers that do what a bad app does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from urllib.parse import parse_qs

from bench.load import Found, Round, play, signed
from bot.wire.http import verified

SECRET = "0123456789abcdef0123456789abcdef"
Answer = Callable[[bytes], bytes]


def asked(port: int = 0, questions: int = 6, seconds: float = 5.0) -> Round:
    found = [(f"/customer show C-{number}", f"C-{number}") for number in range(1, questions + 1)]
    return Round(port, SECRET, "T0", ["U1", "U2"], found, "http://127.0.0.1/response", 2, seconds, 7)


def against(answer: Answer, questions: int = 6, seconds: float = 5.0) -> Found:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
                if not (said := answer(await reader.readexactly(length))):
                    break
                writer.write(said)
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()

    async def run() -> Found:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            return await play(asked(server.sockets[0].getsockname()[1], questions, seconds))

    return asyncio.run(run())


def said(text: str, status: str = "200 OK") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(text)}\r\n\r\n{text}".encode()


def test_every_question_is_asked_once_and_timed() -> None:
    heard: list[str] = []

    def answer(body: bytes) -> bytes:
        heard.append(parse_qs(body.decode())["text"][0])
        return said(f"*A customer*  {heard[-1].removeprefix('show ')}")

    found = against(answer)

    assert sorted(heard) == [f"show C-{number}" for number in range(1, 7)]
    assert len(found.ms) == 6 and min(found.ms) > 0
    assert (found.wrong, found.failed) == (0, 0)


def test_an_answer_about_another_record_is_wrong() -> None:
    assert against(lambda _body: said("*Another*  C-11")).wrong == 6


def test_a_refusal_and_a_closed_connection_are_failures() -> None:
    assert against(lambda _body: said("no", "401 Unauthorized")).failed == 6
    assert against(lambda _body: b"").failed == 2


def test_no_request_begins_after_the_time_is_over() -> None:
    assert against(lambda _body: said("C-1"), seconds=0.0).ms == []


def test_a_request_is_signed_as_slack_signs() -> None:
    head, _, body = signed(asked(), "U1", 3, "/customer find acme corp").partition(b"\r\n\r\n")
    headers = dict(line.lower().split(": ", 1) for line in head.decode().split("\r\n")[1:])

    assert verified(SECRET, headers, body, float(headers["x-slack-request-timestamp"]))
    form = parse_qs(body.decode())
    assert (form["command"], form["text"]) == (["/customer"], ["find acme corp"])
    assert form["trigger_id"] == ["7.3.bench"]
