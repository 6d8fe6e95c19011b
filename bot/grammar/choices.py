"""Read one of a few fixed values by the words people use for it.

English and German words, those of French, Spanish and Chinese: whoever declares a choice between `low` and `high`
declares no words for them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from bot.grammar.entities import Decoded, shown
from bot.grammar.reading import Folded, Reading, Writer, ends_value, fold
from bot.grammar.words import did_you_mean
from storage.errors import Invalid

_WORDS: Mapping[str, str] = {
    "low": "niedrig, gering, tief, faible, basse, bas, baja, bajo, 低",
    "normal": "medium, mittel, normale, moyenne, moyen, media, medio, 中, 普通, 一般, 正常",
    "high": "important, hoch, wichtig, haute, haut, élevée, alta, alto, 高, 重要",
    "urgent": "critical, asap, dringend, eilig, kritisch, urgente, critique, crítica, crítico, 紧急, 加急, 急",
    "new": "neu, neue, nouveau, nouvelle, nuevo, nueva, 新, 新建",
    "open": "offen, offene, ouvert, ouverte, abierto, abierta, 打开, 开放, 处理中, 进行中, 未完成",
    "waiting": "waiting on customer, waiting for customer, waiting on the customer, waiting for the customer, pending,"
    " wartet, wartend, wartet auf kunde, wartet auf kunden, wartet auf den kunden, en attente, pendiente, 等待,"
    " 等待客户, 等客户",
    "resolved": "solved, fixed, done, gelöst, erledigt, behoben, résolu, résolue, resuelto, resuelta, 已解决, 解决",
    "closed": "geschlossen, fermé, fermée, cerrado, cerrada, 已关闭, 关闭",
    "won": "gewonnen, gagné, gagnée, ganado, ganada, 赢单, 已赢, 成交",
    "lost": "verloren, perdu, perdue, perdido, perdida, 输单, 丢单, 已输",
    "done": "finished, erledigt, fertig, fait, faite, hecho, hecha, 完成, 已完成",
    "mine": "my, my own, meine, meinen, meins, mir, mes, les miens, les miennes, míos, mías, mis, 我的, 我",
    "overdue": "late, past due, überfällig, überfällige, verspätet, verspätete, en retard, atrasado, atrasada,"
    " atrasados, atrasadas, vencido, vencida, vencidos, vencidas, 逾期, 已逾期, 逾期的, 过期, 已过期",
    "unassigned": "nobody, no one, none, without owner, niemand, keiner, ohne, nicht zugewiesen, niemandem zugewiesen,"
    " non assigné, non assignée, non assignés, personne, sin asignar, nadie, 无, 未分配, 没有人, 无人负责",
    "all": "everything, everyone, everybody, alle, alles, tous, toutes, tout, todo, todos, todas, 全部, 所有, 所有人",
    "now": "jetzt, maintenant, ahora, 现在",
    "cancelled": "canceled, abgesagt, storniert, annulé, annulée, cancelado, cancelada, 取消, 已取消",
}


@dataclass(frozen=True)
class ChoiceType:
    """Read one of some values, which errors call a `name`: by itself, by a word for it, or as either begins.

    `called` holds further words and the value that each means. With `whole`, no word may be only begun. `listed` are
    the values as errors name them, where people call them otherwise.
    """

    name: str
    values: tuple[str, ...]
    called: tuple[tuple[str, str], ...] = ()
    whole: bool = False
    listed: tuple[str, ...] = ()
    spaced = False
    lax = False

    def read(self, text: Decoded, writer: Writer) -> Reading[str] | None:
        """Read as many words as are one of the values."""
        known = _spellings(self.values, self.called)
        folded = Folded(text.mask)
        for end in range(min(len(folded.text), max(map(len, known))), 0, -1):
            if ends_value(folded.text, end) and (value := self._meant(folded.text[:end], known)):
                return Reading(value, folded.end(end))
        return None

    def _meant(self, said: str, known: Mapping[str, str]) -> str | None:
        if said in known or self.whole:
            return known.get(said)
        meant = {value for spelling, value in known.items() if spelling.startswith(said)}
        return meant.pop() if len(meant) == 1 else None

    def refusal(self, typed: str) -> Invalid:
        """Return the error for anything else, naming all values and the nearest."""
        near = did_you_mean(typed, _spellings(self.values, self.called))
        return Invalid(
            "{value} is not a {name}.",
            hint="Did you mean {near}? There are {choices}." if near else "There are {choices}.",
            value=shown(typed),
            name=self.name,
            near=near,
            choices=", ".join(self.listed or self.values),
        )


@cache
def _spellings(values: Sequence[str], called: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Return what each word means; a value's own name never means another."""
    words = {fold(word): value for value in values for word in _WORDS.get(value, "").split(", ") if word}
    words |= {fold(word): value for word, value in called}
    return words | {fold(value): value for value in values}
