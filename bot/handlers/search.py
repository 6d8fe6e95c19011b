"""Find anything by what a person remembers of its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot.grammar import Args
from bot.kit import blocks as b
from bot.kit import records
from bot.kit.records import show_button
from bot.kit.replies import Instead, Message
from bot.plugin import Command, Plugin, Role, _
from storage.records import search
from storage.records.schema import label_of
from storage.records.search import Hit
from storage.references import in_force, parse_reference, reference
from storage.subjects import called
from storage.transfer.exports import asked

plugin = Plugin("search", contract=2, title="Search", description="One search over everything that has a name.")


class RegistryForSearch(Protocol):
    """Stand for all that is declared."""

    @property
    def commands(self) -> Mapping[str, Command]:
        """Return the commands by their words."""


FOUND = 10


@plugin.command("find", usage=f"<text> {records.AS_FILE}", role=Role.VIEWER, example="globx", **records.AS_FILE_KEYS)
def find(args: Args, session: Session) -> Message:
    """Find anything that has a name, even misspelt."""
    form = args.typed("as", records.FORM)
    hits = search.find(session, args.text, limit=asked.SEARCHED if form else FOUND)
    if not hits:
        text = b.markup(_("Nothing has a name like “{typed}”."), typed=b.cut(args.text, 300))
        return Message(text, [b.section(text), b.context(_("Add a customer: `/customer add Acme`."))])
    if form:
        header = [_("Record"), _("Name"), _("Kind")]
        rows = [[hit.reference, hit.name, _(label_of(session, hit.noun))] for hit in hits]
        count = asked.table(session, "find", header, rows, form=form, words=args.text)
        return records.on_its_way(_("records"), count)
    title = b.markup(_("Results for “{typed}”"), typed=b.cut(args.text, 300))
    return Message(title, [b.section(title), *(_line(session, hit) for hit in hits)])


@plugin.command("show", usage="<record>", role=Role.VIEWER, example="D-88")
def show(args: Args, session: Session, catalogue: RegistryForSearch) -> Message | Instead:
    """Show any record by its reference or name."""
    letters = in_force(session)
    named = parse_reference(args.text, letters)
    if named is None:
        record = called(session, args.text, field="record", settings=True)
        named = record.__noun__, record.id
    words = f"{named[0]} show"
    return Instead(words, reference(*named, letters)) if words in catalogue.commands else Instead("find", args.text)


def _line(session: Session, hit: Hit) -> Block:
    said = b.markup(
        "*{name}*  {ref}\n{noun}", name=hit.name, ref=hit.reference, noun=_(label_of(session, hit.noun)).casefold()
    )
    return b.section(said, accessory=show_button(hit.noun, hit.reference))
