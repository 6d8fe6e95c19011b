"""Say what a model was worth, beside the one before, so that people who know no statistics can judge it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from slack_sdk.models.blocks import Block

from bot.kit import blocks as b
from bot.kit.format import Reader, percent
from bot.plugin import _
from storage.support.model_versions import ModelVersion
from storage.support.tickets import Judged

Name = Callable[[str], str]

MOST_KINDS = 15
MOST_MONTHS = 6
ENOUGH_ANSWERS = 200
NAME_WIDTH = 24
FEWEST_MOVED = 10
NOT_SURELY = "not surely better"


def change(version: ModelVersion, share: str, locale: str) -> str:
    """Show one share of the model before and of this one: 81% → 88%."""
    before, after = version.figures["current"], version.figures["candidate"]
    return f"{percent(before[share], locale)} → {percent(after[share], locale)}"


def compared(version: ModelVersion, reader: Reader) -> list[Block]:
    """Show a version's figures beside those of the model before it, and on what they were measured."""
    if "candidate" not in version.figures:
        return []
    facts: Mapping[str, b.Text | None] = {
        _("Right"): change(version, "right", reader.locale),
        _("Answers, instead of “not sure”"): change(version, "coverage", reader.locale),
        _("Right where it answers"): change(version, "precision", reader.locale),
        _("Calibration error"): change(version, "ece", reader.locale),
        _("Gain in points"): gain(version.figures),
    }
    return [*b.facts(facts), b.context(_measured(version))]


def gain(figures: Mapping[str, Any]) -> str | None:
    """Show by how many points a model is right more often, and between which bounds; None for the oldest versions."""
    if "low" not in figures:
        return None
    gained, low, high = (f"{100 * figures[name]:+.0f}".replace("-", "−") for name in ("gain", "low", "high"))
    return _("{gain} (between {low} and {high})").format(gain=gained, low=low, high=high)


def undecided(version: ModelVersion, new: int) -> b.Text | None:
    """Say of a candidate that was not surely better how many labels are missing to decide; `new` came since it."""
    figures = version.figures
    if figures.get("reason") != NOT_SURELY or "missing" not in figures:
        return None
    what = _("The last candidate gained {gain} points on {judged} messages, which is not surely better.").format(
        gain=gain(figures), judged=figures["judged"]
    )
    if figures["missing"] is None:
        return b.esc(f"{what} " + _("Nothing speaks for it so far, so no number of labels can be named."))
    missing = max(1, figures["missing"] - new)
    return b.esc(f"{what} " + _("If it goes on like this, about {count} more labels decide.").format(count=missing))


def _measured(version: ModelVersion) -> b.Markup:
    judged, before = version.figures["judged"], version.figures["current_version"]
    if version.figures["method"] == "held-out":
        text = _(
            "Before ({before}) and now, on {judged} labelled messages that neither model was fitted "
            "on. People correct mistakes more often than they confirm right answers, so overall "
            "both are right more often."
        )
    else:
        text = _(
            "Before ({before}) and now, on {judged} labelled messages by cross-validation, because "
            "there are few: a model fitted without a message judges it. With so few, the figures "
            "are rough."
        )
    return b.markup(text, before=before, judged=judged)


def kept(answers: Sequence[Judged], reader: Reader) -> b.Text | None:
    """Say month by month how sure the model was of its answers, and how many were right; None without any."""
    months: dict[tuple[int, int], list[Judged]] = {}
    for one in answers:
        local = one.at.astimezone(reader.zone)
        months.setdefault((local.year, local.month), []).append(one)
    if not months:
        return None
    lines = [_("*Promised and kept*, of answers that somebody confirmed, corrected or resolved")]
    for year, month in sorted(months, reverse=True)[:MOST_MONTHS]:
        rows = months[year, month]
        sure = [one.confidence if one.promised is None else one.promised for one in rows]
        lines.append(
            _("• {month}: promised {promised}, kept {kept} of {count}").format(
                month=f"{year}-{month:02}",
                promised=percent(sum(sure) / len(rows), reader.locale),
                kept=percent(sum(one.is_right for one in rows) / len(rows), reader.locale),
                count=len(rows),
            )
        )
    if len(answers) < ENOUGH_ANSWERS:
        lines.append(
            _("With fewer than {count} of them cards say “likely” and no number.").format(count=ENOUGH_ANSWERS)
        )
    return b.Markup("\n".join(lines))


def grouping(learned: Mapping[str, Any]) -> b.Text:
    """Say what was learned of which messages are one ticket; {} where nothing was."""
    head = _("*One matter, one ticket*")
    if not learned:
        return b.Markup(
            f"{head}\n"
            + _(
                "What comes with Rapport tells which messages are one ticket. Once people have merged or split "
                "tickets in {count} conversations that are done, Rapport learns from them at night."
            ).format(count=FEWEST_MOVED)
        )
    judged, gained, lost = (learned[name] for name in ("judged", "gained", "lost"))
    text = (
        _("Learned from {moved} conversations in which your people merged or split tickets.")
        if learned["kept"] is not None
        else _("{moved} conversations in which your people merged or split tickets taught nothing surely better.")
    )
    measured = _(
        "Of {judged} messages {gained} would have been put right that were not, and {lost} wrong that were right."
    )
    return b.Markup(
        f"{head}\n{text} {measured}".format(moved=learned["moved"], judged=judged, gained=gained, lost=lost)
    )


def confusion(version: ModelVersion, name: Name) -> list[Block]:
    """Show for each category how many of its messages were right, and what the others were taken for."""
    rows: dict[str, dict[str, int]] = {}
    for truth, guess, count in version.figures.get("candidate", {}).get("confusion", []):
        kinds = rows.setdefault(name(truth), {})
        kinds[name(guess)] = kinds.get(name(guess), 0) + count
    if not rows:
        return []
    lines = [_line(_("Category"), _("Messages"), _("Right"), _("Often mistaken for"))]
    for truth, kinds in sorted(rows.items(), key=lambda row: -sum(row[1].values()))[:MOST_KINDS]:
        total = sum(kinds.values())
        wrong = sorted(((n, guess) for guess, n in kinds.items() if guess != truth), reverse=True)[:2]
        taken = ", ".join(f"{guess} ({n})" for n, guess in wrong)
        lines.append(_line(truth, str(total), str(kinds.get(truth, 0)), taken))
    return [b.section(b.Markup(f"```{b.esc(chr(10).join(lines))}```"))]


def _line(name: str, total: str, right: str, taken: str) -> str:
    short = name if len(name) <= NAME_WIDTH else name[: NAME_WIDTH - 1] + "…"
    return f"{short:<{NAME_WIDTH}} {total:>8} {right:>6}  {taken}".replace("`", "'")


def reason(figures: Mapping[str, Any]) -> str:
    """Say why a candidate was refused."""
    known = {
        NOT_SURELY: _("it was not surely better"),
        "not right more often": _("it was not right more often"),
        "calibration worse": _("its calibration was worse"),
        "surer than right": _("it was over-confident"),
        "worse than by day": _("it was worse than what answers by day, on messages that neither had seen"),
        "another model went live meanwhile": _("another model went live meanwhile"),
    }
    return known.get(str(figures.get("reason")), str(figures.get("reason", "")))
