"""Carry how a workspace is set up to another: save it as a file, see what a file would change, apply it."""

from storage.templates.applying import apply, preview, ready, save
from storage.templates.parts import LEFT_OUT, Surroundings
from storage.templates.reading import FilePart, read

__all__ = ["LEFT_OUT", "FilePart", "Surroundings", "apply", "preview", "read", "ready", "save"]
