"""Open the page in a browser, with a Bolt app behind the sandbox that answers over signed HTTP."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from slack_bolt import App

from sandbox.sample_teams import APP_ID
from sandbox.server import Sandbox
from tests.support.browser import Page
from tests.support.slack_app import bolt_app, over_http

CHROMIUM, DRIVER = Path("/usr/bin/chromium"), Path("/usr/bin/chromedriver")
MANIFEST = {
    "settings": {"event_subscriptions": {"bot_events": ["app_home_opened", "message.channels", "message.im"]}},
    "features": {
        "slash_commands": [
            {"command": "/deal", "description": "Add and list deals", "usage_hint": "add | list", "should_escape": True}
        ],
        "shortcuts": [{"name": "Make a ticket", "type": "message", "callback_id": "make", "description": "From this"}],
    },
}


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    if not CHROMIUM.exists() or not DRIVER.exists():
        pytest.skip("Chromium and its driver are not installed here")
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for argument in (
        "headless",
        "no-sandbox",
        "disable-gpu",
        "disable-quic",
        "no-first-run",
        "disable-background-networking",
        "disable-component-update",
        "disable-sync",
        "window-size=1280,800",
        f"user-data-dir={tmp_path_factory.mktemp('chromium')}",
    ):
        options.add_argument(f"--{argument}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(str(DRIVER)))
    yield driver
    driver.quit()


@pytest.fixture
def page(chromium: webdriver.Chrome, slack: Sandbox) -> Iterator[Page]:
    page = Page(chromium, slack.url)
    page.log()
    yield page
    assert page.problems() == []
    chromium.get("about:blank")


@pytest.fixture
def bolt(slack: Sandbox) -> Iterator[App]:
    app = bolt_app(slack)
    server = over_http(slack, app)
    slack.control.app(APP_ID, manifest=MANIFEST)
    yield app
    server.stop()
