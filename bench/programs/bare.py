"""Be the floor: bare FastAPI with one hand-written query for each address, as a sensible person would write it.

It lists, finds and adds customers with the same content as Rapport, and knows no keys, roles, versions, history,
listeners, workspaces kept apart, or fields of anybody's own.
"""

from __future__ import annotations

import os
from typing import Any

import uvicorn
from fastapi import FastAPI, Request

from bench.bare import FIND, Questions

TEAM = os.environ.get("TEAM", "")
LIST = """
SELECT id, name, domain, tier, owner_id, version, created_at, created_by, updated_at, archived_at FROM customer
WHERE workspace_id = %(workspace)s AND merged_into_id IS NULL AND archived_at IS NULL
    AND (name_key, id) > (%(key)s, %(id)s)
ORDER BY name_key, id LIMIT 50
"""
ADD = """
INSERT INTO customer (workspace_id, id, name, name_key, find_key, version)
SELECT %(workspace)s, last_id, %(name)s, lower(%(name)s), lower(%(name)s), 1 FROM moved RETURNING id, name, version
"""
NEXT = """
WITH moved AS (
    UPDATE counter SET last_id = last_id + 1 WHERE workspace_id = %(workspace)s AND noun = 'customer' RETURNING last_id
)
"""


def app(questions: Questions) -> FastAPI:
    """Return the app."""
    bare = FastAPI(openapi_url=None)

    @bare.get("/customers")
    def listed(after: str = "", number: int = 0) -> dict[str, Any]:
        return {"records": questions.ask(LIST, {"workspace": TEAM, "key": after, "id": number})}

    @bare.get("/search")
    def found(q: str) -> dict[str, Any]:
        return {"found": questions.ask(FIND, {"workspace": TEAM, "typed": q.lower()})}

    @bare.post("/customers", status_code=201)
    async def added(request: Request) -> dict[str, Any]:
        name = (await request.json())["name"]
        return questions.ask(NEXT + ADD, {"workspace": TEAM, "name": name})[0]

    @bare.post("/customers/bulk")
    async def many(request: Request) -> dict[str, Any]:
        rows = (await request.json())["names"]
        return {"results": [questions.ask(NEXT + ADD, {"workspace": TEAM, "name": name})[0] for name in rows]}

    return bare


if __name__ == "__main__":
    asked = Questions(os.environ["DATABASE_URL"], int(os.environ["CONNECTIONS"]))
    uvicorn.run(app(asked), host="127.0.0.1", port=int(os.environ["PORT"]), log_level="warning", access_log=False)
