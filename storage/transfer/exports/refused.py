"""Keep the refused rows of an import as a file that can be corrected and sent again, and send it."""

from __future__ import annotations

import zlib
from pathlib import PurePath

from sqlalchemy.orm import Session

from storage.errors import NotFound
from storage.queues import outbox
from storage.transfer import requests, running
from storage.transfer.exports.asked import LARGEST, MOST, RENDERER
from storage.transfer.exports.workbook import CsvFile
from storage.transfer.model import ExportFile, ImportRun
from storage.transfer.tables import REASON, TableFile
from storage.workspace.members import Member

KEPT = "refused_file"
"""Under this key an import says, beside what its dry run found, which file has its refused rows."""


def keep(session: Session, run: ImportRun, table: TableFile) -> None:
    """Write the rows of a table that were refused to a file, each with the reason; the first 100,000, up to 50 MB."""
    reasons = {one.line: one.reason for one in running.refusals(session, run.id, limit=MOST)}
    checked = {key: value for key, value in (run.checked or {}).items() if key != KEPT}
    if reasons:
        file = CsvFile([*table.header, REASON])
        size = 0
        for row in table.rows():
            if row.line in reasons:
                file.add([*row.cells, reasons[row.line]])
                size += sum(map(len, row.cells))
                if size > LARGEST:
                    break
        name = f"{PurePath(run.file_name).stem}.refused.csv"
        kept = ExportFile(workspace_id=run.workspace_id, name=name, body=zlib.compress(file.finish(), 6))
        session.add(kept)
        session.flush()
        checked[KEPT] = kept.id
    run.checked = checked
    session.flush()


def send(session: Session, run: ImportRun, actor: Member) -> None:
    """Send the refused rows of an import to who asks for them.

    Raises Refused for who neither sent the file nor is an admin, NotFound once they are forgotten.
    """
    requests.hold(run, actor)
    number = (run.checked or {}).get(KEPT)
    if number is None or session.get(ExportFile, (run.workspace_id, number)) is None:
        raise NotFound("These rows are not kept any more.", hint="Send the file again.")
    rows = int(run.counts.get("refused", 0) or (run.checked or {}).get("counts", {}).get("refused", 0))
    payload = {"noun": "import", "rows": rows, "words": ""}
    outbox.enqueue(session, target_user=actor.id, renderer=RENDERER, record=str(number), payload=payload)
