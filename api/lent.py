"""Say what only the bot can do, and lends to the API."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy.orm import Session

from storage.digests.metrics import Narrowing
from storage.records.comparisons import Fields, Values
from storage.records.declaration import Declaration
from storage.records.query import Query
from storage.workspace.members import Role

if TYPE_CHECKING:
    from api.calls import Caller


class PluginRoute(Protocol):
    """Stand for an address of a plugin's."""

    @property
    def method(self) -> str:
        """Return the method that it answers."""

    @property
    def address(self) -> str:
        """Return its address below `/plugins/`."""

    @property
    def handler(self) -> Callable[..., Any]:
        """Return the function that answers; its docstring says what it does."""

    @property
    def noun(self) -> str:
        """Return the noun that a key is to be allowed to use."""

    @property
    def role(self) -> Role:
        """Return the role that a key is to act in."""


class PluginFigure(Protocol):
    """Stand for a figure of a plugin's."""

    @property
    def id(self) -> str:
        """Return its name: the plugin's, a dot, and its own."""

    @property
    def noun(self) -> str:
        """Return the noun that a key is to be allowed to read."""

    @property
    def over_time(self) -> bool:
        """Tell whether it counts what happened in a period, and not what there is."""

    @property
    def by(self) -> str:
        """Return by what its parts are cut, empty where it has none."""


class Bot(Protocol):
    """Stand for what only the bot can do: read the chat's grammar, tell plugins what happened, classify a text."""

    @property
    def core(self) -> Mapping[str, Declaration]:
        """Return the nouns that every workspace has, by their keys."""

    def nouns(self, session: Session, /) -> Mapping[str, Declaration]:
        """Return the nouns of the session's workspace, by their keys."""

    def understand(self, text: str, session: Session, fields: Fields, caller: Caller, /) -> tuple[Query, Values]:
        """Read filters as somebody in Slack writes them."""

    def narrow(self, text: str, session: Session, nouns: Collection[str], caller: Caller, /) -> Narrowing | None:
        """Read by which filters figures count, those of fields of `nouns` alone."""

    def tell(self, session: Session, caller: Caller, /) -> None:
        """Call the listeners of what happened in the session."""

    @property
    def routes(self) -> Collection[PluginRoute]:
        """Return every address of plugins."""

    def route(self, method: str, address: str, /) -> PluginRoute | None:
        """Return what a plugin answers at an address below `/plugins/`, None for nothing."""

    @property
    def figures(self) -> Collection[PluginFigure]:
        """Return every figure of plugins."""

    def run_route(self, route: Any, session: Session, caller: Caller, given: Mapping[str, Any], /) -> Any:
        """Call what answers at an address, and return what JSON can hold, or what counts a figure."""

    def classify(self, session: Session, text: str, /) -> Any:
        """Return the verdict of the workspace's model on a text."""
