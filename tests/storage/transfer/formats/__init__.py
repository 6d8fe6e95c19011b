"""Test how tables come in and go out."""
