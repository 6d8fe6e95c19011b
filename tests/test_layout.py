"""Hold the layout: where a thing is found, what it is called, and who may import whom."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import grimp

from bot.plugin import STORAGE
from tests.support.sources import EVERY_SOURCE, MEASURING, PRODUCT, ROOT, SOURCES, name_of, plugin_of, tree

MODULES_A_FOLDER = 14
HANDLERS_FILES = {
    "declaration": "the plugin on which the other files declare",
    "commands": "what is typed",
    "actions": "buttons and menus",
    "forms": "modals: what they ask, and what follows",
    "cards": "one record, drawn",
    "lists": "many records, drawn",
    "home": "a part of the App Home",
    "sections": "parts of a digest",
    "notices": "what is sent by itself",
    "events": "what follows from events",
    "wording": "values in words, and words read into values",
    "rights": "who may do what with whose records",
    # Until a noun is declared once, these hold what is wanted, shown and compared of one noun.
    "wanted": "a record that is asked for and not stored yet",
    "record": "what a follow-up is about",
    "values": "fields of an activity in words",
}
"""What a file of a handler's folder may be called; what is of another kind has a folder of its own, by subject."""
FOR_PLUGINS = ("bot.plugin", "bot.kit", "bot.grammar", "bot.i18n")
"""What of the bot handlers and plugins build with."""
TESTS = sorted((ROOT / "tests").rglob("*.py"))
PRIVATE_OF_OTHERS = {"os._exit"}  # Python's own, for the end of a forked process


def test_imports_keep_the_contracts() -> None:
    """Check what `[tool.importlinter]` says of who may import whom; in a process of its own, as it disables loggers."""
    program = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_a_folder_holds_what_can_be_looked_over() -> None:
    sizes = Counter(path.parent.relative_to(ROOT) for path in SOURCES if path.name != "__init__.py")
    assert {str(folder): n for folder, n in sizes.items() if n > MODULES_A_FOLDER and folder.name != "versions"} == {}


def test_no_two_classes_have_one_name() -> None:
    where = defaultdict(list)
    for path in SOURCES:
        if path.relative_to(ROOT).parts[0] == "sandbox":  # a program of its own, which stands for Slack
            continue
        for node in tree(path).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                where[node.name].append(str(path.relative_to(ROOT)))
    assert {name: paths for name, paths in where.items() if len(paths) > 1} == {}


def test_who_has_read_one_handlers_folder_can_read_all() -> None:
    handlers = ROOT / "bot" / "handlers"
    odd = [
        str(path.relative_to(ROOT))
        for path in handlers.glob("*/*.py")
        if path.stem != "__init__" and path.stem not in HANDLERS_FILES
    ]
    assert odd == []


def test_the_kit_is_all_that_handlers_build_with() -> None:
    graph = grimp.build_graph(*PRODUCT, exclude_type_checking_imports=True, cache_dir=None)
    wrong = [
        f"{path.relative_to(ROOT)}: {found}"
        for path in SOURCES
        if (own := plugin_of(name_of(path))) and name_of(path) in graph.modules
        for found in graph.find_modules_directly_imported_by(name_of(path))
        if found.startswith("bot.") and not f"{found}.".startswith(tuple(f"{one}." for one in (own, *FOR_PLUGINS)))
    ]
    assert wrong == []


PLUGINS = ROOT / "bot" / "plugins"
THEIR_TESTS = ROOT / "tests" / "bot" / "plugins"
OUTSIDE = (ROOT / "tests" / "outside" / "contracts", ROOT / "tests" / "plugins")


def test_plugins_import_what_is_promised_to_plugins() -> None:
    """Let what is optional, or somebody else's, stand on the contract alone, as the guide says."""
    promised = ("bot.plugin", "bot.kit", "bot.grammar", "ml", *STORAGE)
    wrong = []
    for folder in (PLUGINS, *OUTSIDE):
        for path in folder.rglob("*.py"):
            own = str(plugin_of(name_of(path))) if folder is PLUGINS else path.parent.name
            mine = (*promised, "bot.testing") if path.name.startswith("test_") else (*promised, own)
            wrong += [
                f"{path.relative_to(ROOT)}: {name}"
                for name in imported(path)
                if name.split(".")[0] in PRODUCT and not f"{name}.".startswith(tuple(f"{one}." for one in mine))
            ]
    for path in THEIR_TESTS.glob("*/*.py"):
        mine = (*promised, "bot.testing", f"bot.plugins.{path.parent.name}")
        wrong += [
            f"{path.relative_to(ROOT)}: {name}"
            for name in imported(path)
            if name.split(".")[0] in {*PRODUCT, "tests"} and not f"{name}.".startswith(tuple(f"{one}." for one in mine))
        ]
    assert [one for one in wrong if "tests/plugins/" not in one or "quote" in one] == []


def test_a_plugin_that_is_off_is_named_nowhere_else() -> None:
    """Let its folder, its tests and its page be deleted, and no other test know."""
    resting = [path.name for path in THEIR_TESTS.iterdir() if path.is_dir() and not path.name.startswith("_")]
    wrong = [
        f"{path.relative_to(ROOT)}: {name}"
        for name in resting
        for path in EVERY_SOURCE
        if f"plugins/{name}/" not in str(path)
        and path.relative_to(ROOT).parts[0] not in MEASURING
        and re.search(rf"\bplugins\.{name}\b|[\"']{name}[\"'.]", path.read_text("utf-8"))
    ]
    assert resting and wrong == []


def test_nobody_imports_an_optional_plugin() -> None:
    graph = grimp.build_graph(*PRODUCT, exclude_type_checking_imports=True, cache_dir=None)
    wrong = [
        f"{importer}: {name}"
        for name in graph.modules
        if name.startswith("bot.plugins.")
        for importer in graph.find_modules_that_directly_import(name)
        if importer.split(".")[:3] != name.split(".")[:3]
    ]
    assert wrong == []


def test_the_product_is_whole_without_its_optional_plugins(tmp_path: Path) -> None:
    """Delete them all from a copy: it loads, and the docs and the manifest are made without a word of them."""
    shutil.copytree(ROOT / "bot", tmp_path / "bot", ignore=shutil.ignore_patterns("__pycache__"))
    gone = [path.name for path in (tmp_path / "bot" / "plugins").iterdir() if path.is_dir()]
    for name in gone:
        shutil.rmtree(tmp_path / "bot" / "plugins" / name)
    program = """
import json, sys
import bot
from bot.cli.reference import pages
from bot.registry import load
from bot.slack.manifest import manifest
assert bot.__file__.startswith(sys.argv[1]), bot.__file__
registry = load()
print(json.dumps([list(registry.plugins), pages(registry), manifest(registry, socket_mode=True)]))
"""
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    run = [sys.executable, "-c", program, str(tmp_path)]
    done = subprocess.run(run, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    plugins, made, manifest = json.loads(done.stdout)
    assert gone and not set(gone) & set(plugins)
    assert [name for name in gone if f"plugins/{name}.md" in made or f"{name}." in json.dumps(manifest)] == []


def test_no_module_is_called_as_what_it_replaced() -> None:
    """Let nobody find a module in two places: what moved left nothing behind."""
    assert [str(path) for path in SOURCES if path.with_suffix("").is_dir()] == []


def test_no_module_wants_the_models_of_others_while_it_is_imported() -> None:
    """Hold each import to itself: the mappers are set up once all is imported, whatever is imported first."""
    program = """
import importlib, pkgutil

def refuse(*_, **__):
    raise AssertionError("the mappers are set up while modules are imported")

importlib.import_module("sqlalchemy.orm.mapper")._configure_registries = refuse
for package in ("storage", "bot"):
    for part in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
        if not part.name.startswith(("storage.database.migrations", "bot.demo.__main__")):
            importlib.import_module(part.name)
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_tests_share_by_what_is_made_to_be_shared() -> None:
    """Let what several tests need be in `tests/support`: a test that imports another runs and moves with it."""
    wrong = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in TESTS
        for name in imported(path)
        if re.search(r"^tests\.(?:.*\.)?(?:test_\w+|conftest)(?:$|\.)", name)
    ]
    assert wrong == []


def test_tests_use_what_is_public() -> None:
    """Let a private name change without a test; what a test has to reach is public then, and described."""
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for path in TESTS
        for line, name in reached(path)
        if name not in PRIVATE_OF_OTHERS
    ]
    assert wrong == []


def imported(path: Path) -> Iterator[str]:
    """Give the name of every module that a file imports, and of every name out of one."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def reached(path: Path) -> Iterator[tuple[int, str]]:
    """Give every private name that a file takes from something else than itself, with its line."""
    for node in ast.walk(tree(path)):
        match node:
            case ast.Attribute(value=ast.Name(id="self" | "cls")):
                pass
            case ast.Attribute(attr=name) if is_private(name):
                yield node.lineno, ast.unparse(node)
            case ast.ImportFrom(module=module, names=names):
                yield from ((node.lineno, f"{module}.{one.name}") for one in names if is_private(one.name))
            case ast.Call(func=ast.Name(id="getattr" | "setattr") | ast.Attribute(attr="setattr"), args=given):
                named = [one.value for one in given if isinstance(one, ast.Constant) and isinstance(one.value, str)]
                yield from ((node.lineno, name) for name in named if is_private(name.rpartition(".")[2]))


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")
