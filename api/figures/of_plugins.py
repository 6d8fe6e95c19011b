"""Tell the figures that plugins declare, as far as a key may know them."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from api import payloads
from api.calls import Work
from api.lent import PluginFigure
from api.problems import HttpProblem
from storage.digests.metrics import Period, Tally
from storage.errors import CrmError, Invalid
from storage.workspace.api_keys import Verb

log = logging.getLogger(__name__)


def all_told(work: Work, span: Period) -> Iterator[Mapping[str, Any]]:
    """Yield every figure that the key may know, and its parts; one that fails costs itself alone."""
    for one in work.bot.figures:
        if not work.may(one.noun, Verb.READ):
            continue
        try:
            with work.session.begin_nested():
                tally, before = _counted(work, one, span), _before(work, one, span)
        except CrmError:
            raise
        except Exception:
            log.exception("the figure %s failed, the rest goes on without it", one.id)
            continue
        if tally is not None:
            yield _number(one, tally, before=before)
            for value, count in tally.parts.items():
                yield _number(one, Tally(count), value)


def explained(work: Work, one: PluginFigure, span: Period, *, by: str, value: str | None, limit: int) -> dict[str, Any]:
    """Return a figure, or a part of it, with the records behind it; raise HttpProblem where the key may not know."""
    if span.only is not None:
        raise Invalid("{figure} knows no filters.", field="filter", figure=one.id, hint="Leave the filter out.")
    if by and (by != one.by or not value):
        raise Invalid(
            "{figure} has no such part.", field="by", figure=one.id, hint="The list of figures has all parts."
        )
    forbidden = HttpProblem("forbidden", f"This key may not read all that {one.id} counts.")
    if not work.may(one.noun, Verb.READ):
        raise forbidden
    part = value if by else None
    tally = _counted(work, one, span, part)
    if tally is None:
        raise forbidden
    rows = () if tally.behind is None else work.session.scalars(tally.behind.limit(limit)).all()
    found = [payloads.record(work.session, work.nouns[row.__noun__], row) for row in rows if _seen(work, row)]
    return {**_number(one, tally, part, before=None if by else _before(work, one, span)), "records": found}


def _seen(work: Work, row: Any) -> bool:
    return work.may(row.__noun__, Verb.READ)


def _counted(work: Work, one: PluginFigure, span: Period, value: str | None = None) -> Tally | None:
    found = work.bot.run_route(one, work.session, work.caller, {"period": span, "value": value})
    assert found is None or isinstance(found, Tally)
    return found


def _before(work: Work, one: PluginFigure, span: Period) -> int | None:
    earlier = _counted(work, one, replace(span, since=span.before, until=span.since)) if one.over_time else None
    return earlier.count if earlier else None


def _number(one: PluginFigure, tally: Tally, value: str | None = None, *, before: int | None = None) -> dict[str, Any]:
    return {
        "figure": one.id,
        "part": None if value is None else {"by": one.by, "value": value},
        "count": tally.count,
        "amounts": [{"amount": str(each.major), "currency": each.currency} for each in tally.amounts],
        "before": before,
    }
