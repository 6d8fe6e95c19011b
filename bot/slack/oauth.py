"""Let workspaces install the app by OAuth: `/slack/install` leads to Slack, `/slack/oauth_redirect` comes back."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.oauth import AuthorizeUrlGenerator
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from bot.registry import Registry
from bot.settings import Settings
from bot.slack.clients import HTTP_TIMEOUT_S, NETWORK_ERRORS, refusal
from bot.slack.installer import Installer
from bot.slack.manifest import REDIRECT_PATH, scopes

log = logging.getLogger(__name__)

INSTALL_PATH = "/slack/install"
COOKIE = "rapport_install"
VALID_S = 600
CONTENT_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


class States:
    """Sign what travels with a browser to Slack and back: valid for ten minutes, in the browser it was made for, once.

    `secret` signs them, so that any process of the same app can check one. That one was used is remembered by the
    process that took it; elsewhere the browser's cookie is gone, and Slack's own code is used up.
    """

    def __init__(self, secret: str, *, now: Callable[[], float] = time.time) -> None:
        self._key = hmac.new(secret.encode(), b"rapport oauth state", hashlib.sha256).digest()
        self._now = now
        self._used: dict[str, float] = {}
        self._lock = threading.Lock()

    def make(self) -> str:
        """Return a new state."""
        text = f"{secrets.token_urlsafe(24)}.{int(self._now())}"
        return f"{text}.{self._sign(text)}"

    def take(self, state: str, cookie: str) -> bool:
        """Use up a state that came back; False if it is not ours, not this browser's, too old, or used already."""
        text, _, signature = state.rpartition(".")
        if not (state.isascii() and cookie.isascii() and hmac.compare_digest(state, cookie)):
            return False
        if not hmac.compare_digest(signature, self._sign(text)):
            return False
        made = float(text.rpartition(".")[2])
        now = self._now()
        with self._lock:
            self._used = {used: until for used, until in self._used.items() if until > now}
            if not 0 <= now - made <= VALID_S or state in self._used:
                return False
            self._used[state] = made + VALID_S + 1
        return True

    def _sign(self, text: str) -> str:
        return hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()


def pages(settings: Settings, installer: Installer, registry: Registry) -> Mapping[str, Callable[[Request], Any]]:
    """Return the two pages by their paths; none where the one workspace is that of SLACK_BOT_TOKEN."""
    if not (settings.oauth and settings.client_id and settings.client_secret and settings.public_url):
        return {}
    states = States(settings.client_secret)
    back = settings.public_url + REDIRECT_PATH
    quoted = quote(back, "")
    generator = AuthorizeUrlGenerator(client_id=settings.client_id, scopes=scopes(registry), redirect_uri=quoted)
    exchange = _Exchange(settings, installer, back)

    async def install(_request: Request) -> Response:
        state = states.make()
        response = RedirectResponse(generator.generate(state), status_code=302)
        response.headers["cache-control"] = "no-store"
        response.set_cookie(
            COOKIE, state, VALID_S, path="/slack", httponly=True, samesite="lax", secure=back.startswith("https://")
        )
        return response

    async def redirected(request: Request) -> Response:
        if not states.take(request.query_params.get("state", ""), request.cookies.get(COOKIE, "")):
            return _page(400, "This link is not valid any more.", f'<a href="{INSTALL_PATH}">Begin again</a>')
        if request.query_params.get("error") or not request.query_params.get("code"):
            return _page(400, "Rapport was not installed.", f'<a href="{INSTALL_PATH}">Try again</a>')
        code = request.query_params["code"]
        return await asyncio.get_running_loop().run_in_executor(None, exchange.run, code)

    return {INSTALL_PATH: install, REDIRECT_PATH: redirected}


class _Exchange:
    """Exchange a code for the bot's token and remember the workspace."""

    def __init__(self, settings: Settings, installer: Installer, back: str) -> None:
        self._settings = settings
        self._installer = installer
        self._back = back

    def run(self, code: str) -> Response:
        again = f'<a href="{INSTALL_PATH}">Try again</a>'
        try:
            workspace_id = self._remember(code)
        except SlackApiError as exc:
            log.warning("Slack refused an installation: %s", refusal(exc))
            return _page(400, "Slack refused the installation.", again)
        except NETWORK_ERRORS as exc:
            log.warning("Slack could not be reached for an installation: %s", type(exc).__name__)
            return _page(503, "Slack cannot be reached right now.", again)
        except Exception as exc:
            log.error("an installation was not stored: %s", type(exc).__name__)
            return _page(503, "The installation could not be stored.", again)
        if workspace_id is None:
            return _page(400, "Rapport is installed in workspaces, not in a whole organisation.", again)
        return _page(200, "Rapport is installed.", "Type <code>/crm help</code> in Slack to see what it can do.")

    def _remember(self, code: str) -> str | None:
        answer = self._client(None).oauth_v2_access(
            client_id=str(self._settings.client_id),
            client_secret=str(self._settings.client_secret),
            code=code,
            redirect_uri=self._back,
        )
        if answer.get("is_enterprise_install") or not answer.get("team"):
            return None
        token = str(answer["access_token"])
        return self._installer.remember(
            self._client(token),
            token=token,
            app_id=str(answer["app_id"]),
            installed_by=str(answer["authed_user"]["id"]),
            scopes=str(answer.get("scope", "")).split(","),
        )

    def _client(self, token: str | None) -> WebClient:
        return WebClient(token, base_url=self._settings.api_url, timeout=HTTP_TIMEOUT_S, retry_handlers=[])


def _page(status: int, heading: str, text: str) -> Response:
    style = "font-family: sans-serif; max-width: 32rem; margin: 20vh auto; text-align: center"
    response = HTMLResponse(
        f'<!doctype html><meta charset="utf-8"><title>Rapport</title>'
        f'<body style="{style}"><h1>{heading}</h1><p>{text}</p></body>',
        status,
        headers={
            "cache-control": "no-store",
            "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
        },
    )
    response.delete_cookie(COOKIE, path="/slack")
    return response
