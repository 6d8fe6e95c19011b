"""Hold the house rules: who commits, what is never used, and what every part comes with."""

from __future__ import annotations

import ast
import io
import re
import string
import subprocess
import tokenize
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.registry import load
from tests.support.derived_pages import every_plugin
from tests.support.sources import EVERY_SOURCE, MEASURING, ROOT, SOURCES, imports, name_of, plugin_of, tree

PRODUCT_LINES = 350
TEST_LINES = 450
LONGER = {
    "bot/plugin.py": 475,  # the plugin contract, whole, in one file
}


def test_only_one_place_commits() -> None:
    allowed = {
        "storage/database/engine.py",  # the transaction itself
        "storage/database/migrate.py",  # migrations run on a connection of their own
        "storage/database/migrations/env.py",  # likewise
    }
    found = {
        str(path.relative_to(ROOT))
        for path in SOURCES
        if path.relative_to(ROOT).parts[0] != "sandbox"  # a program of its own, which stands for Slack
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit"
    }
    assert found <= allowed


def test_a_migration_stands_alone() -> None:
    """What it imports of ours may change after it, so it knows no declaration, no noun and no function of them."""
    steady = {"storage.database.policies", "storage.database.engine"}
    migrations = [path for path in SOURCES if "migrations" in path.parts and re.match(r"\d{4}_", path.name)]
    ours = [(path, name) for path in migrations for name in imports(path) if name.split(".")[0] in {"storage", "bot"}]
    assert len(migrations) > 50
    assert [f"{path.relative_to(ROOT)}: {name}" for path, name in ours if name not in steady] == []


def test_nothing_that_runs_what_it_reads() -> None:
    modules = {"pickle", "cPickle", "_pickle", "joblib", "skops", "dill", "cloudpickle", "shelve", "marshal"}
    attributes = {("yaml", "load"), ("yaml", "unsafe_load"), ("yaml", "full_load")}
    words = {"SQLAlchemyJobStore"}
    wrong = []
    for path in [*SOURCES, *(path for folder in MEASURING for path in (ROOT / folder).rglob("*.py"))]:
        wrong += [f"{path}: {name}" for name in imports(path) if name.partition(".")[0] in modules]
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                if (node.value.id, node.attr) in attributes:
                    wrong.append(f"{path}:{node.lineno}: {node.value.id}.{node.attr}")
            elif isinstance(node, ast.Name | ast.alias) and words & {
                getattr(node, "id", ""),
                getattr(node, "name", ""),
            }:
                wrong.append(f"{path}: {ast.dump(node)}")
            elif isinstance(node, ast.keyword) and node.arg == "allow_pickle" and ast.unparse(node.value) != "False":
                wrong.append(f"{path}:{node.lineno}: allow_pickle")
    assert wrong == []


GIVEN_LATER = {"bot/grammar/amounts.py"}
"""What is typed is added there once, where all of it is known."""
ERRORS = {"Ambiguous", "Conflict", "CrmError", "Invalid", "NotFound", "Refused"}


def test_errors_are_given_what_their_sentences_name() -> None:
    missing = []
    for path in SOURCES:
        if str(path.relative_to(ROOT)) in GIVEN_LATER:
            continue
        for call in (node for node in ast.walk(tree(path)) if isinstance(node, ast.Call)):
            named = {word.arg for word in call.keywords}
            if getattr(call.func, "id", "") not in ERRORS or None in named:
                continue
            said = [*call.args[:1], *(word.value for word in call.keywords if word.arg == "hint")]
            for text in (str(one.value) for one in said if isinstance(one, ast.Constant) and one.value):
                wanted = {name for _text, name, _spec, _how in string.Formatter().parse(text) if name}
                # These four are the error's own.
                missing += [(path.name, text)] * bool(wanted - (named - {"candidates", "field", "hint", "typed"}))
    assert missing == []


def test_modules_and_what_they_offer_say_what_they_are_for() -> None:
    missing = []
    for path in SOURCES:
        module = tree(path)
        revision = re.match(r"\d{4}_", path.name)
        offered = (
            []
            if revision
            else [
                node
                for node in module.body
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
                and not node.name.startswith("_")
            ]
        )
        for node in [module, *offered]:
            sentence = (ast.get_docstring(node) or "").partition("\n\n")[0].replace("\n", " ").strip()
            if not re.search(r"[.:!?]$", sentence):
                missing.append(f"{path.relative_to(ROOT)}: {getattr(node, 'name', 'the module')}")
    assert missing == []


def test_files_are_short_enough_to_read() -> None:
    long = []
    for path in EVERY_SOURCE:
        name = str(path.relative_to(ROOT))
        limit = LONGER.get(name, TEST_LINES if name.startswith("tests/") else PRODUCT_LINES)
        exempt = (
            re.match(r"\d{4}_", path.name) or "starter" in path.parts
        )  # history is not rewritten, examples are data
        lines = len(path.read_text("utf-8").splitlines())
        if lines > limit and not exempt:
            long.append(f"{name} has {lines} lines, {limit} are allowed")
    assert long == []


def test_no_file_is_a_drawer() -> None:
    drawers = {"utils", "util", "helpers", "helper", "constants", "common", "misc", "base"}
    assert [str(path) for path in EVERY_SOURCE if path.stem in drawers] == []


def handlers_and_plugins() -> list[str]:
    return sorted({str(own) for path in SOURCES if (own := plugin_of(name_of(path)))})


def test_every_handler_and_plugin_has_a_test() -> None:
    missing = []
    for name in handlers_and_plugins():
        kind, own = name.split(".")[1:]
        folder = ROOT / "tests" / "bot" / kind
        if not [*folder.glob(f"test_{own}*.py"), *(folder / own).glob("test_*.py")]:
            missing.append(f"tests/bot/{kind}/test_{own}.py")
    assert missing == []


def test_the_pages_that_are_derived_from_declarations_are_current() -> None:
    """Among them a page for every handler and plugin; `rapport docs` writes them."""
    docs = ROOT / "docs"
    wanted = every_plugin()[1]
    assert [name for name, text in wanted.items() if not (docs / name).exists()] == []
    assert [name for name, text in wanted.items() if (docs / name).read_text("utf-8") != text] == []
    assert {f"plugins/{path.name}" for path in (docs / "plugins").glob("*.md")} <= set(wanted)


def test_every_handler_and_plugin_is_loaded_under_its_own_name() -> None:
    assert sorted(name.rpartition(".")[2] for name in handlers_and_plugins()) == sorted(every_plugin()[0])


@pytest.mark.parametrize("name", [name.rpartition(".")[2] for name in handlers_and_plugins() if ".plugins." in name])
def test_any_optional_plugin_can_be_left_out(name: str) -> None:
    assert name not in load({name}).plugins


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_no_file_names_a_package_registry_or_somebodys_machine() -> None:
    # Written in pieces, as this file is looked at too.
    registries = ["py" + "pi.org", "python" + "hosted.org", "--index" + "-url", "npm" + "js.org", "gh" + "cr.io"]
    registries += ["docker" + ".io", "qu" + "ay.io"]
    machine = re.compile(r"(?<![\w.:/-])/(?:root|home|Users|work|opt)/[\w.]")
    wrong = []
    for path in tracked():
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
        wrong += [f"{path.relative_to(ROOT)}: {host}" for host in registries if host in text]
        wrong += [f"{path.relative_to(ROOT)}: {found.group()}" for found in machine.finditer(text)]
    assert wrong == []


def comments(path: Path) -> Iterator[tuple[int, str]]:
    with io.StringIO(path.read_text("utf-8")) as file:
        for token in tokenize.generate_tokens(file.readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.string


def test_every_lint_exception_is_narrow_and_has_a_reason() -> None:
    exception = re.compile(r"#\s*(?:noqa|type:\s*ignore|pragma:|ruff:|mypy:)(?P<rest>[^#]*)")
    narrow = re.compile(r":?\s*(?:\[[\w, -]+\]|[A-Z]+\d+(?:,\s*[A-Z]+\d+)*|no cover)(?P<reason>.*)")
    wrong = []
    for path in EVERY_SOURCE:
        for line, comment in comments(path):
            for found in exception.finditer(comment):
                kept = narrow.match(found["rest"])
                # A reason may stand after the codes or, for type comments, in a comment of its own behind.
                reason = (kept["reason"] + comment[found.end() :]) if kept else ""
                if len(re.findall(r"\w+", reason)) < 2:
                    wrong.append(f"{path.relative_to(ROOT)}:{line}: {comment}")
    assert wrong == []


def test_the_lock_names_every_dependency_with_hashes() -> None:
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    entries = re.findall(r"^([a-z0-9-]+)==.+((?:\n    .+)*)", lock, re.MULTILINE)
    locked = {name for name, _ in entries}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    assert {re.split(r"[\[<>=!~;\s]", one)[0].lower().replace("_", "-") for one in wanted} <= locked
    assert all("--hash=sha256:" in rest for _, rest in entries)
    encoder = (ROOT / "requirements-meaning.lock").read_text("utf-8")
    (meaning,) = project["optional-dependencies"]["meaning"]
    assert re.fullmatch(rf"{re.escape(meaning)} \\\n    --hash=sha256:[0-9a-f]{{64}}\n", encoder)
