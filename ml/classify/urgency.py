"""Tell how soon a message needs an answer, by rules that can be read."""

import re
from dataclasses import dataclass

from ml.text.phrases import phrases

# Points from which on a message is urgent or high, and up to which it is low.
URGENT = 10
HIGH = 3
LOW = -2

# A sentence in capitals, and three exclamation marks, say more about the writer than about the matter.
SHOUTED = 1


@dataclass(frozen=True, slots=True)
class Rule:
    """What it says about urgency, in points, that one of these phrases (see `ml.text.phrases`) stands in a message."""

    name: str
    points: int
    written: str


# Looked for first, and what they found is taken out of the text: "not urgent" is then not also "urgent".
CALM = (
    Rule(
        "can wait",
        -4,
        """no rush/hurry, no great/big/real/particular rush/hurry, there is no .. rush/hurry,
        not .. urgent/pressing, not time critical/sensitive, isnt urgent, not an emergency, low prio/priority,
        take your time, can wait, when/whenever you have/get/find a/the/some? time/chance/minute/moment/second,
        at your convenience/leisure, some day, at some point, whenever suits, 不急, 不着急, 不紧急, 不用急,
        不赶时间, 有空, 方便的时候, 慢慢来, 什么时候都(行/可以), 不用马上""",
    ),
    Rule(
        "only an idea",
        -2,
        """just curious/wondering, out of curiosity/interest, feature request,
        small/minor/tiny suggestion/thing/point, nice to have, would be nice, fyi, an/another/one idea/suggestion,
        idea/suggestion for, typo on/in, for the backlog, 随便问, 顺便问, 好奇, 建议, 想法, 希望以后, 以后能,
        以后会""",
    ),
    Rule(
        "is over",
        -1,
        """back up/online, back to normal, works/working/work again/now, is/was/been fixed/solved/resolved,
        resolved now, problem solved, finally works, was down, outage over, all good now, up again, 恢复了,
        恢复正常, 解决了, 已解决, 已恢复, 现在好了, 可以用了, 又好了, 挂过""",
    ),
    Rule(
        "asks about a rule",
        -1,
        """when do you, when is the next, how long does/do, what happens if/to, do you plan, is it possible to,
        一般多久, 什么情况下""",
    ),
)
PRESSING = (
    Rule(
        "somebody may be harmed",
        10,
        """smoking, smoke coming, on/caught fire, electric shock, sparks, injured, gas leak, filling with water,
        flooding, flooded, under water, poisoned, burned my/his/her, 着火, 起火, 冒烟, 漏电, 触电, 受伤, 烧伤, 爆炸,
        中毒, 漏水""",
    ),
    Rule(
        "health depends on it", 4, "insulin, oxygen, medicine, medication, medical, hospital, 医院, 救命药, 药品, 病人"
    ),
    Rule(
        "down for everybody",
        10,
        """
        everything/site/website/server/servers/system/systems/platform/production/prod/shop/store/cluster/service/app
        is/are/has/have/went/seems/been completely/totally/entirely/all?
        down/offline/unreachable/dead,
        is/are/has/have/went/been completely/totally? down for everyone/everybody/all/us,
        total/complete/full/major outage, outage again, another outage, sev #, sev1, p1, severity #,
        nothing loads/works, production .. down/affected/broken, broken/down/offline for everyone/everybody/all,
        no customer/customers/one/user can, no customers/users can, nobody .. can .. order/pay/buy/login/log,
        all .. offline, all .. records/data .. gone/disappeared/vanished/deleted, we are/have .. down since,
        we have been down, were down since, 瘫痪, 宕机, 全公司..(停/无法/不能), 全部(挂/崩/打不开/不能用),
        (系统/网站/服务器/平台/环境)(全部/完全/都/又)?(挂了/崩了/崩溃/打不开), 网站..打不开,
        所有(人/用户/顾客/客户/同事)..(不能/无法/不上/不了)""",
    ),
    Rule(
        "a break-in",
        10,
        """hacked, hacker/hackers, taken over my, key/password/token/data .. leaked, data leak/breach, ransomware,
        account .. compromised, buying things with my, broke/broken into my/our account/system/mailbox, 被盗, 盗刷,
        泄露, 黑客, 被黑, 入侵, 勒索病毒""",
    ),
    Rule(
        "theft or fraud",
        3,
        """card/phone/laptop/wallet was/is/has/got been? stolen/cloned, stolen card/phone/laptop,
        lost my phone/laptop/card, unauthorized/unauthorised, fraudulent, 被偷, 手机丢了, 卡丢了, 丢了手机, 诈骗""",
    ),
    Rule(
        "money is being lost",
        4,
        """lose/losing .. money/sales/orders/customers/revenue/business/thousands, costs/costing us,
        biggest/busiest .. day/sale/week, about to walk away, about to leave us, queue/queues out, 损失, 亏钱, 流失,
        双十一, 客户(都/在/都在)骂""",
    ),
    Rule(
        "nobody can work",
        4,
        """cant/cannot/unable .. work, cant do my/our work/job, blocked, blocker, blocking, idle, standing still,
        whole .. stuck, stuck for everyone, all members of, nobody in/at/here, cut us off,
        whole/entire team/office/company/department, all our drivers/agents/staff/stores/shops/terminals/users,
        on/in every till/terminal/shop/store, 没法(上班/工作/干活), 无法(工作/营业/上班), 卡住了, 停工, 停业,
        没法营业""",
    ),
    Rule(
        "it stopped working",
        2,
        """stopped, fails, failing, failed, error, crashes, broken, offline, locked, suspended, rejects,
        unreachable, cant .. log/login/get/send/scan/print/open/upload, wont, doesnt work, not working,
        no longer works, disappeared, gone, 失败, 报错, 打不开, 连不上, 登录不上, 导不出, 锁了, 全没, 停了, 用不了,
        不能用""",
    ),
    Rule(
        "data is gone",
        2,
        "data/records/notes/files/contacts is/are/have .. gone/disappeared/deleted, (数据/资料)..没了",
    ),
    Rule(
        "says that it is urgent",
        4,
        """urgent, urgently, asap, as soon as possible, as soon as you can, emergency, immediately, immediate,
        right now, right away, at once, desperate, desperately, escalate, escalated, critical, fix it/this now,
        help now, every minute/hour, 紧急, 加急, 马上, 立刻, 立即, 赶紧, 赶快, 尽快, 火速, 救命, 抓紧, 急需, 急死,
        快处理, 快修, 快解决, 很急, 特别急, 急用, 急 .""",
    ),
    Rule(
        "due within hours",
        4,
        """in/within .. minutes/min/mins/hour/hours, need/needs/needed .. today/tonight,
        by/before/until/at noon/midnight/tonight, by/before # am/pm, by/before 5pm, by eod,
        by/before end of day/business, deadline is today, is/expires/due today/tonight,
        sign/look/fix/need/reply .. today, today/tonight please, today .. need, in the house today,
        this afternoon/evening, tonight, in the middle of, before then, runs at noon, midnight today,
        opens/starts/leaves in, before/by the end of today, today please, please .. today,
        is/are waiting for the/us/it, at # today, (还有/只剩/就剩/半/一个/两个/几个/一)(小时/个小时/分钟/半小时),
        还有..(小时/分钟), 今天(必须/就要/之内/下午/中午/晚上/要), 今晚, 下班前, 中午前,
        马上(就要/要/就)?(营业/开会/截止/开始), 截止, 当天, 在等着""",
    ),
    Rule(
        "due in a day or so",
        3,
        """by/before/is/until tomorrow, tomorrow morning, on/by/before/is saturday/sunday and,
        wedding/event/party/fair is on, by tomorrow, need .. tomorrow, is tomorrow, 明天(就/要/必须/之前/早上)""",
    ),
    Rule(
        "an event",
        1,
        """wedding, exam, presentation, board meeting, auditors, audit, go live, golive, flight, launch, 婚礼, 考试,
        面试, 开会, 审计, 上线""",
    ),
    Rule(
        "waited long",
        1,
        "waiting/waited .. days/weeks/months/hours, since # am, still no/nothing/isnt/hasnt, 催了, 等了, 一直没",
    ),
)


@dataclass(frozen=True, slots=True)
class Urgency:
    """A level of `storage.support.messages.URGENCIES`, and the words that made it."""

    level: str
    because: list[str]


def urgency(text: str, plain: str) -> Urgency:
    """Return how soon a message needs an answer, from the text as typed and as `ml.text.phrases.plain` gives it."""
    points, because = 0, []
    for rule in CALM:
        found = phrases(rule.written).search(plain)
        if found:
            points += rule.points
            because.append((rule.points, found[0]))
            plain = phrases(rule.written).sub(".", plain)
    for rule in PRESSING:
        found = phrases(rule.written).search(plain)
        if found:
            points += rule.points
            because.append((rule.points, found[0]))
    points += SHOUTED * _shouted(text)
    level = "urgent" if points >= URGENT else "high" if points >= HIGH else "low" if points <= LOW else "normal"
    speaking = sorted((one for one in because if level != "normal" and (one[0] > 0) == (points > 0)), key=_heaviest)
    return Urgency(level, [word for _, word in speaking])


def _heaviest(one: tuple[int, str]) -> int:
    return -abs(one[0])


def _shouted(text: str) -> bool:
    """Tell whether a message shouts: three exclamation marks, or mostly capitals."""
    letters = re.sub(r"[^A-Za-z]", "", text)
    return bool(re.search("[!！]{3}", text)) or (
        len(letters) > 10 and sum(map(str.isupper, letters)) > len(letters) / 2
    )
