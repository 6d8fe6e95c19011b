"""Open the page in headless Chromium, as a rep would, against the whole bot."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from tests.support.company import Company

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --window-size=1280,800"
)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="needs Debian's chromium and chromium-driver"),
]


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[webdriver.Chrome]:
    """Open a browser of its own."""
    assert CHROMIUM and DRIVER
    options = Options()
    options.binary_location = CHROMIUM
    for flag in [*FLAGS.split(), f"--user-data-dir={tmp_path}"]:
        options.add_argument(flag)
    chrome = webdriver.Chrome(options=options, service=Service(DRIVER, log_output=os.devnull))
    yield chrome
    chrome.quit()


def test_a_rep_adds_a_customer_and_a_deal_on_the_page(company: Company, browser: webdriver.Chrome) -> None:
    wait = WebDriverWait(browser, 20)

    def find(test_id: str) -> webdriver.remote.webelement.WebElement:
        return wait.until(lambda b: b.find_element(By.CSS_SELECTOR, f"[data-testid='{test_id}']"))

    def says(text: str) -> None:
        wait.until(lambda b: text in b.find_element(By.TAG_NAME, "body").text)

    browser.get(f"{company.sandbox.url}/#UAREP/CGENERAL")
    says("the very beginning of #general")
    composer = find("composer")
    composer.send_keys("/customer add Initech domain:initech.example")
    composer.send_keys(Keys.ENTER)
    says("initech.example")

    composer.send_keys("/deal ")
    composer.send_keys(Keys.ENTER)
    find("field-name").send_keys("Cover sheets <b>for all</b>")
    find("field-amount").send_keys("12k")
    find("modal-submit").click()

    says("Cover sheets <b>for all</b>")
    says("$12,000")
