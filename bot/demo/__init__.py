"""Show Rapport without Slack: a sandbox workspace, a company's sample data, and the bot, in one command."""

from bot.demo.run import run_demo

__all__ = ["run_demo"]
