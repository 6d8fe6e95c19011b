"""Find anything by what a person remembers of its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot.grammar import Args
from bot.grammar.reading import is_rest, trimmed
from bot.grammar.types import PERSON
from bot.kit import blocks as b
from bot.kit import records
from bot.kit.format import Reader
from bot.kit.records import show_button
from bot.kit.replies import Instead, Message
from bot.plugin import Command, Plugin, Role, _
from storage.meaning import search as by_meaning
from storage.meaning.search import Passage
from storage.records import search
from storage.records.schema import label_of
from storage.records.search import Hit
from storage.references import in_force, parse_reference, reference
from storage.subjects import called
from storage.transfer.exports import asked
from storage.workspace import members

plugin = Plugin("search", contract=2, title="Search", description="One search over everything that has a name.")


class RegistryForSearch(Protocol):
    """Stand for all that is declared."""

    @property
    def commands(self) -> Mapping[str, Command]:
        """Return the commands by their words."""

    def spell(self, words: str) -> str:
        """Return a command as it is typed."""


FOUND = 10
SAID = 5
LOOKED_THROUGH = 40
"""Of one ticket several messages may be alike, and it is shown once."""
ALIKE = 0.3
"""Of a search in one or two words what means the same has 0.3 to 0.7, anything else rarely more than 0.25."""
QUOTED = 160


@plugin.command("find", usage=f"<text> {records.AS_FILE}", role=Role.VIEWER, example="globx", **records.AS_FILE_KEYS)
def find(args: Args, session: Session, reader: Reader, catalogue: RegistryForSearch) -> Message:
    """Find anything that has a name, even misspelt, and messages, notes and tickets by what they mean."""
    who = PERSON.read(trimmed(args.values["text"]), args.writer)
    if who and is_rest(args.text[who.end :]):
        return _whose(session, who.value, catalogue)
    form = args.typed("as", records.FORM)
    hits = search.find(session, args.text, limit=asked.SEARCHED if form else FOUND)
    meant = [] if form else _by_meaning(session, args.text, reader)
    if not hits and not meant:
        text = b.markup(_("Nothing has a name like “{typed}”."), typed=b.cut(args.text, 300))
        return Message(text, [b.section(text), b.context(_("Add a customer: `/customer add Acme`."))])
    if form:
        header = [_("Record"), _("Name"), _("Kind")]
        rows = [[hit.reference, hit.name, _(label_of(session, hit.noun))] for hit in hits]
        count = asked.table(session, "find", header, rows, form=form, words=args.text)
        return records.on_its_way(_("records"), count)
    title = b.markup(_("Results for “{typed}”"), typed=b.cut(args.text, 300))
    lines = [_line(session, hit) for hit in hits]
    if not hits:
        title = b.markup(_("Nothing has a name like “{typed}”."), typed=b.cut(args.text, 300))
    return Message(title, [b.section(title), *lines, *meant])


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


def _whose(session: Session, member_id: str, catalogue: RegistryForSearch) -> Message:
    """Name the lists of what a colleague has, as records are found by their names."""
    member = members.get(session, member_id)
    name = member.name if member and member.name else ""
    nouns = [c.words for c in catalogue.commands.values() if c.noun and c.words == f"{c.noun.key} list" and _owned(c)]
    lists = [b.markup("`{list} {name}`", list=catalogue.spell(words), name=name) for words in (*nouns, "followup list")]
    said = b.markup(_("Records are found by their names. What is {who}'s is in these lists:"), who=b.person(member_id))
    return Message(said, [b.section(b.join([said, *lists], "\n"))])


def _owned(command: Command) -> bool:
    return bool(command.noun and command.noun.model.__owner__)


def _line(session: Session, hit: Hit) -> Block:
    said = b.markup(
        "*{name}*  {ref}\n{noun}", name=hit.name, ref=hit.reference, noun=_(label_of(session, hit.noun)).casefold()
    )
    return b.section(said, accessory=show_button(hit.noun, hit.reference))


def _by_meaning(session: Session, typed: str, reader: Reader) -> list[Block]:
    """Show what was written that means nearly the same, in whichever language; nothing without the encoder."""
    from ml.text.encoder import installed
    from ml.text.meaning import cosines, encoder, signs

    if not installed() or parse_reference(typed, in_force(session)) is not None:
        return []
    if not encoder().is_loaded:
        return [b.context(_("What people wrote is not searched yet: Rapport has just started. Ask again in a moment."))]
    asked = encoder().vectors([typed])
    near = by_meaning.candidates(session, signs(asked)[0])
    alike = cosines(asked[0], [one.vector for one in near])
    best = [near[i].id for i in (-alike).argsort(kind="stable")[:LOOKED_THROUGH] if alike[i] >= ALIKE]
    found = by_meaning.passages(session, best)
    shown: dict[object, Passage] = {}
    for row in best:
        if row in found:
            # Of one ticket what is most alike is shown.
            shown.setdefault(found[row].ticket_id or (row,), found[row])
    if not shown:
        return []
    title = b.markup("*{title}*", title=_("Written, and nearly the same in meaning"))
    return [b.section(title), *(_passage(session, one, reader) for one in list(shown.values())[:SAID])]


def _passage(session: Session, passage: Passage, reader: Reader) -> Block:
    subject = ("ticket", passage.ticket_id) if passage.ticket_id else passage.about
    ref = reference(*subject, in_force(session)) if subject else ""
    said = b.markup(
        "“{text}”\n{ref}  {who}  {when}",
        text=b.cut(" ".join(passage.text.split()), QUOTED),
        ref=ref,
        who=passage.author_name or (b.person(passage.author_id) if passage.author_id else ""),
        when=reader.ago(passage.at),
    )
    return b.section(said, accessory=show_button(subject[0], ref) if subject else None)
