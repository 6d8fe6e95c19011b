"""Show that texts that hold a count are in the plural form it needs."""

import pytest

from bot.i18n import ngettext, speak


@pytest.mark.parametrize("locale", [None, "en-US", "xx"])
@pytest.mark.parametrize(("count", "said"), [(0, "0 labels"), (1, "1 label"), (2, "2 labels")])
def test_a_count_decides_the_plural_form(locale: str | None, count: int, said: str) -> None:
    speak(locale)
    assert ngettext("{count} label", "{count} labels", count).format(count=count) == said
