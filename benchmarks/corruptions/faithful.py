"""Rewriting by rules that keeps the meaning: what a pair's text is made of before it is corrupted.

An operation takes a chunk's sentences and gives other sentences, or None where it has nothing to
do. A layout joins sentences into a text. Rules write tamer rewrites than models do; `heavy` is
the nearest to one. Sentences that lean on the one before them keep their place behind it.
"""

import re
from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from functools import lru_cache

from benchmarks.corruptions.material import WORD, Material, lowered, names, substituted
from benchmarks.corruptions.words import ABBREVIATIONS, CONTRACTIONS, SPELLED, UNIT_NAMES

Operation = Callable[[list[str], Material], list[str] | None]
Layout = Callable[[Sequence[str], Material], str]

_LEANING_LIST = """
    he she it they this that these those his her its their him them such however then also but
    and or so thus therefore moreover furthermore additionally likewise instead yet still later
    soon afterwards meanwhile similarly consequently hence nevertheless nonetheless finally first
    second third next another both neither other others for in as after before while when since
    here there conversely again eventually subsequently accordingly now one some most many all
    few several each unlike not nor even despite
"""
_LEANING = frozenset(_LEANING_LIST.split())
HEAVY = 3
"""Operations in each sentence of a heavy rewrite."""
_LONG = 9
"""Words at which a sentence has to be rewritten for the whole to count as heavy."""


def _each(
    rule: Callable[[str, Material], str],
) -> Operation:
    """A rule for one sentence as an operation on all of them."""

    def operation(draft: list[str], material: Material) -> list[str] | None:
        # Programs are quoted, not rewritten.
        made = [one if "```" in one else rule(one, material) for one in draft]
        return None if made == draft else made

    return operation


def _swap_phrases(sentence: str, phrases: dict[str, str]) -> str:
    """Each phrase at most once, none inside the replacement of another."""
    found = [
        (match, new)
        for old, new in phrases.items()
        if (match := re.search(rf"(?<!\w){re.escape(old)}(?!\w)", sentence)) is not None
    ]
    return _replaced(sentence, found)


def _replaced(sentence: str, found: Sequence[tuple[re.Match[str], str]]) -> str:
    start = len(sentence) + 1
    for match, new in sorted(found, key=lambda pair: (-pair[0].start(), pair[0].end())):
        if match.end() <= start:
            sentence = substituted(sentence, match, new)
            start = match.start()
    return sentence


def _synonym(sentence: str, material: Material) -> str:
    pattern, words = _alternation(tuple(material.lists.synonyms.items()))
    used: set[str] = set()

    def other(match: re.Match[str]) -> str:
        entry = str(match.lastgroup)
        if entry in used:
            return match.group()
        used.add(entry)
        return words[entry]

    return pattern.sub(other, sentence)


@lru_cache(maxsize=8)
def _alternation(table: tuple[tuple[str, str], ...]) -> tuple[re.Pattern[str], dict[str, str]]:
    """All triggers as one pattern, longest first, and the replacement by the group's name."""
    rows = sorted(table, key=lambda row: -len(row[0]))
    groups = "|".join(f"(?P<g{number}>{old})" for number, (old, _) in enumerate(rows))
    return re.compile(rf"(?<![\w’'\\{{-])(?:{groups})(?![\w’'}}-])"), {
        f"g{number}": new for number, (_, new) in enumerate(rows)
    }


def _thousands(sentence: str, material: Material) -> str:
    bare = re.sub(r"(?<![\d.,])(\d{1,3}),(\d{3})(?![\d,])", r"\1\2", sentence)
    if bare != sentence:
        return bare
    return re.sub(r"(?<![\d.,/-])([2-9]\d|\d{3})(\d{3})(?![\d.,]*\d)", r"\1,\2", sentence)


def _digits_and_words(sentence: str, material: Material) -> str:
    def spelled(match: re.Match[str]) -> str:
        return SPELLED.get(int(match[0]), match[0])

    words = re.sub(
        r"(?<![\w.,$€£/:+*=%<>–-])\d{1,2}(?= [a-z]{3,})(?! (?:percent|million))", spelled, sentence
    )
    if words != sentence:
        return words
    for value, word in SPELLED.items():
        if value > 2:
            sentence = re.sub(rf"(?<=[a-z] ){word}(?= [a-z]{{3,}}s\b)", str(value), sentence)
    return sentence


def _units(sentence: str, material: Material) -> str:
    sentence = re.sub(r"(?<=\d) ?%", " percent", sentence)
    sentence = re.sub(
        r"\$(\d[\d,]*(?:\.\d+)?)(?![.,]?\d| ?(?:million|billion|trillion))", r"\1 dollars", sentence
    )
    for short, long in UNIT_NAMES.items():
        new = re.sub(rf"(?<=\d) ?{short}(?![\w/²³^.])", f" {long}", sentence)
        if new != sentence:
            return new
    return sentence


def _abbreviation(sentence: str, material: Material) -> str:
    return _swap_phrases(sentence, {old.strip(): new.strip() for old, new in ABBREVIATIONS.items()})


def _contraction(sentence: str, material: Material) -> str:
    short = _swap_phrases(sentence, CONTRACTIONS)
    if short != sentence:
        return short
    return _swap_phrases(
        sentence, {short: long for long, short in CONTRACTIONS.items() if "not" in long}
    )


_FRONTED = re.compile(
    r"^((?:In|By|During|Since|After|Before|Until|On|At) (?:the )?(?:[A-Za-z]+ ){0,3}"
    r"(?:\d{3,4}s?|\d{1,2}th century)"
    r"|(?:Because|Although|If|When|While|Though) [^,;:—()]{12,90}), ([a-zA-Z][^:;]{12,})\.$"
)
_TRAILING = re.compile(
    r"^([A-Z][^,;:—()]{15,120}) ((?:in|by|during|since|until) (?:the )?"
    r"(?:(?:early|mid|late|summer of|spring of) )?\d{4}s?"
    r"|(?:because|although|whereas) [^,;:—()]{12,90})\.$"
)


def _clauses(sentence: str, material: Material) -> str:
    """ "In 1990, X." ↔ "X in 1990."; "Because Y, X." ↔ "X because Y." """
    if (match := _FRONTED.match(sentence)) and not _leans(match[2]):
        front, main = match[1], match[2]
        if " and " in main or "," in main or re.search(r"\b(?:it|they|he|she)\b", main.lower()):
            return sentence
        return f"{main[:1].upper()}{main[1:]} {front[:1].lower()}{front[1:]}."
    if (
        (match := _TRAILING.match(sentence))
        and " that " not in match[1]
        and " and " not in match[1]
    ):
        head = lowered(match[1], material.source)
        return f"{match[2][:1].upper()}{match[2][1:]}, {head}."
    return sentence


_PASSIVE = re.compile(
    r"^((?:The|This|That) [a-z]+(?: [a-z]+)?|[A-Z][\w’'-]+(?: [A-Z][\w’'-]+)*) was "
    r"(designed|built|founded|directed|discovered|invented|published|created|established|signed|"
    r"introduced|developed|organized|organised|painted|composed|produced) by "
    r"([A-Z][\w’'-]+(?: [A-Z][\w’'.-]+)*)((?: (?:in|on) [^,;]{3,40})?)\.$"
)


def _voice(sentence: str, material: Material) -> str:
    if match := _PASSIVE.match(sentence):
        return f"{match[3]} {match[2]} {lowered(match[1], material.source)}{match[4]}."
    return sentence


_CLAUSE = re.compile(
    r"(?:However, )?\w+(?: [\w’'-]+){0,4} (?:is|are|was|were|has|have|had|can|could|would|will|may|"
    r"did|does|do|became|\w+ed)\b"
)


def _split_one(sentence: str, material: Material) -> list[str]:
    for pattern, lead in (
        (r"; (?:however, )?(?=[a-z])", ""),
        (r", (?:and|but) (?=(?:the|it|they|he|she|this|these|there|its|their|his|her) )", ""),
    ):
        match = re.search(pattern, sentence)
        if match and 25 < match.start() < len(sentence) - 25 and sentence.endswith("."):
            rest = sentence[match.end() :]
            if "but" in match.group() or "however" in match.group():
                lead = "However, "
            rest = lead + rest if lead else rest[:1].upper() + rest[1:]
            if _CLAUSE.match(rest):
                return [sentence[: match.start()] + ".", rest]
    return [sentence]


def split(draft: list[str], material: Material) -> list[str] | None:
    """Sentences of two clauses, cut in two."""
    made = [part for sentence in draft for part in _split_one(sentence, material)]
    return None if len(made) == len(draft) else made


def merged(draft: list[str], material: Material) -> list[str] | None:
    """Two neighbours joined by a semicolon."""
    sites = [
        index
        for index in range(len(draft) - 1)
        if len(draft[index]) + len(draft[index + 1]) < 260
        and draft[index].endswith(".")
        and not re.search(r"[;:?]", draft[index] + draft[index + 1])
    ]
    if not sites:
        return None
    index = material.rng.choice(sites)
    after = draft[index + 1]
    after = lowered(after, material.source)
    return [*draft[:index], f"{draft[index][:-1]}; {after}", *draft[index + 2 :]]


def reordered(draft: list[str], material: Material) -> list[str] | None:
    """Sentences in another order; one that leans on its neighbour moves with it."""
    blocks: list[list[str]] = []
    for sentence in draft:
        if blocks and _leans(sentence):
            blocks[-1].append(sentence)
        else:
            blocks.append([sentence])
    if len(blocks) < 3:
        return None
    later = blocks[1:]
    while later == blocks[1:]:
        material.rng.shuffle(later)
        if all(block == later[0] for block in later):
            return None
    return [sentence for block in (blocks[0], *later) for sentence in block]


def _leans(sentence: str) -> bool:
    words = WORD.findall(sentence[:60])
    return not words or words[0].lower() in _LEANING or words[0][0].islower()


def topic(sentence: str) -> str:
    """What a sentence can be asked about: a name of it, or its longest word."""
    found = names(sentence)
    if found:
        return found[0].group()
    words = [word for word in WORD.findall(sentence)[1:] if word.islower()]
    return max(words, key=len, default="this")


def paragraph(draft: Sequence[str], material: Material) -> str:
    return " ".join(draft)


def bullets(draft: Sequence[str], material: Material) -> str:
    return "\n".join(material.lists.bullet + sentence for sentence in draft)


def faq(draft: Sequence[str], material: Material) -> str:
    """Questions that claim nothing, answered by the sentences, two to an answer."""
    form, gap = material.lists.labels
    parts: list[str] = []
    for start in range(0, len(draft), 2):
        asked = material.rng.choice(material.lists.questions).format(topic=topic(draft[start]))
        parts.append(form.format(q=asked, a=" ".join(draft[start : start + 2])))
    return gap.join(parts)


def dialogue(draft: Sequence[str], material: Material) -> str:
    asks, tells = material.lists.speakers
    lines: list[str] = []
    for start in range(0, len(draft), 2):
        asked = material.rng.choice(material.lists.asked).format(topic=topic(draft[start]))
        lines += [f"{asks}: {asked}", f"{tells}: {' '.join(draft[start : start + 2])}"]
    return "\n".join(lines)


def notes(draft: Sequence[str], material: Material) -> str:
    """Worked steps as a list under a heading; programs stand as they are."""
    head, mark = ("**Given:**", "* ") if material.lists.bullet == "* " else ("Problem:", "- ")
    steps = [one if "```" in one else mark + one for one in draft[1:]]
    return "\n".join([head, draft[0], *steps])


RULES: dict[str, Operation] = {
    "synonym": _each(_synonym),
    "number_format": _each(_thousands),
    "digits_and_words": _each(_digits_and_words),
    "unit_format": _each(_units),
    "abbreviation": _each(_abbreviation),
    "contraction": _each(_contraction),
    "clause_order": _each(_clauses),
    "voice": _each(_voice),
    "split": split,
    "merged": merged,
    "reordered": reordered,
}
"""Operations by the kind of pair each makes when it is the only one."""
LAYOUTS: dict[str, Layout] = {"faq": faq, "bullets": bullets, "dialogue": dialogue}
STEPS = ("synonym", "contraction")
"""Operations that leave worked steps in their order and their figures as they stand."""


def combined(draft: list[str], material: Material, *, steps: bool = False) -> list[str]:
    """Several operations at once; at least one applies, or the draft comes back as it is."""
    order = ["clause_order", "voice", "abbreviation", "unit_format", "number_format"]
    order += ["digits_and_words", "contraction", "synonym", "split", "merged", "reordered"]
    for name in order:
        if (steps and name not in STEPS) or (name != "synonym" and material.rng.random() < 0.3):
            continue
        draft = RULES[name](draft, material) or draft
    return draft


def changes(old: str, new: str) -> int:
    """Places where one sentence differs from another: runs of words put in or taken out."""
    one, other = old.split(), new.split()
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    return sum(tag != "equal" for tag, *_ in matcher.get_opcodes())


_HEAVY_RULES = (
    "clause_order", "voice", "abbreviation", "unit_format", "number_format", "digits_and_words",
    "contraction", "synonym",
)  # fmt: skip


def heavy(draft: list[str], material: Material) -> list[str] | None:
    """Every operation on every sentence; None where a long one changed fewer than thrice."""
    made = draft
    for name in _HEAVY_RULES:
        made = RULES[name](made, material) or made
    for old, new in zip(draft, made, strict=True):
        if len(old.split()) >= _LONG and changes(old, new) < HEAVY:
            return None
    made = split(made, material) or made
    return reordered(made, material) or made


def heavy_part(draft: Sequence[str], material: Material) -> list[str]:
    """The longest run of sentences that a heavy rewrite can take; empty below two."""
    best: list[str] = []
    run: list[str] = []
    for sentence in draft:
        run = [*run, sentence] if heavy([sentence], material) else []
        best = max(best, run, key=len)
    return best if len(best) > 1 else []
