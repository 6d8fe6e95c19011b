"""Have the model say what a message is about, and keep what it said with the message."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from ml.classify.signals import read_signals
from storage.support import messages
from storage.support.messages import IncomingMessage
from storage.support.tickets import CHATTER

if TYPE_CHECKING:
    from ml.classify.classifier import MessageClassifier

_SHORTCODE = re.compile(r":[a-z0-9_+'-]+:")
_PICTURES = frozenset({"So", "Sk", "Mn", "Me", "Cf", "Zs", "Cc"})


def classify(session: Session, message: IncomingMessage, model: MessageClassifier) -> bool:
    """Keep what the model makes of a message now; return whether it asks for something."""
    found, asking = judge(message.text, model)
    messages.classified(session, message, **found)
    return asking


def judge(text: str, model: MessageClassifier) -> tuple[Mapping[str, Any], bool]:
    """Return what the model makes of a text, as a message keeps it, and whether that asks for something."""
    verdict, signals = model.classify(text), read_signals(text)
    nothing = verdict.chatter or only_emoji(text)
    found = {
        "category": CHATTER if nothing else verdict.category,
        "confidence": verdict.confidence,
        "promised": verdict.promised,
        "reasons": [reason.word for reason in verdict.reasons],
        "model_version": verdict.version,
        "abstained": verdict.abstained and not nothing,
        "second": verdict.second,
        "language": signals.language,
        "urgency": signals.urgency,
        "sentiment": signals.sentiment,
        "wants_to_cancel": signals.wants_to_cancel,
    }
    return found, not nothing


def asks(text: str, model: MessageClassifier) -> bool:
    """Tell whether a text asks for something."""
    return not only_emoji(text) and not model.classify(text, reasons=False).chatter


def only_emoji(text: str) -> bool:
    """Tell whether a text is nothing but emoji, as characters or by their names; an empty one is not."""
    rest = _SHORTCODE.sub("", text)
    pictures = [unicodedata.category(character) for character in rest if not character.isspace()]
    return bool(text.strip()) and all(kind in _PICTURES for kind in pictures)
