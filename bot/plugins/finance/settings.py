"""Declare what admins set of the books."""

from __future__ import annotations

from bot.plugins.finance import plugin
from storage.records.fields import ChoiceField, NumberField, YesNoField

FIFO, AVERAGE = "fifo", "average"

METHOD = plugin.setting(
    ChoiceField(
        key="method",
        label="What is sold first",
        choices=(FIFO, AVERAGE),
        names={FIFO: "the oldest", AVERAGE: "a share of all"},
        example="average",
    ),
    default=FIFO,
)
OVERDRAFT = plugin.setting(
    YesNoField(key="overdraft", label="Accounts may owe money", example="yes"),
    default=False,
)
LARGEST_SHARE = plugin.setting(
    NumberField(key="share", label="Largest share of one instrument, percent", example="20", least=1, most=100),
    default=20,
)
