"""Hold the examples written for this product, from which a new workspace's first model is trained."""

import hashlib
import json
from dataclasses import dataclass
from importlib.resources import files

# The order is the one in which people are offered them.
CATEGORIES = {
    "billing": "Billing and payment",
    "refund": "Refund and return",
    "account": "Account access",
    "order": "Order and delivery",
    "bug": "Bug or outage",
    "feature": "Feature or change",
    "howto": "How-to",
    "sales": "Sales",
    "complaint": "Complaint or feedback",
    "security": "Security and fraud",
    "human": "Asks for a human",
}
CHATTER = "chatter"


@dataclass(frozen=True, slots=True)
class Examples:
    """Messages and their categories, both (n_samples,), and a fingerprint that changes when they do."""

    texts: list[str]
    labels: list[str]
    fingerprint: str


def load_examples() -> Examples:
    """Read every example of every category, chatter last; raise ValueError for a line with another file's label."""
    texts, labels = [], []
    digest = hashlib.sha256()
    for category in (*CATEGORIES, CHATTER):
        content = (files(__name__) / f"{category}.jsonl").read_text(encoding="utf-8")
        digest.update(content.encode())
        for line in content.splitlines():
            row = json.loads(line)
            if row["label"] != category:
                raise ValueError(f"{category}.jsonl holds an example of {row['label']}")
            texts.append(row["text"])
            labels.append(category)
    return Examples(texts, labels, digest.hexdigest())


@dataclass(frozen=True, slots=True)
class SignalExample:
    """A message, how soon it needs an answer, the writer's mood, and whether the writer wishes to leave."""

    text: str
    urgency: str
    sentiment: str
    wants_to_cancel: bool


def load_signals(part: str = "signals") -> list[SignalExample]:
    """Read the examples of signals: `signals` to learn from and write rules by, `signals_held_out` to measure on."""
    content = (files(__name__) / f"{part}.jsonl").read_text(encoding="utf-8")
    return [SignalExample(**json.loads(line)) for line in content.splitlines()]
