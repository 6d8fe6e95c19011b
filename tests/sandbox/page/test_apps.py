"""People use an app through the page: commands, modals, buttons and menus, its Home."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from slack_bolt import Ack, App, Respond
from slack_sdk import WebClient

from sandbox.sample_teams import APP_ID
from sandbox.server import Sandbox
from tests.support.browser import Page
from tests.support.slack_app import QUIET, post_blocks
from tests.support.slack_blocks import button, modal, mrkdwn, plain, text_input

pytestmark = pytest.mark.browser


def test_a_slash_command_is_completed_run_and_answered(bolt: App, page: Page) -> None:
    bolt.command("/deal")(lambda ack, command: ack(f"You have *no* deals ({command['text']})"))
    page.opens("UAREP/CGENERAL")
    page.find("composer").send_keys("/de")
    assert "add | list" in page.find("command-deal").text
    page.find("composer").send_keys(Keys.TAB, "list", Keys.ENTER)
    answer = page.message("You have no deals (list)")
    assert "Only visible to you" in answer.text
    assert answer.find_element(By.TAG_NAME, "strong").text == "Rapport"


def test_a_command_that_takes_too_long_says_so_in_slacks_words(bolt: App, slack: Sandbox, page: Page) -> None:
    # Long enough to be seen running.
    slack.control.settings(answer_seconds=4.0)
    seen = threading.Event()

    @bolt.use
    def keep_waiting(next: Callable[[], None]) -> None:
        # Before any listener, as Bolt waits only three seconds for one.
        seen.wait(60)
        next()

    bolt.command("/deal")(lambda ack: ack())
    page.opens("UAREP/CGENERAL")
    page.writes("/deal list")
    page.find("composer-status", "Running /deal")
    page.message('/deal failed with the error "operation_timeout"')
    seen.set()
    page.until(lambda: not page.all("composer-status")[0].text, "end of the command")


def form(**more: Any) -> dict[str, Any]:
    stages = [{"text": plain(name.title()), "value": name} for name in ("lead", "won")]
    return modal(
        [
            text_input("name", "Name"),
            {
                "type": "input",
                "block_id": "stage",
                "label": plain("Stage"),
                "element": {"type": "static_select", "action_id": "stage", "options": stages},
            },
            {
                "type": "input",
                "block_id": "customer",
                "label": plain("Customer"),
                "optional": True,
                "element": {"type": "external_select", "action_id": "find", "min_query_length": 1},
            },
        ],
        submit=plain("Save"),
        **more,
    )


def test_a_modal_is_filled_corrected_submitted_and_its_result_read(bolt: App, page: Page) -> None:
    @bolt.command("/deal")
    def deal(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        client.views_open(trigger_id=body["trigger_id"], view=form())
        ack()

    @bolt.options("find")
    def find(ack: Ack, payload: dict[str, Any]) -> None:
        names = [one for one in ("Globex", "Initech") if payload["value"].lower() in one.lower()]
        ack(options=[{"text": plain(one), "value": one} for one in names])

    @bolt.view("form")
    def save(ack: Ack, view: dict[str, Any], client: WebClient) -> None:
        values = view["state"]["values"]
        name = values["name"]["value"]["value"]
        if name == "taken":
            ack(response_action="errors", errors={"name": "That name is taken"})
            return
        ack()
        stage = values["stage"]["stage"]["selected_option"]["value"]
        customer = values["customer"]["find"]["selected_option"]["value"]
        client.chat_postMessage(channel="CGENERAL", text=f"{name} for {customer} is {stage}", **QUIET)

    page.opens("UAREP/CGENERAL")
    page.writes("/deal ")
    page.clicks("modal-submit")
    assert page.find("error-name").text == "Please complete this required field."
    page.find("field-name").send_keys("taken")
    page.clicks("action-stage")
    page.find("select-search").send_keys("wo", Keys.ENTER)
    page.clicks("action-find")
    page.find("select-search").send_keys("glo")
    page.until(lambda: "Globex" in page.find("select-popup").text, "suggestion of the app")
    page.find("select-search").send_keys(Keys.ENTER)
    page.clicks("modal-submit")
    assert page.find("error-name", "taken").text == "That name is taken"
    page.find("field-name").send_keys(" no more")
    page.clicks("modal-submit")
    page.gone("modal")
    page.message("taken no more for Globex is won")


def test_a_modal_closes_with_escape_and_a_pushed_one_goes_back(bolt: App, slack: Sandbox, page: Page) -> None:
    @bolt.command("/deal")
    def deal(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        client.views_open(trigger_id=body["trigger_id"], view=form())
        ack()

    bolt.view("form")(
        lambda ack: ack(response_action="push", view=modal([text_input("why", "Why")], submit=plain("Go")))
    )
    page.opens("UAREP/CGENERAL")
    page.writes("/deal ")
    page.find("field-name").send_keys("Acme")
    page.clicks("action-stage")
    page.find("select-search").send_keys(Keys.ENTER)
    page.clicks("modal-submit")
    page.find("field-why")
    page.clicks("modal-back")
    assert page.find("field-name").get_property("value") == "Acme"
    page.driver.switch_to.active_element.send_keys(Keys.ESCAPE)
    page.gone("modal")
    slack.person("UAREP").does_not_see("Why")


def test_a_submission_that_fails_says_try_again(bolt: App, slack: Sandbox, page: Page) -> None:
    @bolt.command("/deal")
    def deal(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        client.views_open(trigger_id=body["trigger_id"], view=modal([text_input("why", "Why")], submit=plain("Go")))
        ack()

    bolt.view("form")(lambda ack: ack(response_action="errors", errors={"nobody": "x"}))
    page.opens("UAREP/CGENERAL")
    page.writes("/deal ")
    page.find("field-why").send_keys("Because", Keys.ENTER)
    assert "trouble connecting" in page.find("notice").text
    assert page.find("field-why").get_property("value") == "Because"


def test_a_button_asks_first_and_its_message_changes_in_place(bolt: App, page: Page) -> None:
    client = WebClient("xoxb-a-sandbox", base_url=f"{page.url}/api/")
    bolt.action("drop")(lambda ack, respond: (ack(), respond(text="It is gone", replace_original=True)))
    sure = {
        "title": plain("Sure?"),
        "text": plain("It cannot be undone."),
        "confirm": plain("Drop"),
        "deny": plain("No"),
    }
    post_blocks(
        client, {"type": "actions", "elements": [button("Drop it", "drop") | {"confirm": sure, "style": "danger"}]}
    )
    page.opens("UAREP/CGENERAL")
    page.clicks("action-drop")
    assert "It cannot be undone." in page.find("confirm").text
    page.clicks("confirm-no")
    page.gone("confirm")
    page.clicks("action-drop")
    page.clicks("confirm-yes")
    page.message("It is gone")
    page.gone("action-drop")


def test_a_button_that_nobody_answers_says_so(slack: Sandbox, page: Page) -> None:
    client = WebClient("xoxb-a-sandbox", base_url=f"{page.url}/api/")
    post_blocks(client, {"type": "actions", "elements": [button("Take", "take")]})
    page.opens("UAREP/CGENERAL")
    page.clicks("action-take")
    assert "not connected" in page.find("block-error").text


def test_a_menu_in_a_message_reaches_the_app(bolt: App, page: Page) -> None:
    client = WebClient("xoxb-a-sandbox", base_url=f"{page.url}/api/")

    @bolt.action("category")
    def category(ack: Ack, action: dict[str, Any], respond: Respond) -> None:
        ack()
        respond(text=f"Now {action['selected_option']['value']}", replace_original=True)

    options = [{"text": plain("Bug"), "value": "bug"}, {"text": plain("Billing"), "value": "billing"}]
    post_blocks(
        client,
        {
            "type": "section",
            "text": mrkdwn("A ticket"),
            "accessory": {"type": "static_select", "action_id": "category", "options": options},
        },
    )
    page.opens("UAREP/CGENERAL")
    page.clicks("action-category")
    page.find("select-search").send_keys(Keys.ARROW_DOWN, Keys.ENTER)
    page.message("Now billing")


def test_the_home_of_the_app_is_asked_for_and_shown(bolt: App, page: Page) -> None:
    @bolt.event("app_home_opened")
    def home(event: dict[str, Any], client: WebClient) -> None:
        blocks = [
            {"type": "header", "text": plain("Your day")},
            {"type": "actions", "elements": [button("More", "more")]},
        ]
        client.views_publish(user_id=event["user"], view={"type": "home", "blocks": blocks})

    bolt.event("message")(lambda ack: ack())

    @bolt.action("more")
    def more(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        ack()
        blocks = [{"type": "section", "text": mrkdwn("*Much* more")}]
        client.views_publish(user_id=body["user"]["id"], view={"type": "home", "blocks": blocks})

    page.opens("UAREP/CGENERAL")
    page.clicks(f"app-{APP_ID}")
    page.find("home", "Your day")
    page.clicks("action-more")
    page.find("home", "Much more")
    page.clicks("messages-tab")
    page.writes("Hello app")
    page.message("Hello app")
    page.clicks("home-tab")
    page.find("home", "Your day")
