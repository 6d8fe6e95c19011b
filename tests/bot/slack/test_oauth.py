"""Show that a workspace installs the app by OAuth, that only the browser that began can end it, and only once."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from cryptography.fernet import Fernet

from bot.app import Rapport
from bot.registry import Registry
from bot.settings import Settings
from bot.slack.manifest import manifest
from bot.slack.oauth import VALID_S, States
from sandbox import sample_teams
from sandbox.sample_teams import APP_ID
from sandbox.server import Sandbox
from storage.database.engine import Database
from storage.workspace import members, workspaces
from tests.support.waiting import PATIENCE_S

BACK = "/slack/oauth_redirect"


class Browser:
    """Keep a cookie, as a browser does."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.cookie = ""

    def get(self, path: str) -> tuple[int, str, str]:
        """Return status, address to go to, and page."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        connection.request("GET", path, headers={"cookie": self.cookie} if self.cookie else {})
        response = connection.getresponse()
        page = response.read().decode()
        if given := response.headers.get("set-cookie"):
            self.cookie = given.partition(";")[0] if "Max-Age=0" not in given else ""
        connection.close()
        return response.status, response.headers.get("location", ""), page

    def begins(self) -> str:
        """Go to Slack and return the state that travels along."""
        status, address, _page = self.get("/slack/install")
        assert status == 302
        assert address.startswith("https://slack.com/oauth/v2/authorize?")
        return parse_qs(urlsplit(address).query)["state"][0]


@pytest.fixture
def slack(registry: Registry) -> Iterator[Sandbox]:
    with Sandbox(seed=sample_teams.two_teams(manifest=manifest(registry, socket_mode=False))) as sandbox:
        yield sandbox


@pytest.fixture
def bot(slack: Sandbox, admin_url: str, registry: Registry, models: Path) -> Iterator[Rapport]:
    app = slack.workspace.apps[APP_ID]
    settings = Settings(
        signing_secret=sample_teams.SIGNING_SECRET,
        client_id=app.client_id,
        client_secret=app.client_secret,
        public_url="https://crm.example.com",
        encryption_keys=(Fernet.generate_key().decode(),),
        api_url=f"{slack.url}/api/",
        data_dir=models,
        port=0,
        probe_port=0,
        pool_size=4,
    )
    bot = Rapport(settings, admin_url, registry=registry)
    bot.start()
    while not bot.public.started:
        pass
    slack.control.app(APP_ID, request_url=f"http://127.0.0.1:{bot.port}/slack/events")
    yield bot
    bot.stop(5)


@pytest.fixture
def browser(bot: Rapport) -> Browser:
    return Browser(bot.port)


def agrees(slack: Sandbox, team: str, user: str) -> str:
    back = f"https://crm.example.com{BACK}"
    return str(slack.control.admin("authorizes", app_id=APP_ID, team=team, user=user, redirect_uri=back)["code"])


def test_two_workspaces_install_the_app_and_both_are_served(
    slack: Sandbox, bot: Rapport, browser: Browser, database: Database
) -> None:
    for team, user in (("TA", "UAADMIN"), ("TB", "UBCARLA")):
        state = browser.begins()
        status, _address, page = browser.get(f"{BACK}?code={agrees(slack, team, user)}&state={state}")
        assert (status, "Rapport is installed." in page) == (200, True)
    assert sorted(bot.installations.all()) == ["TA", "TB"]
    rita, carla = slack.person("UAREP"), slack.person("UBCARLA")
    assert "Added." in rita.types("/customer add Acme").text
    assert "Added." in carla.types("/customer add Initech", channel="CBGENERAL").text
    assert "Initech" not in rita.types("/crm find Initech").text.replace("add Initech", "").replace("“Initech”", "")
    with database.transaction("TB") as session:
        row = workspaces.installation(session)
        assert row is not None
        assert (row.installed_by, row.app_id) == ("UBCARLA", APP_ID)
        assert "xoxb" not in str(row.sealed_token)
        member = members.get(session, "UBCARLA")
        assert member is not None
        assert member.has(members.Role.ADMIN)


def test_a_link_works_once_in_the_browser_it_was_made_for(slack: Sandbox, bot: Rapport, browser: Browser) -> None:
    state = browser.begins()
    kept = browser.cookie
    stranger = Browser(browser.port)
    assert stranger.get(f"{BACK}?code={agrees(slack, 'TA', 'UAADMIN')}&state={state}")[0] == 400
    assert browser.get(f"{BACK}?code={agrees(slack, 'TA', 'UAADMIN')}&state={state}")[0] == 200
    assert browser.cookie == ""
    browser.cookie = kept
    assert browser.get(f"{BACK}?code={agrees(slack, 'TA', 'UAADMIN')}&state={state}")[0] == 400
    assert bot.installations.all() == ["TA"]


@pytest.mark.parametrize("query", ["", "?state=", "?state=a.1.b", "?code=x", f"?state={quote('ü')}&code=x"])
def test_what_carries_no_state_of_ours_is_refused(browser: Browser, query: str) -> None:
    browser.begins()
    assert browser.get(f"{BACK}{query}")[0] == 400


def test_who_changes_their_mind_is_told_so(browser: Browser, bot: Rapport) -> None:
    status, _address, page = browser.get(f"{BACK}?error=access_denied&state={browser.begins()}")
    assert (status, "was not installed" in page) == (400, True)
    assert bot.installations.all() == []


def test_a_code_that_slack_refuses_is_said_so(browser: Browser, slack: Sandbox, bot: Rapport) -> None:
    status, _address, page = browser.get(f"{BACK}?code=wrong&state={browser.begins()}")
    assert (status, "Slack refused" in page) == (400, True)
    slack.control.fault("reset", method="oauth.v2.access")
    assert browser.get(f"{BACK}?code={agrees(slack, 'TA', 'UAADMIN')}&state={browser.begins()}")[0] == 503
    assert bot.installations.all() == []


def test_a_whole_organisation_is_not_installed(browser: Browser, slack: Sandbox, bot: Rapport) -> None:
    slack.control.settings(whole_organisation=True)
    status, _address, page = browser.get(f"{BACK}?code={agrees(slack, 'TA', 'UAADMIN')}&state={browser.begins()}")
    assert (status, "not in a whole organisation" in page) == (400, True)
    assert bot.installations.all() == []


def test_without_oauth_there_are_no_such_pages(
    slack: Sandbox, admin_url: str, registry: Registry, models: Path
) -> None:
    settings = Settings(
        bot_token="xoxb-a-sandbox", signing_secret=sample_teams.SIGNING_SECRET, data_dir=models, port=0, probe_port=0
    )
    bot = Rapport(replace(settings, api_url=f"{slack.url}/api/"), admin_url, registry=registry)
    bot.start()
    bot.wait_until_ready(20)
    assert Browser(bot.port).get("/slack/install")[0] == 404
    bot.stop(5)


def test_a_state_is_signed_expires_and_is_used_once() -> None:
    now = [1_000.0]
    states, others = States("secret", now=lambda: now[0]), States("another", now=lambda: now[0])
    state = states.make()
    assert state != states.make()
    assert not others.take(state, state)
    assert not states.take(state, states.make())
    forged = state[:-1] + ("0" if state[-1] != "0" else "1")
    assert not states.take(forged, forged)
    now[0] -= 2
    assert not states.take(state, state), "it is not made yet"
    now[0] += 2
    now[0] += VALID_S
    assert states.take(state, state)
    assert not states.take(state, state)
    late = states.make()
    now[0] += VALID_S + 1
    assert not states.take(late, late)
    assert not states.take("", "")
