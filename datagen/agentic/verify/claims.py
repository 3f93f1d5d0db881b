"""What the agent told the user: the facts that were asked for, nothing without support, no deed
that was not done, and a refusal where one is due.

Figures, dates, identifiers and quotations in the agent's words must stand in what it was told or
what tools answered, or follow by arithmetic. "I have renewed …" needs a renewal that worked.
Not covered: statements in plain words without any of these."""

import re
from collections.abc import Iterator, Mapping, Sequence

from datagen.agentic.calling import arguments_text
from datagen.agentic.nouns import Span, Task, ToolCall, Trajectory, Verdict
from datagen.agentic.verify.arithmetic import computed, is_near, totals
from datagen.agentic.verify.conduct import calls_of, is_like, successes
from datagen.agentic.verify.corpus import (
    Corpus,
    Source,
    find_whole,
    plain,
    shared_run,
    stems,
    words_in,
)
from datagen.agentic.verify.reasons import failed, passed
from datagen.agentic.verify.toolset import Toolset
from datagen.rephrase.fidelity.facts import Facts

SMALL_COUNT = 3
"""Whole numbers up to it are part of speech: "one of the two"."""
ECHOED_SHARE = 0.8
"""Share of the user's words that makes an answer an echo."""
_FIGURE = re.compile(
    r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|#[0-9a-f]{6}\b|\b0x[0-9a-f]{6,}\b|"
    r"\b\d{1,2}(?::\d{2})?\s?[ap]\.?m\b|(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+|"
    r"\d{4}-\d{2}-\d{2}|\d{1,2}:\d{2}|(?<![^\W\d_])[^\W\d_]+[-_#]?\d[\w-]*\w"
    r"|#?\d[\d,]*(?:\.\d+)?(?:[^\W\d_]+\b)?"
)
_LISTED = re.compile(r"(?m)^[^\S\n]*(?:\(?\d{1,2}[.)]|#{1,4})\s")
_QUOTED = re.compile(r'"([^"\n]{3,120})"')
_DEEDS = (
    "booked cancelled canceled renewed paid returned reserved ordered sent updated changed created "
    "deleted added removed registered refunded waived transferred issued submitted scheduled "
    "placed borrowed lent extended set"
).split()
_FILLER = r"(?:(?:also|now|just|already|successfully|gone ahead and|then)\s+){0,2}"
_DECLINED = re.compile(
    r"\b(?:can(?:no|')t|cannot|can not|unable|not able|not allowed|not permitted|not possible|"
    r"(?:must|may|will|could|should|do|does|did|is|are|am|have|has)(?: not|n't) |won't|forbid\w*|"
    r"against (?:the|our) (?:rules|policy)|no tool|not something i|outside (?:of )?(?:my|what)|"
    r"beyond (?:my|what)|only for|decline|unfortunately|afraid)\b"
)
_DONE = re.compile(
    r"\b(?:all set|all done|taken care of|i(?: have|'ve) done (?:that|it|this|so)|it is done|"
    r"it's done|consider it done|successfully (?!logged))\b|^done\b"
)
_DEALT = re.compile(
    r"\b(?:done|complete[d]?|confirmed|success\w*|all set|taken care|in place|processed|recorded|"
    r"settled|handled|changed|made|put|checked|borrowed|signed|noted|saved|posted|moved|is now|"
    r"are now|as (?:you )?(?:asked|requested|wished)|went through|it's yours)\b"
)
"""Ways to say that something was dealt with. Own list, widened on the references in other words of
`benchmarks.mutations`."""
_UNREAL = re.compile(
    r"\b(?:not|never|no|nothing|none|nobody|without|cannot|if|once|after|when|would|could|can)\b|n't\b"
)
_PENDING = re.compile(
    r"\b(?:i am|i'm|we are|we're) (?:(?:still|now|just|currently) )?(?:waiting|going to wait)\b|"
    r"\bplease (?:wait|hold on|stand by)\b|\b(?:one|just a) moment\b|\bbear with me\b"
)
_PROMISE = r"\b(?:(?:i|we)(?:'ll| will| am going to| are going to|'m going to)|let me) "
_NEXT = r"(?:(?:now|then|just|next|also|first|quickly|go ahead and|proceed to|try to) )*"
_GAVE_UP = re.compile(
    r"\b(?:i|we) (?:do not|don't|did not|didn't|can(?:not|'t)) (?:know|understand)\b|"
    r"\b(?:i am|i'm|we are|we're) not sure (?:what|how|which)\b"
)
PARROTED_WORDS = 4
_SELF = {"i", "my", "mine", "myself"}
_OWNED = re.compile(r"\bmy [a-z]{3,}\b|\bi (?:owe|borrowed|ordered|bought)\b|\bdo i owe\b")
_VAGUE = {"make", "be", "have", "let", "do"}
_LOOKING = ("check", "look up", "look into", "search", "retrieve")
_DENIED = re.compile(
    r"\b(?:i|we) (?:(?:am|was|are|were) (?:not able|unable)|can(?:not|'t| not)|could(?: not|n't)|"
    r"did(?: not|n't)|have(?: not|n't)) (?!yet )"
)


def answer(task: Task, trajectory: Trajectory, tools: Toolset) -> Verdict:
    """The facts that were asked for are told, and so is what was done; where the request must be
    declined, it is, and nowhere else."""
    said = "\n".join(_words(trajectory))
    for fact in task.answer:
        if not states(said, fact):
            return failed("answer", "fact_missing", fact)
    final = next(reversed(list(_words(trajectory))), "")
    if task.goal and _DENIED.search(plain(final)):
        return failed("answer", "denies_deed", final)
    if task.kind not in ("refuse", "no_tool") and _GAVE_UP.search(plain(final)):
        return failed("answer", "gave_up", final)
    if _is_echo(task, final):
        return failed("answer", "echo", final)
    if task.goal and task.kind not in ("refuse", "no_tool") and not _tells_deed(final, tools):
        return failed("answer", "deed_not_told", final)
    if task.kind in ("refuse", "no_tool"):
        low = plain(final)
        if not _DECLINED.search(low) or _DONE.search(low):
            return failed("answer", "did_not_decline", final)
        if not _looked(task, trajectory):
            return failed("answer", "declined_unseen", task.reference[-1].name)
    return passed("answer")


def _looked(task: Task, trajectory: Trajectory) -> bool:
    """Whether the record was seen that the reason to decline stands in, in whatever way: a call
    that the reference ends with, or one that names or answers what that is about."""
    if task.kind != "refuse" or not task.reference:
        return True
    wanted = task.reference[-1]
    about = [plain(str(value)) for value in wanted.arguments.values()]
    answers = {turn.tool_call_id: turn.content for turn in trajectory.turns if turn.role == "tool"}
    worked = successes(trajectory)
    for _, call in calls_of(trajectory):
        if call.id not in worked:
            continue
        seen = plain(f"{arguments_text(call.arguments)} {answers.get(call.id, '')}")
        if is_like(call, wanted) or any(find_whole(seen, value) >= 0 for value in about):
            return True
    return False


def _tells_deed(final: str, tools: Toolset) -> bool:
    """Whether last words speak of something done, in whatever words."""
    forms = {form for tool in tools.values() if tool.writes for form in tool.past}
    low = plain(final)
    return bool(_DEALT.search(low)) or any(
        re.search(rf"\b{re.escape(form)}\b", low) for form in (*forms, *_DEEDS)
    )


def states(said: str, fact: str) -> bool:
    """Whether a text states a fact: a word, a number in any spelling, a date."""
    if find_whole(plain(said), plain(fact).strip()) >= 0:
        return True
    facts = Facts(said)
    if re.fullmatch(r"-?[\d,]+(?:\.\d+)?", fact):
        wanted = float(fact.replace(",", ""))
        return any(_as_float(one.value) == wanted for one in facts.every_number.facts)
    if match := re.fullmatch(r"\d{4}-(\d{2})-(\d{2})", fact):
        return (int(match[1]), int(match[2])) in facts.numbers.days
    if match := re.fullmatch(r"0?(\d{1,2}):(\d{2})", fact):
        return _states_time(plain(said), int(match[1]), match[2])
    return False


def claims(task: Task, trajectory: Trajectory, tools: Toolset, corpus: Corpus) -> Verdict:
    spans: list[Span] = []
    asked = {value for fact in task.answer if (value := _as_float(fact)) is not None}
    if lost := _not_observed(task, trajectory, tools, corpus):
        return failed("claims", "unsupported_fact", lost)
    for number, turn in enumerate(trajectory.turns):
        if turn.role != "assistant" or not turn.content.strip():
            continue
        text = plain(turn.content)
        for figure in _figures(text):
            span = _supported(figure, corpus, number, asked)
            if span is None:
                return failed("claims", "unsupported_figure", figure, turn=number, spans=spans)
            spans.append(span)
        for quoted in _QUOTED.findall(text):
            if not _known_words(quoted, corpus, number):
                return failed("claims", "unsupported_quotation", quoted, turn=number)
        if deed := _undone(text, number, trajectory, tools, corpus):
            return failed("claims", "unsupported_action", deed, turn=number)
    if misspoken := _misspoken(task, trajectory, tools):
        return failed("claims", *misspoken)
    return passed("claims", spans[:100])


def _misspoken(task: Task, trajectory: Trajectory, tools: Toolset) -> tuple[str, str] | None:
    """The reason and the sentence where words are out of place, whatever they state."""
    if pending := _unfinished(task, trajectory, tools):
        return "unfinished_deed", pending
    mistaken = _as_the_user(trajectory)
    return ("wrong_person", mistaken) if mistaken else None


def _as_the_user(trajectory: Trajectory) -> str:
    """A sentence in which the agent speaks of the user's things or debts as its own."""
    theirs = " ".join(plain(turn.content) for turn in trajectory.turns if turn.role == "user")
    marks = {*_OWNED.findall(theirs)}
    for words in _words(trajectory):
        for sentence in re.split(r"(?<=[.!?\n])\s+", plain(words)):
            own = _QUOTED.sub(" ", sentence)
            if marks.intersection(_OWNED.findall(own)) or _parrots(own, theirs):
                return sentence[:200]
    return ""


def _parrots(sentence: str, theirs: str) -> bool:
    """Whether a statement has words in a row of the user's in which they speak of themselves."""
    if sentence.rstrip().endswith("?"):
        return False
    return bool(shared_run(sentence, theirs, PARROTED_WORDS, _SELF))


def _unfinished(task: Task, trajectory: Trajectory, tools: Toolset) -> str:
    """Last words that speak of work to come, where none does; empty if there are none."""
    if task.kind in ("refuse", "no_tool"):
        return ""
    verbs = {*_LOOKING, *(name.lower().split("_")[0] for name in tools)} - _VAGUE
    promised = re.compile(f"{_PROMISE}{_NEXT}(?:{'|'.join(map(re.escape, sorted(verbs)))})\\b")
    final = plain(next(reversed(list(_words(trajectory))), ""))
    for sentence in re.split(r"(?<=[.!?\n])\s+", final):
        if sentence.endswith("?") or _is_denied(sentence):
            continue
        if _PENDING.search(sentence) or promised.search(sentence):
            return sentence[:200]
    return ""


def _not_observed(task: Task, trajectory: Trajectory, tools: Toolset, corpus: Corpus) -> str:
    """What is told as asked for, or had to be looked up for it, and no tool answered: a lucky
    guess. Another look-up that shows the same records will do."""
    if not task.answer:
        return ""
    observed = [source for source in corpus.sources if source.name == "tool"]
    for fact in task.answer:
        value = _as_float(fact)
        shown = plain(fact).strip()
        if any(find_whole(source.flat, shown) >= 0 for source in observed):
            continue
        if value is None or not (
            any(
                abs(value) in source.numbers or -abs(value) in source.numbers for source in observed
            )
            or _totalled(value, observed)
        ):
            return fact
    worked = successes(trajectory)
    texts = {t.tool_call_id: t.content for t in trajectory.turns if t.tool_call_id in worked}
    shown_by = [
        f"{plain(texts[c.id])} {plain(str(c.arguments))}" for c in _answered(trajectory, texts)
    ]
    for call in task.reference:
        if call.name in tools and tools[call.name].writes:
            continue
        values = [plain(str(value)) for value in call.arguments.values()]
        if not any(all(find_whole(text, one) >= 0 for one in values) for text in shown_by):
            return f"{call.name} {', '.join(values)}"
    return ""


def _answered(trajectory: Trajectory, texts: Mapping[str, str]) -> Iterator[ToolCall]:
    return (call for _, call in calls_of(trajectory) if call.id in texts)


def _words(trajectory: Trajectory) -> Iterator[str]:
    return (
        turn.content
        for turn in trajectory.turns
        if turn.role == "assistant" and not turn.tool_calls and turn.content
    )


def _figures(text: str) -> Iterator[str]:
    for found in _FIGURE.finditer(_LISTED.sub(" ", text)):
        yield found[0].rstrip(".,:-")


def _supported(figure: str, corpus: Corpus, turn: int, asked: set[float]) -> Span | None:
    if found := corpus.find(figure, turn):
        return found
    if found := _time_like(figure, corpus, turn):
        return found
    bare = figure.lstrip("#").replace(",", "")
    if not figure.startswith("#"):
        bare = re.sub(r"(?<=\d)[^\W\d_]+$", "", bare)
    value = _as_float(bare)
    if value is None:
        return None
    if bare.isdecimal() and value <= SMALL_COUNT:
        return Span(value=figure, source="default")
    if found := corpus.number(value, turn):
        return found
    if _part_of_date(value, corpus, turn):
        return Span(value=figure, source="tool")
    if value in asked and _totalled(value, [*corpus.before(turn)]):
        return Span(value=figure, source="arithmetic")
    return computed(value, corpus, turn)


def _totalled(value: float, sources: Sequence[Source]) -> bool:
    """Whether a number that was asked for adds up from what tools answered, whatever its sign."""
    return any(is_near(abs(value), abs(made)) for made in totals(sources))


def _part_of_date(value: float, corpus: Corpus, turn: int) -> bool:
    """A day or a year of a known date, as prose writes it: "2 August 2026"."""
    return any(
        value in (day.day, day.year) for source in corpus.before(turn) for day in source.dates
    )


def _time_like(figure: str, corpus: Corpus, turn: int) -> Span | None:
    """A time of day, where a tool wrote it with 24 hours and the agent with 12, or without zero."""
    match = re.fullmatch(r"0?(\d{1,2})(?::(\d{2}))?\s?(?:([ap])\.?m)?", figure)
    if not match or not (match[2] or match[3]):
        return None
    hour, minute = int(match[1]), match[2] or "00"
    late = hour % 12 + 12
    hours = {"a": (hour % 12,), "p": (late,)}.get(match[3] or "", (hour, late))
    ways = [way for h in hours for way in (f"{h}:{minute}", f"{h:02d}:{minute}")]
    return next((found for way in ways if (found := corpus.find(way, turn))), None)


def _known_words(quoted: str, corpus: Corpus, turn: int) -> bool:
    if corpus.find(quoted, turn):
        return True
    wanted = stems(words_in(quoted))
    return not wanted or corpus.holding(wanted, quoted, turn) is not None


def _undone(text: str, turn: int, trajectory: Trajectory, tools: Toolset, corpus: Corpus) -> str:
    """A deed that the text claims and no call did; empty if there is none."""
    verbs = _not_done(turn, trajectory, tools)
    for sentence in re.split(r"(?<=[.!?\n])\s+", text):
        if _is_denied(sentence):
            continue
        for verb in verbs:
            if verb not in sentence:
                continue
            own = rf"\b(?:i|we)(?: have|'ve)?\s+{_FILLER}{re.escape(verb)}\b"
            passive = rf"\b(?:has|have|is|are|was) {_FILLER}(?:been )?{re.escape(verb)}\b"
            if re.search(own, sentence):
                return sentence[:200]
            if re.search(passive, sentence) and not _told(verb, corpus, turn):
                return sentence[:200]
    return ""


def _not_done(turn: int, trajectory: Trajectory, tools: Toolset) -> set[str]:
    """Past forms of what no call has done so far: of the tools' own verbs those of tools that did
    not work, of other deeds all, until something was changed."""
    worked = successes(trajectory)
    done = {c.name for n, c in calls_of(trajectory) if n < turn and c.id in worked}
    wrote = {name for name in done if name in tools and tools[name].writes}
    forms = {form for name in wrote for form in tools[name].past}
    others = {f for tool in tools.values() if tool.writes for f in tool.past} - forms
    return others if wrote else others | set(_DEEDS)


def _told(verb: str, corpus: Corpus, turn: int) -> bool:
    """Whether the deed was heard of: a status, an error, the user's words."""
    return any(verb in source.words for source in corpus.before(turn))


def _is_denied(sentence: str) -> bool:
    return bool(_UNREAL.search(sentence))


def _is_echo(task: Task, final: str) -> bool:
    said, asked = words_in(final), words_in(task.opening)
    if not said or not asked:
        return False
    shared = sum(word in set(asked) for word in said) / len(said)
    return shared >= ECHOED_SHARE and len(said) >= ECHOED_SHARE * len(asked)


def _states_time(said: str, hour: int, minute: str) -> bool:
    twelve, half = hour % 12 or 12, "a" if hour < 12 else "p"
    shown = f"{twelve}:{minute}" if minute != "00" else rf"{twelve}(?::00)?"
    return bool(re.search(rf"\b0?{shown}\s*{half}\.?m\b|\b0?{hour}:{minute}\b", said))


def _as_float(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
