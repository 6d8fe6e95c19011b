"""Give tests that run no bot a model that is learned in a moment."""

from __future__ import annotations

from functools import cache

from bot.learning.models import Models
from ml.classify.classifier import MessageClassifier
from ml.starter import load_examples

KIND = [
    "Can you quote me a pallet of mugs for our reseller in Lyon?",
    "What is the minimum pallet order for resellers?",
    "do u have a reseller price list? we'd take a pallet to start",
    "Is there a reseller discount if we order a full pallet?",
    "Our reseller in Spain asks for pallet prices",
    "need pallet pricing for resellers asap",
    "Hello, we are a reseller in Porto and want one pallet of soap",
    "How many units are on a pallet and what does a reseller pay?",
    "We'd like to place a reseller order of two pallets",
    "Please send me your pallet conditions for resellers",
    "can a reseller get half a pallet from you?",
    "Do you ship pallets to resellers in Norway?",
    "I want to become a reseller, how much is a pallet",
    "Reseller enquiry: three pallets of cutlery",
    "what margin does a reseller make on a pallet of lamps",
    "A pallet of vases for our reseller, by Friday please",
    "we resell tea, pallet price?",
    "As a reseller, may I mix products on one pallet?",
    "who handles pallet orders of resellers?",
    "quote for resellers: pallet of candles, delivered",
]
NEXT = "Which price would a reseller pay for ten pallets of glasses?"

EXAMPLES = 12


@cache
def _learned() -> MessageClassifier:
    examples = load_examples()
    kept: dict[str, list[str]] = {}
    for text, label in zip(examples.texts, examples.labels, strict=True):
        kept.setdefault(label, []).append(text)
    rows = [(text, label) for label, texts in kept.items() for text in texts[:EXAMPLES]]
    return MessageClassifier(name="starter").fit([text for text, _ in rows], [label for _, label in rows])


def small_models() -> Models:
    """Return models of which the starter knows a dozen examples a category."""
    return Models(_learned)
