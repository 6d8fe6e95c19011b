"""Draw an import: how its file is understood, what it would do, how far it is."""

from __future__ import annotations

from slack_sdk.models.blocks import Block, InteractiveElement
from sqlalchemy.orm import Session

from bot.handlers.transfer.declaration import plugin
from bot.handlers.transfer.wording import column_line, counts_line, rows_line, rows_may_be
from bot.kit import blocks as b
from bot.kit.pages import written
from bot.kit.replies import Message, SentFile
from bot.plugin import Catalogue, Declaration, Notice, _
from storage.errors import NotFound
from storage.queues.outbox import Delivery
from storage.transfer import requests, running
from storage.transfer.exports import asked
from storage.transfer.exports import refused as refused_file
from storage.transfer.model import ImportRun, ImportState

COLUMNS_SHOWN = 30
REFUSED_SHOWN = 5
UNKNOWN_SHOWN = 5
SHEETS_SHOWN = 10
MISSING_SHOWN = 20
BAR = 20


@plugin.renderer("card", kind=Notice.OTHER)
def card(delivery: Delivery, session: Session, catalogue: Catalogue) -> Message | None:
    """Draw an import as it is now."""
    try:
        return draw(session, running.get(session, int(delivery.record or 0)), catalogue)
    except NotFound:
        return None


@plugin.renderer("refused", kind=Notice.OTHER)
def refused(delivery: Delivery) -> Message:
    """Say why a file that was sent was not read."""
    text = b.markup("*{name}*: {why}", name=delivery.payload["name"], why=delivery.payload["why"])
    return Message(text, [b.section(text)])


@plugin.renderer("file", kind=None)
def file(delivery: Delivery, session: Session) -> Message | None:
    """Send a file that was asked for, unless it is forgotten by now."""
    kept = asked.content(session, int(delivery.record or 0))
    if kept is None:
        return None
    rows, filters = rows_line(delivery.payload["rows"]), written(delivery.payload["words"])
    text = b.markup(_("{rows}: {filters}"), rows=rows, filters=filters) if filters else rows
    return Message(text, file=SentFile(*kept))


@plugin.renderer("taken_out", kind=Notice.OTHER)
def taken_out(delivery: Delivery, catalogue: Catalogue) -> Message:
    """Tell an admin that somebody took records out."""
    told = delivery.payload
    noun = catalogue.nouns.get(told["noun"])
    what = _(noun.declaration.plural) if noun else told["noun"]
    said = _("{who} took records out of Rapport, {rows} as {form}: {what} {filters}")
    who = b.person(told["who"]) if told["who"] else _("Somebody at the terminal")
    filters = written(told["filters"])
    text = b.markup(said, who=who, rows=rows_line(told["rows"]), form=told["form"], what=what, filters=filters)
    return Message(text, [b.section(text)])


def draw(session: Session, run: ImportRun, catalogue: Catalogue) -> Message:
    """Draw an import with what can be done about it."""
    noun = rows_may_be(catalogue).get(run.mapping.get("noun", ""))
    title = b.markup(_("*{file}*: {state}"), file=run.file_name, state=_state(run, noun))
    blocks: list[Block] = [b.section(title)]
    if run.error:
        blocks.append(b.section(b.markup("⚠️ {why}", why=run.error)))
    if noun is not None and run.state == ImportState.DRAWN_UP and run.checked is None:
        blocks += _columns(run, noun)
    blocks += _outcome(session, run)
    controls = _controls(run, has_owner=noun is not None and noun.model.__owner__ is not None)
    return Message(title, [*blocks, *([b.actions(*controls)] if controls else [])])


def _state(run: ImportRun, noun: Declaration | None) -> str:
    plural = _(noun.plural) if noun else ""
    match ImportState(run.state):
        case ImportState.READING:
            return _("I am reading it…")
        case ImportState.DRAWN_UP:
            return plural if run.checked is None else _("{nouns}, tried and not brought in yet").format(nouns=plural)
        case ImportState.CHECKING:
            return _("I am trying it; nothing is changed…")
        case ImportState.RUNNING:
            return _("{nouns} are coming in…").format(nouns=plural)
        case ImportState.STOPPED:
            return _("stopped")
        case ImportState.DONE:
            return _("{nouns} are in").format(nouns=plural)
        case ImportState.UNDOING:
            return _("it is being taken back…")
        case ImportState.UNDONE:
            return _("taken back")
        case ImportState.CANCELLED:
            return _("not brought in")
        case ImportState.FAILED:
            return _("it cannot be read")


def _columns(run: ImportRun, noun: Declaration) -> list[Block]:
    columns = requests.shown(run)
    lines = [column_line(noun, one, samples, asks=asks) for one, samples, asks in columns[:COLUMNS_SHOWN]]
    if len(columns) > COLUMNS_SHOWN:
        lines.append(b.markup(_("… and {left} more columns"), left=len(columns) - COLUMNS_SHOWN))
    blocks: list[Block] = [b.section(b.join(lines[at : at + 10])) for at in range(0, len(lines), 10)]
    read, sheets = requests.sheets(run)
    if others := [one for one in sheets if one != read]:
        text = _("I read the sheet *{read}*; not read: {others}. *Columns* chooses another.")
        names = ", ".join(others[:SHEETS_SHOWN]) + (" …" if len(others) > SHEETS_SHOWN else "")
        blocks.insert(0, b.context(b.markup(text, read=read, others=names)))
    if any(asks for *_rest, asks in columns):
        blocks.append(b.section(_("⚠️ These can be read in two ways: press *Columns* and say which.")))
    return blocks


def _outcome(session: Session, run: ImportRun) -> list[Block]:
    blocks: list[Block] = []
    checked = run.checked or {}
    total = sum(count for key, count in checked.get("counts", {}).items() if key != "along")
    counts = running.as_numbers(run.counts)
    if run.state == ImportState.DRAWN_UP and run.checked is not None:
        blocks.append(b.section(b.markup(_("Would be: {counts}"), counts=counts_line(checked["counts"]))))
        blocks += _missing([name for _key, name in checked.get("missing", ())], adds=bool(run.mapping.get("adds")))
        for name, count in requests.unknown(run)[:UNKNOWN_SHOWN]:
            text = _("Nobody here is called {name} ({count} rows); the name is kept as a note.")
            blocks.append(b.context(b.markup(text, name=name, count=count)))
    elif run.state in (ImportState.RUNNING, ImportState.STOPPED) and total:
        done = sum(count for key, count in run.counts.items() if key != "along")
        filled = BAR * done // total
        bar = "█" * filled + "░" * (BAR - filled)
        blocks.append(
            b.section(_("{bar} {done} of {total} rows").format(bar=bar, done=f"{done:,}", total=f"{total:,}"))
        )
    if counts:
        blocks.append(b.section(counts_line(counts)))
    if run.counts.get("undone") or run.counts.get("kept"):
        text = _("{undone} changes are taken back; {kept} stay, because somebody has changed or used them since.")
        undone, kept = (f"{run.counts.get(key, 0):,}" for key in ("undone", "kept"))
        blocks.append(b.section(text.format(undone=undone, kept=kept)))
    if run.state in (ImportState.DRAWN_UP, ImportState.DONE, ImportState.STOPPED):
        rows = running.refusals(session, run.id, limit=REFUSED_SHOWN + 1)
        lines = [b.markup(_("Line {line}: {why}"), line=row.line, why=row.reason) for row in rows[:REFUSED_SHOWN]]
        if len(rows) > REFUSED_SHOWN:
            lines.append(b.Markup(_("… and more: *Refused rows* sends them all as a file to correct and send back.")))
        blocks += [b.context(b.join(lines))] if lines else []
    return blocks


def _missing(names: list[str], *, adds: bool) -> list[Block]:
    """Say which stages and the like are not there, and offer to add them."""
    if not names:
        return []
    listed = ", ".join(b.cut(name, 60) for name in names[:MISSING_SHOWN]) + (" …" if len(names) > MISSING_SHOWN else "")
    text = (
        _("Not there yet, and added first: {names}")
        if adds
        else _("Not there yet: {names}. *Columns* can have them added first, if you are an admin.")
    )
    return [b.context(b.markup(text, names=listed))]


def _controls(run: ImportRun, *, has_owner: bool) -> list[InteractiveElement]:
    of = b.Control(detail=str(run.id))
    columns = b.button(_("Columns"), plugin.id("columns"), of)
    cancel = b.button(_("Leave it"), plugin.id("cancel"), of)
    refused_rows = b.button(_("Refused rows"), plugin.id("refusals"), of)
    sent = [refused_rows] if (run.checked or {}).get(refused_file.KEPT) else []
    undo = b.button(_("Undo"), plugin.id("undo"), of, style="danger", confirm=_("Take back all of this import?"))
    match ImportState(run.state):
        case ImportState.DRAWN_UP if run.checked is not None:
            return [b.button(_("Bring them in"), plugin.id("start"), of, style="primary"), columns, *sent, cancel]
        case ImportState.DRAWN_UP:
            asks = any(asks for *_rest, asks in requests.shown(run))
            attempt = b.button(_("Try it"), plugin.id("check"), of, style="primary")
            return [*([] if asks else [attempt]), columns, cancel]
        case ImportState.RUNNING:
            return [b.button(_("Stop"), plugin.id("stop"), of)]
        case ImportState.STOPPED:
            return [b.button(_("Go on"), plugin.id("start"), of), *sent, undo]
        case ImportState.DONE if run.change_set_id is not None:
            owners = b.button(_("Whose are they?"), plugin.id("owners"), of)
            return [*([owners] if requests.unknown(run) and has_owner else []), *sent, undo]
    return []
