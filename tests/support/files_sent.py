"""Read the files that Rapport has sent to people."""

from __future__ import annotations

import urllib.request

from sandbox.control.client import Person
from tests.support.company import Company

DM = "@Rapport"


def files(company: Company, person: Person) -> dict[str, bytes]:
    """Return the files that Rapport has sent to somebody, by name without the day."""
    company.settles()
    sent = [file for message in person.messages(DM) if message.get("bot_id") for file in message.get("files", ())]
    found = {}
    for one in sent:
        with urllib.request.urlopen(f"{company.sandbox.url}/files/{one['id']}", timeout=60) as answer:
            name = f"{one['name'].split()[0]}.{one['filetype']}"
            assert name not in found, "it was sent twice"
            found[name] = answer.read()
    return found
