"""Show and change the settings of plugins by command."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot.grammar import Args, split_text
from bot.handlers.settings import lists
from bot.handlers.settings.declaration import plugin
from bot.handlers.settings.wording import from_words, plugin_called, store
from bot.kit.faces import Hand
from bot.kit.format import Reader
from bot.kit.replies import Message
from bot.plugin import Catalogue, Member, Role
from storage.workspace.workspaces import Workspace


@plugin.command("settings", usage="[plugin] [change]", role=Role.ADMIN, example="renewals notice:60")
def settings(
    args: Args, session: Session, actor: Member, reader: Reader, workspace: Workspace, catalogue: Catalogue
) -> Message:
    """Show the settings of plugins, or change those of one: `key:value`, and `key:default` to go back."""
    if "plugin" not in args and not args.text:
        return lists.everything(session, catalogue, reader)
    name = plugin_called(catalogue, args.get("plugin") or args.text)
    if "change" not in args:
        return lists.of_plugin(session, catalogue, name, reader)
    hand = Hand(session, actor, reader, workspace)
    # As Slack sent it: a person is a mention there.
    _plugin, change = split_text(args.sent)
    store(session, from_words(catalogue.settings[name], change, hand))
    return lists.of_plugin(session, catalogue, name, reader, saved=True)
