"""Carry how a workspace is set up to another: save it as a file, see what a file would change, apply it."""

from storage.templates.applying import apply, preview, ready, save
from storage.templates.reading import FilePart, read
from storage.templates.parts import LEFT_OUT, Surroundings

__all__ = ["LEFT_OUT", "FilePart", "Surroundings", "apply", "preview", "read", "ready", "save"]
