"""Find plugins, import them, and put what each declares in the order of its files."""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Callable, Iterable
from functools import partial
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Any

from bot.plugin import Plugin
from bot.registry.checks import PluginError
from bot.registry.registry import Registry

ENTRY_POINTS = "rapport.plugins"


def load(
    off: Iterable[str] = (), *, on: Iterable[str] = (), prefix: str = "", beside: Iterable[EntryPoint] = ()
) -> Registry:
    """Read the built-in handlers, the bundled plugins and installed ones, leaving out the optional ones named off.

    `on` are the bundled plugins that are wanted: unless any is named, those that are not off by default. `beside` are
    plugins that are not installed.

    What is left out is not imported, so that a broken plugin can be switched off; of a bundled plugin that is off by
    default, only the module that says so.
    """
    left_out, wanted = set(off), set(on)
    bundled = {name.rpartition(".")[2]: name for name in _modules("bot.plugins")}
    installed = {entry.name: entry for entry in (*entry_points(group=ENTRY_POINTS), *beside)}
    if unknown := left_out - bundled.keys() - installed.keys():
        raise PluginError(f"RAPPORT_PLUGINS_OFF names {', '.join(sorted(unknown))}, which is no optional plugin")
    if unknown := wanted - bundled.keys():
        raise PluginError(
            f"RAPPORT_PLUGINS names {', '.join(sorted(unknown))}, which is no bundled plugin:"
            f" those are {', '.join(sorted(bundled))}"
        )
    found = [_exported(name, partial(_whole, name)) for name in _modules("bot.handlers")]
    for name, module in sorted(bundled.items()):
        if name in left_out or (wanted and name not in wanted):
            continue
        if wanted or not _exported(module, partial(import_module, module)).off:
            found.append(_exported(module, partial(_whole, module)))
    found += [_exported(name, entry.load) for name, entry in sorted(installed.items()) if name not in left_out]
    for plugin in found:
        _in_order(plugin)
    return Registry(found, prefix=prefix)


def bundled() -> list[str]:
    """Return the names of the plugins that come with the product, of those too that are off by default."""
    return sorted(name.rpartition(".")[2] for name in _modules("bot.plugins"))


def bundled_off(registry: Registry) -> list[str]:
    """Return the names of the bundled plugins that are not in use."""
    return sorted(set(bundled()) - registry.plugins.keys())


def _modules(package: str) -> list[str]:
    found = import_module(package)
    return sorted(f"{package}.{info.name}" for info in pkgutil.iter_modules(found.__path__))


def _whole(name: str) -> ModuleType:
    """Import a handler or a bundled plugin with every module of its folder, as each declares a part of it."""
    found = import_module(name)
    for part in pkgutil.walk_packages(getattr(found, "__path__", ()), f"{name}."):
        import_module(part.name)
    return found


def _exported(name: str, imported: Callable[[], Any]) -> Plugin:
    try:
        found = imported()
    except Exception as exc:
        raise PluginError(f"the plugin {name!r} cannot be imported: {type(exc).__name__}: {exc}") from exc
    plugin = found if isinstance(found, Plugin) else getattr(found, "plugin", None)
    if not isinstance(plugin, Plugin):
        raise PluginError(f"{name} exports no `plugin`")
    return plugin


def _in_order(plugin: Plugin) -> None:
    """Put what a plugin declares in the order of its files, whichever of them was imported first."""
    for declared in (plugin.commands, plugin.actions, plugin.views, plugin.sources, plugin.events, plugin.listeners):
        declared.sort(key=_declared_at)
    for drawn in (
        plugin.renderers,
        plugin.jobs,
        plugin.sections,
        plugin.digest_sections,
        plugin.figures,
        plugin.card_sections,
    ):
        drawn.sort(key=_declared_at)


def _declared_at(declared: Any) -> tuple[str, int]:
    opened = getattr(declared, "opens", None)
    handler = getattr(declared, "handler", None) or getattr(opened or declared, "fill", None)
    code = getattr(inspect.unwrap(handler), "__code__", None) if handler else None
    return (getattr(handler, "__module__", ""), code.co_firstlineno if code else 0)
