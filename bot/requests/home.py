"""Draw a person's App Home from the sections that plugins declare."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from slack_sdk.models.blocks import Block

from bot.i18n import _, speak
from bot.kit import blocks as b
from bot.kit import format
from bot.kit.block_json import to_json
from bot.plugin import Role, Section
from bot.registry import Registry
from bot.requests.actors import KnownActor, People
from bot.requests.failures import Failures
from bot.requests.routing import check_controls
from bot.requests.runtime import call_with
from bot.slack.clients import Installations
from storage.database.engine import Database
from storage.records import schema

log = logging.getLogger(__name__)

HOME_BLOCKS = 100
SECTION_MS = 5_000
"""A section's longest statement, so that one plugin's does not keep the others' from being shown."""
HOME_CHARACTERS = 200_000


class HomeView:
    """Draw and publish the App Home; a section that fails costs only itself."""

    def __init__(
        self,
        database: Database,
        registry: Registry,
        people: People,
        installations: Installations,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        failures: Failures | None = None,
    ) -> None:
        self._database = database
        self._registry = registry
        self._people = people
        self._installations = installations
        self._now = now
        self._failures = failures or Failures(registry)

    def publish(self, workspace_id: str, user_id: str, *, notice: b.Text = "") -> None:
        """Draw a person's Home and publish it; raise what the Slack client raises."""
        known = self._people.find(workspace_id, user_id)
        speak(known.member.locale)
        blocks = self.draw(known, notice)
        view = {"type": "home", "blocks": b.render(blocks, limit=HOME_BLOCKS, budget=HOME_CHARACTERS)}
        self._installations.client(workspace_id).views_publish(user_id=user_id, view=view)

    def draw(self, known: KnownActor, notice: b.Text = "") -> list[Block]:
        """Return the blocks of a person's Home."""
        blocks: list[Block] = [b.section(notice), b.divider()] if notice else []
        if not known.member.has(Role.VIEWER):
            return [*blocks, b.section(_("Rapport is for the team of this workspace. Ask one of them for help."))]
        for section in self._laid_out(known):
            if known.member.has(section.role):
                drawn = self._section(section, known)
                if drawn:
                    blocks += [b.header(_(section.title)), *drawn]
        return blocks or [b.section(_("Nothing here yet. Type `/crm help` to see what you can do."))]

    def _laid_out(self, known: KnownActor) -> list[Section]:
        """Return the sections that the workspace wants shown, in its order; what is for admins alone always is."""
        sections = {section.id: section for section in self._registry.sections}
        with self._database.transaction(known.workspace.id, statement_timeout_ms=SECTION_MS) as session:
            shown = schema.of(session).layouts.get("home", {}).get("home")
        if shown is None:
            return list(sections.values())
        wanted = [sections[key] for key in shown if key in sections]
        return [*wanted, *(one for one in sections.values() if one.role is Role.ADMIN and one not in wanted)]

    def _section(self, section: Section, known: KnownActor) -> list[Block]:
        now = self._now()
        given: dict[str, Any] = {
            "actor": known.member,
            "reader": format.reader(known.member, known.workspace, now),
            "workspace": known.workspace,
            "now": now,
        }
        try:
            with self._database.transaction(known.workspace.id, statement_timeout_ms=SECTION_MS) as session:
                schema.see_as(session, known.member.acts_in)
                given |= {"session": session, "catalogue": self._registry.within(schema.of(session))}
                drawn = list(call_with(section.handler, given) or [])
                check_controls(self._registry, map(to_json, drawn))
                return drawn
        except Exception:
            log.exception("the home section %s failed", section.id)
            self._failures.count(section.handler)
            return [b.context(_("This part could not be shown right now."))]
