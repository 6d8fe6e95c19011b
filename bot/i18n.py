"""Speak the language of whoever reads: choose it for a call, translate texts, know how numbers and dates look in it."""

from __future__ import annotations

from contextvars import ContextVar
from functools import cache, lru_cache
from gettext import GNUTranslations, NullTranslations, translation
from io import BytesIO
from pathlib import Path

from babel import Locale, UnknownLocaleError

DEFAULT_LOCALE = "en-US"
_LOCALES = Path(__file__).parent / "locale"
_folders: list[Path] = []
"""Where the translations of plugins are."""
_language: ContextVar[NullTranslations | None] = ContextVar("language", default=None)


def _(text: str) -> str:
    """Translate a text for people into the language of whoever reads it; English where there is no translation."""
    language = _language.get()
    return language.gettext(text) if language else text


def ngettext(one: str, many: str, count: int) -> str:
    """Translate a text that holds a count, in the plural form that the reader's language has for it."""
    language = _language.get()
    return language.ngettext(one, many, count) if language else (one if count == 1 else many)


def speak(locale: str | None) -> None:
    """Choose the language of `_` for the rest of this call; an unknown locale means English."""
    _language.set(_catalogue((locale or "en").replace("-", "_")))


@cache
def known_locale(name: str | None) -> Locale:
    """Return a locale by its name, American English for one that Babel does not know."""
    try:
        return Locale.parse((name or DEFAULT_LOCALE).replace("_", "-"), sep="-")
    except (ValueError, UnknownLocaleError):
        return Locale.parse(DEFAULT_LOCALE, sep="-")


def add(folder: Path) -> None:
    """Use a plugin's translations too, `de.po` and the like; raise ValueError for a file that cannot be read."""
    for file in sorted(folder.glob("*.po")):
        _read(file)
    if folder not in _folders:
        _folders.append(folder)
        _catalogue.cache_clear()


@lru_cache(maxsize=256)
def _catalogue(code: str) -> NullTranslations | GNUTranslations:
    found = translation("rapport", _LOCALES, [code, code[:2]], fallback=True)
    for folder in _folders:
        for file in (folder / f"{code}.po", folder / f"{code[:2]}.po"):
            if file.exists():
                found.add_fallback(_read(file))
                break
    return found


@cache
def _read(file: Path) -> GNUTranslations:
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import PoFileError, read_po

    compiled = BytesIO()
    try:
        with file.open("rb") as source:
            write_mo(compiled, read_po(source, locale=file.stem, abort_invalid=True))
    except (PoFileError, UnknownLocaleError) as exc:
        raise ValueError(f"{file} cannot be read: {exc}") from exc
    compiled.seek(0)
    return GNUTranslations(compiled)
