"""Make up the words that company names consist of, in the proportions of a real list of customers."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Iterator

from storage.names import name_key
from storage.records.search import find_key

MADE_UP = 6_000
"""How many names there are that mean nothing, such as Valtoro; the words below come back far more often."""

WORDS = """Harbor Lantern Summit Cedar Granite Meadow Falcon Copper Beacon Orchard Quartz Willow Anchor Prairie Juniper
Atlas Nordic Pacific Alpine Delta Horizon Pioneer Sterling Crescent Heritage Liberty Phoenix Titan Vertex Apex Nova
Orion Polaris Zenith Cobalt Amber Ivory Crimson Silver Golden Blue Green Red North South East West United General
National First Premier Royal Global Central Metro Urban Coastal Mountain River Lake Ocean Island Forest Stone Iron
Steel Solar Lunar Arctic Sahara Baltic Iberia Adria Rhein Donau Seine Tagus Clear Bright Swift Prime"""

SURNAMES = """Müller Schmidt Weber Fischer Becker Hoffmann Krüger Jäger García Martínez López Sánchez Núñez Silva
Santos Oliveira Pereira Rossi Russo Ferrari Bianchi Dupont Lefèvre Moreau Girard Smith Johnson Williams Brown Jones
Miller Davis Wilson Anderson Taylor Thomas Moore Martin Jackson Thompson White Harris Clark Lewis Walker Hall Young
King Wright Scott Hill Adams Baker Nelson Carter Mitchell Novák Kowalski Nowak Horváth Szabó Popescu Ivanov Petrov
Jensen Nielsen Hansen Andersson Johansson Virtanen Yılmaz Kaya Demir Patel Sharma Singh Kumar Nguyen Tran Kim Park
Tanaka Suzuki Watanabe Yamamoto Okafor Mensah Abebe"""

SECTORS = """Logistics Robotics Foods Software Systems Energy Pharma Consulting Partners Capital Motors Textiles Media
Analytics Dynamics Industries Electronics Instruments Materials Plastics Chemicals Packaging Printing Furniture Design
Architects Engineering Construction Properties Estates Hotels Travel Airlines Shipping Freight Warehousing Retail
Fashion Footwear Jewelry Cosmetics Beverages Brewing Bakery Dairy Farms Seeds Fisheries Timber Paper Mining Metals
Tools Machinery Automation Aerospace Defence Security Insurance Banking Payments Accounting Legal Staffing Training
Education Publishing Games Studios Pictures Music Events Sports Fitness Health Clinics Dental Optics Biotech Genomics
Diagnostics Medical Veterinary Care Cleaning Facilities Water Waste Recycling Wind Solar Batteries Grid Telecom
Networks Cloud Data Labs Research Interactive Digital Commerce Marketing Advertising"""

ENDINGS = """GmbH AG Ltd Limited Inc LLC Corp Company Group Holding SA SAS SpA BV Oy AB"""

CITIES = """Berlin Hamburg München Wien Zürich London Leeds Dublin Paris Lyon Madrid Sevilla Lisboa Porto Milano Torino
Roma Praha Kraków Warszawa Budapest București Athens Istanbul Oslo Stockholm København Helsinki Amsterdam Gent Austin
Boston Denver Chicago Toronto Montréal Lima Bogotá Santiago Nairobi Lagos Accra Mumbai Pune Singapore Sydney"""

CHINESE = (
    "北京 上海 广州 深圳 杭州 成都 武汉 南京 西安 苏州 天津 重庆 青岛 厦门 宁波 长沙",
    "华 中 金 信 达 海 天 泰 恒 瑞 盛 鑫 宏 远 嘉 博 联 创 新 科 东 方 明 德 龙 安 康 福 源 通",
    "科技有限公司 贸易有限公司 物流有限公司 医药股份有限公司 电子有限公司 食品有限公司 机械制造有限公司",
)

SYLLABLES = """ba be bo da de do fa fi ga go ha hi ka ki ko la le li lo ma me mi mo na ne ni no pa po qui ra re ri ro sa
se si so ta te ti to tra tri va ve vi vo xe ya yo za ze zo bri cla dru fle gra kro pla ska sto tur val ven mar cor nel
tan"""
TAILS = "n r s x l m nt rd ra la na ta ro vo xa ix on ium eon ity ora ova io"


def pieces() -> Iterator[tuple[bool, int, str, str, str, str]]:
    """Return what names are put together from: Chinese or not, place in the name (0 to 2), text, its keys, its domain.

    The keys are those of `storage`: a name's key is its pieces' keys joined as the pieces are. Half of
    the western names end after two pieces: their last one is empty.
    """
    chance = random.Random(20)
    for place, texts in enumerate(_western(chance)):
        for text in texts:
            yield False, place, text, name_key(text), find_key(text), _ascii(text)
    cities, characters, kinds = (words.split() for words in CHINESE)
    for place, texts in enumerate((cities, [a + b for a in characters for b in characters], kinds)):
        for text in texts:
            yield True, place, text, name_key(text), find_key(text), ""


def _western(chance: random.Random) -> tuple[list[str], list[str], list[str]]:
    syllables, tails = SYLLABLES.split(), TAILS.split()
    made_up = {
        ("".join(chance.choices(syllables, k=chance.choice((2, 2, 3)))) + chance.choice(tails)).title()
        for _number in range(MADE_UP)
    }
    first = [*sorted(made_up), *WORDS.split() * 20, *SURNAMES.split() * 10]
    last = [*ENDINGS.split() * 2, *CITIES.split()]
    return first, SECTORS.split(), [*last, *[""] * len(last)]


def _ascii(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
