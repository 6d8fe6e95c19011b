"""Keep uploaded files: a place is given, its bytes arrive over HTTP, and the app says that it is done."""

import base64

from starlette.requests import Request
from starlette.responses import Response

from sandbox.wire.core import Core
from sandbox.world.in_flight import SlackError
from sandbox.world.workspace import Json

PNG = b"\x89PNG\r\n\x1a\n"


async def take(core: Core, request: Request) -> Response:
    """Take the bytes of a file whose place was given, of the length that was announced."""
    file = core.world.workspace.files.get(str(request.path_params["id"]))
    content = await request.body()
    if file is None or file.complete or len(content) != file.length:
        return Response("no such upload, or another length than announced", 400)
    file.content = base64.b64encode(content).decode()
    return Response("OK")


async def show(core: Core, request: Request) -> Response:
    """Show a complete picture to the page."""
    file = core.world.workspace.files.get(str(request.path_params["id"]))
    if file is None or not file.complete or not base64.b64decode(file.content).startswith(PNG):
        return Response("no such picture", 404)
    return Response(base64.b64decode(file.content), media_type="image/png", headers={"Cache-Control": "no-cache"})


def check_blocks(core: Core, team_id: str, blocks: list[Json]) -> None:
    """Refuse blocks that show a file which is not there, not complete, no picture, or another team's."""
    for number, block in enumerate(blocks):
        named = block.get("slack_file")
        if not isinstance(named, dict):
            continue
        file = core.world.workspace.files.get(str(named.get("id", "")))
        known = file is not None and file.complete and file.team_id == team_id
        if not known or file is None or not base64.b64decode(file.content).startswith(PNG):
            detail = f"invalid slack file [json-pointer:/blocks/{number}/slack_file]"
            raise SlackError("invalid_blocks", errors=[detail], response_metadata={"messages": [f"[ERROR] {detail}"]})
