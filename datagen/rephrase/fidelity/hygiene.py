"""Is the answer a text at all: refusals, meta talk, loops, cuts, leaked markup, language, length.

A phrase or shape that the source has too is no evidence: a chunk may speak of refusals, repeat a
refrain or end in the middle of a sentence. What the text says about the world is not looked at.
"""

import re
from collections import Counter

from datagen.prompts import CLOSING
from datagen.rephrase.fidelity.facts import Facts
from datagen.rephrase.fidelity.options import Expectation
from datagen.schemas import HygieneReason

Fault = tuple[HygieneReason, str]
"""A reason and what shows it."""

_REFUSAL = re.compile(
    r"\b(?:i[’']?m sorry,? (?:but|i)|i am sorry,? but|i apologi[sz]e,? but|sorry, (?:but )?i can"
    r"|i(?: can(?:no|[’'])t| am (?:unable|not able) to|[’']m (?:unable|not able) to| won[’']t) "
    r"(?:be able to )?(?:help|assist|provide|fulfil|comply|rewrite|rephrase|continue|create"
    r"|generate|complete|do that|process|answer|see any)|as an? (?:ai|language model)\b"
    r"|i do not have (?:access|enough)|(?:please|could you) provide (?:me with )?the "
    r"(?:text|passage|document))",
    re.IGNORECASE,
)
_REWRITE = (
    r"(?:re-?writt?en|re-?phras(?:ed|ing)|paraphras(?:ed|e)|revised|simplified|rewrite|reworded"
    r"|converted|translat(?:ed|ion))"
)
_THING = (
    r"(?:version|text|passage|chunk|document|excerpt|summary|faq|table|list|dialogue|article|tutorial"
    r"|translation|answer|content|paragraph|section|notes?|guide|rewrite|paraphrase|conversation)"
)
_LEAD_IN = re.compile(
    rf"\W{{0,4}}(?:(?:sure|certainly|of course|absolutely|okay|ok|great|understood|got it)\b"
    rf"(?:[!,.:]|\s+(?:thing|here))"
    rf"|(?:here(?:[’']s| is| are)|below (?:is|are)|(?:the )?following is)\b[^.\n]{{0,120}}?"
    rf"(?:\b{_REWRITE}\b|\b{_THING}\b)[^.\n]{{0,80}}(?::|\n|$)"
    rf"|(?:the )?{_REWRITE}\s+{_THING}\b[^.\n]{{0,60}}(?::|\n)"
    rf"|i(?:[’']ve| have|[’']ll| will)\s+{_REWRITE}\b)",
    re.IGNORECASE,
)
_META = re.compile(
    r"\b(?:i hope (?:this|that|it) (?:helps|meets|is)|let me know if|feel free to (?:ask|reach)"
    r"|if you (?:need|have) any (?:further|more|other|questions|changes)|would you like me to"
    rf"|(?:this|the|my) {_REWRITE} (?:version|text|passage)|in this {_REWRITE}"
    r"|(?:the|this) (?:original|provided|given|source|above|input) (?:text|passage|chunk|excerpt)"
    r"|as (?:you )?requested,|word count:|note: (?:i|this (?:is|version|text|rewrite)|the above)"
    r"|as an ai\b|my (?:training data|knowledge cutoff)|the (?:text|passage) (?:you|has been|was) "
    r"(?:provided|rewritten))",
    re.IGNORECASE,
)
_LEAKED = re.compile(
    r"<\|[^|>\n]{1,40}\|>|</?(?:text|document|so_far|think|thinking|rewritten[_a-z]*|s|start_of_turn"
    r"|end_of_turn|answer|output|instruction)>|\[/?INST\]|<</?SYS>>"
    r"|(?:^|\n)#{2,3} ?(?:Instruction|Response|Input|Output)s?:|(?:^|\n)(?:system|assistant|user)\n"
    rf"|\b{re.escape(CLOSING)}"
    r"|\boutput only the\b|\brewrite the (?:following |text )?(?:text|passage|chunk|between)"
    r"|\bdo not (?:include|add) (?:any )?(?:new (?:facts|information)|explanations?|meta)",
    re.IGNORECASE,
)
_SAME_CHARACTER = re.compile(r"([^\s\-=_.*~#|+·•─])\1{29}")
_ENDS = frozenset(".!?…。！？\"”’'»)]}*_`|$>」』")
_LIST_LINE = re.compile(r"\s*(?:[-*•+]|(?:\d+\.)*\d+[.)]?(?=\s)|\d+[.)]|[a-z][.)]|\|)\s?")
_SIGNED = re.compile(r"[.!?…][\"”]?\s*\n\s*\n[^\n.!?]{1,40},[ \n][^\n.!?]{1,30}$")
"""The end of a letter: a blank line, a closing phrase, a comma, a name."""
_DANGLING = frozenset(
    ("the", "a", "an", "of", "and", "or", "to", "in", "for", "with", "by", "from", "that", "which")
)
_LOOP_LINES = 3
_LOOP_SHARE = 0.35


_META_LIST = """
    hope let feel any like text passage chunk excerpt requested count note ai training cutoff
    rewritten rephrased paraphrased revised simplified reworded converted translated rewrite
    rephrasing translation
"""
_META_WORDS = frozenset(_META_LIST.split())
"""Each way of talking about the rewrite has one of these words: most texts are never searched."""
_LEAK_MARKS = (
    "<", "INST]", "\n##", "## ", "\nsystem", "\nassistant", "\nuser", "utput only", "ewrite the",
    "ewrite only", "o not include", "o not add",
)  # fmt: skip


def fault(source: Facts, text: Facts, expectation: Expectation) -> Fault | None:
    """The first thing that is wrong with an answer as a text, cheapest checks first."""
    if not text.words and (source.words or not text.text.strip()):
        return "no_answer", text.text[:80]
    return (
        _phrase(source, text)
        or _loop(source, text)
        or _length(source, text, expectation)
        or _unfinished(source, text, expectation)
        or _language(source, text, expectation)
    )


def _phrase(source: Facts, text: Facts) -> Fault | None:
    body = text.text
    if any(mark in body for mark in _LEAK_MARKS):
        for match in _LEAKED.finditer(body):
            if match.group().strip().lower() not in source.text.lower():
                return "leaked_markup", match.group().strip()
    opening, ending = body[:300], body[-400:]
    tried: list[tuple[HygieneReason, re.Match[str] | None]] = [
        ("refusal", _REFUSAL.search(opening)),
        ("lead_in", _LEAD_IN.match(opening)),
    ]
    if not text.vocabulary.isdisjoint(_META_WORDS):
        parts = (body,) if len(body) <= 700 else (opening, ending)
        tried += [("lead_in", _META.search(part)) for part in parts]
    for reason, found in tried:
        if found is not None and not _quoted(found, source):
            return reason, found.group().strip()
    return None


def _quoted(match: re.Match[str], source: Facts) -> bool:
    return match.group().strip().lower() in source.text.lower()


def _length(source: Facts, text: Facts, expectation: Expectation) -> Fault | None:
    low, high = expectation.length_ratio
    ratio = length_ratio(source, text)
    if low <= ratio <= high or abs(text.length - source.length) < SLACK_WORDS:
        return None
    return "length", f"{ratio:.2f} × the source's words, expected {low:g} to {high:g}"


SLACK_WORDS = 8
"""A difference of fewer words is no matter of length, whatever the ratio: a heading, one line."""


def length_ratio(source: Facts, text: Facts) -> float:
    """Words of the text ÷ words of the source."""
    return text.length / (source.length or 1.0)


def _loop(source: Facts, text: Facts) -> Fault | None:
    """Lines, or word 5-grams, that come back again and again."""
    if match := _SAME_CHARACTER.search(text.text):
        return None if match.group() in source.text else ("loop", match.group()[:40])
    grams = text.fivegrams
    if len(grams) >= 20:
        repeated = 1 - len(set(grams)) / len(grams)
        if repeated > _LOOP_SHARE and repeated > 1.5 * _repeated(source):
            gram, _ = Counter(grams).most_common(1)[0]
            return "loop", " ".join(gram)
        if grams[-1] in grams[-60:-1] and (again := _echo(source, grams)):
            return again
    lines = [line for line in text.text.split("\n") if len(line) > 25]
    if len(lines) >= _LOOP_LINES:
        line, count = Counter(lines).most_common(1)[0]
        if count >= _LOOP_LINES and source.text.count(line) < count and WORDY.search(line):
            return "loop", line
    return None


WORDY = re.compile(r"[^\W\d_]{2}.*[^\W\d_]{2}")


def _repeated(source: Facts) -> float:
    grams = source.fivegrams
    return 1 - len(set(grams)) / len(grams) if grams else 0.0


def _echo(source: Facts, grams: list[tuple[str, ...]]) -> Fault | None:
    """A phrase that ends the text and stands four times in its last 100 words."""
    last = grams[-1]
    if grams[-100:].count(last) >= 4 and source.fivegrams.count(last) < 4:
        return "loop", " ".join(last)
    return None


def _unfinished(source: Facts, text: Facts, expectation: Expectation) -> Fault | None:
    body, model = text.text.rstrip(), source.text.rstrip()
    if fault := _unclosed(body, model, expectation):
        return fault
    if not body or body[-1] in _ENDS or model[-1:] not in _ENDS or _SIGNED.search(body[-160:]):
        return None
    tail = body[-80:].replace("\n", " ")
    last = body[body.rfind("\n") + 1 :]
    if text.words[-1:] and text.words[-1] in _DANGLING:
        return "unfinished", tail
    listed = _LIST_LINE.match(last)
    if listed and not _ends_like_its_list(body, listed.group()):
        return "unfinished", tail
    if listed or text.spans.formulas[-1:] or (not body[-1].isalnum() and body[-1] not in ",;:-–—"):
        return None
    return "unfinished", tail


def _ends_like_its_list(body: str, marker: str) -> bool:
    """True if the last item stops as the others do: with or without a full stop."""
    items = [line.rstrip() for line in body.split("\n") if _LIST_LINE.match(line)][:-1][-20:]
    if marker.strip().startswith("|"):
        return False
    stopped = sum(line[-1:] in _ENDS for line in items)
    return stopped <= len(items) / 2


_PAIRS = (
    ("(", ")"),
    ("“", "”"),
    ("[", "]"),
    ("\\[", "\\]"),
    ("\\(", "\\)"),
    ("\\begin{", "\\end{"),
)


_DOLLARS = re.compile(r"(?<![\w$\\])\$\d[\d,]*(?:\.\d+)?(?=[\s.,;:!?)]|$)")


def _unclosed(body: str, model: str, expectation: Expectation) -> Fault | None:
    for mark in ("```", "$$"):
        if body.count(mark) % 2 and model.count(mark) % 2 == 0:
            return "unfinished", f"unclosed {mark}"
    for opener, closer in _PAIRS:
        if opener in body and body.rfind(opener) > body.rfind(closer):
            open_here = body.count(opener) > body.count(closer)
            if open_here and model.count(opener) <= model.count(closer):
                return "unfinished", f"unclosed {opener}"
    if expectation.kind == "math" and _odd(body) and not model.count("$") % 2:
        return "unfinished", "unclosed $"
    return None


def _odd(body: str) -> bool:
    """Whether a formula stays open, however many amounts of dollars there are."""
    return bool(body.count("$") % 2 and _DOLLARS.sub("", body).count("$") % 2)


def _language(source: Facts, text: Facts, expectation: Expectation) -> Fault | None:
    if text.speaks(expectation.language):
        return None
    return "language", text.text[:80]
