"""Say how columns are called in histories, and which of them mean nothing to people."""

from __future__ import annotations

from collections.abc import Mapping

# Columns of tables of our own; a plugin marks its own with `info={"internal": True}`.
INTERNAL = frozenset(
    {
        "about_noun",
        "at",
        "channel_id",
        "closed_at",
        "created_at",
        "created_by",
        "email_key",
        "find_key",
        "is_request",
        "kind",
        "name_key",
        "requester_id",
        "snoozes",
        "stage_since",
        "thread_ts",
        "touched_at",
        "urgency",
        "use",
        "workspace_id",
    }
)
OF_PEOPLE = frozenset({"roles", "manager_id", "away_until"})
"""What of a person is somebody's to change; the rest is as Slack has it."""
PEOPLE = frozenset({"owner_id", "assignee_id", "manager_id", "target_user", "member_id"})
CHANNELS = frozenset({"target_channel", "triage_channel_id", "cards_channel_id"})
LABELS: Mapping[str, str] = {
    "about_id": "About",
    "amount_minor": "Amount",
    "close_on": "Close",
    "begins": "Default",
    "lost_reason": "Reason",
    "merged_into_id": "Part of",
    "resolved_at": "Resolved",
    "first_response_at": "First answer",
    "due_at": "When",
    "at_time": "At",
    "on_date": "On",
    "target_user": "To",
    "target_channel": "To",
    "triage_channel_id": "Alerts go to",
    "cards_channel_id": "Cards go to",
    "default_roles": "New colleagues get",
    "manager_id": "Reports to",
    "seen_by": "Only for",
    "member_id": "Acts as",
}
