"""Draw support: what came in and went out, how fast against the targets, the backlog, and what is unusual."""

from __future__ import annotations

from slack_sdk.models.blocks import Block

from bot.handlers.digests.drawing.sheet import Sheet
from bot.handlers.digests.wording import section
from bot.kit import blocks as b
from bot.kit import format
from bot.plugin import _, ngettext
from storage.digests.metrics import SUPPORT, Cut, Durations, Metric
from storage.support import sla

CATEGORIES = 8
URGENT = ("urgent", "high")
MOST_URGENT = (*URGENT, "normal", "low")


def draw(sheet: Sheet) -> list[Block]:
    """Draw the section."""
    counts = (Metric.TICKETS_OPENED, Metric.TICKETS_RESOLVED, Metric.TICKETS_UNANSWERED)
    fields = [sheet.field(sheet.number(figure)) for figure in counts]
    fields.append(_took(_("First answer"), sheet.reading.answered, sheet))
    if sheet.reading.resolved.count:
        fields.append(_took(_("Resolution"), sheet.reading.resolved, sheet))
    title = b.markup("*{title}*", title=section(SUPPORT))
    return [
        b.divider(),
        b.section(title, fields=fields),
        *_promises(sheet),
        *_unusual(sheet),
        *_backlog(sheet),
        *_scores(sheet),
        *_model(sheet),
    ]


def _took(label: str, found: Durations, sheet: Sheet) -> b.Markup:
    if found.median is None or found.ninth_decile is None:
        return b.markup("{label}\n*{none}*", label=label, none=_("none yet"))
    return b.markup(
        _("{label}\n*{median}*, 9 of 10 within {slowest}"),
        label=label,
        median=format.duration(found.median, sheet.me.locale),
        slowest=format.duration(found.ninth_decile, sheet.me.locale),
    )


def _promises(sheet: Sheet) -> list[Block]:
    lines = []
    for promise in sheet.reading.promises:
        first = promise.kind == sla.FIRST_RESPONSE
        late = sheet.number(Metric.FIRST_ANSWERS_LATE if first else Metric.RESOLUTIONS_LATE)
        total = promise.met + promise.missed
        if not total:
            continue
        line = b.markup(
            _("{what} in time: *{met} of {total}* ({share})"),
            what=_("First answers") if first else _("Resolutions"),
            met=promise.met,
            total=total,
            share=format.percent(promise.met / total, sheet.me.locale),
        )
        if late.count:
            breach = b.markup(
                _("*{count}* too late{change}"),
                count=sheet.count(late),
                change=sheet.change(late),
            )
            line = b.join([line, breach], ", ")
        lines.append(line)
    return [b.section(b.join([b.markup("*{title}*", title=_("Targets")), *lines]))] if lines else []


def _unusual(sheet: Sheet) -> list[Block]:
    lines = []
    for number in sheet.reading.parts(Metric.TICKETS_OPENED, Cut.CATEGORY):
        usual = next(one for one in sheet.reading.unusual if number.part and one.category == number.part.value)
        lines.append(
            b.markup(
                _("{category}  *{count}*, usually about {expected}"),
                category=sheet.called(number.part) if number.part else "",
                count=sheet.count(number),
                expected=round(usual.expected),
            )
        )
    return [b.section(b.join([b.markup("*{title}*", title=_("More than usual")), *lines]))] if lines else []


def _backlog(sheet: Sheet) -> list[Block]:
    whole = sheet.number(Metric.TICKETS_BACKLOG)
    if not whole.count:
        title = b.markup("*{title}*  *0*{change}", title=_("Backlog"), change=sheet.change(whole))
        return [b.section(b.join([title, b.esc(_("Nothing is open."))]))]
    priorities = sheet.reading.parts(Metric.TICKETS_BACKLOG, Cut.PRIORITY)
    urgent = sum(one.count for one in priorities if one.part and one.part.value in URGENT)
    title = b.markup(
        _("*Backlog*  *{count}*, {urgent} of them high or urgent{change}"),
        count=sheet.count(whole),
        urgent=urgent,
        change=sheet.change(whole),
    )
    categories = sheet.reading.parts(Metric.TICKETS_BACKLOG, Cut.CATEGORY)
    rows = [
        b.markup(
            "{name}  *{count}*{change}",
            name=sheet.called(one.part) if one.part else "",
            count=sheet.count(one),
            change=sheet.change(one),
        )
        for one in categories[:CATEGORIES]
    ]
    if other := sum(one.count for one in categories[CATEGORIES:]):
        rows.append(b.markup(_("Other  *{count}*"), count=other))
    by_priority = [
        b.markup(
            "{name} *{count}*",
            name=sheet.called(one.part) if one.part else "",
            count=sheet.count(one),
        )
        for one in sorted(priorities, key=lambda one: MOST_URGENT.index(one.part.value if one.part else "normal"))
    ]
    return [b.section(b.join([title, *rows])), b.context(b.join(by_priority, "  ·  "))]


def _scores(sheet: Sheet) -> list[Block]:
    """Draw what customers answered of how they were served: all, by category and by agent, the best last."""
    given = sheet.number(Metric.RATINGS)
    if not given.count:
        return []
    mean = next(line.mean for line in sheet.reading.scores if line.part is None)
    title = b.markup(
        _("*How customers were served*  *{mean}* of 5, *{count}* answers{change}"),
        mean=_mean(mean, sheet),
        count=sheet.count(given),
        change=sheet.change(given),
    )
    bad = sheet.number(Metric.RATINGS_BAD)
    if bad.count:
        unhappy = b.markup(_("*{count}* unhappy{change}"), count=sheet.count(bad), change=sheet.change(bad))
        title = b.join([title, unhappy], ", ")
    rows = [title, *(_scored(sheet, cut) for cut in (Cut.CATEGORY, Cut.OWNER))]
    return [b.section(b.join(rows))]


def _scored(sheet: Sheet, cut: Cut) -> b.Markup:
    lines = [line for line in sheet.reading.scores if line.part and line.part.cut is cut]
    shown = sorted(lines, key=lambda line: (line.mean, -line.count))[:CATEGORIES]
    parts = [
        b.markup(
            "{name} *{mean}* ({count})",
            name=b.cut(sheet.called(line.part), 80) if line.part else "",
            mean=_mean(line.mean, sheet),
            count=sheet.count(sheet.number(Metric.RATINGS, line.part)),
        )
        for line in shown
    ]
    return b.join(parts, "  ·  ")


def _mean(mean: float, sheet: Sheet) -> str:
    return format.decimal(mean, sheet.me.locale)


def _model(sheet: Sheet) -> list[Block]:
    number = sheet.number(Metric.LABELS_CORRECTED)
    if not sheet.reading.classified:
        return []
    said = b.markup(
        ngettext(
            "The model was corrected *{count}* time, of {total} messages{change}",
            "The model was corrected *{count}* times, of {total} messages{change}",
            number.count,
        ),
        count=sheet.count(number),
        total=sheet.reading.classified,
        change=sheet.change(number),
    )
    return [b.context(said)]
