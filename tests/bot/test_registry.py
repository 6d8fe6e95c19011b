"""Show that what cannot work stops the start, with the plugin and the declaration named."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy import Column, ForeignKey, Integer, MetaData, Table

import bot.plugins
from bot.grammar import Args
from bot.kit.replies import Message, Modal, Options
from bot.plugin import Declaration, Plugin, Role
from bot.registry import PluginError, Registry, bundled_off, load, loading
from bot.registry import registry as registry_module
from bot.registry.checks import check
from storage.crm.deals import Deal
from storage.references import DECLARED, Letters


def said() -> Message:
    """Say something."""
    return Message("said")


class Same(Plugin):
    """Give ids that another plugin has too."""

    def id(self, name: str) -> str:
        """Return an id without the plugin's name."""
        return f"same.{name}"


def clash(declare: Callable[[Plugin], object]) -> tuple[Plugin, Plugin]:
    made = []
    for name in ("first", "second"):
        plugin = Same(name, contract=2, title=name.title())
        declare(plugin)
        made.append(plugin)
    return made[0], made[1]


@pytest.mark.parametrize(
    ("what", "declare"),
    [
        ("command", lambda p: p.command("do it", role=Role.REP)(said)),
        ("action", lambda p: p.action("press", role=Role.REP)(said)),
        ("view", lambda p: p.view("form", title="Form", role=Role.REP)(said)),
        ("options", lambda p: p.options("menu", role=Role.REP)(said)),
        ("renderer", lambda p: p.renderer("card")(said)),
        ("job", lambda p: p.job("daily", every="FREQ=DAILY")(said)),
        ("home section", lambda p: p.home("Part", role=Role.REP)(said)),
    ],
)
def test_a_clash_names_both_plugins_and_what_they_share(what: str, declare: Callable[[Plugin], object]) -> None:
    with pytest.raises(PluginError, match=f"'second' declares the {what} .* which 'first' has already"):
        Registry(clash(declare))


def test_a_plugin_that_clashes_with_itself_is_named() -> None:
    plugin = Plugin("twice", contract=2, title="Twice")
    plugin.command("do", role=Role.REP)(said)
    plugin.command("do", role=Role.REP)(said)
    with pytest.raises(PluginError, match="'twice' declares the command 'do', which it has declared already"):
        Registry([plugin])


def test_two_plugins_of_one_name_are_refused() -> None:
    with pytest.raises(PluginError, match="two plugins are called 'same'"):
        Registry([Plugin("same", contract=2, title="A"), Plugin("same", contract=2, title="B")])


def test_a_shortcut_clash_is_found_too() -> None:
    def declare(plugin: Plugin) -> None:
        view = plugin.view(plugin.name, title="Form", role=Role.REP)(said)
        plugin.shortcut("go", view, title="Go")

    with pytest.raises(PluginError, match=r"the shortcut 'same\.go', which 'first' has"):
        Registry(clash(declare))


def asks_for(*names: str) -> Callable[..., Any]:
    """Make a function with these arguments."""
    made: dict[str, Any] = {}
    exec(f"def asking({', '.join(names)}):\n    'Do something.'", made)
    function: Callable[..., Any] = made["asking"]
    return function


DECLARATIONS: dict[str, Callable[[Plugin, Any], object]] = {
    "command": lambda p, f: p.command("do", role=Role.REP)(f),
    "action": lambda p, f: p.action("press", role=Role.REP)(f),
    "view": lambda p, f: p.view("form", title="Form", role=Role.REP)(f),
    "submit": lambda p, f: p.view("form", title="Form", role=Role.REP)(said).submit(f),
    "options": lambda p, f: p.options("menu", role=Role.REP)(f),
    "event": lambda p, f: p.event("message")(f),
    "job": lambda p, f: p.job("daily", every="FREQ=DAILY")(f),
    "on": lambda p, f: p.on(object)(f),
    "home": lambda p, f: p.home("Part", role=Role.REP)(f),
    "renderer": lambda p, f: p.renderer("card")(f),
}
BEFORE: dict[str, Callable[[Plugin, Any], object]] = {
    "command": lambda p, f: p.command("do", role=Role.REP, before=f)(said),
    "action": lambda p, f: p.action("press", role=Role.REP, before=f)(said),
    "view": lambda p, f: p.view("form", title="Form", role=Role.REP, before=f)(said),
    "event": lambda p, f: p.event("message", before=f)(said),
}


@pytest.mark.parametrize("kind", DECLARATIONS)
@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("session", "sesion"), "asks for sesion"),
        (("slack",), "asks for slack"),
        (("*args",), "gets its arguments by name, so it cannot take args"),
        (("**given",), "cannot take given"),
        (("session", "/"), "cannot take session"),
    ],
)
def test_a_handler_that_asks_for_what_there_is_not_is_named(kind: str, arguments: tuple[str, ...], why: str) -> None:
    plugin = Plugin("curious", contract=2, title="Curious")
    DECLARATIONS[kind](plugin, asks_for(*arguments))
    with pytest.raises(PluginError, match=f"'curious': asking: .*{why}"):
        Registry([plugin])


@pytest.mark.parametrize("kind", BEFORE)
def test_what_asks_slack_first_has_no_transaction_yet(kind: str) -> None:
    plugin = Plugin("early", contract=2, title="Early")
    BEFORE[kind](plugin, asks_for("slack", "actor"))
    Registry([plugin])
    for wrong in ("session", "found", "client"):
        plugin = Plugin("early", contract=2, title="Early")
        BEFORE[kind](plugin, asks_for("slack", wrong))
        with pytest.raises(PluginError, match=f"'early': asking: asks for {wrong}"):
            Registry([plugin])


@pytest.mark.parametrize("kind", DECLARATIONS)
def test_a_handler_without_a_docstring_is_named(kind: str) -> None:
    plugin = Plugin("silent", contract=2, title="Silent")
    DECLARATIONS[kind](plugin, lambda: None)
    with pytest.raises(PluginError, match="'silent': <lambda>: has no docstring"):
        Registry([plugin])


@pytest.mark.parametrize(
    ("declare", "why"),
    [
        (lambda p: p.command("Do It", role=Role.REP)(said), "Do It: a command is one to 3 words in lower case"),
        (lambda p: p.command("a b c d", role=Role.REP)(said), "one to 3 words"),
        (lambda p: p.command("", role=Role.REP)(said), "one to 3 words"),
        (lambda p: p.command("do", usage="<name> <name>", role=Role.REP)(said), "the usage of 'do' cannot be read"),
        (lambda p: p.job("daily", every="FREQ=OFTEN")(said), "odd.daily: its recurrence cannot be read"),
        (lambda p: p.job("daily", every="FREQ=DAILY", at="25:00")(said), "its recurrence cannot be read"),
        (lambda p: p.action("x" * 256, role=Role.REP)(said), "Slack allows 255 characters"),
        (
            lambda p: p.shortcut("s", p.view("v", title="V", role=Role.REP)(said), title="x" * 25),
            "at most 24 characters",
        ),
    ],
)
def test_what_slack_or_the_calendar_would_refuse_is_named(declare: Callable[[Plugin], object], why: str) -> None:
    plugin = Plugin("odd", contract=2, title="Odd")
    declare(plugin)
    with pytest.raises(PluginError, match=f"'odd': .*{why}"):
        Registry([plugin])


@pytest.mark.parametrize(
    ("declare", "why"),
    [
        (lambda p: p.slash("ship", description="Ship"), "/ship: no command begins with this word"),
        (lambda p: p.slash("Ship it", description="Ship"), "a slash command is one word"),
        (lambda p: p.slash("crm", description="All"), "and not /crm"),
        (lambda p: p.card("boat", "Ships")(of_card), r"odd\.of_card: there is no noun 'boat'"),
        (lambda p: p.gives("boat", "sails", "Sails", type="text"), "there is no noun 'boat' to give a field to"),
        (lambda p: p.route("HEAD", "x", noun="deal", role=Role.REP)(said), "HEAD is none of"),
        (lambda p: p.route("GET", "x", noun="boat", role=Role.REP)(said), "odd/x: there is no noun 'boat'"),
        (lambda p: p.card("deal", "Ships")(asks_for("values")), "asking: asks for values"),
        (lambda p: p.merging(Deal)(asks_for("actor")), "asking: asks for actor"),
        (lambda p: p.finding("Odd", remedy="Mend it")(asks_for("actor")), "asking: asks for actor"),
        (lambda p: p.route("GET", "x", noun="deal", role=Role.REP)(asks_for("control")), "asking: asks for control"),
        (lambda p: p.id("nosuch"), r"odd\.nosuch: a control or a message is to be of this id, and nothing declares it"),
    ],
)
def test_what_leads_nowhere_is_named(declare: Callable[[Plugin], object], why: str) -> None:
    plugin = Plugin("odd", contract=2, title="Odd")
    declare(plugin)
    with pytest.raises(PluginError, match=f"'odd': .*{why}"):
        Registry([plugin])


def of_card() -> None:
    """Draw nothing."""


def test_a_field_is_given_in_a_type_that_there_is() -> None:
    plugin = Plugin("odd", contract=2, title="Odd")
    plugin.gives("deal", "sails", "Sails", type="canvas")
    with pytest.raises(PluginError, match="'odd': sails: canvas is none of the types text, long"):
        Registry([*load().plugins.values(), plugin])


def test_an_id_that_is_asked_for_later_must_be_declared_too() -> None:
    plugin = Plugin("late", contract=2, title="Late")
    plugin.action("press", role=Role.REP)(said)
    Registry([plugin])
    assert plugin.id("press") == "late.press"
    with pytest.raises(ValueError, match="plugin 'late' declares nothing that is called 'pres'"):
        plugin.id("pres")


def test_a_plugin_says_for_which_version_of_the_contract_it_was_written() -> None:
    with pytest.raises(PluginError, match=r"'old' was written for version 1 .* Rapport has version 2: see what"):
        Registry([Plugin("old", title="Old")])
    with pytest.raises(PluginError, match=r"'new' was written for version 3 .*: it needs a newer Rapport"):
        Registry([Plugin("new", contract=3, title="New")])


def test_a_table_that_would_keep_the_cores_rows_or_leans_on_another_plugin_is_named(tmp_path: Path) -> None:
    tables = MetaData()
    Table("deal", tables, Column("id", Integer, primary_key=True))
    Table("rig", tables, Column("id", Integer, primary_key=True), schema="other")
    for target, why in (("deal.id", "odd.mast: refers to 'deal' without ON DELETE"), ("other.rig.id", "'other'")):
        made = Table(
            "mast", tables, Column("x", ForeignKey(target), primary_key=True), schema="odd", extend_existing=True
        )
        plugin = Plugin("odd", contract=2, title="Odd")
        plugin.tables(migrations=tmp_path)
        with pytest.raises(PluginError, match=why):
            check(plugin, [made])


def test_a_translation_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "de.po").write_text('msgid "a\n', "utf-8")
    plugin = Plugin("odd", contract=2, title="Odd")
    plugin.translations(tmp_path)
    with pytest.raises(PluginError, match=r"'odd': .*de\.po cannot be read"):
        Registry([plugin])


@pytest.mark.parametrize("name", ["Upper", "two words", "has-dash", "", "1st"])
def test_a_plugins_name_is_one_lower_case_word(name: str) -> None:
    with pytest.raises(ValueError, match="one lower-case word"):
        Plugin(name, title="X")


def test_a_mention_is_listened_for_as_a_message() -> None:
    with pytest.raises(ValueError, match="comes as a message"):
        Plugin("polls", title="Polls").event("app_mention")


def test_a_plugin_that_is_off_must_exist() -> None:
    with pytest.raises(PluginError, match="RAPPORT_PLUGINS_OFF names nosuch, which is no optional plugin"):
        load({"nosuch"})
    with pytest.raises(PluginError, match="names deals"):
        load({"deals"})


def test_the_bundled_plugins_that_are_named_are_on_and_no_others() -> None:
    assert {"renewals", "deals"} <= load(on={"renewals"}).plugins.keys()
    assert "renewals" not in load({"renewals"}, on={"renewals"}).plugins
    with pytest.raises(
        PluginError, match=r"RAPPORT_PLUGINS names deals, which is no bundled plugin: those are .*renewals"
    ):
        load(on={"renewals", "deals"})


def test_a_bundled_plugin_may_be_off_until_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "resting").mkdir()
    says = "from bot.plugin import Plugin\nplugin = Plugin('resting', contract=2, title='Resting', off=True)\n"
    (tmp_path / "resting" / "__init__.py").write_text(says, "utf-8")
    (tmp_path / "resting" / "parts.py").write_text("raise RuntimeError('imported')\n", "utf-8")
    monkeypatch.setattr(bot.plugins, "__path__", [*bot.plugins.__path__, str(tmp_path)])
    usual = load()
    assert "resting" not in usual.plugins and "renewals" in usual.plugins
    assert "resting" in bundled_off(usual) and "renewals" not in bundled_off(usual)
    with pytest.raises(PluginError, match="RuntimeError: imported"):
        load(on={"resting"})
    (tmp_path / "resting" / "parts.py").write_text("", "utf-8")
    named = load(on={"resting"})
    assert "resting" in named.plugins and "renewals" not in named.plugins and "renewals" in bundled_off(named)


def installed(monkeypatch: pytest.MonkeyPatch, name: str, content: Any) -> None:
    """Install a package that offers a plugin."""
    module = ModuleType(f"third_party_{name}")
    if content is not None:
        module.plugin = content  # type: ignore[attr-defined]  # what a plugin's module exports
    monkeypatch.setitem(sys.modules, module.__name__, module)
    entry = EntryPoint(name, module.__name__, "rapport.plugins")
    monkeypatch.setattr(loading, "entry_points", lambda group: [entry])


def test_an_installed_package_is_found_and_can_be_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, "extra", Plugin("extra", contract=2, title="Extra"))
    assert "extra" in load().plugins
    assert "extra" not in load({"extra"}).plugins


def test_a_package_that_offers_no_plugin_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, "empty", None)
    with pytest.raises(PluginError, match="empty exports no `plugin`"):
        load()


def test_a_package_that_cannot_be_imported_is_named_and_can_be_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = EntryPoint("broken", "no_such_module_anywhere", "rapport.plugins")
    monkeypatch.setattr(loading, "entry_points", lambda group: [entry])
    with pytest.raises(PluginError, match="the plugin 'broken' cannot be imported: ModuleNotFoundError"):
        load()
    assert "broken" not in load({"broken"}).plugins


def test_the_longest_command_wins_and_the_rest_is_kept_as_it_was_typed() -> None:
    plugin = Plugin("words", contract=2, title="Words")
    plugin.command("deal", role=Role.REP)(said)
    plugin.slash("deal", description="Deals")
    plugin.command("deal add", usage="[text]", role=Role.REP)(said)
    plugin.command("find", usage="[text]", role=Role.REP)(said)
    registry = Registry([plugin], prefix="acme-")

    def found(slash: str, text: str) -> tuple[str, str]:
        command, rest = registry.command(slash, text)
        return (command.words if command else "", rest)

    assert found("/acme-crm", "deal  ADD  Acme\n  two") == ("deal add", "Acme\n  two")
    assert found("/acme-deal", "add  Acme") == ("deal add", "Acme")
    assert found("/acme-deal", "other") == ("deal", "other")
    assert found("/acme-crm", "find") == ("find", "")
    assert found("/acme-crm", "nothing")[0] == ""
    assert (registry.spell("deal add"), registry.spell("find")) == ("/acme-deal add", "/acme-crm find")


MEANT = {
    "/crm deals mine": ("deal list", "mine"),
    "/crm list deals": ("deal list", ""),
    "/crm my deals": ("deal list", "mine"),
    "/crm my followups": ("followup list", "mine"),
    "/crm add customer Foo Bar": ("customer add", "Foo Bar"),
    "/crm roles": ("role", ""),
    "/crm api-keys": ("api-key", ""),
    "/crm field": ("fields", ""),
    "/crm status": ("statuses", ""),
    "/crm show D-1": ("show", "D-1"),
    "/followup snooze F-1 +1w": ("followup move", "F-1 +1w"),
    "/deal comment D-1 asked for a quote": ("deal note", "D-1 asked for a quote"),
    "/deal reopen D-1": ("deal move", "D-1"),
    "/deal rename D-1 to Harbor growth": ("deal edit", 'D-1 name:"Harbor growth"'),
    "/crm stage rename Legal to Law": ("stage edit", 'Legal name:"Law"'),
    # What may be a name stays one.
    "/deal change management": ("deal", "change management"),
    "/deal stage rental": ("deal", "stage rental"),
    "/crm foobar": (None, "foobar"),
}


@pytest.mark.parametrize("typed", MEANT)
def test_words_of_other_programs_are_read_as_the_command_they_can_only_stand_for(typed: str) -> None:
    slash, _space, text = typed.partition(" ")
    command, rest = load().command(slash, text)
    assert (command.words if command else None, rest) == MEANT[typed]


def test_every_handler_is_in_the_role_matrix() -> None:
    registry = load()
    listed = {(kind, name) for kind, name, _role in registry.roles()}
    declared = {("command", words) for words in registry.commands} | {("action", i) for i in registry.actions}
    declared |= {("view", i) for i in registry.views} | {("options", i) for i in registry.sources}
    declared |= {("shortcut", i) for i in registry.shortcuts} | {("home", s.id) for s in registry.sections}
    assert listed == declared


def with_noun(name: str, key: str, letter: str) -> Plugin:
    plugin = Plugin(name, contract=2, title="T")
    plugin.noun(cast(Declaration, SimpleNamespace(key=key, letter=letter)))
    return plugin


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        (("gadget", "Z"), ("widget", "Z"), "plugin 'b' declares the letter 'Z', which 'a' has already"),
        (("contact", "P"), ("contact", "Z"), "plugin 'b' declares the noun 'contact', which 'a' has already"),
        (("gizmo", "F"), None, "plugin 'a' declares the letter 'F', which 'followup' has already"),
        (("digest", "Z"), None, "plugin 'a' declares the noun 'digest', which Rapport has already"),
    ],
)
def test_a_noun_and_a_letter_are_one_plugins(
    monkeypatch: pytest.MonkeyPatch, one: tuple[str, str], other: tuple[str, str] | None, said: str
) -> None:
    # A model has its letter as soon as it is defined.
    monkeypatch.setattr(registry_module, "DECLARED", Letters({**DECLARED, "gadget": "Z"}))
    with pytest.raises(PluginError) as refused:
        Registry([with_noun("a", *one), *([with_noun("b", *other)] if other else [])])
    assert str(refused.value) == said


def test_the_owner_of_a_function_is_known() -> None:
    plugin = Plugin("mine", contract=2, title="Mine")

    @plugin.command("mine", role=Role.REP)
    def mine(args: Args) -> Options | Modal | None:
        """Be mine."""

    assert Registry([plugin]).owner(mine) == "mine"
    assert Registry([]).owner(mine) == "unknown"
