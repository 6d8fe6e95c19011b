"""Write what to look for in messages as phrases that people can read, in English and in Chinese."""

import re
import unicodedata
from functools import lru_cache

from ml.text.terms import MAX_CHARACTERS

_CJK = "\u3400-\u4dbf\u4e00-\u9fff"
_TOKEN = re.compile(rf"[{_CJK}]+|[^\W_{_CJK}]+(?:['’][^\W_{_CJK}]+)*|[.!?;。！？；\n]+")
_CHINESE = re.compile(rf"[{_CJK}]")
_WORD = r"[a-z0-9]+"
_MEANING = {"..": rf"(?:{_WORD} ){{0,3}}?", "#": r"\d+"}


def plain(text: str) -> str:
    """Return the first `MAX_CHARACTERS` of a text as phrases see it.

    Folded case and width, no apostrophes, one space between words, and "." where a sentence ends, over which no
    phrase reaches.
    """
    folded = unicodedata.normalize("NFKC", text[:MAX_CHARACTERS]).casefold()
    tokens = (token if token[0].isalnum() else "." for token in _TOKEN.findall(folded))
    return " ".join([*(token.replace("'", "").replace("’", "") for token in tokens), "."])


@lru_cache(maxsize=256)
def phrases(written: str) -> re.Pattern[str]:
    """Return what finds any of the phrases that are written here, separated by commas, in a `plain` text.

    Within an English phrase `a/b` is either word, `..` up to three words, `#` a number, `word*` each word that begins
    so, `word?` a word that may be missing. In a Chinese phrase `..` is up to six characters, `(a/b)` is either, and
    `(a)?` may be missing.
    """
    found = [phrase for phrase in (part.strip() for part in " ".join(written.split()).split(",")) if phrase]
    chinese = "|".join(_chinese(phrase) for phrase in found if _CHINESE.search(phrase))
    english = "|".join(_english(phrase) for phrase in found if not _CHINESE.search(phrase))
    return re.compile("|".join(part for part in (english and rf"\b(?:{english})(?!\w)", chinese) if part))


def _english(phrase: str) -> str:
    parts = []
    for word in phrase.split():
        if word in _MEANING:
            parts.append(_MEANING[word] + (" " if word == "#" else ""))
            continue
        either = "|".join(
            re.escape(one[:-1]) + r"[a-z]*" if one.endswith("*") else re.escape(one)
            for one in word.removesuffix("?").split("/")
        )
        parts.append(rf"(?:(?:{either}) )?" if word.endswith("?") else f"(?:{either}) ")
    return "".join(parts).removesuffix(" ")


def _chinese(phrase: str) -> str:
    escaped = re.escape(phrase).replace(re.escape(".."), r"[^.]{0,6}?")
    return escaped.replace(r"\(", "(?:").replace(r"\)", ")").replace(r"\?", "?").replace("/", "|")
