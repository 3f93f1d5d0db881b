"""Changes of meaning in prose: each gives a draft that its source no longer supports, or None.

A kind that finds no safe place says so by None; it never guesses. Safe means: the words around
the place don't make the change void ("A and B met" says the same of B and A), and what comes out
differs in words, not in spelling. Sentences are English.
"""

import re
from collections.abc import Callable, Sequence
from functools import partial

from benchmarks.corruptions.material import (
    WORD,
    Material,
    is_name,
    lowered,
    names,
    plain,
    stems,
    substituted,
)
from benchmarks.corruptions.words import SPELLED

Corruption = Callable[[list[str], Material], list[str] | None]

_DENIED = re.compile(
    r"\b(?:not|no|never|neither|nor|none|nothing|without|hardly|scarcely|cannot)\b|n[’']t\b", re.I
)
FEWEST_NEW = 4
"""Words of an invented or dropped sentence that the other text lacks, so that the change is one of
content. Own choice."""


def _at(draft: list[str], index: int, sentence: str) -> list[str]:
    return [*draft[:index], sentence, *draft[index + 1 :]]


def _somewhere(
    draft: list[str], material: Material, pattern: str, new: Callable[[re.Match[str]], str | None]
) -> list[str] | None:
    """One match anywhere in the draft replaced; places where `new` declines are passed over."""
    sites = [
        (index, match)
        for index, sentence in enumerate(draft)
        if not sentence.endswith("?")
        for match in re.finditer(pattern, sentence)
    ]
    material.rng.shuffle(sites)
    for index, match in sites:
        replacement = new(match)
        if replacement is not None and replacement != match.group():
            return _at(draft, index, substituted(draft[index], match, replacement))
    return None


def _from_table(draft: list[str], material: Material, table: dict[str, str]) -> list[str] | None:
    """One trigger of the table replaced; capitals belong to names and are no triggers."""
    patterns = list(table.items())
    material.rng.shuffle(patterns)
    for pattern, new in patterns:
        bounded = rf"(?<![\w’'-]){pattern}(?![\w’'-])"
        made = _somewhere(draft, material, bounded, partial(_always, new))
        if made is not None:
            return made
    return None


def _always(new: str, match: re.Match[str]) -> str | None:
    return new


def number_changed(draft: list[str], material: Material) -> list[str] | None:
    """A figure or a count in words becomes another that the source does not have."""
    words = "|".join(SPELLED.values())

    def other(match: re.Match[str]) -> str | None:
        raw = match.group()
        if raw.lower() in SPELLED.values():
            choices = [
                word
                for word in SPELLED.values()
                if word != raw.lower() and not re.search(rf"\b{word}\b", material.source, re.I)
            ]
            choices = [
                word
                for word in choices
                if not any(
                    re.search(rf"\b{value}\b", material.source)
                    for value, spelt in SPELLED.items()
                    if spelt == word
                )
            ]
            return material.rng.choice(choices) if choices else None
        return _other_figure(raw, material)

    pattern = (
        r"(?<![\w.,:/–^_{\\-])(?!1\d{3}\b(?!,)|20\d\d\b(?!,))\d[\d,]*(?:\.\d+)?(?![\w:/–^_}-])(?!\.\d)"
        rf"|(?<=[a-z] )(?:{words})(?= [a-z]{{3,}})"
    )
    return _somewhere(draft, material, pattern, other)


def _other_figure(raw: str, material: Material) -> str | None:
    """A figure of the same form, a tenth or more away, that the source lacks."""
    digits = raw.rstrip(",")
    known = set(re.findall(r"\d+(?:\.\d+)?", material.source.replace(",", "")))
    value = float(digits.replace(",", ""))
    for _ in range(20):
        made = "".join(
            material.rng.choice("123456789") if mark.isdigit() else mark for mark in digits
        )
        new = float(made.replace(",", ""))
        bare = made.replace(",", "")
        if (
            abs(new - value) >= 0.1 * max(value, 1)
            and bare not in known
            and SPELLED.get(int(new), "§") not in material.source.lower()
        ):
            return made + raw[len(digits) :]
    return None


_UNIT_SWAPS = {
    "km": "miles", "kilometres": "miles", "kilometers": "miles", "miles": "kilometres",
    "metres": "feet", "meters": "feet", "feet": "metres", "percent": "million", "%": " kg",
    "years": "months", "months": "years", "days": "weeks", "weeks": "days", "hours": "minutes",
    "minutes": "hours", "seconds": "minutes", "million": "billion", "billion": "million",
    "thousand": "million", "pounds": "tonnes", "kg": "tonnes", "kilograms": "tonnes",
    "grams": "kilograms", "dollars": "euros", "cents": "dollars", "acres": "hectares",
    "inches": "centimetres", "cm": "inches", "mm": "cm", "degrees": "percent", "decades":
    "centuries", "centuries": "decades", "tons": "ounces", "litres": "gallons", "liters": "gallons",
    "mg": "µg", "µg": "mg", "nm": "pm", "ms": "µs", "ns": "µs", "MHz": "kHz", "GHz": "MHz",
    "Hz": "kHz", "kW": "MW", "MW": "mW", "kV": "V", "V": "kV", "mV": "V", "mA": "A", "MB": "GB",
    "GB": "TB", "kPa": "MPa", "ppm": "ppb", "psi": "bar", "rpm": "rps", "keV": "MeV", "ml": "l",
}  # fmt: skip


def unit_changed(draft: list[str], material: Material) -> list[str] | None:
    """The unit or scale behind a figure becomes another; the figure stays."""
    spelt = "|".join(SPELLED.values())
    units = "|".join(sorted(_UNIT_SWAPS, key=len, reverse=True))

    def other(match: re.Match[str]) -> str | None:
        new = _UNIT_SWAPS[match[2]]
        return f"{match[1]}{new}"

    pattern = rf"((?:\d|\b(?:{spelt}|hundred|few|several))[ -]?)({units})(?![\w/²³])"
    return _somewhere(draft, material, pattern, other)


_MONTHS = "January February March April May June July August September October November December"


def date_shifted(draft: list[str], material: Material) -> list[str] | None:
    """A year, month or century moves to one that the source does not name."""
    months = _MONTHS.split()

    def other(match: re.Match[str]) -> str | None:
        raw = match.group()
        if raw in months:
            choices = [month for month in months if month not in material.source]
            return material.rng.choice(choices) if choices else None
        years = range(int(raw) - 90, int(raw) + 91)
        choices = [
            str(year)
            for year in years
            if abs(year - int(raw)) > 2
            and 1000 < year < 2030
            and str(year) not in material.source
            and f"{str(year)[:3]}0s" not in material.source
        ]
        return material.rng.choice(choices) if choices else None

    pattern = rf"\b(?:1\d{{3}}|20[012]\d)\b(?![s,.:–/-]\d|s|-)|\b(?:{'|'.join(months)})(?= \d)"
    return _somewhere(draft, material, pattern, other)


_SYMMETRIC = re.compile(
    r"\b(?:and|or|between|both|met|married|similar|same|equal|identical|versus|vs|with|neighbou?r\w*|"
    r"border\w*|allied|related|together|either|neither|nor|also|called|known|named|near|like|as)\b",
    re.I,
)


def _alike(one: str, other: str, source: str) -> bool:
    """True if two names may be the same: shared words or stems, initials, one beside the other."""
    first, second = one.lower().replace("-", " ").split(), other.lower().replace("-", " ").split()
    if any(a[:4] == b[:4] for a in first for b in second):
        return True
    initials = "".join(word[0] for word in one.split()), "".join(word[0] for word in other.split())
    if initials[0].upper() in other.upper().split() or initials[1].upper() in one.upper().split():
        return True
    link = r"(?:(?:or|also|called|known|as|named|the|is|was|an?|aka|of|in)[\s,]+){0,4}"
    gap = rf"[\s,(“\"']{{1,4}}{link}[(“\"']?"
    a, b = re.escape(one), re.escape(other)
    return bool(re.search(rf"{a}{gap}{b}|{b}{gap}{a}", source))


def entity_swapped(draft: list[str], material: Material) -> list[str] | None:
    """Two names of the text change places in their sentences."""
    found = [
        (index, match)
        for index, sentence in enumerate(draft)
        if not sentence.endswith("?")
        for match in names(sentence)
    ]
    pairs = [(one, other) for at, one in enumerate(found) for other in found[at + 1 :]]
    material.rng.shuffle(pairs)
    for (i, first), (j, second) in pairs[:200]:
        one, other = first.group(), second.group()
        if _alike(one, other, material.source) or len(one) < 3 or len(other) < 3:
            continue
        made = list(draft)
        if i == j:
            between = draft[i][first.end() : second.start()]
            if _SYMMETRIC.search(between) or len(between) < 12 or "between" in draft[i]:
                continue
            made[i] = draft[i][: first.start()] + other + between + one + draft[i][second.end() :]
        else:
            made[i] = substituted(draft[i], first, other)
            made[j] = substituted(draft[j], second, one)
            if other in draft[i] or one in draft[j]:
                continue
        return made
    return None


def entity_replaced(draft: list[str], material: Material) -> list[str] | None:
    """A name becomes one of another text."""
    strange = [name for name in material.names if not _mentions(material.source, name)]
    if not strange:
        return None
    sites = [
        (index, match)
        for index, sentence in enumerate(draft)
        for match in names(sentence)
        if not sentence.endswith("?")
    ]
    if not sites:
        return None
    index, match = material.rng.choice(sites)
    fitting = [name for name in strange if not _alike(name, match.group(), material.source)]
    if not fitting:
        return None
    return _at(draft, index, substituted(draft[index], match, material.rng.choice(fitting)))


def _mentions(source: str, name: str) -> bool:
    return any(word[:5] in source for word in name.split() if word[0].isupper())


_VERBS = {
    "became": "become", "began": "begin", "led": "lead", "wrote": "write", "won": "win",
    "lost": "lose", "included": "include", "includes": "include", "shows": "show", "showed":
    "show", "created": "create", "received": "receive", "remained": "remain", "remains": "remain",
    "occurs": "occur", "occurred": "occur", "allowed": "allow", "allows": "allow", "required":
    "require", "requires": "require", "contains": "contain", "contained": "contain",
    "believed": "believe", "supported": "support", "opposed": "oppose", "produces": "produce",
    "provided": "provide", "provides": "provide", "founded": "found", "gave": "give",
}  # fmt: skip
_NOT_DENIABLE = re.compile(
    r"\b(?:if|whether|unless|until|when|while|although|though|only|that|which|who|because|where)\b"
)


_AUXILIARY = r"(?<=[\w,)] )(?:is|are|was|were|can|could|will|would|has|have|had)\b(?![’'])"
_NO_PARTICIPLE = "".join(
    f"(?<!{word} )" for word in ("is", "are", "was", "were", "has", "have", "had", "been", "be")
)
_OBJECT = r"\b(?= (?:a|an|the|in|to|its|their|his|her|at|that|many|several)\b)"


def negation_added(draft: list[str], material: Material) -> list[str] | None:
    """The main verb of a sentence is denied; sentences with a denial are left alone."""
    test = material.lists.bullet != "- "
    verbs = "|".join(_VERBS)

    def denied(match: re.Match[str]) -> str | None:
        sentence = match.string
        if _DENIED.search(sentence) or _NOT_DENIABLE.search(sentence[: match.start()].lower()):
            return None
        if re.match(r" (?:only|just|all|both|not|so)\b", sentence[match.end() :]):
            return None
        verb = match.group()
        if verb in _VERBS:
            past = verb.endswith("ed") or not verb.endswith("s")
            return f"{'did' if past else 'does'} not {_VERBS[verb]}"
        if verb == "can":
            return "cannot"
        return f"{verb} never" if test else f"{verb} not"

    # A participle behind an auxiliary ("was founded") is not the verb to deny.
    return _somewhere(
        draft,
        material,
        rf"{_AUXILIARY}|{_NO_PARTICIPLE}(?<=[a-z] )\b(?:{verbs}){_OBJECT}",
        denied,
    )


def negation_removed(draft: list[str], material: Material) -> list[str] | None:
    """A denial goes; "not only", "whether or not" and the like are none."""

    def affirmed(match: re.Match[str]) -> str | None:
        low, before = match.group().lower(), match.string[: match.start()]
        after = match.string[match.end() :]
        if (
            re.match(
                r",? ?(?:only|just|until|unlike|so much|surprisingly|uncommon|least|to mention)\b",
                after.lstrip(" "),
            )
            or after[:1] in ".,;)"
        ):
            return None
        if (
            re.search(r"\b(?:or|if|but|why|than|and|although|though) $", before)
            or len(_DENIED.findall(match.string)) != 1
        ):
            return None
        if match[1]:
            return match[1]
        return _AFFIRMED.get(low, "")

    pattern = (
        r"\b(is|are|was|were|does|do|did|has|have|had|would|could|should)n[’']t\b"
        r"|\b(?:not |never |cannot |can[’']t |without |no longer )(?=[a-z])"
    )
    return _somewhere(draft, material, pattern, affirmed)


_AFFIRMED = {
    "cannot ": "can ",
    "can't ": "can ",
    "can’t ": "can ",
    "without ": "with ",
    "never ": "always ",
}


def quantifier_changed(draft: list[str], material: Material) -> list[str] | None:
    """All becomes some, most becomes few, always becomes rarely."""
    return _from_table(draft, material, material.lists.quantifiers)


def modality_changed(draft: list[str], material: Material) -> list[str] | None:
    """What may be has to be, what is thought is known, and the other way round."""
    return _from_table(draft, material, material.lists.modalities)


def comparison_flipped(draft: list[str], material: Material) -> list[str] | None:
    """Larger becomes smaller, the first becomes the last."""
    return _from_table(draft, material, material.lists.comparatives)


def antonym(draft: list[str], material: Material) -> list[str] | None:
    """A word becomes its opposite."""
    return _from_table(draft, material, material.lists.antonyms)


_CAUSES = (
    "(because|since|given that|led to|leads to|lead to|resulted in|results in|caused|causes|"
    "brings about|brought about|resulted from|results from|was caused by|is caused by|"
    "were caused by|are caused by|contributed to)"
)
_CAUSAL = re.compile(rf"^([A-Z][^,;:()—?]{{8,140}}?) {_CAUSES} (?!of\b)([^,;:()—?]{{8,160}})\.$")


def cause_swapped(draft: list[str], material: Material) -> list[str] | None:
    """What causes and what is caused change places."""
    order = list(range(len(draft)))
    material.rng.shuffle(order)
    for index in order:
        match = _CAUSAL.match(draft[index])
        if not match:
            continue
        effect, link, cause = match.groups()
        if re.search(
            r"\b(?:which|that|who|this|it|was|were|is|are|has|have|had)$", effect
        ) or re.search(r"\b(?:because|since|that|which|who)\b", effect + " " + cause):
            continue
        if link in ("since", "given that") and re.search(r"\b\d{4}\b", cause):
            continue
        if len(WORD.findall(effect)) < 2 or len(WORD.findall(cause)) < 2:
            continue
        effect = lowered(effect, material.source)
        return _at(draft, index, f"{cause[:1].upper()}{cause[1:]} {link} {effect}.")
    return None


def sentence_dropped(draft: list[str], material: Material) -> list[str] | None:
    """A sentence goes whose words the rest does not have."""
    order = list(range(len(draft)))
    material.rng.shuffle(order)
    for index in order:
        rest = [*draft[:index], *draft[index + 1 :]]
        own = stems(draft[index]) - stems(" ".join(rest))
        if (
            rest
            and len(own) >= FEWEST_NEW
            and draft[index][-1:] in '.!”"'
            and not draft[index].endswith("?")
        ):
            return rest
    return None


def half_dropped(draft: list[str], material: Material) -> list[str] | None:
    """The second half goes."""
    kept = draft[: (len(draft) + 1) // 2]
    own = stems(" ".join(draft)) - stems(" ".join(kept))
    return kept if len(draft) > 3 and len(own) >= 2 * FEWEST_NEW else None


def sentence_invented(draft: list[str], material: Material) -> list[str] | None:
    """A sentence of another text on the topic, put in."""
    known = stems(material.source)
    fitting = [
        sentence
        for sentence in material.strangers
        if len(stems(sentence) - known) >= FEWEST_NEW
        and 40 < len(sentence) < 260
        and sentence.endswith(".")
        and sentence[0].isupper()
        and not re.match(r"(?:This|These|That|He|She|It|They|For example|However|Such)\b", sentence)
    ]
    if not fitting or not draft:
        return None
    index = material.rng.randrange(1, len(draft) + 1)
    return [*draft[:index], material.rng.choice(fitting), *draft[index:]]


def claim_invented(draft: list[str], material: Material) -> list[str] | None:
    """A claim about a name of the text, from a template."""
    found = sorted({match.group() for sentence in draft for match in names(sentence)})
    known = stems(material.source)
    fitting = [line for line in material.lists.inventions if len(stems(line) - known) >= FEWEST_NEW]
    if not found or not fitting:
        return None
    claim = material.rng.choice(fitting).format(name=material.rng.choice(found))
    index = material.rng.randrange(1, len(draft) + 1)
    return [*draft[:index], claim[:1].upper() + claim[1:], *draft[index:]]


_PREDICATE = re.compile(
    r"^((?:The )?[A-Z][\w’'-]+(?: (?:of|the|[A-Z][\w’'-]+|[a-z]{3,}))*?) "
    r"(is|was|are|were|has|have|had|became|began|won|received|can|could)\b (.{20,})$"
)


def _predicated(draft: Sequence[str]) -> list[tuple[int, re.Match[str]]]:
    found: list[tuple[int, re.Match[str]]] = []
    for index, sentence in enumerate(draft):
        match = _PREDICATE.match(sentence)
        if match and len(match[1].split()) < 6 and match[1].split()[0].lower() not in _PRONOUNS:
            found.append((index, match))
    return found


_PRONOUN_LIST = """
    he she it they this these that those there some many most all both one each other others such
    what which who when where while if in on at by we you i however
"""
_PRONOUNS = frozenset(_PRONOUN_LIST.split())


def facts_mixed(draft: list[str], material: Material) -> list[str] | None:
    """Two subjects with capitals of their own trade what is said of them."""
    found = _predicated(draft)
    pairs = [(one, other) for at, one in enumerate(found) for other in found[at + 1 :]]
    material.rng.shuffle(pairs)
    for (i, first), (j, second) in pairs:
        one, other = first[1].removeprefix("The "), second[1].removeprefix("The ")
        if not (_is_named(one, material.source) and _is_named(other, material.source)):
            continue
        if _alike(one, other, material.source):
            continue
        made = _at(draft, i, f"{first[1]} {second[2]} {second[3]}")
        return _at(made, j, f"{second[1]} {first[2]} {first[3]}")
    return None


def _is_named(subject: str, source: str) -> bool:
    """True if every word has a capital and, alone, has it inside a sentence too."""
    words = subject.split()
    if not all(word[:1].isupper() or word in ("of", "the") for word in words):
        return False
    return len(words) > 1 or is_name(subject, source)


def predicate_borrowed(draft: list[str], material: Material) -> list[str] | None:
    """A subject of the text gets what another text says of another subject."""
    mine, theirs = _predicated(draft), _predicated(material.strangers)
    material.rng.shuffle(mine)
    material.rng.shuffle(theirs)
    known = stems(material.source)
    for index, match in mine[:4]:
        for _, other in theirs[:30]:
            if (
                match[2] == other[2]
                and len(stems(other[3]) - known) >= FEWEST_NEW
                and len(other[3]) < 200
            ):
                return _at(draft, index, f"{match[1]} {other[2]} {other[3]}")
    return None


def quotation_altered(draft: list[str], material: Material) -> list[str] | None:
    """Words of a quotation of five words or more go, or change places."""

    def other(match: re.Match[str]) -> str | None:
        words = match[1].split()
        content = [index for index, word in enumerate(words) if len(word.strip(",.;")) > 4]
        if len(words) < 5 or len(content) < 2:
            return None
        first, last = content[0], content[-1]
        if words[first].strip(",.;").lower() == words[last].strip(",.;").lower():
            return None
        words[first], words[last] = words[last], words[first]
        return f'"{" ".join(words)}"'

    return _somewhere(draft, material, r"[\"“]([^\"“”]{20,200})[\"”]", other)


PROSE: dict[str, Corruption] = {
    rule.__name__: rule
    for rule in (
        number_changed, unit_changed, date_shifted, entity_swapped, entity_replaced,
        negation_added, negation_removed, quantifier_changed, modality_changed, cause_swapped,
        comparison_flipped, antonym, sentence_dropped, half_dropped, sentence_invented,
        claim_invented, facts_mixed, predicate_borrowed, quotation_altered,
    )
}  # fmt: skip


def truncated(text: str, material: Material) -> str | None:
    """The text stops inside a word, between two fifths and nine tenths of it."""
    end = int(len(text) * material.rng.uniform(0.4, 0.9))
    while 0 < end < len(text) and not (text[end - 1].isalnum() and text[end].isalnum()):
        end -= 1
    return text[:end] if end > 20 else None


def looped(text: str, material: Material) -> str | None:
    """The last sentence or line, seven times."""
    last = re.split(r"\n|(?<=[.!?]) ", text.rstrip())[-1]
    return text + f" {last}" * 6 if len(last) > 15 else None


def led_in(text: str, material: Material) -> str | None:
    """The model talks before it rewrites."""
    return material.rng.choice(material.lists.lead_ins) + text


FINISHED: dict[str, Callable[[str, Material], str | None]] = {
    "truncated": truncated,
    "looped": looped,
    "led_in": led_in,
}
"""Faults of a finished text: its form, not its claims, except for what `truncated` loses."""


def void(before: Sequence[str], after: Sequence[str]) -> bool:
    """True if two drafts differ in nothing that is read."""
    return plain(" ".join(before)) == plain(" ".join(after))
