"""Give `rapport import`: show how a file is understood and what it would do, do it, and take it back."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot import terminal
from bot.scrub import printable

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from bot.registry import Registry
    from storage.database.engine import Database
    from storage.records.declaration import Declaration
    from storage.transfer.mapping import ColumnMapping, MappedColumn
    from storage.transfer.model import ImportRun
    from storage.transfer.tables import Row, TableFile
    from storage.transfer.written import Notation

SAMPLES_SHOWN = 80
SHOWN = 10
"""So many refused rows are shown; the file beside the table has all."""

WORDS = {
    "added": "added",
    "changed": "changed",
    "same": "left alone",
    "again": "the same as a row before",
    "refused": "refused",
    "along": "added because a row is linked to them",
}


def import_file(
    file: Annotated[
        Path | None,
        typer.Argument(help="A CSV, TSV or XLSX file, or an archive of `rapport export`", exists=True, dir_okay=False),
    ] = None,
    noun: Annotated[str, typer.Option(help="What the rows are, where that is not clear: customer, contact...")] = "",
    column: Annotated[
        list[str] | None,
        typer.Option(
            "--column", help="Say what a column is: 'Firma=name', 'Fax=' to leave it out, 'Region=+' for a new field"
        ),
    ] = None,
    dates: Annotated[str, typer.Option(help="day or month: what comes first in 03/04/2026")] = "",
    decimal: Annotated[str, typer.Option(help="The decimal mark: . or ,")] = "",
    matches: Annotated[str, typer.Option(help="What is there already: change, fill or skip")] = "",
    sheet: Annotated[str, typer.Option(help="Which sheet of a workbook, where it is not the first")] = "",
    adds: Annotated[
        bool, typer.Option("--add-missing", help="Add stages and the like that rows name and that are not there")
    ] = False,
    links: Annotated[bool, typer.Option(help="Add the customers that rows name and that are not there")] = True,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would happen")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask")] = False,
    undo: Annotated[int | None, typer.Option(help="Take back the import of this number")] = None,
    workspace: Annotated[str, typer.Option(help="Its id, where there are several")] = "",
) -> None:
    """Bring the rows of a file in as records: it shows how it reads them and what would happen, and asks first."""
    from bot.cli.archives import bring_archive
    from bot.cli.process import database, the_workspace
    from bot.registry import load
    from bot.settings import Settings
    from storage.database.engine import Database
    from storage.errors import CrmError
    from storage.records import schema
    from storage.transfer import archives
    from storage.transfer.activities.declaration import with_activities

    if (file is None) == (undo is None):
        raise typer.BadParameter("name a file, or an import with --undo")
    settings = Settings.load(slack=False)
    registry = load(settings.plugins_off, on=settings.plugins)
    with database(settings) as url:
        opened = Database(url, pool_size=2)
        try:
            own = the_workspace(opened, workspace)
            with opened.transaction(own) as session:
                schema.see_as(session, None)
                declarations = with_activities(registry.declarations(session))
            if file is not None and archives.is_archive(file):
                bring_archive(opened, own, settings.database_admin_url or url, file, ask=not yes, dry=dry_run)
                return
            importer = Importer(opened, own, registry, declarations)
            if file is None:
                assert undo is not None
                importer.undo(undo, ask=not yes)
                return
            mapping = importer.understand(file, noun=noun, sheet=sheet)
            mapping = replace(corrected(mapping, column or [], matches=matches, makes=links), adds=adds)
            importer.bring_in(mapping, notation(dates, decimal), ask=not yes, dry=dry_run)
        except CrmError as wrong:
            terminal.say(f"{wrong} {wrong.hint.format(**wrong.params) if wrong.hint else ''}".strip(), err=True)
            raise typer.Exit(2) from None
        finally:
            opened.dispose()


def notation(dates: str, decimal: str) -> Notation:
    """Return how a person says that days and numbers are written; raise BadParameter for what cannot be."""
    from storage.transfer.written import Notation

    if dates not in ("", "day", "month") or decimal not in ("", ".", ","):
        raise typer.BadParameter("--dates is day or month, --decimal is . or ,")
    return Notation(decimal or None, dates == "day" if dates else None)


def corrected(mapping: ColumnMapping, columns: Sequence[str], *, matches: str, makes: bool) -> ColumnMapping:
    """Return a mapping as a person corrected it; raise BadParameter for what cannot be."""
    from storage.transfer.mapping import Matches

    names = [column.name for column in mapping.columns]
    for said in columns:
        name, is_said, to = said.rpartition("=")
        if not is_said or name not in names:
            raise typer.BadParameter(f"there is no column {name or said}; there are {', '.join(names)}")
        mapping = mapping.with_column(names.index(name), to=to.strip())
    if matches and matches not in set(Matches):
        raise typer.BadParameter(f"--matches is one of {', '.join(Matches)}")
    return replace(mapping, matches=Matches(matches) if matches else mapping.matches, makes=makes)


class Importer:
    """Carry out imports of one workspace from the terminal."""

    def __init__(
        self, database: Database, workspace: str, registry: Registry, declarations: Mapping[str, Declaration]
    ) -> None:
        self._database = database
        self._registry = registry
        self._workspace = workspace
        self._declarations = declarations
        self._table: TableFile | None = None

    def understand(self, file: Path, *, noun: str, sheet: str = "") -> ColumnMapping:
        """Open a file and return what its columns are: as the last time, or as they look."""
        from storage.transfer import looking, running

        def last(header: Sequence[str]) -> ColumnMapping | None:
            with self._database.transaction(self._workspace) as session:
                return running.last_mapping(session, header)

        self._table, mapping = looking.understand(file, file.name, self._declarations, last, noun=noun, sheet=sheet)
        return mapping

    def bring_in(self, mapping: ColumnMapping, said: Notation, *, ask: bool, dry: bool) -> None:
        """Show the mapping and the dry run, ask, and run."""
        from storage.transfer import looking, preparing, running
        from storage.transfer import mapping as mapped
        from storage.transfer.tables import digest, open_table

        assert self._table is not None
        table, declaration = self._table, self._declarations[mapping.noun]
        for one in mapping.columns:
            if one.to and one.to[0] not in ("@", mapped.NEW):
                declaration.field(one.to.removesuffix(mapped.LINKED_ID))
        with self._database.transaction(self._workspace) as session:
            begun = running.unfinished(session, digest(table.path))
        if begun is not None and begun.state != "drawn up":
            terminal.say(f"Import {begun.id} of this file ended at line {begun.line:,}; it goes on from there.")
            mapping = type(mapping).from_json(begun.mapping)
            self._table = table = open_table(table.path, table.name, mapping.sheet)
            declaration = self._declarations[mapping.noun]
        mapping = looking.look(table, mapping, declaration, preparing.TypeGuess)
        if said != mapped.AS_IT_IS:
            mapping = looking.told(mapping, day_first=said.day_first, decimal=said.decimal)
            mapping = looking.look(table, mapping, declaration, preparing.TypeGuess)
        self._show(mapping, declaration)
        asked = [one for one in mapping.columns if one.asks]
        if asked:
            for one in asked:
                terminal.say(f"{one.name}: {', '.join(one.samples)} can be read in two ways.", err=True, quotes=True)
            terminal.say("Say which with --dates day, --dates month, --decimal . or --decimal ,", err=True)
            raise typer.Exit(2)
        counts, missing = self._rehearse(mapping)
        if dry or not sum(counts.values()):
            return
        if ask:
            typer.confirm("Bring them in?", abort=True)
        if mapping.makes_more and (begun is None or begun.line == 0):
            mapping = self._prepare(mapping, missing)
        with self._database.transaction(self._workspace) as session:
            run = running.draw_up(session, table, mapping, digest=digest(table.path), actor_id=None)
            running.begin(session, run.id)
        self._run(run.id, mapping, sum(counts.values()) - counts.get("along", 0))

    def _prepare(self, mapping: ColumnMapping, missing: Sequence[tuple[str, str]]) -> ColumnMapping:
        """Make the fields and settings that the file has and the workspace lacks, and know them from then on."""
        from storage.records import history, schema
        from storage.transfer import preparing
        from storage.transfer.activities.declaration import with_activities

        with self._database.transaction(self._workspace) as session:
            schema.see_as(session, None)
            with history.recording(session, actor_id=None, source=history.IMPORT):
                mapping = preparing.prepare(session, mapping, self._declarations, missing, self._registry.reserved())
        with self._database.transaction(self._workspace) as session:
            schema.see_as(session, None)
            self._declarations = with_activities(self._registry.declarations(session))
        return mapping

    def _show(self, mapping: ColumnMapping, declaration: Declaration) -> None:
        assert self._table is not None
        separator = {"\t": "tab"}.get(self._table.separator, self._table.separator)
        how = f"{self._table.encoding}, “{separator}”" if separator else f"XLSX, sheet “{self._table.sheet}”"
        terminal.say(f"{self._table.name} ({how}): {declaration.plural}, as {mapping.source} writes them.")
        if others := [one for one in self._table.sheets if one != self._table.sheet]:
            terminal.say(f"Not read: {', '.join(others)}. Say which sheet with --sheet.")
        rows = [("Column", "is", "for example", "read as")]
        rows += [(one.name, one.to or "(left out)", _samples(one), _manner(one.written)) for one in mapping.columns]
        terminal.table(rows, quotes=True)

    def _rehearse(self, mapping: ColumnMapping) -> tuple[dict[str, int], list[tuple[str, str]]]:
        from storage.transfer import running
        from storage.transfer.lookup import Links

        assert self._table is not None
        beside = self._table.path.with_suffix(".refused.csv")
        shown: list[tuple[int, str]] = []
        with (
            running.Rehearsal(Links(mapping.source, self._declarations), mapping) as rehearsal,
            _refused_file(beside, self._table.header) as keep,
            _bar("Looking") as (bar, task),
        ):
            for rows in running.batches(self._table.rows()):
                with self._database.transaction(self._workspace) as session:
                    refused = {one.line: one.refused for one in rehearsal.batch(session, rows)}
                keep([(row, refused[row.line]) for row in rows if row.line in refused])
                shown += list(refused.items())[: SHOWN - len(shown)]
                bar.advance(task, len(rows))
        counts = running.as_numbers(rehearsal.counts)
        terminal.say("Would be: " + _in_words(counts))
        for line, reason in shown:
            terminal.say(f"  line {line}: {reason}", quotes=True)
        if counts.get("refused"):
            terminal.say(f"Refused rows are in {beside}: correct them there and import that file.")
        for name, count in rehearsal.unknown.most_common(SHOWN):
            terminal.say(f"  Nobody here is called {name} ({count:,} rows); it is kept as a note.", quotes=True)
        for _key, name in rehearsal.missing:
            how = "and is added first" if mapping.adds else "--add-missing adds it first"
            terminal.say(f"  {name} is not there yet; {how}.", quotes=True)
        return counts, list(rehearsal.missing)

    def _run(self, import_id: int, mapping: ColumnMapping, total: int) -> None:
        from storage.transfer import running
        from storage.transfer.lookup import Links

        assert self._table is not None
        links = Links(mapping.source, self._declarations)
        done = 0
        with _bar("Bringing in", total) as (bar, task):
            with self._database.transaction(self._workspace) as session:
                after = running.get(session, import_id).line
            for rows in running.batches(self._table.rows(after)):
                with self._database.transaction(self._workspace) as session:
                    run = running.run_batch(session, import_id, links, rows)
                done += len(rows)
                bar.update(task, completed=done)
            with self._database.transaction(self._workspace) as session:
                run = running.run_batch(session, import_id, links, [])
        self._say(run)

    def _say(self, run: ImportRun) -> None:
        from storage.transfer import running

        terminal.say(f"Import {run.id}: {_in_words(running.as_numbers(run.counts))}.")
        terminal.say(f"`rapport import --undo {run.id}` takes it back.")

    def undo(self, import_id: int, *, ask: bool) -> None:
        """Take an import back, a batch at a time."""
        from storage.transfer import running

        with self._database.transaction(self._workspace) as session:
            run = running.get(session, import_id)
            total = running.changed_rows(session, run)
        if ask:
            asked = printable(f"Take back the {total:,} changes of import {run.id} ({run.file_name})?")
            typer.confirm(asked, abort=True)
        with self._database.transaction(self._workspace) as session:
            running.begin_undo(session, import_id)
        kept: list[str] = []
        with _bar("Taking back", total) as (bar, task):
            while run.state != "undone":
                with self._database.transaction(self._workspace) as session:
                    run, not_done = running.undo_batch(session, import_id)
                kept += not_done[: SHOWN - len(kept)]
                bar.update(task, completed=run.counts.get("undone", 0) + run.counts.get("kept", 0))
        terminal.say(f"{run.counts.get('undone', 0):,} changes are taken back, {run.counts.get('kept', 0):,} stay.")
        for reason in kept:
            terminal.say(f"  {reason}")


def _samples(column: MappedColumn) -> str:
    from storage.names import short

    return short(", ".join(column.samples), SAMPLES_SHOWN)


def _manner(written: object) -> str:
    from storage.transfer.written import Notation

    assert isinstance(written, Notation)
    order = {None: "", True: "day first", False: "month first"}[written.day_first]
    mark = {None: "", ".": "point", ",": "comma"}[written.decimal]
    return ", ".join(filter(None, (order, mark and f"decimal {mark}")))


def _in_words(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {WORDS[key]}" for key, count in counts.items()) or "nothing"


@contextmanager
def _refused_file(path: Path, header: Sequence[str]) -> Iterator[Callable[[Sequence[tuple[Row, str]]], None]]:
    """Write refused rows to a file that can be corrected, made with the first of them."""
    from storage.transfer.cells import defuse
    from storage.transfer.tables import REASON

    path.unlink(missing_ok=True)

    def keep(refused: Sequence[tuple[Row, str]]) -> None:
        is_new = not path.exists()
        if refused:
            with path.open("a", encoding="utf-8-sig" if is_new else "utf-8", newline="") as file:
                writer = csv.writer(file)
                if is_new:
                    writer.writerow([*map(defuse, header), REASON])
                writer.writerows([*map(defuse, row.cells), reason] for row, reason in refused)

    yield keep


@contextmanager
def _bar(what: str, total: int | None = None) -> Iterator[tuple[Progress, TaskID]]:
    """Show how far something is, where somebody looks."""
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=terminal.beside(), transient=True) as bar:
        yield bar, bar.add_task(what, total=total)
