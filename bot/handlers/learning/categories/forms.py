"""Ask for a new category, more examples, another name or a merge in modals."""

from __future__ import annotations

from collections.abc import Mapping

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot.handlers.learning.categories.commands import consequences, listing, merged, renamed
from bot.handlers.learning.declaration import plugin, redraw
from bot.kit import blocks as b
from bot.kit import categories as named
from bot.kit.replies import Message, Modal
from bot.plugin import Role, _, ngettext
from storage.errors import NotFound
from storage.support import categories
from storage.support.categories import FEWEST_EXAMPLES, NAME_LIMIT

Values = Mapping[str, str]


def _examples_field(hint: str) -> Block:
    return b.text_input("examples", _("Examples, one per line"), multiline=True, hint=hint)


def _category_field(session: Session, field: str, label: str, chosen: str = "") -> Block:
    options = [b.Option(name, key) for key, name in named.names(session).items()]
    return b.choice_input(field, label, options, initial=chosen)


@plugin.view("add", title="New category", role=Role.MANAGER)
def add() -> Modal:
    """Open the form for a new category."""
    hint = _("At least {fewest} messages as customers write them; ten are better.").format(fewest=FEWEST_EXAMPLES)
    fields = [b.text_input("name", _("Name"), max_length=NAME_LIMIT), _examples_field(hint)]
    return Modal(_("New category"), fields, submit=_("Add"))


@add.submit
def added(values: Values, session: Session) -> Message:
    """Add a category; messages like its examples are of it at once."""
    row = categories.add(session, values["name"], values["examples"].splitlines(), taken=named.taken(session))
    redraw(session)
    text = _(
        "*{name}* is now a category. Messages like its examples get it at once. Others get it "
        "once a model that learned from them beats the current one."
    )
    return listing(session, notice=b.markup(text, name=row.name))


@plugin.view("examples", title="Add examples", role=Role.MANAGER)
def examples(session: Session) -> Modal:
    """Open the form for more examples of a category."""
    fields = [_category_field(session, "category", _("Category")), _examples_field(_("As customers write them."))]
    return Modal(_("Add examples"), fields, submit=_("Add"))


@examples.submit
def exemplified(values: Values, session: Session) -> Message:
    """Add examples to a category."""
    _check_known(session, values["category"], "category")
    rows = categories.add_examples(session, values["category"], values["examples"].splitlines())
    text = ngettext("{count} new example of *{name}*.", "{count} new examples of *{name}*.", len(rows))
    return listing(session, notice=b.markup(text, count=len(rows), name=named.name(session, values["category"])))


@plugin.view("rename", title="Rename category", role=Role.MANAGER)
def rename(session: Session) -> Modal:
    """Open the form for another name of a category."""
    fields = [
        _category_field(session, "category", _("Category")),
        b.text_input("name", _("New name"), max_length=NAME_LIMIT),
    ]
    return Modal(_("Rename category"), fields, submit=_("Rename"))


@rename.submit
def rename_submitted(values: Values, session: Session) -> Message:
    """Call a category otherwise."""
    _check_known(session, values["category"], "category")
    return renamed(session, values["category"], values["name"])


def _check_known(session: Session, key: str, field: str) -> None:
    """Raise NotFound for a category that was merged into another, or taken back, since the form was opened."""
    if key not in named.names(session):
        raise NotFound("This category no longer exists.", field=field, hint="Choose another.")


@plugin.view("merge", title="Merge categories", role=Role.MANAGER)
def merge(session: Session) -> Modal:
    """Open the form for merging one category into another."""
    return Modal(_("Merge categories"), _merge_fields(session, "", ""), submit=_("Merge"))


def _merge_fields(session: Session, key: str, into: str) -> list[Block]:
    return [
        _category_field(session, "category", _("Category"), key),
        _category_field(session, "into", _("Becomes"), into),
    ]


@merge.submit
def merge_submitted(values: Values, state: Mapping[str, str], session: Session) -> Message | Modal:
    """Say what a merge does, and do it when it is submitted again unchanged."""
    key, into = values["category"], values["into"]
    for field, category in (("category", key), ("into", into)):
        _check_known(session, category, field)
    if key == into or state.get("seen") == f"{key} {into}":
        return merged(session, key, into)
    fields = [b.section(consequences(session, key, into)), *_merge_fields(session, key, into)]
    return Modal(_("Merge categories"), fields, submit=_("Merge anyway"), state={"seen": f"{key} {into}"})


plugin.button_opens("add", add)
plugin.button_opens("examples", examples)
plugin.button_opens("rename", rename)
plugin.button_opens("merge", merge)
plugin.opens("categories add", add)
plugin.opens("category", add)
