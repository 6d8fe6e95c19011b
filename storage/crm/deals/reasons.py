"""Say for which of a workspace's own reasons deals are won and lost, and whether people are asked for one."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sqlalchemy.orm import Session

from storage.crm.deals.model import Deal
from storage.crm.pipelines import Outcome
from storage.errors import Invalid
from storage.names import name_key
from storage.records.declaration import declared
from storage.records.fields import ChoiceField
from storage.records.schema import choice_definitions, extended
from storage.workspace import plugin_settings

FIELD = "closed_reason"
ASK = "deals.ask_reasons"
"""Under which name it is kept when people are asked for a reason."""
NEVER, BOTH = "never", "both"
WHEN = (NEVER, str(Outcome.LOST), str(Outcome.WON), BOTH)


def offered(session: Session, outcome: str) -> Mapping[str, str]:
    """Return the names of the reasons for which deals are won, or lost, in order, by what is stored."""
    field = _field(session)
    return {key: field.name_of(key) for key in field.choices if field.kind_of(key) == outcome}


def asked(session: Session, outcome: str) -> Mapping[str, str]:
    """Return the reasons of which somebody who closes a deal has to give one; none where nobody asks."""
    known = offered(session, outcome)
    if not known:
        # Without a look at what was chosen: most workspaces have none.
        return {}
    chosen = plugin_settings.get(session, ASK)
    return known if chosen is not None and chosen.value in {outcome, BOTH} else {}


def called(session: Session, deal: Deal) -> str | None:
    """Return the name of the reason for which a deal is closed, None where it has none."""
    return _field(session).name_of(deal.closed_reason) if deal.closed_reason else None


def told(session: Session, outcome: str, typed: str) -> tuple[str | None, str | None]:
    """Return the reason that a text begins with or names, and what it says beyond: `Price: 20 % too high`."""
    words = typed.strip()
    known = sorted(offered(session, outcome).items(), key=lambda one: -len(one[1]))
    for key, name in known:
        if name_key(words).rstrip(".") == name_key(name):
            return key, None
    for key, name in known:
        rest = re.fullmatch(re.escape(name) + r"\s*[:,;，：–-]\s*(.+)", words, re.IGNORECASE | re.DOTALL)
        if rest:
            return key, rest[1]
    return None, words or None


def check(session: Session, outcome: str, key: str) -> str:
    """Return a reason to give to a deal, held until the transaction ends; raise Invalid for none of this outcome."""
    field = _field(session)
    chosen = field.checked(session, key)
    held = choice_definitions.hold(session, Deal.__noun__, FIELD, chosen)
    if field.kind_of(held) != outcome:
        raise Invalid(
            "{name} is no reason for this.", field=FIELD, name=field.name_of(held), hint="Choose another."
        )  # fmt: skip
    return held


def _field(session: Session) -> ChoiceField:
    field = extended(session, declared()[Deal.__noun__]).field(FIELD)
    assert isinstance(field, ChoiceField)
    return field
