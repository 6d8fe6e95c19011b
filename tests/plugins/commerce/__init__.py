"""Seed what is tried of every command and form with the shop on."""
