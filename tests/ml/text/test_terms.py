import pytest

from ml.text.terms import MAX_CHARACTERS, looks_like_code, read, terms


def keys(text: str) -> list[str]:
    return [piece.key for piece in read(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Can't PAY", ["cant", "pay"]),
        ("can’t pay", ["cant", "pay"]),
        ("Ｉｎｖｏｉｃｅ　wrong！", ["invoice", "wrong", "!"]),
        ("order 4711 vs 0815", ["order", "0000", "vs", "0000"]),
        ("in\u200bvoice", ["invoice"]),
        ("我要退款", ["我", "要", "退", "款"]),
        ("退款refund", ["退", "款", "refund"]),
        ("👍🏽 :tada: :+1:", ["👍", "🏽", ":tada:", ":+1:"]),
        ("see <https://a.example/x?y=1|the page> now", ["see", "the", "page", "now"]),
        ("<@U123> ask <#C1|general> or a@b.example", ["ask", "or"]),
        ("at 10:30:15 sharp", ["at", "00", "00", "00", "sharp"]),
        ("it says ```x = 1\ny = 2``` help", ["it", "says", "```", "help"]),
        ("open ```fence never closed", ["open", "```"]),
        ("", []),
        ("...---...", []),
    ],
)
def test_a_message_is_cut_into_the_pieces_a_model_reads(text: str, expected: list[str]) -> None:
    assert keys(text) == expected


def test_pieces_show_what_was_typed() -> None:
    assert [piece.surface for piece in read("Ｉｎｖｏｉｃｅ isn’t OK")] == ["Ｉｎｖｏｉｃｅ", "isn’t", "OK"]


def test_only_the_beginning_of_a_huge_message_is_read() -> None:
    assert len(read("a " * 20_000)) == MAX_CHARACTERS / 2


def test_a_huge_word_is_read_by_its_beginning() -> None:
    assert keys("A" * 3_000) == ["a" * 24]


def test_terms_are_words_pairs_and_characters_with_the_pieces_they_stand_on() -> None:
    words, grams = terms(read("my bill"))
    assert words == [("my", 0, 1), ("my bill", 0, 2), ("bill", 1, 2)]
    assert (" bil", 1, 2) in grams and ("bill ", 1, 2) in grams
    assert all(2 <= len(key) <= 5 for key, _, _ in grams)


def test_chinese_terms_are_one_to_three_neighbouring_characters() -> None:
    words, grams = terms(read("要退款。好"))
    assert words == [("要退", 0, 2), ("退款", 1, 3)]
    assert [key for key, _, _ in grams] == ["要", "要退", "要退款", "退", "退款", "款", "好"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("for (i = 0; i < n; i++) { total += price[i]; }", True),
        ("SELECT * FROM orders WHERE (id = 5) AND (x <> y); -- (a) (b) (c)" * 3, True),
        ("I get {error} when I open the page (see screenshot)", False),
        ("What is your refund policy for (digital) goods; can I return them?", False),
        ("", False),
    ],
)
def test_program_code_is_told_from_prose(text: str, code: bool) -> None:
    assert looks_like_code(text) is code
