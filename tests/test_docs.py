"""Hold the documentation to the product: commands parse, files, targets, settings and links exist, examples run."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import unquote

import pytest
import typer.main
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.cli.main import app
from bot.cli.new_plugin import files
from bot.grammar import Writer, parse
from bot.kit.replies import Message, Modal
from bot.plugin import Plugin
from bot.registry import Registry, load
from bot.requests.runtime import call_with
from bot.settings import Settings
from storage.crm import deals
from storage.digests.metrics import Period
from storage.events import DealWon
from storage.queues.outbox import Delivery
from storage.workspace import members
from storage.workspace.workspaces import Workspace
from tests.support.derived_pages import every_plugin

ROOT = Path(__file__).parents[1]
GENERATED = set(every_plugin()[1])
PAGES = [
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    *(p for p in sorted((ROOT / "docs").rglob("*.md")) if str(p.relative_to(ROOT / "docs")) not in GENERATED),
]
SWITCHED = re.compile(r"`RAPPORT_PLUGINS=([\w,]+)` switches it on")
RESTING = {
    page for page in PAGES
    if (found := SWITCHED.search(page.read_text("utf-8"))) and not set(found[1].split(",")) <= load().plugins.keys()
}  # fmt: skip
"""The pages of plugins that are off: tests/bot/plugins/test_off.py types what they say."""
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
WRITER = Writer("U0ME", "EUR", "Europe/Berlin", NOW)

FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
# What begins with a slash and is none of our commands: Slack's own, addresses and folders.
NOT_OURS = frozenset({"/", "/invite", "/data", "/tmp", "/livez", "/readyz", "/metrics"})
# What the tutorial has people get wrong, to see what they are told.
MISTAKES = frozenset({"/deal add Big one amount:lots"})
# Named as an example of what Kubernetes would set if it were allowed to.
NOT_SETTINGS = frozenset({"RAPPORT_PORT"})


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def fences(path: Path) -> list[tuple[str, str]]:
    return [(kind, body) for kind, body in FENCE.findall(path.read_text("utf-8"))]


def spans(path: Path) -> list[str]:
    return SPAN.findall(FENCE.sub("", path.read_text("utf-8")))


def lines(path: Path) -> Iterator[str]:
    for kind, body in fences(path):
        if kind in {"", "sh", "bash"}:
            yield from (line for line in body.splitlines() if line.strip())


def example(path: Path) -> ModuleType:
    """Run a page's Python that declares a plugin, as the module it describes."""
    blocks = [body for kind, body in fences(path) if kind == "python"]
    module = ModuleType(path.stem.replace("-", "_").lower())
    exec(compile("\n".join(blocks), str(path), "exec"), vars(module))
    assert isinstance(module.plugin, Plugin)
    return module


README, GUIDE = ROOT / "README.md", ROOT / "docs" / "plugin-guide.md"


@pytest.fixture(scope="module")
def registry() -> Registry:
    """Load what ships, and the plugins that the pages show how to write."""
    return Registry([*load().plugins.values(), example(README).plugin, example(GUIDE).plugin])


def sent(typed: str) -> str:
    """Return a line as Slack sends it: people and channels as entities."""
    typed = re.sub(r"(?<![\w<])@(\w+)", lambda found: f"<@U{found[1].upper()}|{found[1]}>", typed)
    return re.sub(r"(?<![\w<&])#([\w-]+)", lambda found: f"<#C0{found[1].upper().replace('-', '')}|{found[1]}>", typed)


def read(registry: Registry, typed: str, *, whole: bool) -> None:
    """Read a command line as the bot would, with its amounts and times; raise what a person would be told."""
    slash, _, text = sent(typed).partition(" ")
    command, rest = registry.command(slash, text)
    if (command is None or command.opens) and (shown := registry.showing(slash, text)):
        command, rest = registry.commands[shown[0]], shown[1]
    assert command, f"{typed} is no command"
    usage = registry.usages[command.words]
    if typed == usage.text(registry.spell(command.words)) or (not rest and not whole):
        return
    if command.opens:
        assert not rest, f"{typed} opens a form and takes nothing"
        return
    args = parse(rest, usage, WRITER)
    for key in usage.keys.keys() & {"owner", "assignee", "manager"}:
        args.user(key)


@pytest.mark.parametrize("page", [page for page in PAGES if page not in RESTING], ids=named)
def test_commands_can_be_typed_as_they_are_written(page: Path, registry: Registry) -> None:
    wrong = []
    typed = [(line.strip(), True) for line in lines(page) if line.startswith("/")]
    typed += [(span, False) for span in spans(page) if re.match(r"/[a-z]*(?: |$)", span)]
    for line, whole in typed:
        # What it does is kept apart with two spaces and more.
        command = re.split(r"  +", line)[0]
        if command.split()[0] in NOT_OURS:
            continue
        try:
            read(registry, command, whole=whole)
        except Exception as exc:
            if command not in MISTAKES:
                wrong.append(f"{command}: {exc}")
    assert wrong == []


# The plugins that pages show how to write, what commands make, and examples of other people's.
NOT_KEPT = frozenset(
    {
        "bot/plugins/silent.py",
        "rapport_visits/__init__.py",
        "migrations/0001_table.py",
        "docs/plugins/",
        "model.json",
    }
)
FOLDERS = ("api", "bench", "bot", "docs", "k8s", "ml", "sandbox", "storage", "tests")
NAMES = {path.name for folder in FOLDERS for path in (ROOT / folder).rglob("*")} | {p.name for p in ROOT.iterdir()}
FILE = re.compile(r"[\w.-]+(?:/[\w.*-]+)*/?")
KINDS = (".py", ".md", ".toml", ".lock", ".json", ".yaml", ".example")


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_files_that_are_named_exist(page: Path) -> None:
    """Files are named from the top, from the page's own folder, or by their name alone."""
    missing = []
    for span in spans(page):
        is_ours = "/" in span and span.partition("/")[0] in FOLDERS
        if span in NOT_KEPT or not FILE.fullmatch(span) or not (is_ours or span.endswith(KINDS)):
            continue
        generated = span.removeprefix("docs/") in GENERATED
        if not (generated or any(ROOT.glob(span)) or (page.parent / span).exists() or span in NAMES):
            missing.append(span)
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_somewhere(page: Path) -> None:
    broken = []
    text = FENCE.sub("", page.read_text("utf-8"))
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        path, _, anchor = unquote(target).partition("#")
        if re.match(r"https?:", target):
            continue
        file = (page.parent / path).resolve() if path else page
        generated = file.is_relative_to(ROOT / "docs") and str(file.relative_to(ROOT / "docs")) in GENERATED
        if not (generated or (file.exists() and (not anchor or anchor in anchors(file)))):
            broken.append(target)
    assert broken == []


def anchors(page: Path) -> set[str]:
    heads = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", head).strip().lower().replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_make_targets_and_programs_exist(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE)) | {".venv/.installed"}
    program = typer.main.get_command(app)
    wrong = []
    for line in [*lines(page), *spans(page)]:
        wrong += [line for target in re.findall(r"^make ([^\s=]+)(?:\s|$)", line) if target not in targets]
        for words in re.findall(r"^(?:\.venv/bin/|docker exec rapport )?rapport((?: [a-z-]+)+)", line):
            group: Any = program
            for word in words.split():
                group = getattr(group, "commands", {}).get(word)
                if group is None:
                    wrong.append(line)
                if not hasattr(group, "commands"):
                    break
    assert wrong == []


@pytest.mark.parametrize("page", [*PAGES, ROOT / ".env.example"], ids=named)
def test_settings_that_are_named_exist(page: Path) -> None:
    known = {*Settings.names(), *(f"{name}_FILE" for name in Settings.names())} | NOT_SETTINGS
    found = set(re.findall(r"\b(?:SLACK|RAPPORT|DATABASE)_[A-Z]+(?:_[A-Z]+)*\b", page.read_text("utf-8")))
    assert found - known == set()


def test_every_setting_is_in_the_example() -> None:
    written = re.findall(r"^#? ?([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text("utf-8"), re.MULTILINE)
    assert sorted(name for name, _ in written) == sorted(Settings.names())
    # As it stands it says nothing, and a default that is shown is the default.
    shown = {name: value for name, value in written if value}
    assert Settings.load(shown, None, slack=False) == Settings.load({}, None, slack=False)


def test_messages_to_people_are_those_on_the_page() -> None:
    said = {
        node.value
        for package in ("bot", "storage")
        for path in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    page = (ROOT / "docs" / "reliability.md").read_text("utf-8")
    quoted = re.findall(r"“([^”]+)”", page.partition("## Messages to people")[2])
    assert len(quoted) > 10
    assert [one for one in quoted if not any(one in text for text in said)] == []


def test_pictures_are_shown_and_small() -> None:
    kept = {named(path) for path in (ROOT / "docs" / "images").iterdir()}
    used = {
        named((page.parent / target).resolve())
        for page in PAGES
        for target in re.findall(r"(?:!\[[^\]]+\]\(|<img src=\")([^)\"]+)", page.read_text("utf-8"))
    }
    assert kept == used
    assert [name for name in kept if (ROOT / name).stat().st_size > 300_000] == []


def test_the_readmes_plugin_works(session: Session) -> None:
    deal = deals.add(session, name="Acme renewal", owner_id="UREP")
    handler = example(README).plugin.commands[0].handler
    rep = members.get(session, "UREP")
    silent: Message = call_with(handler, {"actor": rep, "now": NOW, "session": session})
    assert silent.text == "All of them have moved."
    deal.touched_at = datetime(2026, 10, 1, tzinfo=UTC)
    session.flush()
    silent = call_with(handler, {"actor": rep, "now": NOW, "session": session})
    assert silent.text == "`D-1` Acme renewal"


def test_the_guide_shows_what_new_plugin_writes() -> None:
    """That code runs as it is written in tests/outside."""
    written = files("visit")
    shown = "\n\n\n".join(body.rstrip() for kind, body in fences(GUIDE) if kind == "py")
    for name in ("rapport_visits/__init__.py", "rapport_visits/migrations/0001_table.py", "tests/test_visits.py"):
        for part in written[name].rstrip().split("\n\n\n"):
            assert part in shown, f"{name}: {part[:80]}"


def test_the_guides_plugin_works(session: Session) -> None:
    module = example(GUIDE)
    registry = Registry([*load().plugins.values(), module.plugin])
    rep, manager = members.get(session, "UREP"), members.get(session, "UMANAGER")
    assert rep and manager
    members.set_manager(session, rep, manager)
    deal = deals.add(session, name="Acme <renewal>", owner_id=rep.id)
    given = {"session": session, "actor": manager, "workspace": session.get(Workspace, "T0ACME"), "now": NOW}

    args = parse("D-1 what a comeback", registry.usages["kudos"], WRITER)
    told: Message = call_with(module.kudos, {**given, "args": args})
    assert told.text == "<@UREP> hears it from you."
    call_with(module.won, {**given, "fact": DealWon(deal)})

    (won,) = (figure for name, figure in registry.figures.items() if name == "kudos.won")
    assert call_with(won.handler, {**given, "period": Period(NOW - timedelta(days=7), NOW)}).count == 0

    rows = {row.renderer: row for row in session.scalars(select(Delivery))}
    assert {name: row.target_user for name, row in rows.items()} == {"kudos.thanks": "UREP", "kudos.news": "UMANAGER"}
    drawn = {
        name: call_with(registry.renderers[name].handler, {**given, "delivery": row}) for name, row in rows.items()
    }
    assert drawn["kudos.thanks"].text == "<@UMANAGER> about *Acme &lt;renewal&gt;*: what a comeback"
    button = drawn["kudos.news"].blocks[1].elements[0]
    opened = registry.actions[button.action_id].opens
    assert opened and opened.submitted
    form: Modal = call_with(opened.fill, {**given, "control": module.b.Control.parse(button.value)})
    assert form.state == {"deal": "D-1"}
    answer: Message = call_with(opened.submitted, {**given, "values": {"words": "well done"}, "state": form.state})
    assert answer.text == "<@UREP> hears it from you."
