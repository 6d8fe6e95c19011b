"""Keep uploaded files: a place is given, its bytes arrive over HTTP, and the app says that it is done."""

import base64
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from sandbox.wire.core import Core
from sandbox.world.in_flight import SlackError
from sandbox.world.workspace import File, Json, User

PNG = b"\x89PNG\r\n\x1a\n"


async def take(core: Core, request: Request) -> Response:
    """Take the bytes of a file whose place was given, of the length that was announced."""
    file = core.world.workspace.files.get(str(request.path_params["id"]))
    content = await request.body()
    if file is None or file.complete or len(content) != file.length:
        return Response("no such upload, or another length than announced", 400)
    file.content = base64.b64encode(content).decode()
    return Response("OK")


async def give(core: Core, request: Request) -> Response:
    """Give a file to an app that may read files; to anybody else the page to sign in, as Slack does."""
    workspace = core.world.workspace
    file = workspace.files.get(str(request.path_params["id"]))
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    install = workspace.installation_by_token(token) if token else None
    may = install is not None and not install.revoked and (install.scopes is None or "files:read" in install.scopes)
    if install is None or not may:
        return HTMLResponse("<!DOCTYPE html><html><head><title>Sign in</title></head><body></body></html>")
    if file is None or not file.complete or file.team_id != install.team_id:
        return Response("no such file", 404)
    return Response(base64.b64decode(file.content), media_type="application/octet-stream")


def keep(core: Core, user: User, name: str, content: str) -> Json:
    """Keep a file that a person sends, and return it as messages name it; `content` is base64."""
    workspace = core.world.workspace
    size = len(base64.b64decode(content))
    file = File(workspace.new_id("F"), user.team_id, name, size, content, complete=True)
    workspace.files[file.id] = file
    return described(core, file, user.id)


def described(core: Core, file: File, sender: str) -> Json:
    """Return a file as the messages that it is sent with name it."""
    install = next((one for one in core.world.workspace.installations if one.team_id == file.team_id), None)
    base = core.world.base_for(install.app_id) if install else core.world.base_url
    address = f"{base}/files-pri/{file.id}/{quote(file.name)}"
    return {
        "id": file.id,
        "name": file.name,
        "title": file.title or file.name,
        "filetype": file.name.rpartition(".")[2].lower(),
        "size": file.length,
        "user": sender,
        "mode": "hosted",
        "is_external": False,
        "url_private": address,
        "url_private_download": address,
    }


async def show(core: Core, request: Request) -> Response:
    """Show a complete picture to the page, and give it any other file that was sent."""
    file = core.world.workspace.files.get(str(request.path_params["id"]))
    content = base64.b64decode(file.content) if file is not None and file.complete else b""
    if file is None or not (content.startswith(PNG) or file.sent):
        return Response("no such picture", 404)
    if content.startswith(PNG):
        return Response(content, media_type="image/png", headers={"Cache-Control": "no-cache"})
    named = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(file.name)}"}
    return Response(content, media_type="application/octet-stream", headers=named)


def _is_read(core: Core, team_id: str, file_id: str) -> bool:
    """Tell whether a file was sent to a channel in which a team's bot is."""
    workspace = core.world.workspace
    bots = {one.bot_user_id for one in workspace.installations if one.team_id == team_id}
    return any(
        sent["id"] == file_id
        for channel_id, found in workspace.messages.items()
        if bots.intersection(workspace.channels[channel_id].members)
        for message in found
        for sent in message.body.get("files", ())
    )


def check_blocks(core: Core, team_id: str, blocks: list[Json]) -> None:
    """Refuse blocks that show a file which is not there, not complete, no picture, or another team's."""
    for number, block in enumerate(blocks):
        named = block.get("slack_file")
        if not isinstance(named, dict):
            continue
        file = core.world.workspace.files.get(str(named.get("id", "")))
        known = file is not None and file.complete and (file.team_id == team_id or _is_read(core, team_id, file.id))
        if not known or file is None or not base64.b64decode(file.content).startswith(PNG):
            detail = f"invalid slack file [json-pointer:/blocks/{number}/slack_file]"
            raise SlackError("invalid_blocks", errors=[detail], response_metadata={"messages": [f"[ERROR] {detail}"]})
