"""Check blocks as strictly as Slack does: known types, required fields, sizes, unique ids, totals."""

from sandbox.blocks_check.completing import complete_blocks
from sandbox.blocks_check.mrkdwn import Sequence, control_sequences, in_text
from sandbox.blocks_check.surfaces import message_problems, view_problems

__all__ = ["Sequence", "complete_blocks", "control_sequences", "in_text", "message_problems", "view_problems"]
