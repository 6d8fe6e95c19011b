"""Start the demo's three parts, say where to look, and stop them together."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from bot import terminal
from bot.app import Rapport
from bot.demo import sample
from bot.demo.people import APP_ID, APP_TOKEN, BOT_TOKEN, seed
from bot.logs import set_up
from bot.registry import Registry, bundled, load
from bot.settings import Settings
from bot.slack.manifest import manifest
from storage.database import migrate
from storage.database.embedded import DirectoryLock, EmbeddedPostgres
from storage.database.engine import Database

READY_S = 30.0

WELCOME = """
  Rapport is running in a Slack of its own:  {url}

  You are Rita, who sells. Type these in #sales:
    1.  /customer add Aurora Robotics domain:aurora-robotics.example
    2.  /deal add Pilot for Aurora amount:12k customer:aurora close:friday
    3.  /deal list owner:me sort:-amount
    4.  /crm find harbr logistcs
    5.  /followup add D-1 when:"in 2 minutes" call back about pricing

  Support:    {url}/#{agent}/{support}   Anton sees customers' messages in #support, classified; press Take.
  Customer:   {url}/#{customer}/{shared}   write as Carla, and watch the card appear in #support.
  Manager:    {url}/#{manager}/{sales}   Mara types /digest now, and sets one up with /digest new.

  Everything is kept in {folder}. Ctrl-C stops it; `rapport demo --fresh` begins again.
"""


def run_demo(folder: Path, *, port: int, fresh: bool, stopping: threading.Event) -> None:
    """Run the demo until `stopping` is set; what it keeps is in the folder and nowhere else."""
    set_up("WARNING")
    folder.mkdir(parents=True, exist_ok=True)
    with DirectoryLock(folder):
        server = EmbeddedPostgres(folder / "postgres")
        if fresh:
            _begin_again(folder, server)
        _refuse_taken(port)
        registry = load(on=bundled())
        with _sandbox(folder, port, registry) as url, server:
            database_url = server.start()
            server.supervise()
            _serve(folder, database_url, url, registry, stopping)


def _begin_again(folder: Path, server: EmbeddedPostgres) -> None:
    server.remove()
    for kept in (folder / "sandbox").glob("*"):
        kept.unlink()


def _serve(folder: Path, database_url: str, url: str, registry: Registry, stopping: threading.Event) -> None:
    for line in registry.lines:
        migrate.upgrade(database_url, line=line)
    database = Database(database_url, pool_size=2)
    new = sample.fill(database, plugins=registry.plugins.values())
    settings = Settings(
        bot_token=BOT_TOKEN, app_token=APP_TOKEN, api_url=f"{url}/api/", data_dir=folder, port=0, probe_port=0
    )
    bot = Rapport(settings, database_url, registry=registry)
    bot.start()
    try:
        bot.wait_until_ready(READY_S)
        if new:
            for channel, author, text in sample.live():
                _post(f"{url}/control/act/posts", {"as": author, "channel": channel, "text": text})
        terminal.say(WELCOME.format(url=url, folder=folder, **sample.PLACES))
        stopping.wait()
        terminal.say("Stopping…")
    finally:
        bot.stop(10)
        database.dispose()


@contextmanager
def _sandbox(folder: Path, port: int, registry: Registry) -> Iterator[str]:
    """Run the sandbox as a process of its own that ends with this one, however this one ends."""
    data = folder / "sandbox"
    data.mkdir(exist_ok=True)
    seed_file = data / "seed.json"
    built = manifest(registry, socket_mode=True)
    seed_file.write_text(json.dumps(seed(built)), encoding="utf-8")
    command = [sys.executable, "-m", "sandbox", "--port", str(port), "--data", str(data), "--seed", str(seed_file)]
    process = subprocess.Popen(  # noqa: S603 - our own module, with our own arguments
        [*command, "--with-parent"], stdin=subprocess.PIPE, start_new_session=True
    )
    url = f"http://localhost:{port}"
    try:
        _await(process, url)
        # A sandbox that was kept from an earlier version learns which commands there are now.
        _post(f"{url}/control/admin/app", {"app_id": APP_ID, "manifest": built})
        yield url
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _post(address: str, body: dict[str, object]) -> None:
    request = urllib.request.Request(  # noqa: S310 - always http, always this machine
        address, json.dumps(body).encode(), {"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10):  # noqa: S310 - as above
        pass


def _await(process: subprocess.Popen[bytes], url: str) -> None:
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise typer.BadParameter("the sandbox did not start; its message is above")
        try:
            with urllib.request.urlopen(f"{url}/control/people", timeout=1):  # noqa: S310 - this machine
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise typer.BadParameter("the sandbox did not answer")


def _refuse_taken(port: int) -> None:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            raise typer.BadParameter(f"port {port} is taken. Choose another: `rapport demo --port {port + 1}`")
