"""Say the parts of a route in words, and understand the words people use for them."""

from __future__ import annotations

from collections.abc import Mapping

from babel.core import Locale, UnknownLocaleError

from bot.grammar import did_you_mean
from bot.plugin import _
from storage.errors import Invalid
from storage.names import name_key
from storage.support.routes import Route, Strategy

STRATEGIES: Mapping[Strategy, str] = {
    Strategy.NONE: "nobody",
    Strategy.ROUND_ROBIN: "in turn",
    Strategy.LEAST_LOADED: "who has fewest open",
}
_WORDS: Mapping[str, Strategy] = {
    "turn": Strategy.ROUND_ROBIN,
    "turns": Strategy.ROUND_ROBIN,
    "in turn": Strategy.ROUND_ROBIN,
    "round robin": Strategy.ROUND_ROBIN,
    "round_robin": Strategy.ROUND_ROBIN,
    "load": Strategy.LEAST_LOADED,
    "least loaded": Strategy.LEAST_LOADED,
    "least_loaded": Strategy.LEAST_LOADED,
}
_LANGUAGES: Mapping[str, str] = {"english": "en", "chinese": "zh", "german": "de", "中文": "zh", "英文": "en"}


def conditions(route: Route, category: str | None) -> str:
    """Return what a rule is for, its category called as people read it."""
    language = Locale.parse(route.language).get_display_name("en") if route.language else None
    known = [one for one in (category, route.tier, language) if one]
    return ", ".join(known) if known else _("everything else")


def read_language(typed: str) -> str:
    """Return the code of a language, as messages are marked with; raise Invalid for what is none."""
    word = name_key(typed)
    code = _LANGUAGES.get(word, word.replace("_", "-").partition("-")[0])
    try:
        Locale.parse(code)
    except (UnknownLocaleError, ValueError):
        near = did_you_mean(word, _LANGUAGES)
        raise Invalid(
            "I do not know the language {language}.",
            field="language",
            typed=typed,
            language=typed,
            hint="Did you mean {near}?" if near else "Write its code, such as en or zh.",
            near=near or "",
        ) from None
    return code


def read_strategy(typed: str | None) -> Strategy:
    """Return how people get tickets, in turn unless said otherwise; raise Invalid for another word."""
    word = name_key(typed or "turn")
    if word in _WORDS:
        return _WORDS[word]
    near = did_you_mean(word, _WORDS)
    raise Invalid(
        "Write by:turn or by:load. I do not understand {typed_word}.",
        field="by",
        typed=typed,
        typed_word=typed,
        hint="Did you mean {near}?" if near else None,
        near=near or "",
    )
