"""Take an app's answers to interactions: in the acknowledgement of a command, or at a response URL."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from sandbox.content import messages
from sandbox.web_api import read_arguments
from sandbox.wire.core import Core
from sandbox.world.in_flight import RESPONSE_USES, ResponseUrl, SlackError
from sandbox.world.workspace import Installation, Json, Message


def show_answer(
    core: Core, install: Installation, user_id: str, channel_id: str, answer: Any, thread_ts: str = ""
) -> Message | None:
    """Show what a command's acknowledgement or a response URL carries: for its person only unless `in_channel`."""
    content = answer if isinstance(answer, dict) else {"text": str(answer)}
    if not content.get("text") and not content.get("blocks") and not content.get("attachments"):
        return None
    checked = messages.read_content(content)
    public = content.get("response_type") == "in_channel"
    return messages.post(
        core,
        install,
        core.world.workspace.channels[channel_id],
        checked,
        thread_ts=str(content.get("thread_ts") or thread_ts),
        visible_to="" if public else user_id,
        as_webhook=True,
    )


async def serve_response_url(core: Core, request: Request) -> Response:
    """Answer a post to a response URL, at most five times within half an hour."""
    one = core.world.responses.get(str(request.path_params["id"]))
    entry: Json = {"method": "response_url", "at": core.world.clock.now(), "team": "", "app": "", "args": {}}
    core.world.calls.append(entry)
    try:
        if one is None:
            raise SlackError("no_such_url")
        entry |= {"team": one.team_id, "app": one.app_id, "id": one.id}
        args = read_arguments(request.headers.get("content-type", ""), await request.body(), {})
        entry["args"] = args
        fault = core.faults.for_call("response_url", one.channel, one.team_id)
        if fault is not None and fault.kind in ("reset", "hang", "server_error", "rate_limit"):
            entry["outcome"] = fault.kind
            if fault.kind == "reset":
                core.cut(request)
            if fault.kind == "hang":
                await core.hold(request)
            if fault.kind == "rate_limit":
                return Response("ratelimited", 429, {"Retry-After": str(fault.retry_after)})
            return Response("upstream connect error", fault.status)
        if core.world.clock.now() > one.expires:
            raise SlackError("expired_url")
        if one.uses >= RESPONSE_USES:
            raise SlackError("used_url")
        one.uses += 1
        _apply(core, one, args)
    except (SlackError, ValueError) as error:
        code = error.code if isinstance(error, SlackError) else "invalid_payload"
        entry["outcome"] = code
        status = 404 if code in ("no_such_url", "expired_url", "used_url") else 400
        extra = error.extra if isinstance(error, SlackError) else {}
        return JSONResponse({"ok": False, "error": code} | extra, status)
    entry["outcome"] = "ok"
    return PlainTextResponse("ok")


def _truthy(value: Any) -> bool:
    return str(value).lower() in ("true", "1")


def _apply(core: Core, one: ResponseUrl, args: Json) -> None:
    workspace = core.world.workspace
    install = workspace.installation(one.app_id, one.team_id)
    if install is None:
        raise SlackError("no_such_url")
    original = workspace.message(one.channel, one.message_ts) if one.message_ts else None
    if _truthy(args.get("delete_original")):
        if original is None:
            raise SlackError("message_not_found")
        messages.remove(core, original)
    elif _truthy(args.get("replace_original")):
        if original is None:
            raise SlackError("message_not_found")
        messages.change(core, original, messages.read_content(args), editor=install.bot_user_id)
    else:
        show_answer(core, install, one.user_id, one.channel, args, one.thread_ts)
