"""Keep a workspace in one file, written whole and put in place at once."""

import asyncio
import json
import os
import tempfile
import time
from pathlib import Path

from sandbox.world.in_flight import ResponseUrl, World
from sandbox.world.workspace import App, Channel, File, Installation, Json, Message, PendingEvent, Team, User, View

FILE = "workspace.json"
QUIET_SECONDS = 0.5


def dump(world: World) -> str:
    """Return the state as JSON; open modals and triggers do not outlive a process."""
    workspace = world.workspace
    state = {
        "teams": list(workspace.teams.values()),
        "users": list(workspace.users.values()),
        "channels": list(workspace.channels.values()),
        "messages": [message for channel in workspace.messages.values() for message in channel],
        "apps": list(workspace.apps.values()),
        "installations": workspace.installations,
        "homes": workspace.homes,
        "files": [file for file in workspace.files.values() if file.complete],
        "pending": list(workspace.pending.values()),
        "responses": list(world.responses.values()),
    }
    return json.dumps(state, default=vars)


def restore(world: World, text: str) -> None:
    """Put a kept state back; raises ValueError or TypeError when it is not one."""
    state: Json = json.loads(text)
    workspace = world.workspace
    workspace.teams = {one["id"]: Team(**one) for one in state["teams"]}
    workspace.users = {one["id"]: User(**one) for one in state["users"]}
    workspace.channels = {one["id"]: Channel(**one) for one in state["channels"]}
    workspace.messages = {}
    for one in state["messages"]:
        workspace.add(Message(**one))
    workspace.apps = {one["id"]: App(**one) for one in state["apps"]}
    workspace.installations = [Installation(**one) for one in state["installations"]]
    workspace.homes = {key: View(**one) for key, one in state["homes"].items()}
    workspace.files = {one["id"]: File(**one) for one in state.get("files", [])}
    workspace.pending = {one["id"]: PendingEvent(**one) for one in state["pending"]}
    world.responses = {one["id"]: ResponseUrl(**one) for one in state["responses"]}


def write(folder: Path, text: str) -> None:
    """Replace the file at once, so that a kill leaves the old or the new one."""
    folder.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=folder, prefix=FILE)
    with os.fdopen(handle, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    Path(name).replace(folder / FILE)


class Keeper:
    """Write the state some time after it changed, and once more at the end."""

    def __init__(self, world: World, folder: Path) -> None:
        self._world = world
        self._folder = folder
        self._task: asyncio.Task[None] | None = None

    def load(self) -> bool:
        """Restore what the folder keeps; False when it keeps nothing."""
        path = self._folder / FILE
        if not path.exists():
            return False
        restore(self._world, path.read_text())
        return True

    def start(self) -> None:
        """Begin to follow changes."""
        self._task = asyncio.get_running_loop().create_task(self._follow())

    async def stop(self) -> None:
        """Stop following and write the last state."""
        if self._task is not None:
            self._task.cancel()
        write(self._folder, dump(self._world))

    async def _follow(self) -> None:
        loop = asyncio.get_running_loop()
        version, quiet = -1, QUIET_SECONDS
        while True:
            version = await self._world.workspace.changes.wait(version, 3600.0)
            await asyncio.sleep(quiet)
            version = self._world.workspace.changes.version
            started = time.monotonic()
            text = dump(self._world)
            quiet = max(QUIET_SECONDS, 20 * (time.monotonic() - started))
            await loop.run_in_executor(None, write, self._folder, text)
