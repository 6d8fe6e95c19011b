"""Wire the parts of one sandbox together and offer them to the API methods and the control API."""

import asyncio
from collections.abc import Callable

from starlette.requests import Request

from sandbox.wire.delivery import Courier
from sandbox.wire.events import Events
from sandbox.world.faults import Faults
from sandbox.world.in_flight import World
from sandbox.world.membership import Membership
from sandbox.world.sharing import Sharing
from sandbox.world.workspace import Workspace


class Core:
    """Bundle world, transports, events and faults; what the server gives is put in by it."""

    def __init__(self, workspace: Workspace) -> None:
        self.world = World(workspace)
        self.faults = Faults()
        self.courier = Courier(self.world)
        self.events = Events(self.world, self.courier, self.faults)
        self.membership = Membership(self)
        self.sharing = Sharing(self)
        self.cut_connection: Callable[[tuple[str, int, int]], None] = lambda _address: None
        self.freeze_connection: Callable[[tuple[str, int, int]], None] = lambda _address: None
        self.stopping = asyncio.Event()
        self.later: set[asyncio.Task[None]] = set()
        """What is still to be stored of calls that were cut off."""

    def cut(self, request: Request) -> None:
        """Reset the TCP connection of a request, so that its caller cannot know what became of it."""
        if request.client is not None:
            self.cut_connection((request.client.host, request.client.port, request.scope["server"][1]))

    async def hold(self, request: Request) -> None:
        """Keep a request open until its caller goes away or the sandbox stops."""
        while not self.stopping.is_set() and not await request.is_disconnected():
            await asyncio.sleep(0.05)
