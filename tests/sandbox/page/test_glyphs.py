"""No box stands on the page for an emoji that the machine has no font for: its name does."""

from __future__ import annotations

import pytest

from sandbox.server import Sandbox
from tests.support.browser import Page

pytestmark = pytest.mark.browser

USED = "⚠️ 🚨 🔒 ⏳ 🧩 🟠 🚪 🔴 📎 💬 🎉 🤖 🤔 🙂 🙁 🗑️ 🔵 🔥 🔁 📨 👎 🐌 🌙 ⭐ ✅ ⏱️ 👍 👀 🙏 🎫 🇩🇪 🧑‍💻"
"""The emoji of the product's texts, and reactions that people give."""
BOXES = """
const brush = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
brush.font = `20px ${getComputedStyle(document.body).fontFamily}`;
const drawn = (text) => {
  brush.clearRect(0, 0, 99, 99);
  brush.fillText(text, 2, 40);
  return brush.getImageData(0, 0, 99, 99).data.join();
};
const box = drawn("\\u{10FFFE}");
const walk = document.createTreeWalker(document.querySelector("[data-testid=message]"), NodeFilter.SHOW_TEXT);
const found = [];
while (walk.nextNode()) {
  if (walk.currentNode.parentElement.closest(".glyph")) continue;
  for (const one of walk.currentNode.data) if (one !== "\\uFE0F" && one.trim() && drawn(one) === box) found.push(one);
}
return found;
"""
BADGES = """
return [...document.querySelectorAll("[data-testid=message] .glyph")].map((one) => [
  one.textContent, one.dataset.name, getComputedStyle(one, "::before").content, getComputedStyle(one).fontSize,
]);
"""


def test_an_emoji_without_a_glyph_is_shown_by_its_name(slack: Sandbox, page: Page) -> None:
    slack.person("UAAGENT").posts(f"{USED} \U0001fadd", channel="#general")
    page.opens("UAREP/CGENERAL")
    page.message("🎫")
    assert page.driver.execute_script(BOXES) == []
    badges = page.driver.execute_script(BADGES)
    assert all(size == "0px" and name in content for _character, name, content, size in badges)
    named = {character: name for character, name, _content, _size in badges}
    assert named.get("\U0001fadd", "U+1FADD") == "U+1FADD"
    assert named.get("🎫", "ticket") == "ticket"
    assert page.problems() == []
