"""Tell the figures behind digests: each number, and the records that it was counted from."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from api import payloads
from api.calls import Work
from api.figures import of_plugins
from api.lent import Bot
from api.problems import Answer, HttpProblem
from storage.crm.followups import Followup
from storage.digests import metrics
from storage.digests.metrics import Cut, Metric, Number, Part, Period
from storage.digests.metrics.definitions import meaning
from storage.digests.metrics.narrowing import CUSTOMER, NOUNS
from storage.errors import CrmError, Invalid
from storage.names import check_text, short
from storage.records.fields import PersonField
from storage.records.named import Named
from storage.references import reference
from storage.support.labels import Label
from storage.support.ratings import Rating
from storage.support.tickets import Ticket
from storage.workspace.api_keys import Verb
from storage.workspace.members import Role

PERIODS = {"day": 1, "week": 7, "month": 30, "quarter": 91, "year": 365}
"""The days that a period has, up to now."""
USUAL = "week"
BEHIND, MOST = 50, 200
_OF_TICKETS = {Label, Rating}
"""What is no record of its own, and is read by whoever may read tickets."""
_OWNER = PersonField(key="owner", label="Owner", role=Role.VIEWER)


def listed(work: Work, *, period: str = USUAL, owner: str = "", filters: str = "") -> Answer:
    """List the numbers of a period that the key may know, with their parts, and what they were before.

    What filters cannot be true of, is left out: plugins' figures know none.
    """
    span = _period(work, period, owner, filters)
    numbers = metrics.digest(work.session, span, zone=work.caller.workspace.zone).numbers
    told = [_number(one) for one in numbers if _may(work, one.figure, span) and _holds(one.figure, span)]
    more = of_plugins.all_told(work, span) if span.only is None else ()
    return Answer(200, {**_span(span), "figures": [*told, *more]})


def names(bot: Bot) -> list[str]:
    """Return the name of every figure there is."""
    return [*map(str, Metric), *(one.id for one in bot.figures)]


def cuts(bot: Bot) -> list[str]:
    """Return everything by which figures have parts."""
    return list(dict.fromkeys([*map(str, Cut), *(one.by for one in bot.figures if one.by)]))


def explained(
    work: Work,
    figure: str,
    *,
    period: str = USUAL,
    owner: str = "",
    filters: str = "",
    by: str = "",
    value: str | None = None,
    limit: int = BEHIND,
) -> Answer:
    """Tell one number, or a part of it, with the records that it was counted from, the first to look at on top."""
    span = _period(work, period, owner, filters)
    if (of_plugin := next((one for one in work.bot.figures if one.id == figure), None)) is not None:
        told = of_plugins.explained(work, of_plugin, span, by=by, value=value, limit=limit)
        return Answer(200, {**_span(span), **told})
    try:
        wanted = Metric(figure)
    except ValueError:
        raise HttpProblem("not-found", f"There is no figure {short(figure, 60)}.", figures=names(work.bot)) from None
    if not _may(work, wanted, span):
        raise HttpProblem("forbidden", f"This key may not read all that {wanted} counts.")
    if not _holds(wanted, span):
        raise Invalid("What {figure} counts has not all that this filters by.", field="filter", figure=str(wanted))
    part = _part(wanted, span, by, value)
    rows = metrics.records(work.session, wanted, span, part, limit=limit)
    number = Number(wanted, metrics.count(work.session, wanted, span, part), part)
    return Answer(200, {**_span(span), **_number(number), "records": [_record(work, row) for row in rows]})


def _period(work: Work, typed: str, owner: str, filters: str) -> Period:
    if typed not in PERIODS:
        raise Invalid(
            "There is no period {word}.", field="period", word=short(typed), hint="It is day, week, month, ..."
        )
    who = _OWNER.checked(work.session, owner) if owner else None
    since = work.caller.now - timedelta(days=PERIODS[typed])
    # Who may not read customers learns nothing of them by what deals of theirs are counted.
    nouns = [noun for noun in (*NOUNS, CUSTOMER) if work.may(noun, Verb.READ)]
    only = work.bot.narrow(filters, work.session, nouns, work.caller) if filters.strip() else None
    return Period(since, work.caller.now, [who] if who else None, only=only)


def _part(figure: Metric, span: Period, by: str, value: str | None) -> Part | None:
    if not by:
        return None
    try:
        part = Part(Cut(by), None if value is None else check_text(value))
        meaning(figure, span, part)
    except CrmError:
        raise
    except ValueError:
        raise Invalid(
            "{figure} has no such part.", field="by", figure=str(figure), hint="The list of figures has all parts."
        ) from None
    return part


def _may(work: Work, figure: Metric, span: Period) -> bool:
    """Tell whether the key may read all that a figure counts: follow-ups are about records of any noun."""
    model = meaning(figure, span).model
    if model is Followup:
        return all(work.may(noun, Verb.READ) for noun in work.nouns)
    return work.may(_counted(model), Verb.READ)


def _holds(figure: Metric, span: Period) -> bool:
    """Tell whether the filters, if any, can be true of what a figure counts."""
    model = meaning(figure, span).model
    return span.only is None or model is Followup or span.only.holds(_counted(model))


def _counted(model: Any) -> str:
    return str(Ticket.__noun__ if model in _OF_TICKETS else model.__noun__)


def _span(span: Period) -> dict[str, Any]:
    return {"since": span.since.isoformat(), "until": span.until.isoformat()}


def _number(number: Number) -> dict[str, Any]:
    part = number.part
    return {
        "figure": str(number.figure),
        "part": {"by": str(part.cut), "value": part.value} if part else None,
        "count": number.count,
        "amounts": [{"amount": str(one.major), "currency": one.currency} for one in number.amounts],
        "before": number.before,
    }


def _record(work: Work, row: Any) -> Mapping[str, Any]:
    if isinstance(row, Followup):
        return payloads.followup(row)
    if isinstance(row, Named):
        return payloads.record(work.session, work.nouns[row.__noun__], row)
    if isinstance(row, Rating):
        assert row.answered_at is not None
        rated = {"ticket": reference(Ticket.__noun__, row.ticket_id), "agent": row.agent_id}
        return {**rated, "score": row.score, "words": row.words, "at": row.answered_at.isoformat()}
    assert isinstance(row, Label)
    return {"was": row.old_category, "is": row.new_category, "by": row.actor_id, "at": row.at.isoformat()}
