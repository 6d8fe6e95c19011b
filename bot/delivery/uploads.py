"""Upload files to Slack in the steps of the SDK's `files_upload_v2`: ask for a place, and put the bytes there.

Who shows or sends the file completes the upload. A file that is sent carries no metadata, so its message is found by
the id of the file, which is kept with the delivery before Slack may have it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen
from uuid import UUID

from slack_sdk import WebClient

from bot.delivery.calls import SlackCall
from bot.kit.replies import SentFile
from bot.slack.downloads import download
from bot.slack.posting import Ask, CallOutcome, CallRefused, Unreached
from storage.errors import CrmError, Invalid, NotFound, Refused
from storage.queues.outbox import Delivery

UPLOAD_S = 10
UNREADABLE = {Invalid: "file_too_large", NotFound: "file_gone", Refused: "file_unreadable"}
"""Why a file that is kept in Slack cannot be sent on, by what fetching it raises."""
FILES = "files"
"""Where the payload of a delivery keeps the ids of the files that it was sent as."""


def upload(ask: Ask, name: str, content: bytes, **told: Any) -> str:
    """Upload a file and return its id; raise CallOutcome, of which none has had any effect that people see."""
    place = ask("files.getUploadURLExternal", repeatable=True, filename=name, length=len(content), **told)
    put(str(place["upload_url"]), content)
    return str(place["file_id"])


def put(url: str, content: bytes) -> None:
    """Put the bytes of a file where Slack wants them."""
    if urlsplit(url).scheme not in ("http", "https"):
        raise CallOutcome("an upload goes over HTTP only")
    request = Request(url, data=content, headers={"Content-Type": "application/octet-stream"})  # noqa: S310  # looked at above
    try:
        with urlopen(request, timeout=UPLOAD_S) as answer:  # noqa: S310  # as above
            answer.read()
    except HTTPError as exc:
        exc.close()
        raise Unreached(f"the upload failed: {exc.code}") from exc
    except (URLError, OSError) as exc:
        raise Unreached(f"the upload failed: {getattr(exc, 'reason', exc)}") from exc


def content_of(client: WebClient, file: SentFile) -> bytes:
    """Return what a file holds, fetched from Slack where it is kept there; raise CallOutcome where it cannot be."""
    if not file.address:
        return file.content
    try:
        with download(file.address, str(client.token), client.base_url, file.most) as held:
            return held.read()
    except CrmError as exc:
        code = next((code for kind, code in UNREADABLE.items() if isinstance(exc, kind)), "")
        raise (CallRefused(code) if code else Unreached(str(exc))) from exc


def with_file(ask: Ask, client: WebClient, row: Delivery, wanted: SlackCall, keep: Callable[[str], bool]) -> SlackCall:
    """Return a call that sends a file, once that is uploaded; `keep` keeps its id before the call is made.

    One that was uploaded before the time was up is sent now; not so one that Slack may have sent. Raises CallOutcome.
    """
    if wanted.file is None:
        return wanted
    kept = row.payload.get(FILES, ())
    if kept and not row.ambiguous:
        file_id = str(kept[-1])
    else:
        file_id = upload(ask, wanted.file.name, content_of(client, wanted.file))
        if not keep(file_id):
            raise Unreached("another worker sends it")
    named = json.dumps([{"id": file_id, "title": wanted.file.name}])
    return replace(wanted, arguments={**wanted.arguments, "files": named})


def marks(row: Delivery) -> Mapping[str, UUID]:
    """Return what a message may carry that says that it is this delivery: its id, and those of its files."""
    return {str(row.id): row.id} | {str(one): row.id for one in row.payload.get(FILES, ())}
