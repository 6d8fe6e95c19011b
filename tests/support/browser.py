"""Use the page of the sandbox in a browser, as a person does."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

from selenium import webdriver
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

Found = TypeVar("Found")


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
