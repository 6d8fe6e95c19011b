"""Run replicas of the product as processes of their own."""

from __future__ import annotations

import json
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.rapport import Process

START_S = 90.0
"""Two cores start several processes in this time, however busy they are."""


@dataclass
class Replica:
    """Hold one `rapport run`: its process, its ports, and the file its output goes to."""

    process: Process
    port: int
    probe_port: int
    log: Path

    @property
    def address(self) -> str:
        """Return where it listens for Slack and browsers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def said(self) -> str:
        """Return all that it has printed so far."""
        return self.log.read_text("utf-8", errors="replace")

    def get(self, path: str, timeout: float = 5.0, *, public: bool = False) -> tuple[int, Any]:
        """Return the status and the body of a page, decoded where it is JSON; raise OSError if nobody answers.

        Probes and metrics have a port of their own; `public` asks the one for Slack and browsers.
        """
        address = self.address if public else f"http://127.0.0.1:{self.probe_port}"
        try:
            with urllib.request.urlopen(address + path, timeout=timeout) as answer:
                status, body = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                status, body = error.code, error.read()
        try:
            return status, json.loads(body)
        except ValueError:
            return status, body.decode("utf-8", errors="replace")

    def is_ready(self) -> bool:
        """Tell whether it answers that it can serve."""
        try:
            return self.get("/readyz")[0] == 200
        except OSError:
            return False

    def is_alive(self) -> bool:
        """Tell whether it answers at all."""
        try:
            return self.get("/livez")[0] == 200
        except OSError:
            return False

    def wait_until_alive(self, within: float = START_S) -> None:
        """Wait until it answers, whether or not it can serve; fail with what it printed if it does not."""
        self._wait_until(self.is_alive, within)

    def wait_until_ready(self, within: float = START_S) -> None:
        """Wait until it can serve; fail with what it printed if it ends or takes too long."""
        self._wait_until(self.is_ready, within)

    def _wait_until(self, holds: Callable[[], bool], within: float) -> None:
        deadline = time.monotonic() + within
        while not holds():
            assert self.process.poll() is None, f"it ended with {self.process.returncode}:\n{self.said}"
            assert time.monotonic() < deadline, f"it takes too long:\n{self.said}"
            time.sleep(0.1)

    def stop(self, within: float = 30.0) -> int:
        """End it as Kubernetes does, and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(within)

    def kill(self) -> None:
        """End it as bad luck does."""
        self.process.kill()
        self.process.wait()


StartReplica = Callable[..., Replica]
