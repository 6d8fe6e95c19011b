"""A proxy that sends each request on by its path, as an ingress does, in a process of its own."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

Ways = Sequence[tuple[str, int]]
"""Beginnings of paths, each with the port that it leads to; the first that fits is taken."""


@contextmanager
def proxy(ways: Ways) -> Iterator[int]:
    """Run a proxy, and return the port it listens on; what leads to a port where nobody is gets a 502."""
    told = [f"{start}={port}" for start, port in ways]
    command = [sys.executable, __file__, *told]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout is not None
            yield int(running.stdout.readline())
        finally:
            running.kill()


async def _serve(ways: Ways) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            path = head.split(b" ", 2)[1].decode()
            port = next(port for start, port in ways if path.startswith(start))
            try:
                above, below = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            else:
                below.write(head)
                await asyncio.gather(_pass(reader, below), _pass(above, writer))
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while got := await reader.read(65_536):
            writer.write(got)
            await writer.drain()
        writer.write_eof()


if __name__ == "__main__":
    asyncio.run(_serve([(start, int(port)) for start, _, port in (one.rpartition("=") for one in sys.argv[1:])]))
