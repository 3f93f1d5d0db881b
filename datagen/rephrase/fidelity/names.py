"""Names: capitalised words and acronyms, and the forms one name takes.

A name is judged word by word, so "Mendel" stands for "Gregor Mendel"; a form of a word that the
source has in any case is no new name. Titles, table headers and speaker labels are decoration that
a style adds and are not read as names. Scripts without capitals have no names here, nor has German,
which capitalises every noun.
"""

import re
import unicodedata
from collections.abc import Set as AbstractSet
from typing import NamedTuple

CAPITALISED = re.compile(r"[A-ZÀ-ÖØ-Þ](?:\.[A-Z](?=\.))+\.?|[A-ZÀ-ÖØ-Þ][^\W_]*")
_RUN = re.compile(
    r"(?<![^\W_])[A-ZÀ-ÖØ-Þ][^\W_]{0,40}"
    r"(?:[ -](?:(?:of|the|and|for|de|in) ){0,2}[A-ZÀ-ÖØ-Þ][^\W_]{0,40}){1,8}"
)
_TABLE_RULE = re.compile(r"\s*\|?[\s:|-]+\|?\s*$")
_LABEL = re.compile(r"[\s>*_•\d.)-]*([^:.!?\n]{1,60}?)[*_]*:(?!\d)")
_AFTER = re.compile(r"[\s\"”’)\]*_,]{0,4}([^\W_]+)")
_OPENERS = " \t\"“‘'([*_#>|•–—-"
_STOPS = ".!?:;…|\n。！？"
_ABBREVIATIONS_IN_ORDER = """
    dr mr mrs ms prof st vs etc e.g i.e fig no vol gen col lt sgt rev hon sr jr mt ca cf al
"""
_ABBREVIATIONS = frozenset(_ABBREVIATIONS_IN_ORDER.split())
_FUNCTION_WORDS_IN_ORDER = """
    a about above after again against all along also although am among an and another any are as
    at away back be because been before being below between both but by can could despite did do
    does down during each either else even ever every few first for from further had has have he
    hence her here hers herself him himself his how however i if in indeed instead into is it
    its itself just last later least less let like made make many may me meanwhile might more
    moreover most much must my near neither never next no nor not now of off often on once one
    only onto or other our out over own per perhaps rather s same second several shall she
    should since so some still such t than that the their them then there therefore these they
    third this those though three through throughout thus to together too toward towards two
    under unless unlike until up upon us very was we were what when where whereas whether which
    while who whom whose why will with within without would yes yet you your
"""
FUNCTION_WORDS = frozenset(_FUNCTION_WORDS_IN_ORDER.split())
_STYLE_WORDS_IN_ORDER = """
    faq question questions answer answers table summary introduction conclusion overview step
    steps note notes key point points fact facts chapter section part example examples tip tips
    definition background lesson lecture tutorial guide topic topics takeaway takeaways review
    recap title teacher student students professor instructor tutor expert interviewer host
    guest narrator reader user assistant speaker moderator learner class q a re moreover finally
    lastly additionally furthermore consequently today imagine think remember dear hello hi
    welcome ok okay well
"""
STYLE_WORDS = frozenset(_STYLE_WORDS_IN_ORDER.split())
_IRREGULAR = {
    "france": "french", "greece": "greek", "spain": "spanish", "wales": "welsh",
    "netherlands": "dutch", "holland": "dutch", "denmark": "danish", "poland": "polish",
    "switzerland": "swiss", "norway": "norwegian", "turkey": "turkish", "ireland": "irish",
    "scotland": "scottish", "britain": "british", "england": "english", "philippines": "filipino",
    "thailand": "thai", "iceland": "icelandic", "finland": "finnish", "sweden": "swedish",
    "us": "american", "usa": "american", "america": "american", "uk": "british",
    "jews": "jewish", "europe": "european", "god": "divine",
}  # fmt: skip
_ENDINGS = (
    "ians", "ian", "eans", "ean", "ese", "ish", "ism", "ists", "ist", "ans", "an", "ic", "ia",
    "ns", "es", "s", "n", "y", "a", "e", "o", "i",
)  # fmt: skip


class Names(NamedTuple):
    """The name words of a text."""

    words: dict[str, str]
    """Lower case → as written; capitalised inside a sentence, or in a run."""
    followers: dict[str, str]
    """Name → the word after it, lower case."""


def read_names(prose: str) -> Names:
    """The words that are names for certain: capitalised where a sentence does not begin."""
    words: dict[str, str] = {}
    followers: dict[str, str] = {}
    previous, previous_end, previous_initial = "", -9, False
    for match in CAPITALISED.finditer(prose):
        start, end = match.span()
        surface = match.group()
        low = bare(surface)
        if (start and prose[start - 1].isalnum()) or low in FUNCTION_WORDS or len(low) < 2:
            continue
        initial = begins_sentence(prose, start)
        if not initial:
            words[low] = surface
            if (
                previous_initial
                and prose[previous_end:start] == " "
                and previous not in STYLE_WORDS
            ):
                words[previous] = previous.capitalize()
        elif surface.isupper() and 1 < len(surface) < 7:
            words[low] = surface
        followers[low] = word_after(prose, end)
        previous, previous_end, previous_initial = low, end, initial
    return Names(words, {name: after for name, after in followers.items() if name in words})


def bare(surface: str) -> str:
    """Lower case, without the stops of "U.S."."""
    return surface.replace(".", "").lower()


def word_after(prose: str, end: int) -> str:
    """The next word, lower case; empty at a sentence's end."""
    match = _AFTER.match(prose, end)
    return match[1].lower() if match else ""


def begins_sentence(prose: str, start: int) -> bool:
    """True where a capital says nothing: after a stop, an opening quotation mark or a bullet."""
    index = start - 1
    if index >= 0 and prose[index] in "\"“‘'*_":
        return True
    while index >= 0 and prose[index] in _OPENERS:
        index -= 1
    if index < 0 or prose[index] == "\n":
        return True
    while index >= 0 and prose[index] in '"”’)]*_':
        index -= 1
    if index < 0 or prose[index] not in _STOPS:
        return False
    if prose[index] != ".":
        return True
    head = prose[max(0, index - 8) : index].replace("(", " ").split(" ")[-1]
    return not (head.lower() in _ABBREVIATIONS or (len(head) == 1 and head.isupper()))


def stem(name: str) -> str:
    """What the forms of a name share: Austria, Austrian and Austrians, but not Australian."""
    name = _IRREGULAR.get(name, name)
    if not name.isascii():
        decomposed = unicodedata.normalize("NFKD", name)
        name = "".join(mark for mark in decomposed if not unicodedata.combining(mark))
    for ending in _ENDINGS:
        if name.endswith(ending) and len(name) - len(ending) >= 4:
            name = name[: -len(ending)]
            break
    return name.rstrip("aeiouy") if len(name) > 4 else name


def initials(prose: str) -> set[str]:
    """Acronyms that runs of capitalised words make, lower case, small words left out."""
    made: set[str] = set()
    for run in runs(prose):
        parts = re.split(r"[ -]+", run)
        letters = "".join(part[0] for part in parts if part[0].isupper()).lower()
        made.update(
            letters[i:j] for i in range(len(letters)) for j in range(i + 2, len(letters) + 1)
        )
    return made


def runs(prose: str) -> list[str]:
    """Each run of capitalised words, small words between them included."""
    return _RUN.findall(prose)


def run_at(prose: str, start: int) -> str:
    """The run of capitalised words that covers an offset, or empty."""
    for match in _RUN.finditer(prose, max(0, start - 80), min(len(prose), start + 120)):
        if match.start() <= start < match.end():
            return match.group()
    return ""


def is_form_of(name: str, words: AbstractSet[str], stems: AbstractSet[str]) -> bool:
    """True if a name, lower case, is a form of a known word."""
    if name in words or stem(name) in stems or stem(stem(name)) in stems:
        return True
    if name.endswith("s") and (name[:-1] in words or name[:-2] in words):
        return True
    return f"{name}s" in words or f"{name}es" in words


def is_decoration(prose: str, start: int, surface: str) -> bool:
    """True inside a heading, a label before a colon, a table's header or a line in title case."""
    line_start = prose.rfind("\n", 0, start) + 1
    line_end = prose.find("\n", start)
    line_end = len(prose) if line_end < 0 else line_end
    if line_end - line_start > 2000:
        return False
    line, offset = prose[line_start:line_end], start - line_start
    following = prose[line_end + 1 : line_end + 200].split("\n")[0]
    if line.lstrip().startswith("#") or (following.strip() and _TABLE_RULE.match(following)):
        return True
    label = _LABEL.match(line)
    if label and label.end() > offset and len(label[1].split()) <= 6:
        return True
    return _opens_in_bold(line, offset) or _is_title(line)


def _opens_in_bold(line: str, offset: int) -> bool:
    before = line[:offset]
    opener = before.find("**")
    return before.count("**") == 1 and not before[:opener].strip(" -*•\t0123456789.")


def _is_title(line: str) -> bool:
    """True for a short line without a stop whose words, small ones aside, are capitalised."""
    if line.rstrip().endswith((".", "!")) or "|" in line:
        return False
    words = re.findall(r"[^\W\d_]+", line)
    return len(words) <= 14 and not any(
        word[0].islower() and word not in FUNCTION_WORDS for word in words
    )
