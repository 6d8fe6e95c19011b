"""Ask customers how they were served, where a workspace wants that, and keep what they say."""

from storage.support.ratings.answers import answer, called, for_person, get, of_ticket
from storage.support.ratings.asking import are_asked, ask, decide, is_wanted, take_back
from storage.support.ratings.model import BAD, RATED, SCORES, WORDS_LIMIT, Rating

__all__ = [
    "BAD",
    "RATED",
    "SCORES",
    "WORDS_LIMIT",
    "Rating",
    "answer",
    "are_asked",
    "ask",
    "called",
    "decide",
    "for_person",
    "get",
    "is_wanted",
    "of_ticket",
    "take_back",
]
