"""What a Vietnamese word looks like: the grammar of the syllable, and the syllables of place names.

A Vietnamese word is one syllable: an onset, a rime and at most one tone. The grammar covers the whole
language, so a text that was decoded wrongly shows at once. The place names of the package `vietnamadminunits`
add the syllables of the other languages of the country (Đắk, Krông, Pờ), and their frequency tells which of
two readings of a damaged word is likelier.
"""

import re
import sqlite3
import unicodedata
from collections import Counter
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from lienthong.kernel.text import nfc

_ONSETS = "b c ch d đ g gh gi h k kh l m n ng ngh nh p ph qu r s t th tr v x"
_RIMES = """
a ai ao au ay e eo ê êu i ia iu iêu o oi oa oai oao oay oe oeo oo ô ôi ơ ơi u ua ui uôi uê uy uya uyu uơ uâu
uây uôu ư ưa ưi ưu ươi ươu y yêu âu ây
ac ach am an ang anh ap at ăc ăm ăn ăng ăp ăt âc âm ân âng âp ât ec em en eng ep et êch êm ên ênh êp êt êng êc
ich im in inh ip it ing ic oc om on ong op ot oong ooc ôc ôm ôn ông ôp ôt ôông ơm ơn ơp ơt ơng ơc uc um un
ung up ut ưc ưm ưn ưng ưt ưp iêc iêm iên iêng iêp iêt yêm yên yêng yêt uôc uôm uôn uông uôp uôt ươc ươm ươn
ương ươp ươt oac oach oam oan oang oanh oap oat oăc oăm oăn oăng oăt oem oen oet uâc uân uâng uât uêch uên
uênh uêt uơn uơt uyên uyêt uych uyn uynh uyp uyt ynh ych yt yn
"""
_PLAIN = frozenset(onset + rime for onset in ["", *_ONSETS.split()] for rime in _RIMES.split()) | {"gi"}
_TONES = {"\u0300", "\u0309", "\u0303", "\u0301", "\u0323"}
_STOPPED = ("c", "ch", "p", "t")  # a stopped syllable has the acute or the dot below
_WORD = re.compile(r"[^\W\d_]+")
_ABBREVIATION = re.compile(r"[BCDĐGHKLMNPQRSTVXƯƠUAEIOY]{1,8}$")


@lru_cache(maxsize=65536)
def is_syllable(word: str) -> bool:
    """Whether `word` (NFC, any case) is a syllable of Vietnamese."""
    if not (word.islower() or word.isupper() or word.istitle()):
        return False
    plain: list[str] = []
    tones: list[str] = []
    for char in unicodedata.normalize("NFD", word.lower()):
        (tones if char in _TONES else plain).append(char)
    bare = nfc("".join(plain))
    if bare not in _PLAIN or len(tones) > 1:
        return False
    return not (tones and bare.endswith(_STOPPED) and tones[0] not in "\u0301\u0323")


def is_vietnamese(text: str) -> bool:
    """Whether every word of `text` (NFC) is a Vietnamese syllable or a syllable of a place name."""
    words = _WORD.findall(text)
    return bool(words) and all(is_syllable(word) or word.lower() in place_syllables() for word in words)


def is_abbreviation(text: str) -> bool:
    """Whether `text` may be an abbreviation such as TNLĐ or QĐ: proof of nothing."""
    return bool(_ABBREVIATION.match(text))


@lru_cache(maxsize=1)
def place_syllables() -> Counter[str]:
    """Syllable -> how often it stands in names of administrative units; empty without the package."""
    spec = find_spec("vietnamadminunits")
    counts: Counter[str] = Counter()
    for folder in spec.submodule_search_locations or () if spec else ():
        database = Path(folder, "data", "dataset.db")
        if database.is_file():
            with sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True) as connection:
                for name in _unit_names(connection):
                    counts.update(_WORD.findall(nfc(name).lower()))
    return counts


def _unit_names(connection: sqlite3.Connection) -> list[str]:
    query = (
        "SELECT ward FROM admin_units UNION ALL SELECT ward FROM admin_units_legacy "
        "UNION ALL SELECT DISTINCT district FROM admin_units_legacy "
        "UNION ALL SELECT DISTINCT province FROM admin_units_legacy"
    )
    return [name for (name,) in connection.execute(query) if name]
