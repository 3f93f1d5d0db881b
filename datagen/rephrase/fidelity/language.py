"""Is a text in the language it has to be in? By script first, then by its most frequent words.

Small on purpose: it tells languages that a rewriter slips into from the one asked for, it is no
language identifier. The script is judged from three letters on, words from 12 on; a language that
is not in `CHECKED` is not judged.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

PROFILE_TEXTS = {
    "en": "the of and to in is that for it as was with be by on not are this or from at an have "
    "which but were they can has their its been when what how more there these than",
    "de": "der die und das ist nicht von mit den des ein eine dem zu auf für im sich auch es als "
    "werden wird aus bei nach wie durch oder wenn sind einer kann wurde über",
    "fr": "le la les des et est une dans que pour qui par sur pas ce avec il au du sont plus ou "
    "cette ses aux comme mais elle être nous vous ont",
    "es": "el la los las que del se por con una para es su al como más pero sus le lo fue este "
    "son entre está cuando muy sin sobre también hay",
    "it": "il di che la per un una del della non con sono da le dei nel si gli alla come più anche "
    "delle questo è ha nella degli ai",
    "pt": "o que do da em um para com não uma os no se na por mais as dos como mas ao ele das à "
    "seu sua ou foi são pelo pela isso",
    "nl": "de het een van en dat op te zijn met voor niet aan er om ook als dan maar bij nog uit "
    "door over wordt naar worden heeft deze",
    "sv": "och att det som en på är av för med den till inte har de om ett han men var jag sig "
    "från eller när kan så också",
    "sw": "ya na wa kwa ni katika za la kama hii kila cha yake ana alikuwa ambayo pia watu hiyo au",
}
"""Frequent function words per language. Source: own knowledge, none checked against a corpus."""
PROFILES = {language: frozenset(words.split()) for language, words in PROFILE_TEXTS.items()}
FEWEST_WORDS = 12
FEWEST_LETTERS = 3
"""Of another script for a text to be in it. Own choice: short texts hold a symbol or two."""
FEWEST_DISTINCT = 3
"""Function words of another language for a text to be in it: code says `os` and `do`."""

SCRIPTS = {
    "zh": "\u3400-\u9fff", "ja": "\u3040-\u30ff\u3400-\u9fff", "ko": "\uac00-\ud7af\u1100-\u11ff",
    "ru": "\u0400-\u04ff", "uk": "\u0400-\u04ff", "bg": "\u0400-\u04ff", "el": "\u0370-\u03ff",
    "ar": "\u0600-\u06ff", "fa": "\u0600-\u06ff", "he": "\u0590-\u05ff", "hi": "\u0900-\u097f",
    "bn": "\u0980-\u09ff", "th": "\u0e00-\u0e7f", "te": "\u0c00-\u0c7f", "ta": "\u0b80-\u0bff",
}  # fmt: skip
_OTHER_LETTERS = re.compile(r"[^\W\d_A-Za-z\u00aa-\u024f\u1e00-\u1eff\u0370-\u03ff]")
_GREEK_WORD = re.compile(r"[\u0370-\u03ff]{4,}")
_LETTERS = re.compile(r"[^\W\d_]")
_OWN_LETTERS = {language: re.compile(f"[{script}]") for language, script in SCRIPTS.items()}


NAMES = {
    "zh": "Chinese", "ja": "Japanese", "ko": "Korean", "ru": "Russian", "uk": "Ukrainian",
    "bg": "Bulgarian", "el": "Greek", "ar": "Arabic", "fa": "Persian", "he": "Hebrew",
    "hi": "Hindi", "bn": "Bengali", "th": "Thai", "te": "Telugu", "ta": "Tamil", "en": "English",
    "de": "German", "fr": "French", "es": "Spanish", "it": "Italian", "pt": "Portuguese",
    "nl": "Dutch", "sv": "Swedish", "sw": "Swahili",
}  # fmt: skip
CHECKED = frozenset([*PROFILES, *SCRIPTS])
"""Codes of the languages that are told from others."""
_TELLING = {"ja": "\u3040-\u30ff", "uk": "іїєґІЇЄҐ", "fa": "پچژگ"}
"""Letters that tell a language from others of its script."""
LEAST_SHARE = 0.08
"""Of function words, for a language of Latin letters to be named. Own choice."""


def named(text: str, words: Sequence[str]) -> str | None:
    """English name of the text's language, as far as script and function words tell; else None."""
    code = code_of(text, words)
    return NAMES[code] if code is not None else None


def code_of(text: str, words: Sequence[str]) -> str | None:
    """Code of the text's language, as far as script and function words tell; else None."""
    for code, letters in _TELLING.items():
        if script_share(text, code) >= 0.5 and re.search(f"[{letters}]", text):
            return code
    for code in SCRIPTS:
        if code not in _TELLING and script_share(text, code) >= 0.5:
            return code
    shares = {
        code: sum(map(profile.__contains__, words)) / (len(words) or 1)
        for code, profile in PROFILES.items()
    }
    code = max(shares, key=lambda one: shares[one])
    return code if shares[code] >= LEAST_SHARE else None


@lru_cache(maxsize=1024)
def is_read(text: str) -> bool:
    """False where most letters are not Latin: of the words of such a text little is read."""
    return not _in_other_script(text, "en", short=False)


def script_share(text: str, language: str) -> float:
    """Share of the letters that the language is written with. Greek letters count as symbols for
    all, Greek words of four letters or more as Greek."""
    if language in SCRIPTS:
        own = 0 if text.isascii() else len(_OWN_LETTERS[language].findall(text))
        return own / (len(_LETTERS.findall(text)) or 1)
    other = _beyond_latin_letters(text)
    return 1 - other / (len(_LETTERS.findall(text)) or 1) if other else 1.0


def _in_other_script(text: str, language: str, *, short: bool) -> bool:
    if script_share(text, language) >= 0.5:
        return False
    # Short texts of any language may be names in Latin letters.
    other = _beyond_latin_letters(text)
    if language in SCRIPTS and not short:
        other = len(_LETTERS.findall(text))
    return other >= FEWEST_LETTERS


def _beyond_latin_letters(text: str) -> int:
    if text.isascii() or not _beyond_latin(text):
        return 0
    return len(_OTHER_LETTERS.findall(text)) + sum(map(len, _GREEK_WORD.findall(text)))


def _beyond_latin(text: str) -> bool:
    """Cheap and often wrong to say yes: typographic punctuation lies beyond the letters."""
    signs = set(text)
    return max(signs) > "\u2122" or any("\u0370" <= sign < "\u1e00" for sign in signs)


def speaks(text: str, words: Sequence[str], language: str) -> bool:
    """False if the text is written in another script or language. `words` are lower case."""
    if language not in CHECKED:
        return True
    short = len(words) < FEWEST_WORDS
    if _in_other_script(text, language, short=short):
        return False
    profile = PROFILES.get(language)
    if profile is None or short:
        return True
    own = sum(map(profile.__contains__, words)) / len(words)
    if own >= 0.2:
        return True
    others = (_share(words, PROFILES[other]) for other in PROFILES if other != language)
    return max(others) < max(0.15, 1.5 * own)


def _share(words: Sequence[str], profile: frozenset[str]) -> float:
    """Share of the words that are function words of a language; 0 where they are too few."""
    found = [word for word in words if word in profile]
    return len(found) / len(words) if len(set(found)) >= FEWEST_DISTINCT else 0.0
