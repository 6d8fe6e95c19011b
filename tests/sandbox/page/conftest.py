"""Open the page in a browser, with a Bolt app behind the sandbox that answers over signed HTTP."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from selenium import webdriver
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from slack_bolt import App
from slack_sdk import WebClient

from sandbox.sample_teams import APP_ID
from sandbox.server import Sandbox
from tests.sandbox.conftest import QUIET, bolt_app, over_http

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
Found = TypeVar("Found")


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


class Page:
    """Look at the page and use it as a person does; everything waits for what it needs."""

    def __init__(self, driver: webdriver.Chrome, url: str) -> None:
        self.driver = driver
        self.url = url

    def opens(self, route: str) -> None:
        self.driver.get("about:blank")
        self.driver.get(f"{self.url}/#{route}")
        self.find("person-switcher")

    def until(self, look: Callable[[], Found], what: str, seconds: float = 60) -> Found:
        deadline = time.monotonic() + seconds
        while True:
            try:
                found = look()
                if found:
                    return found
            except (NoSuchElementException, StaleElementReferenceException):
                pass
            assert time.monotonic() < deadline, f"no {what}; the page says: {self.text()}"
            time.sleep(0.03)

    def find(self, testid: str, text: str = "") -> WebElement:
        def look() -> WebElement | None:
            found = self.driver.find_elements(By.CSS_SELECTOR, f'[data-testid="{testid}"]')
            return next((one for one in found if one.is_displayed() and text in one.text), None)

        found = self.until(look, f"{testid} with {text!r}")
        assert found is not None
        return found

    def clicks(self, testid: str, text: str = "") -> None:
        self.find(testid, text).click()

    def writes(self, text: str, into: str = "composer") -> None:
        self.find(into).send_keys(text, Keys.ENTER)

    def message(self, text: str) -> WebElement:
        return self.find("message", text)

    def gone(self, testid: str) -> None:
        self.until(lambda: not any(one.is_displayed() for one in self.all(testid)), f"end of {testid}")

    def all(self, testid: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, f'[data-testid="{testid}"]')

    def text(self) -> str:
        return self.driver.find_element(By.TAG_NAME, "body").text

    def problems(self) -> list[str]:
        """Return what the browser complained of, a refusal by the Content-Security-Policy included."""
        return [one["message"] for one in self.log() if one["level"] == "SEVERE"]

    def log(self) -> list[dict[str, Any]]:
        return list(self.driver.get_log("browser"))  # type: ignore[no-untyped-call]  # Selenium leaves it untyped


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


def post(client: WebClient, *blocks: dict[str, Any], channel: str = "CGENERAL", text: str = "card") -> str:
    return str(client.chat_postMessage(channel=channel, text=text, blocks=list(blocks), **QUIET)["ts"])
