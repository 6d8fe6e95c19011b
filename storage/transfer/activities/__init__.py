"""Bring in what people did and are to do about records: calls, meetings, e-mails, notes and tasks."""
