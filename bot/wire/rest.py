"""Lend the API what only the bot can do: read filters as people write them, tell listeners, classify."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy.orm import Session

from bot.grammar import Usage, parse
from bot.grammar.filters import FilterValues
from bot.grammar.lists import understood
from bot.grammar.narrowing import read
from bot.i18n import speak
from bot.requests.actors import KnownActor
from bot.requests.runtime import Runtime, call_with
from bot.settings import Problem, SettingsError
from storage.errors import CrmError
from storage.records import schema
from storage.records.comparisons import Fields, Values
from storage.records.query import Query, parse_filters

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from datetime import datetime

    from bot.plugin import Declaration, DeclaredFigure, DeclaredHook, DeclaredRoute, Member
    from storage.digests.metrics import Narrowing
    from storage.workspace.workspaces import Workspace

OWN = "own"
"""What stands for the nouns that workspaces made for themselves, which differ from one to the other."""
_LIST = Usage.parse("[filters]")


class Asking(Protocol):
    """Stand for the program that asks, and the person as whom it does, if any."""

    @property
    def member(self) -> Member | None:
        """Return as whom it acts."""

    @property
    def workspace(self) -> Workspace:
        """Return where it acts."""

    @property
    def now(self) -> datetime:
        """Return when it asks."""


def _values(caller: Asking) -> FilterValues:
    me = caller.member.id if caller.member else ""
    return FilterValues(me, caller.workspace.currency, caller.workspace.zone, caller.now, caller.workspace.locale)


class ForPrograms:
    """Do for programs what handlers get from the runtime, with `only` these nouns, or all."""

    def __init__(self, runtime: Runtime, only: Collection[str] = ()) -> None:
        self._runtime = runtime
        self._only = frozenset(self._key(word) for word in only)

    def _key(self, word: str) -> str:
        """Return the key of a noun from that or its plural; raise SettingsError where there is none."""
        nouns = self._runtime.registry.nouns
        plurals = {noun.declaration.plural.casefold(): key for key, noun in nouns.items()}
        if (key := plurals.get(word.casefold(), word)) in {OWN, *nouns}:
            return key
        known = ", ".join([*sorted(plurals), OWN])
        raise SettingsError([Problem("RAPPORT_ONLY", f"{word} is no noun", f"There are {known}.")])

    def _serves(self, key: str) -> bool:
        named = key if key in self._runtime.registry.nouns else OWN
        return not self._only or named in self._only

    @property
    def core(self) -> Mapping[str, Declaration]:
        """Return the nouns that every workspace has and this process serves, by their keys."""
        nouns = self._runtime.registry.nouns
        return {key: noun.declaration for key, noun in nouns.items() if self._serves(key)}

    def nouns(self, session: Session) -> Mapping[str, Declaration]:
        """Return every noun that this process serves by its key, each with the fields that the workspace gave to it."""
        declared = self._runtime.registry.declarations(session)
        return {key: declaration for key, declaration in declared.items() if self._serves(key)}

    def understand(self, text: str, session: Session, fields: Fields, caller: Asking) -> tuple[Query, Values]:
        """Read what a list is asked for, as it is read in Slack; raise CrmError naming the field at fault."""
        values = _values(caller)
        asked = parse(text, _LIST, values)
        return parse_filters(understood(asked.filters, session, fields, values)), values

    def narrow(self, text: str, session: Session, nouns: Collection[str], caller: Asking) -> Narrowing | None:
        """Read by which filters figures count, those of fields of `nouns` alone; None for no filters."""
        values = _values(caller)
        only = read(session, parse(text, _LIST, values).filters, values, nouns=nouns)
        return only.narrowing if only else None

    def tell(self, session: Session, caller: Asking) -> None:
        """Call the listeners of what happened in the session."""
        speak(caller.workspace.locale)
        known = KnownActor(caller.member, caller.workspace, schema.whole(session)) if caller.member else None
        self._runtime.tell_listeners(session, {**self._runtime.given(known, caller.workspace), "session": session})

    @property
    def routes(self) -> Collection[DeclaredRoute]:
        """Return every address of plugins."""
        return self._runtime.registry.routes.values()

    def route(self, method: str, address: str) -> DeclaredRoute | None:
        """Return what a plugin answers at an address, None for nothing."""
        return self._runtime.registry.routes.get(f"{method} {address}")

    def run_route(
        self, route: DeclaredRoute | DeclaredFigure, session: Session, caller: Asking, given: Mapping[str, Any]
    ) -> Any:
        """Call what answers at an address or counts a figure; one that fails on its own is counted."""
        known = KnownActor(caller.member, caller.workspace, schema.of(session)) if caller.member else None
        try:
            return call_with(
                route.handler, {**self._runtime.given(known, caller.workspace), **given, "session": session}
            )
        except CrmError:
            raise
        except Exception:
            self._runtime.failures.count(route.handler)
            raise

    @property
    def figures(self) -> Collection[DeclaredFigure]:
        """Return the figures of plugins."""
        return self._runtime.registry.figures.values()

    def hook(self, address: str) -> DeclaredHook | None:
        """Return what takes webhooks at an address, None for nothing."""
        return self._runtime.registry.hooks.get(address)

    def run_hook(self, function: Callable[..., Any], session: Session, sender: Asking, given: Mapping[str, Any]) -> Any:
        """Call a function of a hook's; one that fails on its own is counted."""
        try:
            return call_with(function, {**self._runtime.given(None, sender.workspace), **given, "session": session})
        except CrmError:
            raise
        except Exception:
            self._runtime.failures.count(function)
            raise

    def classify(self, session: Session, text: str) -> Any:
        """Return the verdict of the workspace's model on a text."""
        assert self._runtime.model is not None
        return self._runtime.model(session).classify(text)
