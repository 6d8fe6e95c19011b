"""People read and write on the page: who one is, messages, threads, what is unread, on a phone too."""

from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.common.keys import Keys
from slack_bolt import Ack, App
from slack_sdk import WebClient

from sandbox.server import Sandbox
from tests.support.browser import Page
from tests.support.slack_app import QUIET

pytestmark = pytest.mark.browser


def test_the_address_says_who_one_is_and_where(slack: Sandbox, page: Page) -> None:
    page.opens("UBCARLA/CSHARED")
    assert "Carla Customer" in page.find("person-switcher").text
    assert page.find("shared-with").text == "Shared with Northwind"
    page.clicks("person-switcher")
    page.clicks("person-UAREP")
    page.find("person-switcher", "Rita Rep")
    page.clicks("channel-CPRIVATE")
    page.until(lambda: page.driver.current_url.endswith("#UAREP/CPRIVATE"), "address of the channel")


def test_what_is_written_is_seen_by_others_at_once(slack: Sandbox, page: Page) -> None:
    page.opens("UAREP/CGENERAL")
    page.writes("Good *morning* @Anton Agent")
    page.message("Good morning @Anton Agent")
    slack.person("UAAGENT").sees("Good *morning* @Anton Agent", channel="#general")
    page.find("composer").send_keys("half a thou")
    slack.person("UAAGENT").posts("And to you :tada:", channel="#general")
    page.message("And to you 🎉")
    assert page.find("composer").get_property("value") == "half a thou"


def test_lines_are_kept_and_shift_enter_makes_one(slack: Sandbox, page: Page) -> None:
    page.opens("UAREP/CGENERAL")
    page.find("composer").send_keys("one", Keys.SHIFT, Keys.ENTER, Keys.NULL, "two", Keys.ENTER)
    page.message("one\ntwo")


def test_unread_messages_are_counted_until_one_looks(slack: Sandbox, page: Page) -> None:
    page.opens("UAREP/CGENERAL")
    slack.person("UAAGENT").posts("Look here, @Rita Rep", channel="#support")
    assert page.find("unread-CSUPPORT").text == "1"
    page.clicks("channel-CSUPPORT")
    page.message("Look here, @Rita Rep")
    page.gone("unread-CSUPPORT")


def test_a_thread_opens_beside_and_takes_replies(slack: Sandbox, page: Page) -> None:
    slack.person("UAAGENT").posts("Who takes this?", channel="#general")
    slack.person("UAMANAGER").posts("Not me", channel="#general", thread="Who takes this?")
    page.opens("UAREP/CGENERAL")
    page.clicks("replies", "1 reply")
    page.writes("I do", into="thread-composer")
    page.find("replies", "2 replies")
    slack.person("UAAGENT").sees("I do", channel="#general")
    page.writes("/deal list", into="thread-composer")
    page.find("composer-status", "/deal is not supported in threads. Sorry!")
    page.clicks("close-thread")
    page.gone("thread-composer")


def test_reactions_edits_and_shortcuts_are_at_hand(bolt: App, slack: Sandbox, page: Page) -> None:
    @bolt.shortcut("make")
    def make(ack: Ack, payload: dict[str, Any], client: WebClient) -> None:
        ack()
        client.chat_postMessage(channel="CGENERAL", text=f"Ticket: {payload['message']['text']}", **QUIET)

    page.opens("UAREP/CGENERAL")
    page.writes("It is broken")
    mine = page.message("It is broken")
    webdriver.ActionChains(page.driver).move_to_element(mine).perform()
    page.clicks("add-reaction")
    page.clicks("emoji-eyes")
    page.find("reaction-eyes", "1")
    page.clicks("reaction-eyes")
    page.gone("reaction-eyes")
    page.clicks("more-actions")
    page.clicks("shortcut-make")
    page.message("Ticket: It is broken")
    webdriver.ActionChains(page.driver).move_to_element(page.message("It is broken")).perform()
    page.clicks("more-actions")
    page.clicks("edit-message")
    page.find("edit-area").send_keys(" again", Keys.ENTER)
    page.message("It is broken again(edited)")


def test_reading_older_messages_is_not_disturbed(slack: Sandbox, page: Page) -> None:
    agent = slack.person("UAAGENT")
    for number in range(30):
        agent.posts(f"message {number}", channel="#general")
    page.opens("UAREP/CGENERAL")
    page.message("message 29")
    page.driver.execute_script("document.querySelector('#main .scroller').scrollTop = 0")
    page.message("message 0")
    agent.posts("the newest", channel="#general")
    page.until(lambda: "the newest" in page.all("messages")[0].text, "newest message")
    assert page.driver.execute_script("return document.querySelector('#main .scroller').scrollTop") < 5
    page.clicks("jump")
    page.gone("jump")


def test_typing_goes_to_the_composer_wherever_one_is(slack: Sandbox, page: Page) -> None:
    page.opens("UAREP/CGENERAL")
    page.find("composer")
    page.driver.switch_to.active_element.send_keys("hi", Keys.ENTER)
    page.message("hi")


def test_a_phone_shows_one_pane_at_a_time(slack: Sandbox, page: Page) -> None:
    size = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    page.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        page.driver.get(f"{page.url}/#UAREP/CGENERAL")
        page.find("composer")
        assert not any(one.is_displayed() for one in page.all("person-switcher"))
        page.clicks("menu")
        page.clicks("channel-CSUPPORT")
        page.gone("person-switcher")
        assert page.driver.execute_script("return document.documentElement.scrollWidth") <= 390
    finally:
        page.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_the_page_says_when_the_sandbox_is_away(page: Page, slack: Sandbox) -> None:
    page.opens("UAREP/CGENERAL")
    slack.stop()
    page.find("banner", "does not answer")
    assert page.problems() != []


def in_sight(page: Page, text: str) -> bool:
    """Tell whether a message stands within the window of its list."""
    return bool(
        page.driver.execute_script(
            "const all = [...document.querySelectorAll('.message')].filter((m) => m.innerText.includes(arguments[0]));"
            "const one = all.at(-1);"
            "if (!one) return false;"
            "const box = one.getBoundingClientRect(), seen = one.closest('.scroller').getBoundingClientRect();"
            "return box.top >= seen.top - 2 && box.top < seen.bottom;",
            text,
        )
    )


def test_a_link_to_a_message_leads_to_it_also_into_its_thread(slack: Sandbox, page: Page) -> None:
    agent = slack.person("UAAGENT")
    root = agent.posts("the first of many", channel="#general").ts
    reply = agent.posts("an answer in the thread", channel="#general", thread=root).ts
    for number in range(30):
        agent.posts(f"message {number}", channel="#general")
    first, second = (f"{slack.url}/archives/CGENERAL/p{ts.replace('.', '')}" for ts in (root, reply))
    told = f"<{first}|Open message> <{second}?thread_ts={root}&amp;cid=CGENERAL|Open answer>"
    agent.posts(told, channel="#general", raw=True)
    page.opens("UAREP/CGENERAL")
    page.message("Open message")
    assert not in_sight(page, "the first of many")
    page.driver.find_element("link text", "Open message").click()
    page.until(lambda: in_sight(page, "the first of many"), "first message in sight")
    page.driver.find_element("link text", "Open answer").click()
    page.until(lambda: in_sight(page, "an answer in the thread"), "answer in the thread")
    assert len(page.driver.window_handles) == 1


def test_the_answer_of_a_command_is_brought_into_sight(bolt: App, slack: Sandbox, page: Page) -> None:
    lines = "\n".join(f"line {number}" for number in range(60))
    bolt.command("/deal")(lambda ack: ack(f"The beginning\n{lines}"))
    agent = slack.person("UAAGENT")
    for number in range(30):
        agent.posts(f"message {number}", channel="#general")
    page.opens("UAREP/CGENERAL")
    page.message("message 29")
    page.driver.execute_script("document.querySelector('#main .scroller').scrollTop = 0")
    page.writes("/deal list")
    page.until(lambda: in_sight(page, "The beginning"), "beginning of the answer")
