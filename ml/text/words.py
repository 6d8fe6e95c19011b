"""Cut a message into words as people call them: at spaces, and in Chinese by a list of what customers write."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from ml.text.similar import Vocabulary
from ml.text.terms import Piece

FUNCTION = frozenset(
    "的地得了着过吗呢吧啊呀嘛哦哈我你您他她它们是有在不没很太也都就还又再才只被把给让跟和与或但而及于从向往对为"
    "这那哪每各某几个些想要会能可请等所以已将应"
)
"""Characters that stand by themselves between words."""
TAIWAN = (
    "個个們们這这沒没還还會会請请讓让與与從从對对為为將将應应該该過过麼么來来說说後后時时間间問问題题錢钱訂订單单"
    "號号碼码電电話话帳账賬账戶户錄录郵邮發发貨货種种類类價价費费貴贵買买賣卖實实際际員员裡里裏里開开關关閉闭聯联"
    "繫系係系統统網网頁页連连線线換换壞坏縮缩處处態态務务質质騙骗訴诉評评論论優优險险運运輸输寫写錯错誤误導导圖图"
    "報报數数據据庫库設设備备資资訊讯驗验證证簡简體体機机獲获認认識识議议點点擊击選选擇择條条雙双幾几歲岁書书學学"
    "師师長长區区別别樣样東东車车門门內内頭头褲裤顏颜黃黄藍蓝綠绿紅红標标準准確确誰谁給给較较歡欢謝谢嗎吗剛刚裝装"
    "檔档帶带傳传轉转讀读寶宝無无盡尽儘尽煩烦經经產产業业動动風风權权許许試试級级積积減减兩两滿满賠赔償偿額额壓压"
    "尋寻訪访舊旧廣广節节銀银鐵铁軟软觀观護护離离職职責责審审團团隊队歐欧顯显顧顾駕驾驚惊髒脏臺台灣湾檢检測测"
)
"""Characters as they are written in Taiwan, each before the one of the list."""
ENDINGS, RESULTS = frozenset("费币单员率量卡券器机店户版箱者品物表"), frozenset("到了开上下出起来去动住掉完进清成懂着")
"""What makes another word of a listed one, as of service its fee, and what a verb comes to or not."""
LONGEST_LISTED, LONGEST_MADE = 4, 3
FUNCTION_WORD, LISTED, LISTED_ALONE, MADE, UNKNOWN, PAIR, RARE = 0.9, 1.0, 1.2, 1.5, 2.2, 3.0, 0.2
"""What a word costs when Chinese is cut, where the cheapest cut is taken: one long word is cheaper than two.

`PAIR` is that of two characters that are in no list, but stand together in examples, `RARE` what the rarest adds.
"""
MOST_JOINED = 3
_SIMPLIFIED = str.maketrans(dict(zip(TAIWAN[::2], TAIWAN[1::2], strict=True)))
_JOINS = frozenset("-_&+/")
_JOINS_DIGITS = frozenset(".,:")


@dataclass(frozen=True, slots=True)
class Word:
    """One word as typed and as the model reads it, made of the pieces from `first` to before `last`."""

    surface: str
    key: str
    first: int
    last: int


def words_of(text: str, pieces: Sequence[Piece], features: Vocabulary) -> list[Word]:
    """Return the words of a text that was read as `pieces`, without marks and code; `text` is what is visible of it.

    "e-mail", "and/or" and "49.90" are one word. Chinese is cut by the words of `chinese.txt`; characters that it
    does not know stay together, so that no word of them is cut in two. Korean is written with spaces.
    """
    found: list[Word] = []
    i = 0
    while i < len(pieces):
        end = i + 1
        if pieces[i].kind == "cjk":
            while end < len(pieces) and pieces[end].kind == "cjk" and pieces[end].start == pieces[end - 1].end:
                end += 1
            found += [_word(text, pieces, first, last) for first, last in _cut(pieces, i, end, features)]
        elif pieces[i].kind not in ("mark", "code"):
            while end < len(pieces) and end - i < MOST_JOINED and _is_joined(text, pieces[end - 1], pieces[end]):
                end += 1
            found.append(_word(text, pieces, i, end))
        i = end
    return found


def _word(text: str, pieces: Sequence[Piece], first: int, last: int) -> Word:
    key = " ".join(piece.key for piece in pieces[first:last])
    is_cjk = pieces[first].kind == "cjk"
    return Word(text[pieces[first].start : pieces[last - 1].end], key.replace(" ", "") if is_cjk else key, first, last)


def _is_joined(text: str, one: Piece, other: Piece) -> bool:
    between = text[one.end : other.start]
    if one.kind != "word" or other.kind != "word" or len(between) != 1:
        return False
    digits = one.surface[-1].isdigit() and other.surface[0].isdigit()
    return between in _JOINS or (digits and between in _JOINS_DIGITS)


def _cut(pieces: Sequence[Piece], first: int, last: int, features: Vocabulary) -> list[tuple[int, int]]:
    """Return the cheapest cut of a run of characters into words."""
    run = "".join(piece.key for piece in pieces[first:last]).translate(_SIMPLIFIED)
    if all("\uac00" <= key <= "\ud7af" for key in run):
        return [(first, last)]
    listed = _listed()
    costs, begins = [0.0], [0]
    for end in range(1, len(run) + 1):
        ways = []
        for begin in range(max(0, end - LONGEST_LISTED), end):
            cost = _cost(run[begin:end], listed, features)
            if cost is not None:
                ways.append((costs[begin] + cost, begin))
        cost, begin = min(ways)
        costs.append(cost)
        begins.append(begin)
    cut, end = [], len(run)
    while end:
        cut.append((begins[end], end))
        end = begins[end]
    return [(first + begin, first + end) for begin, end in _together(run, cut[::-1], listed)]


def _cost(word: str, listed: frozenset[str], features: Vocabulary) -> float | None:
    """Return what a word costs, the rarer in the examples the more; None for what is no word."""
    if word in listed:
        column = features.grams_.get(word)
        rare = RARE if column is None else RARE * float(features.idf_[column]) / float(features.idf_.max(initial=1.0))
        return (LISTED if len(word) > 1 else LISTED_ALONE) + rare
    if word in FUNCTION:
        return FUNCTION_WORD
    if len(word) == LONGEST_MADE and (
        (word[-1] in ENDINGS and word[:-1] in listed) or (word[1] in "不得" and word[-1] in RESULTS)
    ):
        return MADE
    if len(word) == 1:
        return UNKNOWN
    return PAIR if len(word) == 2 and word in features.grams_ and not FUNCTION & set(word) else None


@cache
def _listed() -> frozenset[str]:
    """Read the Chinese words that customers use, which were written down for this product."""
    return frozenset((files(__package__) / "chinese.txt").read_text(encoding="utf-8").split())


def _together(run: str, cut: Sequence[tuple[int, int]], listed: frozenset[str]) -> list[tuple[int, int]]:
    """Join neighbouring characters that are no words of their own, as where they end is not known: names, mostly.

    In Japanese a word begins where what is no hiragana follows hiragana.
    """
    found: list[tuple[int, int]] = []
    loose = False
    for begin, end in cut:
        word = run[begin:end]
        is_loose = end - begin == 1 and word not in listed and word not in FUNCTION
        if is_loose and loose and not (_is_hiragana(run[begin - 1]) and not _is_hiragana(word)):
            found[-1] = (found[-1][0], end)
        else:
            found.append((begin, end))
        loose = is_loose
    return found


def _is_hiragana(character: str) -> bool:
    return "\u3040" <= character <= "\u309f"
