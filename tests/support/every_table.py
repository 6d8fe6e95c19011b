"""Put a row of the awkward kind into every table, and read a whole database for comparison."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import NullPool, create_engine, text
from sqlalchemy.orm import Session

from tests.support.cluster import OURS, connect

HOSTILE = "tab\t, line\n\r, \\., \\N, \\\\, quote ' \" and `; DROP TABLE ticket; -- 客户 🦊 \u2028 NULL"

ROWS = """
INSERT INTO workspace (id, name) VALUES (:w, :t);
INSERT INTO installation (workspace_id, sealed_token, key_id, scopes)
    VALUES (:w, 'sealed', 'k1', ARRAY[:t, '', '{}']);
INSERT INTO member (workspace_id, id, name, roles, kind, version) VALUES (:w, 'U1', :t, '{rep,admin}', 'staff', 1);
INSERT INTO member (workspace_id, id, name, roles, kind, manager_id, version)
    VALUES (:w, 'U0', 'b', '{}', 'staff', 'U1', 1);
INSERT INTO counter (workspace_id, noun, last_id) VALUES (:w, 'customer', 2), (:w, 'deal', 41);
INSERT INTO incident (workspace_id, told_at) VALUES (:w, NULL);
INSERT INTO customer (workspace_id, id, name, name_key, find_key, merged_into_id, version)
VALUES (:w, 1, :t, lower(:t), lower(:t), 2, 1), (:w, 2, '华为', '华为', '华 为', NULL, 7);
INSERT INTO contact (workspace_id, id, name, name_key, find_key, customer_id, version)
    VALUES (:w, 1, 'c', 'c', 'c', 1, 1);
INSERT INTO pipeline (workspace_id, name, is_default) VALUES (:w, :t, true);
INSERT INTO stage (workspace_id, pipeline_id, name, name_key, position, probability, outcome)
SELECT :w, id, 'Won', 'won', 1, 100, 'won' FROM pipeline WHERE workspace_id = :w;
INSERT INTO deal (workspace_id, id, name, name_key, find_key, customer_id, stage_id, status, closed_at, amount_minor,
    currency, close_on, version)
SELECT :w, 1, 'd', 'd', 'd', 1, id, 'won', 'infinity', 9223372036854775807, 'EUR', '4713-01-01 BC', 1
FROM stage WHERE workspace_id = :w;
INSERT INTO stage_change (workspace_id, deal_id, to_stage_id) SELECT :w, 1, id FROM stage WHERE workspace_id = :w;
INSERT INTO ticket (workspace_id, id, name, name_key, find_key, customer_id, contact_id, channel_id, thread_ts,
    incident_id, priority, version)
SELECT :w, 1, :t, 't', 't', 2, 1, 'C1', '1.1', id, 'urgent', 1 FROM incident WHERE workspace_id = :w;
INSERT INTO channel (workspace_id, id, name) VALUES (:w, 'C1', :t);
INSERT INTO channel_link (workspace_id, channel_id, use, customer_id) VALUES (:w, 'C1', 'customer', 2);
INSERT INTO message (workspace_id, at, channel_id, ts, ticket_id, text, confidence, reasons) VALUES
    (:w, '2024-02-29 23:59:59.999999+00', 'C1', '1.1', 1, :t, 0.1, '["\\u00e9", {"a": null}]'), (:w, now(), 'C1',
    '1.2', 1, '', 1, NULL);
INSERT INTO message_key SELECT workspace_id, channel_id, ts, id, at FROM message WHERE workspace_id = :w;
INSERT INTO label (workspace_id, message_id, message_at, new_category)
SELECT workspace_id, id, at, :t FROM message WHERE workspace_id = :w;
INSERT INTO note (workspace_id, kind, text, at, customer_id) VALUES (:w, 'note', :t, now(), 1);
INSERT INTO followup (workspace_id, id, text, due_at, zone, deal_id, version) VALUES (:w, 1, :t, now(), 'UTC', 1, 1);
INSERT INTO digest (workspace_id, id, name, content, frequency, at_time, zone, target_user, version)
VALUES (:w, 1, :t, 'both', 'daily', '23:59:59.5', 'Asia/Kathmandu', 'U1', 1);
INSERT INTO digest_run (workspace_id, digest_id, name, asked, since, until) VALUES (:w, 1, :t, false, now(), now());
INSERT INTO change_set (workspace_id, source, summary) VALUES (:w, 'test', :t);
INSERT INTO change_set (workspace_id, source, undoes_id) SELECT :w, 'test', max(id) FROM change_set
    WHERE workspace_id = :w;
INSERT INTO change_answer SELECT workspace_id, id, jsonb_build_object('text', :t) FROM change_set
    WHERE workspace_id = :w;
INSERT INTO activity (workspace_id, at, change_set_id, noun, entity, row_key, action, after)
SELECT workspace_id, now() - interval '400 days', id, 'deal', 'deal', :t, 'add', jsonb_build_object(:t, 1e400)
FROM change_set WHERE workspace_id = :w;
INSERT INTO inbox (workspace_id, kind, body, state) VALUES (:w, 'message', jsonb_build_object('text', :t), 'done');
INSERT INTO outbox (workspace_id, id, kind, target_channel, renderer, state, sent_at, ts, channel)
VALUES (:w, '00000000-0000-0000-0000-000000000001', 'post', 'C1', 'x', 'sent', now(), '1.3', 'C1');
INSERT INTO outbox (workspace_id, id, kind, target_channel, edits, renderer, state)
VALUES (:w, gen_random_uuid(), 'update', 'C1', '00000000-0000-0000-0000-000000000001', 'x', 'cancelled');
INSERT INTO outbox_pause (workspace_id, method, until) VALUES (:w, 'chat.postMessage', now());
INSERT INTO due (workspace_id, kind, subject, at, zone, target_user, renderer)
VALUES (:w, 'followup', 'F-1', now() + interval '30 days', 'UTC', 'U1', 'any'), (:w, 'job:x', '', NULL, 'UTC',
    NULL, NULL);
INSERT INTO reaction (workspace_id, channel_id, ts, name, member_id, ticket_id) VALUES (:w, 'C1', '1.1', :t, 'U1', 1);
INSERT INTO answer (workspace_id, channel_id, thread_ts, at) VALUES (:w, 'C1', '1.1', now());
INSERT INTO saved_reply (workspace_id, name, name_key, text) VALUES (:w, :t, 'x', :t);
INSERT INTO reply (workspace_id, ticket_id, text) VALUES (:w, 1, :t);
INSERT INTO rating (workspace_id, ticket_id, person_id, score, words, answered_at) VALUES (:w, 1, 'U9', 1, :t, now());
INSERT INTO permission (workspace_id, noun, record_id, member_id, why) VALUES (:w, 'ticket', 1, 'U1', :t);
INSERT INTO route (workspace_id, people, strategy) VALUES (:w, ARRAY['U1', :t], 'round_robin');
INSERT INTO category (workspace_id, key, name) VALUES (:w, :t, :t);
INSERT INTO example (workspace_id, category, text) VALUES (:w, 'x', :t);
INSERT INTO model_version (workspace_id, version, state, weights)
VALUES (:w, '1', 'live', decode(repeat('00ff5c2e0a', 60000), 'hex'));
INSERT INTO attention (workspace_id, target, quiet_from, quiet_until, days_off)
    VALUES (:w, 'U1', '22:00', '06:00', '{0,6}');
INSERT INTO business_hours (workspace_id, zone) VALUES (:w, 'UTC');
INSERT INTO holiday (workspace_id, day, name) VALUES (:w, '2026-12-25', :t);
INSERT INTO sla_target (workspace_id, resolution_minutes) VALUES (:w, 60);
INSERT INTO sla_pause (workspace_id, ticket_id, starts_at) VALUES (:w, 1, now());
INSERT INTO sla_clock (workspace_id, ticket_id, kind, priority, target_minutes, started_at)
VALUES (:w, 1, 'resolution', 'urgent', 60, now());
INSERT INTO channel_sharing (workspace_id, channel_id) VALUES (:w, 'C1');
INSERT INTO roll_call (workspace_id) VALUES (:w);
INSERT INTO import_run (workspace_id, file_name, digest, columns_key, mapping, change_set_id)
SELECT :w, :t, 'a', 'b', jsonb_build_object(:t, 1), max(id) FROM change_set WHERE workspace_id = :w;
INSERT INTO choice (workspace_id, noun, field, kind, name, name_key, place, standard)
VALUES (:w, 'ticket', 'status', 'open', :t, 'x', 1, false);
INSERT INTO records_move (workspace_id, what, noun, from_key, to_key, from_name, to_name, total, change_set_id)
SELECT :w, 'choice', 'ticket', '~1', 'open', :t, 'open', 3, max(id) FROM change_set WHERE workspace_id = :w;
INSERT INTO import_part (workspace_id, import_id, part, body) SELECT :w, id, 1, '\\x00ff' FROM import_run
    WHERE workspace_id = :w;
INSERT INTO export_file (workspace_id, name, body) VALUES (:w, :t, '\\x00ff');
INSERT INTO import_refusal (workspace_id, import_id, line, reason) SELECT :w, id, 2, :t FROM import_run
    WHERE workspace_id = :w;
INSERT INTO external_id (workspace_id, noun, source, external_id, record_id, import_id)
SELECT :w, 'customer', 'file', :t, 2, id FROM import_run WHERE workspace_id = :w;
INSERT INTO api_key (workspace_id, name, name_key, hash, hint, role, scopes, expires_at)
VALUES (:w, :t, 'k', md5(:w || :t), 'abcd', 'rep', ARRAY[:t, '*'], 'infinity');
INSERT INTO webhook (workspace_id, name, name_key, url, events, secret)
VALUES (:w, :t, 'h', :t, ARRAY[:t, '*'], :t);
INSERT INTO webhook_delivery (workspace_id, id, webhook_id, event, noun, record_id, changed, detail)
SELECT :w, gen_random_uuid(), id, :t, 'deal', 1, ARRAY[:t], jsonb_build_object('at', :t) FROM webhook
    WHERE workspace_id = :w;
INSERT INTO renewals.renewal (workspace_id, id, name, name_key, find_key, version, customer_id, on_date)
VALUES (:w, 1, :t, 'k', 'f', 1, 2, '2027-01-01')
"""
"""Statements for a workspace `:w` with the text `:t`, as the superuser."""

TABLES = f"""
SELECT format('%I.%I', n.nspname, relname) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = relnamespace
WHERE relkind IN ('r', 'p') AND NOT relispartition AND n.oid IN {OURS} AND relname <> 'alembic_version' ORDER BY 1
"""

# What a database has besides rows, without the names of its months and the numbers of its objects.
SHAPE = f"""
SELECT 'table', n.nspname || '.' || relname, concat_ws(' ', relkind, relrowsecurity, relforcerowsecurity,
    (SELECT string_agg(concat_ws(' ', attname, format_type(atttypid, atttypmod), attnotnull, attidentity,
        attgenerated), ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0
        AND NOT attisdropped),
    (SELECT string_agg(grantee::regrole || ' ' || privilege_type, ', ' ORDER BY grantee::regrole::text, privilege_type)
        FROM aclexplode(relacl) WHERE grantee <> relowner))
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = relnamespace
WHERE n.oid IN {OURS} AND relkind IN ('r', 'p', 'S') AND relname !~ '_[0-9]{{6}}$'
UNION ALL SELECT 'index', indexname, indexdef FROM pg_indexes
WHERE schemaname IN ('public', 'renewals') AND tablename !~ '_[0-9]{{6}}$'
UNION ALL SELECT 'constraint', conrelid::regclass::text || ' ' || conname, pg_get_constraintdef(c.oid) || convalidated
FROM pg_constraint AS c JOIN pg_class ON pg_class.oid = conrelid WHERE contype <> 'n'
    AND connamespace IN {OURS} AND relname !~ '_[0-9]{{6}}$' AND conparentid = 0
UNION ALL SELECT 'policy', polrelid::regclass || ' ' || polname, concat_ws(' ', polcmd, polpermissive,
    ARRAY(SELECT CASE one WHEN 0 THEN 'public' ELSE one::regrole::text END FROM unnest(polroles) AS one),
    pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)) FROM pg_policy
UNION ALL SELECT 'function', p.oid::regprocedure::text, concat_ws(' ', prosrc, prosecdef, proconfig,
    CASE WHEN prosecdef AND proowner::regrole::text LIKE 'rapport\\_%' THEN proowner::regrole::text END,
    (SELECT string_agg(CASE grantee WHEN 0 THEN 'public' ELSE grantee::regrole::text END, ', '
        ORDER BY grantee::regrole::text)
        FROM aclexplode(proacl) WHERE grantee <> proowner))
FROM pg_proc AS p WHERE pronamespace IN {OURS}
    AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = p.oid AND deptype = 'e')
UNION ALL SELECT 'schema', nspname, (SELECT string_agg(grantee::regrole || ' ' || privilege_type, ', '
    ORDER BY grantee::regrole::text) FROM aclexplode(nspacl) WHERE grantee <> nspowner AND grantee <> 0
    AND grantee::regrole::text LIKE 'rapport\\_%')
FROM pg_namespace AS n WHERE n.oid IN {OURS}
"""


def fill(admin_url: str, *workspaces: str) -> None:
    """Put rows into every table, for each workspace."""
    engine = create_engine(admin_url, poolclass=NullPool)
    with Session(engine) as session:
        session.execute(text("SELECT set_config('timezone', 'Asia/Kathmandu', false)"))
        for workspace in workspaces:
            for statement in ROWS.split(";\n"):
                typed = re.sub(r":([wt])\b", r"CAST(:\1 AS text)", statement)
                session.execute(text(typed), {"w": workspace, "t": HOSTILE})
        session.commit()


def rows(admin_url: str) -> dict[str, list[str]]:
    """Return every table's rows as text, sorted, with generated columns."""
    with connect(admin_url) as connection:
        connection.execute("SET timezone = 'UTC'")
        tables = [name for (name,) in connection.execute(TABLES.encode())]
        return {
            table: sorted(str(row) for (row,) in connection.execute(f"SELECT one::text FROM {table} AS one".encode()))
            for table in tables
        }


def shape(admin_url: str) -> dict[tuple[str, str], Any]:
    """Return what there is besides rows: columns, keys, indexes, grants, policies, functions."""
    with connect(admin_url) as connection:
        found = connection.execute(SHAPE.encode()).fetchall()
    return {(kind, name): said for kind, name, said in found}
