"""People use the page in a browser, against a Bolt app that answers over signed HTTP."""

import json
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
from slack_bolt import Ack, App, Respond
from slack_sdk import WebClient

from sandbox.sample_teams import APP_ID
from sandbox.server import Sandbox
from tests.sandbox.conftest import QUIET, bolt_app, button, modal, mrkdwn, over_http, plain, text_input

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
HOSTILE = "<img src=x onerror=\"document.title='owned'\"> <script>document.title='owned'</script> *{{7*7}} <!channel>"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists() or not DRIVER.exists(), reason="Chromium and its driver are not here"),
]


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
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

    def until(self, look: Callable[[], Found], what: str, seconds: float = 8) -> Found:
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
    slack.control.settings(answer_seconds=0.4)

    @bolt.command("/deal")
    def deal(ack: Ack) -> None:
        time.sleep(0.8)
        ack()

    page.opens("UAREP/CGENERAL")
    page.writes("/deal list")
    page.find("composer-status", "Running /deal")
    page.message('/deal failed with the error "operation_timeout"')
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
        "text": plain("It can not be undone."),
        "confirm": plain("Drop"),
        "deny": plain("No"),
    }
    post(client, {"type": "actions", "elements": [button("Drop it", "drop") | {"confirm": sure, "style": "danger"}]})
    page.opens("UAREP/CGENERAL")
    page.clicks("action-drop")
    assert "It can not be undone." in page.find("confirm").text
    page.clicks("confirm-no")
    page.gone("confirm")
    page.clicks("action-drop")
    page.clicks("confirm-yes")
    page.message("It is gone")
    page.gone("action-drop")


def test_a_button_that_nobody_answers_says_so(slack: Sandbox, page: Page) -> None:
    client = WebClient("xoxb-a-sandbox", base_url=f"{page.url}/api/")
    post(client, {"type": "actions", "elements": [button("Take", "take")]})
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
    post(
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


def test_hostile_text_is_shown_as_text(bolt: App, slack: Sandbox, page: Page) -> None:
    client = WebClient("xoxb-a-sandbox", base_url=f"{page.url}/api/")
    slack.person("UAREP").posts(HOSTILE, channel="#general")
    escaped = HOSTILE.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    post(
        client,
        {"type": "header", "text": plain(HOSTILE)},
        {"type": "section", "text": mrkdwn(escaped), "fields": [plain(HOSTILE), mrkdwn("<javascript:alert(1)|click>")]},
        {"type": "markdown", "text": f"# {HOSTILE}\n[click](javascript:alert(1))"},
        {"type": "table", "rows": [[{"type": "raw_text", "text": HOSTILE}]]},
        {"type": "actions", "elements": [button(HOSTILE[:70], "go")]},
    )
    bolt.command("/deal")(lambda ack: ack(HOSTILE))
    page.opens("UAREP/CGENERAL")
    page.writes(f"/deal {HOSTILE}")
    page.until(lambda: len(page.all("ephemeral")) == 1, "answer")
    assert page.text().count("<img src=x onerror=") >= 5
    assert page.driver.title != "owned"
    dangerous = "main img, main script, main iframe, main a[href^=javascript]"
    assert page.driver.find_elements(By.CSS_SELECTOR, dangerous) == []
    assert (
        page.driver.execute_script(
            "document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.owned=1\">')"
        )
        is None
    )
    assert page.driver.execute_script("return window.owned") is None
    assert any("Content Security Policy" in one for one in page.problems())


MARKUP = {
    "*bold* _it_ ~gone~ `code`": "<p><strong>bold</strong> <em>it</em> <del>gone</del> <code>code</code></p>",
    "*a _b_ c*, (*d*)": "<p><strong>a <em>b</em> c</strong>, (<strong>d</strong>)</p>",
    "*a `co*de` b*": "<p><strong>a <code>co*de</code> b</strong></p>",
    "snake_case_name 2*3*4 * a * *open": "<p>snake_case_name 2*3*4 * a * *open</p>",
    "&lt;b&gt; &amp;amp; &#39;": "<p>&lt;b&gt; &amp;amp; &amp;#39;</p>",
    "<javascript:alert(1)|press> <data:text/html,x>": "<p>press data:text/html,x</p>",
    "<@UAAGENT>": '<p><span class="mention">@Anton Agent</span></p>',
    "<@UNOBODY|no|body>": '<p><span class="mention">@no|body</span></p>',
    "<#CHIDDEN>": '<p><span class="mention">#private-channel</span></p>',
    "&gt; one\n&gt; two\nthree": "<blockquote><p>one\ntwo</p></blockquote><p>three</p>",
    "&gt;&gt;&gt; all\nthe rest": "<blockquote><p>all\nthe rest</p></blockquote>",
    "• a\n• b": '<ul><li class="">a</li><li class="">b</li></ul>',
    "```a *b* &lt;c&gt;```": "<pre>a *b* &lt;c&gt;</pre>",
    ":nobody_knows: 10:30:00": "<p>:nobody_knows: 10:30:00</p>",
    "<": "<p>&lt;</p>",
    "<!date^1^{nothing}^javascript:x|soon>": "<p>{nothing}</p>",
}


def test_markup_is_read_as_slack_reads_it(slack: Sandbox, page: Page) -> None:
    page.opens("UAREP/CGENERAL")
    script = """
        const [texts, done] = arguments;
        import("/mrkdwn.js").then(({ mrkdwn }) => done(texts.map((text) => {
            const box = document.createElement("div");
            box.append(...mrkdwn(text));
            return box.innerHTML;
        })));
    """
    found = page.driver.execute_async_script(script, list(MARKUP))
    assert dict(zip(MARKUP, found, strict=True)) == MARKUP


def test_typing_goes_to_the_composer_wherever_one_is(slack: Sandbox, page: Page) -> None:
    page.opens("UAREP/CGENERAL")
    page.find("composer")
    page.driver.switch_to.active_element.send_keys("hi", Keys.ENTER)
    page.message("hi")


def every_block() -> list[dict[str, Any]]:
    options = [{"text": plain("One"), "value": "1"}, {"text": plain("Two"), "value": "2"}]
    words = {"type": "rich_text_section", "elements": [{"type": "text", "text": "rich words", "style": {"bold": True}}]}
    listed = {"type": "rich_text_list", "style": "bullet", "elements": [words]}
    menus = [
        {"type": "users_select", "action_id": "users"},
        {"type": "channels_select", "action_id": "channels"},
        {"type": "conversations_select", "action_id": "conversations", "filter": {"include": ["private"]}},
        {"type": "datepicker", "action_id": "date", "initial_date": "2031-02-03"},
        {"type": "timepicker", "action_id": "time", "initial_time": "10:30"},
        {"type": "datetimepicker", "action_id": "moment", "initial_date_time": 1_900_000_000},
        {"type": "overflow", "action_id": "menu", "options": options},
    ]
    boxes = {"type": "checkboxes", "action_id": "boxes", "options": options, "initial_options": options[:1]}
    radio = {"type": "radio_buttons", "action_id": "radio", "options": options}
    cells = [
        [{"type": "raw_text", "text": "Stage"}, {"type": "raw_text", "text": "Sum"}],
        [{"type": "raw_text", "text": "Lead"}, {"type": "raw_number", "value": 12}],
    ]
    return [
        {"type": "header", "text": plain("The header")},
        {
            "type": "section",
            "text": mrkdwn("*bold* _italic_ ~gone~ `code`\n> quoted\n• listed\n<https://a.example|a link>"),
        },
        {
            "type": "context",
            "elements": [
                mrkdwn("small"),
                {"type": "image", "image_url": "https://a.example/a.png", "alt_text": "a dot"},
            ],
        },
        {"type": "divider"},
        {
            "type": "image",
            "image_url": "https://a.example/chart.png",
            "alt_text": "the pipeline as bars",
            "title": plain("A chart"),
        },
        {"type": "rich_text", "elements": [words, listed]},
        {"type": "markdown", "text": "## Marked\n1. **down**\n\n| a | b |\n|---|---|\n| c | d |"},
        {"type": "actions", "elements": menus},
        {"type": "actions", "elements": [boxes, radio]},
        {
            "type": "section",
            "text": plain("many"),
            "accessory": {"type": "multi_static_select", "action_id": "multi", "options": options},
        },
        {"type": "table", "rows": cells},
        {"type": "card", "title": plain("A card"), "actions": [button("Open", "open")]},
        {
            "type": "input",
            "label": plain("Labelled"),
            "hint": plain("A hint"),
            "element": {"type": "plain_text_input", "action_id": "text"},
        },
    ]


def test_every_block_is_drawn(slack: Sandbox, page: Page) -> None:
    client = WebClient("xoxb-a-sandbox", base_url=f"{page.url}/api/")
    post(client, *every_block())
    page.opens("UAREP/CGENERAL")
    card = page.message("The header")
    for words in (
        "The header",
        "bold italic gone code",
        "quoted",
        "listed",
        "a link",
        "the pipeline as bars",
        "rich words",
        "Marked",
        "Lead",
        "12",
        "A card",
        "Labelled",
        "A hint",
    ):
        assert words in card.text
    assert page.driver.find_elements(By.CSS_SELECTOR, ".unknown") == []
    assert card.find_element(By.LINK_TEXT, "a link").get_attribute("href") == "https://a.example/"
    assert page.find("action-date").get_property("value") == "2031-02-03"
    page.clicks("action-conversations")
    assert "leads" in page.find("select-popup").text
    assert "general" not in page.find("select-popup").text


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


def test_the_page_loads_nothing_from_elsewhere() -> None:
    folder = Path(__file__).parents[2] / "sandbox" / "page"
    for path in folder.iterdir():
        source = path.read_text("utf-8")
        assert "innerHTML" not in source, path
        assert "style=" not in source, path
        assert len(source.splitlines()) <= 300, path
        hosts = [word for word in source.replace('"', " ").split() if word.startswith(("http://", "https://"))]
        assert all(host.startswith("http://www.w3.org/") for host in hosts), json.dumps(hosts)
