"""Be the floor: a bare Bolt app whose handler runs one hand-written query, as a sensible person would write it.

It answers `/customer show` and `/customer find` with the same content as Rapport, and makes a ticket with a card of
each message, and nothing else of what Rapport does: no plugins, no roles, no workspaces kept apart, no history, no time
limits, no escaping, no second language, nothing that is sent again after a crash. Bolt
runs in threads behind uvicorn, as Rapport's does: its own Starlette adapter runs handlers in the event loop, one after
the other, which took twice as long for searches and as long for the rest, so it would be the easier floor.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import uvicorn
from psycopg.rows import dict_row
from slack_bolt import Ack, App
from slack_bolt.adapter.starlette.handler import to_bolt_request, to_starlette_response
from slack_sdk import WebClient
from sqlalchemy import make_url
from sqlalchemy.pool import QueuePool
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

THREADS = 64
Row = dict[str, Any]

SHOW = """
SELECT c.id, c.name, c.domain, c.tier, c.owner_id, c.version,
    (SELECT json_agg(d) FROM (
        SELECT deal.id, deal.name, amount_minor, currency, stage.name AS stage, close_on
        FROM deal JOIN stage ON stage.workspace_id = deal.workspace_id AND stage.id = deal.stage_id
        WHERE deal.workspace_id = c.workspace_id AND customer_id = c.id AND closed_at IS NULL
        ORDER BY close_on, deal.id LIMIT 5
    ) d) AS deals,
    (SELECT json_agg(t) FROM (
        SELECT id, name, priority, status FROM ticket
        WHERE workspace_id = c.workspace_id AND customer_id = c.id AND resolved_at IS NULL
        ORDER BY urgency, id LIMIT 3
    ) t) AS tickets,
    (SELECT json_agg(n) FROM (
        SELECT text, at, created_by FROM note
        WHERE workspace_id = c.workspace_id AND about_noun = 'customer' AND about_id = c.id
        ORDER BY at DESC, id DESC LIMIT 3
    ) n) AS notes
FROM customer c WHERE c.workspace_id = %(workspace)s AND c.merged_into_id IS NULL AND {which} LIMIT 1
"""
BY_NUMBER, BY_NAME = SHOW.format(which="c.id = %(id)s"), SHOW.format(which="c.name_key = %(key)s")

FIND = """
SELECT id, name, domain, tier, owner_id, version FROM customer
WHERE workspace_id = %(workspace)s AND merged_into_id IS NULL AND %(typed)s <%% find_key
ORDER BY word_similarity(%(typed)s, find_key) DESC LIMIT 10
"""


TABLES = """
CREATE TABLE IF NOT EXISTS bare_event (workspace text, id text, body jsonb, PRIMARY KEY (workspace, id));
CREATE TABLE IF NOT EXISTS bare_message (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace text, channel text, ts text, author text, text text, category text, UNIQUE (workspace, channel, ts)
);
CREATE TABLE IF NOT EXISTS bare_ticket (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace text, message bigint REFERENCES bare_message, category text, card_ts text
)
"""
STORE = """
INSERT INTO bare_event VALUES (%(workspace)s, %(id)s, %(body)s) ON CONFLICT DO NOTHING RETURNING id
"""
TICKET = """
WITH said AS (
    INSERT INTO bare_message (workspace, channel, ts, author, text, category)
    VALUES (%(workspace)s, %(channel)s, %(ts)s, %(author)s, %(text)s, %(category)s) RETURNING id
)
INSERT INTO bare_ticket (workspace, message, category) SELECT %(workspace)s, id, %(category)s FROM said RETURNING id
"""
LINK = "SELECT cards_channel_id FROM channel_link WHERE workspace_id = %(workspace)s AND channel_id = %(channel)s"
POSTED = "UPDATE bare_ticket SET card_ts = %(ts)s WHERE id = %(id)s"


class Questions:
    """Ask the database, one query a question."""

    def __init__(self, url: str, connections: int) -> None:
        plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)

        def connect() -> Any:
            return psycopg.connect(plain, autocommit=True)

        self._pool = QueuePool(connect, pool_size=connections, max_overflow=0)

    def ask(self, query: str, values: Mapping[str, Any]) -> list[Row]:
        """Return the rows of one query."""
        connection = self._pool.connect()
        try:
            driver = connection.driver_connection
            assert isinstance(driver, psycopg.Connection)
            with driver.cursor(row_factory=dict_row) as cursor:
                cursor.execute(query.encode(), values)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()


def build(questions: Questions, *, token: str, secret: str, api_url: str) -> App:
    """Make the Bolt app: its one command answers in the acknowledgement."""
    app = App(
        client=WebClient(token=token, base_url=api_url),
        signing_secret=secret,
        process_before_response=True,
    )

    @app.command("/customer")
    def customer(ack: Ack, command: dict[str, Any]) -> None:
        verb, _, rest = command["text"].strip().partition(" ")
        if verb == "find":
            ack(**found(rest, questions.ask(FIND, {"workspace": command["team_id"], "typed": rest.lower()})))
            return
        number = re.fullmatch(r"[Cc]-(\d+)", rest)
        query, key = (BY_NUMBER, {"id": int(number[1])}) if number else (BY_NAME, {"key": rest.strip('"').lower()})
        rows = questions.ask(query, {"workspace": command["team_id"], **key})
        ack(**(card(rows[0]) if rows else {"text": f"There is no customer called {rest}."}))

    return app


def hear(app: App, questions: Questions) -> None:
    """Have a message become a ticket with a card: stored, classified by a bare pipeline, posted by the SDK."""
    # Who answers commands alone has no need of it.
    from bench.predict import bare_pipeline
    from ml.starter import load_examples

    examples = load_examples()
    model = bare_pipeline().fit(examples.texts, examples.labels)
    questions.ask(TABLES, {})

    @app.event("message")
    def message(body: dict[str, Any], event: dict[str, Any], client: WebClient) -> None:
        whose = {"workspace": body["context_team_id"]}
        if not questions.ask(STORE, {**whose, "id": body["event_id"], "body": json.dumps(body)}):
            return
        said = {**whose, "channel": event["channel"], "ts": event["ts"], "author": event["user"], "text": event["text"]}
        said["category"] = str(model.predict([event["text"]])[0])
        (ticket,) = questions.ask(TICKET, said)
        (link,) = questions.ask(LINK, {**whose, "channel": event["channel"]})
        posted = client.chat_postMessage(channel=link["cards_channel_id"], **support_card(ticket["id"], said))
        questions.ask(POSTED, {"id": ticket["id"], "ts": posted["ts"]})


def support_card(number: int, said: Mapping[str, str]) -> dict[str, Any]:
    """Draw a message for support: who wrote what, what it is about, and what to do."""
    headline, value = f"*T-{number}* {said['category']}", f"T-{number}"
    actions = [button(label, label.lower(), value) for label in ("Take", "Reply", "Resolve", "Dismiss")]
    quoted = section(f"<@{said['author']}> in <#{said['channel']}>\n>{said['text']}")
    return {"text": headline, "blocks": [section(headline), quoted, {"type": "actions", "elements": actions}]}


def card(row: Row) -> dict[str, Any]:
    """Draw a customer with its open deals, tickets and last notes."""
    headline, reference = f"*{row['name']}*  C-{row['id']}", f"C-{row['id']} {row['version']}"
    fields = {
        "Domain": row["domain"],
        "Tier": row["tier"],
        "Owner": row["owner_id"] and f"<@{row['owner_id']}>",
    }
    lists = {
        "Open deals": [
            f"• D-{d['id']} {d['name']} · {d['amount_minor'] / 100:,.2f} {d['currency']} · {d['stage']}"
            f" · closes {d['close_on']}"
            for d in row["deals"] or ()
        ],
        "Open tickets": [f"• T-{t['id']} {t['name']} · {t['priority']} · {t['status']}" for t in row["tickets"] or ()],
        "Last notes": [f"• {n['text']} · <@{n['created_by']}> · {n['at'][:10]}" for n in row["notes"] or ()],
    }
    blocks: list[dict[str, Any]] = [
        section(headline)
        | {"fields": [{"type": "mrkdwn", "text": f"*{label}*\n{value}"} for label, value in fields.items() if value]},
        *(section("\n".join([f"*{title}*", *lines])) for title, lines in lists.items() if lines),
        {
            "type": "actions",
            "elements": [
                button(label, action, reference)
                for label, action in (
                    ("Note", "note"),
                    ("New deal", "deal"),
                    ("New ticket", "ticket"),
                    ("Edit", "edit"),
                )
            ],
        },
    ]
    return {"text": headline, "blocks": blocks}


def found(typed: str, rows: list[Row]) -> dict[str, Any]:
    """List what a search found, each with a button that shows it."""
    if not rows:
        return {"text": f"No customer is like “{typed}”."}
    lines = []
    for row in rows:
        known = (row["domain"], row["tier"], row["owner_id"] and f"<@{row['owner_id']}>")
        details = " · ".join(part for part in known if part)
        line = section(f"*{row['name']}*  C-{row['id']}\n{details}")
        lines.append(line | {"accessory": button("Show", "show", f"C-{row['id']} {row['version']}")})
    return {"text": f"Customers like “{typed}”", "blocks": [section(f"Customers like “{typed}”"), *lines]}


def section(text: str) -> dict[str, Any]:
    """Return a section of mrkdwn."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def button(label: str, action: str, value: str) -> dict[str, Any]:
    """Return a button."""
    return {"type": "button", "text": {"type": "plain_text", "text": label}, "action_id": action, "value": value}


def main() -> None:
    """Serve on 127.0.0.1 until standard input is closed."""
    given = os.environ
    questions = Questions(given["DATABASE_URL"], int(given["CONNECTIONS"]))
    app = build(questions, token=given["TOKEN"], secret=given["SECRET"], api_url=given["API_URL"])
    if "MESSAGES" in given:
        hear(app, questions)
    pool = ThreadPoolExecutor(THREADS)

    async def events(request: Request) -> Response:
        bolt_request = to_bolt_request(request, await request.body())
        return to_starlette_response(await asyncio.get_running_loop().run_in_executor(pool, app.dispatch, bolt_request))

    web = Starlette(routes=[Route("/slack/events", events, methods=["POST"])])
    server = uvicorn.Server(
        uvicorn.Config(web, host="127.0.0.1", port=int(given["PORT"]), log_level="warning", access_log=False)
    )

    def follow_parent() -> None:
        sys.stdin.buffer.read()
        server.should_exit = True

    threading.Thread(target=follow_parent, daemon=True).start()
    server.run()


if __name__ == "__main__":
    main()
