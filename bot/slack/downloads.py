"""Fetch a file that somebody sent, from Slack's own hosts only, and no further than they point."""

from __future__ import annotations

import re
import tempfile
from typing import IO
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from storage.errors import CrmError, Invalid, NotFound, Refused

FILES = ("https://files.slack.com/", "https://files.slack.com:443/")
PIECE = 1 << 16
TIMEOUT_S = 30
_REST = re.compile(r"[!-~]*")
_PAGE = re.compile(rb"\s*<(?:!doctype html|html)", re.IGNORECASE)


class _Here(HTTPRedirectHandler):
    def redirect_request(self, *_args: object) -> None:
        return None


_OPENER = build_opener(_Here)


def is_file(address: str, api_url: str) -> bool:
    """Tell whether an address is one of Slack's files, or of the server that stands for Slack; letter by letter."""
    api = urlsplit(api_url)
    ours = FILES if (api.hostname or "").endswith("slack.com") else (*FILES, f"{api.scheme}://{api.netloc}/")
    return address.startswith(ours) and _REST.fullmatch(address) is not None


def download(address: str, token: str, api_url: str, most: int) -> IO[bytes]:
    """Return a file on disk that is gone once it is closed.

    Raises Invalid for one of more than `most` bytes, Refused where the token may not read files: Slack answers with its
    page to sign in. Raises NotFound for one that is gone, CrmError where Slack cannot be reached.
    """
    if not is_file(address, api_url):
        raise Refused("This file is kept outside Slack, so I cannot read it.", hint="Send the file itself.")
    asked = Request(address, headers={"Authorization": f"Bearer {token}"})  # noqa: S310 - looked at above
    file = tempfile.TemporaryFile()  # noqa: SIM115 - whoever gets it closes it
    try:
        _fill(file, asked, most)
    except BaseException:
        file.close()
        raise
    return file


def _fill(file: IO[bytes], asked: Request, most: int) -> None:
    try:
        with _OPENER.open(asked, timeout=TIMEOUT_S) as answer:
            while piece := answer.read(PIECE):
                if file.tell() + len(piece) > most:
                    raise Invalid("This file is too large: up to {limit} MB can be read.", limit=most >> 20)
                file.write(piece)
    except HTTPError as error:
        error.close()
        if error.code >= 500 or error.code == 429:
            raise _unreached() from error
        raise (_gone() if error.code in (404, 410) else _unreadable()) from error
    except (URLError, OSError) as error:
        raise _unreached() from error
    file.seek(0)
    if _PAGE.match(file.read(200)):
        raise _unreadable()
    file.seek(0)


def _unreached() -> CrmError:
    return CrmError("I can't reach Slack right now, so the file was not read. Please send it again.")


def _gone() -> NotFound:
    return NotFound("This file is no longer in Slack.")


def _unreadable() -> Refused:
    return Refused(
        "I may not read files yet.",
        hint="An admin can install the app again: it lacks the scope `files:read`, as `rapport doctor` says.",
    )
