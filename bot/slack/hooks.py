"""Answer to an address that came with a request: Slack's own only, and wherever it then points to, no further."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from bot.slack.clients import HTTP_TIMEOUT_S

SLACK = "slack.com"
HOOKS = ("https://hooks.slack.com/", "https://hooks.slack.com:443/")
ANSWER_LIMIT = 65_536
_REST = re.compile(r"[!-~]*")


def is_slack(url: str, api_url: str) -> bool:
    """Tell whether an address is Slack's own, or that of the server which stands for it.

    It must begin as Slack writes them, letter by letter: two readers of the same address may see two hosts in it.
    """
    api = urlsplit(api_url)
    ours = HOOKS if api.hostname == SLACK else (*HOOKS, f"{api.scheme}://{api.netloc}/")
    return url.startswith(ours) and _REST.fullmatch(url) is not None


class _NoFurther(HTTPRedirectHandler):
    def redirect_request(self, *_args: Any) -> None:
        return None


_OPENER = build_opener(_NoFurther)


def send(url: str, body: Mapping[str, Any]) -> bool:
    """Send a message to an address of Slack's; False where it is not taken, raise OSError where nobody answers."""
    headers = {"content-type": "application/json;charset=utf-8"}
    asked = Request(url, json.dumps(body).encode(), headers, method="POST")  # noqa: S310 - is_slack looked at it
    try:
        with _OPENER.open(asked, timeout=HTTP_TIMEOUT_S) as answer:
            said = answer.read(ANSWER_LIMIT).decode("utf-8", "replace")
            return answer.status == 200 and (said == "ok" or '"ok":true' in said)
    except HTTPError as error:
        error.close()
        return False
