"""Answer the commands that every noun has."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy.orm import Session

from bot.grammar import Args, unescape
from bot.handlers.records import wording
from bot.handlers.records.declaration import plugin
from bot.kit import blocks as b
from bot.kit import cards, fields, format, records
from bot.kit.faces import Hand
from bot.kit.format import Reader
from bot.kit.lookup import gone_and_kept
from bot.kit.records import card
from bot.kit.replies import Instead, Message
from bot.plugin import Catalogue, Declaration, Member, _
from storage.crm import notes
from storage.errors import CrmError, Doubtful
from storage.records import lifecycle, search
from storage.references import parse_reference
from storage.transfer.exports import asked
from storage.workspace.workspaces import Workspace

FOUND = 10


def _first(noun: Declaration) -> str:
    return f"{noun.letter}-1"


def _place(noun: Declaration) -> str:
    return f"<{noun.key}>"


@plugin.each_noun(
    "add",
    usage=lambda noun: f"<name> {fields.keys(noun)}",
    types=fields.key_types,
    example=lambda noun: f"{noun.fields[0].example} {fields.keys(noun).partition('] ')[0].strip('[]')}",
    changes=True,
)
def add(
    noun: Declaration,
    args: Args,
    session: Session,
    actor: Member,
    reader: Reader,
    workspace: Workspace,
    catalogue: Catalogue,
) -> Message:
    """Add a record; Rapport asks first about a likely duplicate."""
    hand = Hand(session, actor, reader, workspace)
    args = fields.with_whole_names(noun, args, session)
    said = records.added(catalogue.nouns[noun.key], args.values["name"], fields.from_words(noun, args, hand), hand)
    hint = wording.in_the_name(noun, args)
    return replace(said, blocks=[*said.blocks, b.context(hint)]) if hint else said


@plugin.each_noun("show", usage=_place, example=_first, changes=False)
def show(
    noun: Declaration, args: Args, session: Session, actor: Member, reader: Reader, catalogue: Catalogue
) -> Message:
    """Show a record with its last notes."""
    record = noun.resolve(session, args.text)
    asked_for = parse_reference(args.text)
    is_merged = asked_for is not None and asked_for[0] == noun.key and asked_for[1] != record.id
    notice = (
        b.markup(_("{ref} is part of this one now."), ref=f"{noun.letter}-{asked_for[1]}")
        if asked_for and is_merged
        else ""
    )
    return card(session, catalogue.nouns[noun.key], record, reader, actor, notice=notice)


@plugin.each_noun(
    "find",
    usage=lambda _noun: f"<text> {records.AS_FILE}",
    types=lambda _noun: records.AS_FILE_KEYS,
    example=lambda _noun: "acme",
    changes=False,
)
def find(noun: Declaration, args: Args, session: Session, reader: Reader, catalogue: Catalogue) -> Message:
    """Find a record by its name or address, even misspelt."""
    form = args.typed("as", records.FORM)
    noun.ready(session)
    hits = search.find(session, args.text, nouns=[noun.key], limit=asked.SEARCHED if form else FOUND)
    if not hits:
        text = b.markup(
            _("No {noun} is like “{typed}”. Add it: `{add} {command}`"),
            noun=_(noun.label).casefold(),
            add=catalogue.spell(f"{noun.key} add"),
            typed=args.text,
            command=args.text.replace("`", "'"),
        )
        return Message(text)
    title = b.markup(_("{nouns} like “{typed}”"), nouns=_(noun.plural), typed=b.cut(args.text, 300))
    if form:
        count = asked.found(session, noun, [hit.id for hit in hits], form=form, words=args.text)
        return records.on_its_way(_(noun.plural).casefold(), count)
    found = [noun.resolve(session, hit.reference) for hit in hits]
    return Message(title, [b.section(title), *records.lines(session, catalogue.nouns[noun.key], found, reader)])


@plugin.each_noun(
    "edit",
    usage=lambda noun: f"{_place(noun)} [name:New] {fields.keys(noun)}",
    types=fields.key_types,
    example=lambda noun: f"{_first(noun)} name:New",
    changes=True,
)
def edit(
    noun: Declaration,
    args: Args,
    session: Session,
    actor: Member,
    reader: Reader,
    workspace: Workspace,
    catalogue: Catalogue,
) -> Message | Instead:
    """Change fields of a record; name none, and its card with the form is shown."""
    first, _space, behind = args.raw.strip().partition(" ")
    alone = len(args.values) == 1 and parse_reference(unescape(first))
    if alone and (meant := fields.keyed(noun, behind.strip())):
        return Instead(f"{noun.key} edit", f"{first} {meant}")
    args = fields.with_whole_names(noun, args, session)
    # First, as of a name that nobody has a part may stand with the record's.
    values = fields.from_words(noun, args, Hand(session, actor, reader, workspace))
    wording.check_nothing_beyond(args.text)
    record = noun.resolve(session, args.text)
    if name := args.get("name"):
        values["name"] = name
    shown = catalogue.nouns[noun.key]
    if not values:
        return card(session, shown, record, reader, actor, notice=_("Name what to change, or press Edit."))
    saved = records.passing(noun, values, reader, _("Saved."))
    notice = cards.cancelling(saved, lifecycle.change(session, noun, record, values))
    return card(session, shown, record, reader, actor, notice=notice, undo=True)


@plugin.each_noun(
    "note",
    usage=lambda noun: f"{_place(noun)} <note>",
    example=lambda noun: f"{_first(noun)} asked for a quote",
    changes=True,
)
def note(noun: Declaration, args: Args, session: Session) -> Message:
    """Note something about a record."""
    record = noun.resolve(session, args.record)
    notes.add(session, record, args.text)
    text = b.markup(_("Noted on {record}."), record=cards.headline(record))
    return Message(text, [b.section(text), format.undo_hint()])


@plugin.each_noun("archive", usage=_place, example=_first, changes=True)
def archive(noun: Declaration, args: Args, session: Session) -> Message:
    """Take a record out of lists and searches, without deleting it."""
    return archived(session, noun, args.text, back=False)


@plugin.each_noun("restore", usage=_place, example=_first, changes=True)
def restore(noun: Declaration, args: Args, session: Session) -> Message:
    """Bring an archived record back, by its reference."""
    return archived(session, noun, args.text, back=True)


def archived(session: Session, noun: Declaration, typed: str, *, back: bool) -> Message:
    """Archive a record or bring it back, and say so, also where it was so already."""
    record = noun.resolve(session, typed)
    done = lifecycle.restore(session, record) if back else lifecycle.archive(session, record)
    if back:
        said = _("{record} is back in lists and searches.") if done else _("{record} is not archived.")
    else:
        said = (
            _("{record} is archived: lists and searches leave it out.") if done else _("{record} is archived already.")
        )
    text = b.markup(said, record=cards.headline(record))
    return Message(text, [b.section(text), *([format.undo_hint()] if done else [])])


@plugin.each_noun(
    "merge",
    usage=lambda noun: f"{_place(noun)} [into:{_first(noun)}]",
    example=lambda noun: f"{noun.letter}-2 into {_first(noun)}",
    changes=True,
)
def merge(
    noun: Declaration, args: Args, session: Session, actor: Member, reader: Reader, catalogue: Catalogue
) -> Message:
    """Merge a record into another, with its notes and links."""
    named, into = gone_and_kept(args, noun.key)
    gone = noun.resolve(session, named)
    try:
        kept = noun.resolve(session, into)
    except CrmError as error:
        raise error.on_field("into") from None
    was = cards.headline(gone)
    try:
        lifecycle.merge(session, noun, gone, kept)
    except Doubtful as doubt:
        return records.merge_question(gone, kept, doubt)
    notice = b.markup(_("{record} is part of this one now."), record=was)
    return card(session, catalogue.nouns[noun.key], kept, reader, actor, notice=notice, undo=True)
