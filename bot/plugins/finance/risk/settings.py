"""Declare what admins set of risk."""

from __future__ import annotations

from bot.plugins.finance import plugin
from storage.records.fields import ChoiceField, NumberField

PROFILED, EVERYBODY = "profiled", "everybody"

MONTHS = plugin.setting(
    NumberField(key="profile", label="Months that a risk profile counts", example="24", least=1, most=60), default=12
)
JUDGED = plugin.setting(
    ChoiceField(
        key="judged",
        label="Whose trades are judged when they are booked",
        choices=(PROFILED, EVERYBODY),
        names={PROFILED: "of customers with a risk profile", EVERYBODY: "of everybody"},
        example=EVERYBODY,
    ),
    default=PROFILED,
)
RISKY = tuple(
    plugin.setting(
        NumberField(
            key=f"risky{level}", label=f"Most that is risky at level {level}, percent", example="50", least=0, most=100
        ),
        default=share,
    )
    for level, share in enumerate((10, 30, 60, 80, 100), start=1)
)
