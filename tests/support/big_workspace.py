"""What support and the clock add to a large workspace: routes, answers, replies, tickets of this hour, what is due."""

ROWS = """
INSERT INTO due (workspace_id, kind, subject, at, zone, target_user, renderer)
SELECT :w, 'followup', 'F-' || i, now() - i * interval '1 second', 'UTC', 'U7', 'any'
FROM generate_series(1, :n / 10) AS i;
INSERT INTO route (workspace_id, category, tier, channel_id)
SELECT :w, (ARRAY['bug', 'billing', 'howto', NULL])[i % 4 + 1], (ARRAY['gold', 'silver', NULL])[i % 3 + 1], 'C' || i
FROM generate_series(1, 12) AS i;
INSERT INTO answer (workspace_id, channel_id, thread_ts, at)
SELECT :w, 'C' || i % 50, i || '.000100', now() - i * interval '1 hour' FROM generate_series(1, :n / 10) AS i;
INSERT INTO reaction (workspace_id, channel_id, ts, name, member_id, held)
SELECT :w, 'C' || i % 50, i || '.000100', 'eyes', 'U' || i % 200, true FROM generate_series(1, :n / 10) AS i;
INSERT INTO reply (workspace_id, ticket_id, text, author_id)
SELECT :w, i, 'Try again, please', 'U' || i % 200 FROM generate_series(1, :n / 10) AS i;
INSERT INTO message (workspace_id, at, channel_id, ts, thread_ts, author_id, ticket_id, text, category)
SELECT :w, now() - i * interval '1 hour' + interval '1 minute', 'C' || i % 50, i || '.000200', i || '.000100',
    'UX' || i, CASE WHEN i % 2 = 0 THEN i END, 'Still not', 'bug'
FROM generate_series(1, :n / 10) AS i;
INSERT INTO ticket (workspace_id, id, name, name_key, find_key, customer_id, status, standing, priority, category,
    assignee_id, channel_id, thread_ts, card_delivery_id, card_channel_id, version, created_at)
SELECT :w, :n + i, 'It is down', 'it is down', 'it is down', i, 'open', 'open', 'normal', 'order',
    'U9', 'CLIVE', i || '.000300', gen_random_uuid(), 'CCARDS', 1, now() - i * interval '10 seconds'
FROM generate_series(1, 150) AS i;
INSERT INTO outbox (workspace_id, id, kind, target_channel, renderer, record, state)
SELECT :w, card_delivery_id, 'post', 'CCARDS', 'triage.card', 'T-' || id, 'sent' FROM ticket
WHERE workspace_id = :w AND card_delivery_id IS NOT NULL;
INSERT INTO outbox (workspace_id, id, kind, target_user, renderer, record, state, channel, ts)
SELECT :w, gen_random_uuid(), 'post', 'U' || i % 200, 'followups.reminder', 'F-' || i, 'sent', 'D' || i % 200,
    i || '.000400'
FROM generate_series(1, :n / 10) AS i;
INSERT INTO message (workspace_id, at, channel_id, ts, customer_id, ticket_id, text, category)
SELECT :w, created_at, channel_id, thread_ts, customer_id, id, 'It is down', 'order' FROM ticket
WHERE workspace_id = :w AND channel_id = 'CLIVE'
"""
"""Statements for a workspace `:w` of `:n` customers."""
