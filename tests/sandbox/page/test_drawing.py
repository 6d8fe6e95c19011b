"""The page draws markup and blocks, and nothing that somebody wrote becomes part of the page."""

import json
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.by import By
from slack_bolt import App
from slack_sdk import WebClient

from sandbox.server import Sandbox
from tests.support.browser import Page
from tests.support.slack_app import post_blocks
from tests.support.slack_blocks import button, mrkdwn, plain

HOSTILE = "<img src=x onerror=\"document.title='owned'\"> <script>document.title='owned'</script> *{{7*7}} <!channel>"
pytestmark = pytest.mark.browser

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


def test_redrawing_touches_only_what_changed(slack: Sandbox, page: Page) -> None:
    page.opens("UAREP/CGENERAL")
    script = """
        const done = arguments[0];
        import("/dom.js").then(({ h, reconcile }) => {
            const box = document.createElement("div");
            const show = (texts) => reconcile(box, [...texts], {
                key: (one) => one[0], sign: (one) => one, draw: (one) => h("p", { text: one }) });
            show(["a", "b", "c", "d"]);
            const seen = new MutationObserver(() => {});
            seen.observe(box, { childList: true });
            show(["b", "c2", "d", "e"]);
            const touched = seen.takeRecords().flatMap((one) => [...one.addedNodes, ...one.removedNodes]);
            done([box.textContent, touched.map((one) => one.textContent).sort()]);
        });
    """
    assert page.driver.execute_async_script(script) == ["bc2de", ["a", "c", "c2", "e"]]


def test_hostile_text_is_shown_as_text(bolt: App, slack: Sandbox, page: Page) -> None:
    client = WebClient("xoxb-a-sandbox", base_url=f"{page.url}/api/")
    slack.person("UAREP").posts(HOSTILE, channel="#general")
    escaped = HOSTILE.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    post_blocks(
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
    seen: list[str] = []

    def told() -> bool:
        seen.extend(page.problems())
        # The picture that is not there may be told after the test, too, if nobody waits for it.
        return all(any(words in one for one in seen) for words in ("Content Security Policy", "404"))

    page.until(told, "refusal")


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
    post_blocks(client, *every_block())
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


def test_the_page_loads_nothing_from_elsewhere() -> None:
    folder = Path(__file__).parents[3] / "sandbox" / "page"
    for path in folder.iterdir():
        source = path.read_text("utf-8")
        assert "innerHTML" not in source, path
        assert "style=" not in source, path
        assert len(source.splitlines()) <= 300, path
        hosts = [word for word in source.replace('"', " ").split() if word.startswith(("http://", "https://"))]
        assert all(host.startswith("http://www.w3.org/") for host in hosts), json.dumps(hosts)
