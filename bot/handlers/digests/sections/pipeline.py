"""Draw the pipeline: by stage, what is new, won and lost, the forecast, and what nobody works on."""

from __future__ import annotations

from slack_sdk.models.blocks import Block

from bot.handlers.digests.drawing.sheet import Sheet
from bot.handlers.digests.wording import section
from bot.kit import blocks as b
from bot.kit import format
from bot.plugin import _
from storage.digests import metrics
from storage.digests.metrics import PIPELINE, Cut, Metric, Number

NAMED = 3
REASONS = 5


def draw(sheet: Sheet) -> list[Block]:
    """Draw the section."""
    whole = sheet.number(Metric.DEALS_OPEN)
    head = b.markup("*{title}*", title=section(PIPELINE))
    if whole.count:
        head = b.markup(
            _("{head}  *{count}* open{change}"),
            head=head,
            count=sheet.count(whole),
            change=sheet.change(whole),
        )
    lines = _stages(sheet) or [b.esc(_("No open deals."))]
    blocks: list[Block] = [b.divider(), b.section(b.join([head, *lines]))]
    if forecast := sheet.forecast():
        blocks.append(b.context(forecast))
    wanted = (Metric.DEALS_NEW, Metric.DEALS_WON, Metric.DEALS_LOST, Metric.FOLLOWUPS_OVERDUE)
    blocks.append(b.section("", fields=[sheet.field(sheet.number(figure)) for figure in wanted]))
    won = _reasons(sheet, Metric.DEALS_WON, _("Won because of: {reasons}"))
    lost = _reasons(sheet, Metric.DEALS_LOST, _("Lost because of: {reasons}"))
    return [*blocks, *won, *lost, *_stalled(sheet)]


def _stages(sheet: Sheet) -> list[b.Markup]:
    by_stage: dict[str, Number] = {
        one.part.value: one
        for one in sheet.reading.numbers
        if one.figure is Metric.DEALS_OPEN and one.part and one.part.value
    }
    chance = {str(line.stage_id): line.probability for line in sheet.reading.stages}
    return [
        b.markup(
            "{stage}  *{count}*  {total}  _{share}_{change}",
            stage=sheet.called(number.part) if number.part else "",
            count=sheet.count(number),
            total=", ".join(sheet.me.money(amount) for amount in number.amounts) or _("no amount"),
            share=format.percent(chance[stage_id] / 100, sheet.me.locale),
            change=sheet.change(number),
        )
        for stage_id, number in by_stage.items()
    ]


def _reasons(sheet: Sheet, figure: Metric, said: str) -> list[Block]:
    found = [one for one in sheet.reading.parts(figure, Cut.REASON) if one.count]
    if not found:
        return []
    parts = [
        b.markup(
            "{reason} *{count}*",
            reason=b.cut(sheet.called(one.part), 100) if one.part else "",
            count=sheet.count(one),
        )
        for one in found[:REASONS]
    ]
    if other := sum(one.count for one in found[REASONS:]):
        parts.append(b.markup(_("Other  *{count}*"), count=other))
    return [b.context(b.markup(said, reasons=b.join(parts, ", ")))]


def _stalled(sheet: Sheet) -> list[Block]:
    number = sheet.number(Metric.DEALS_STALLED)
    if not number.count:
        return []
    found = metrics.records(sheet.session, Metric.DEALS_STALLED, sheet.reading.period, limit=NAMED)
    named = [
        b.markup("• {ref} {name}  _{ago}_", ref=deal.reference, name=deal.name, ago=sheet.me.ago(deal.touched_at))
        for deal in found
    ]
    title = b.markup(
        _("Stalled, nothing for two weeks\n*{count}*{change}"),
        count=sheet.count(number),
        change=sheet.change(number),
    )
    return [b.section(b.join([title, *named]))]
