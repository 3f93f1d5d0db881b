"""The tools of a server beside each other: which entity each is about.

What records are kept of is told by the tools that make, list and delete them; a tool that names
more (`get_project_tasks`, `set_task_status`) is about a part of its noun, if that part is one of
these."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from datagen.agentic.domains.compiling.parameters import Parameter, parameters_of
from datagen.agentic.domains.compiling.phrases import Phrase, phrase_of, prefixes
from datagen.agentic.domains.compiling.plans import Reason
from datagen.agentic.domains.compiling.roles import ending, is_called
from datagen.agentic.domains.compiling.verbs import READS, VERBS
from datagen.agentic.domains.compiling.words import Words, is_plural, one, words_of
from datagen.schemas import Tool

_OF_OTHERS = frozenset("book schedule register record place issue".split())
LEAST_MARKED = 6
_JOINING = frozenset("and or if then vs not associated related".split())
_SHAPELESS = frozenset("thing stuff everything anything something all any".split())


@dataclass(slots=True)
class ToolDraft:
    """A tool on the way to an action."""

    tool: Tool
    phrase: Phrase
    parameters: list[Parameter]
    output: Mapping[str, Any]
    noun: Words = ()
    rest: Words = ()
    """Words of the noun that name a field of the entity: `status` of `set_task_status`."""
    owner: Words = ()
    """Words in front of the noun that name another entity: `project` of `get_project_tasks`."""


@dataclass(slots=True)
class ServerDraft:
    """The tools that could be read so far, and why the others could not."""

    server: str
    tools: list[ToolDraft] = field(default_factory=list)
    nouns: frozenset[Words] = frozenset()
    reasons: dict[str, tuple[Reason, str]] = field(default_factory=dict)
    camels: bool = False
    marks: frozenset[str] = frozenset()
    """Short words that many parameters begin with and that mean nothing: `hs`."""

    def refuse(self, tool: Tool, reason: Reason, detail: str = "") -> None:
        self.reasons[tool.id] = (reason, detail)


def drafted(server: str, tools: Sequence[Tool]) -> ServerDraft:
    """What the names and schemas of a server's tools say."""
    draft = ServerDraft(server)
    dropped = prefixes(server, [tool.name for tool in tools])
    taken: set[str] = set()
    for tool in sorted(tools, key=lambda tool: (tool.name, tool.id)):
        if tool.name in taken:
            draft.refuse(tool, "name_taken", tool.name)
            continue
        taken.add(tool.name)
        phrase = phrase_of(tool.name, dropped)
        if phrase is None:
            draft.refuse(tool, "unclear_verb", tool.name)
            continue
        if fault := _contradiction(tool, phrase):
            draft.refuse(tool, "contradictory_hints", fault)
            continue
        parameters = parameters_of(json.loads(tool.input_schema), phrase.noun)
        if parameters is None:
            draft.refuse(tool, "unsupported_schema", tool.name)
            continue
        phrase = _of_one(phrase, parameters)
        output = json.loads(tool.output_schema) if tool.output_schema else {}
        draft.tools.append(ToolDraft(tool, phrase, parameters, output))
    draft.camels = any(
        p.name != p.name.lower() and "_" not in p.name for d in draft.tools for p in d.parameters
    )
    firsts = Counter(p.words[0] for d in draft.tools for p in d.parameters if len(p.words) > 1)
    draft.marks = frozenset(
        word for word, n in firsts.items() if n >= LEAST_MARKED and len(word) < 3 and word != "is"
    )
    draft.nouns = _entities(draft.tools)
    for one_tool in draft.tools:
        _resolve(one_tool, draft.nouns)
    return draft


def _of_one(phrase: Phrase, parameters: Sequence[Parameter]) -> Phrase:
    """`contacts_get(id)` reads one, whatever the number of its noun."""
    if phrase.operation != "list" or VERBS.get(phrase.verb) != "read":
        return phrase
    ids = [p for p in parameters if p.required and p.kind in ("string", "integer", "number")]
    named = any(is_called(p.words, phrase.noun) == "id" or ending(p.words) == "id" for p in ids)
    return replace(phrase, operation="read") if named else phrase


def _contradiction(tool: Tool, phrase: Phrase) -> str:
    """How a tool's hints and entities deny its name; empty if they don't."""
    hint = json.loads(tool.annotations or "{}").get("readOnlyHint")
    reads = phrase.operation in READS
    if hint is not None and bool(hint) != reads:
        return f"readOnlyHint is {str(hint).lower()}"
    return "it writes" if reads and tool.writes else ""


def _entities(tools: Sequence[ToolDraft]) -> frozenset[Words]:
    """Nouns that records are kept of."""
    named = {one(words_of(name)) for d in tools for name in (*d.tool.reads, *d.tool.writes)}
    made = {d.phrase.noun for d in tools if d.phrase.operation not in ("read", "update")}
    made |= {d.phrase.noun for d in tools if d.phrase.operation == "read" and d.phrase.by}
    made = {noun for noun in made if noun and is_record(noun)}
    whole = named | {
        noun
        for noun in made
        if not any(noun[:n] in made and noun[n:] in made for n in range(1, len(noun)))
    }
    return frozenset(noun for noun in whole if noun)


def is_record(noun: Words) -> bool:
    """Whether a noun can be what records are kept of."""
    return not (set(noun) & _JOINING) and noun[-1] not in _SHAPELESS and len(noun[-1]) > 1


def _resolve(draft: ToolDraft, nouns: frozenset[Words]) -> None:
    """Settle which entity a tool is about."""
    phrase = draft.phrase
    noun = phrase.noun or phrase.of
    if phrase.operation == "create" and len(draft.tool.writes) == 1:  # book_berth makes a booking
        noun = one(words_of(draft.tool.writes[0]))
    if phrase.several or phrase.contents or _relates(draft) or _names_a_list(draft):
        return
    if not noun or not is_record(noun):
        draft.noun = () if noun else _by_parameters(draft, nouns)
    elif noun in nouns or not _split(draft, noun, nouns):
        draft.noun, draft.owner = noun, phrase.scope or phrase.of


def _split(draft: ToolDraft, noun: Words, nouns: frozenset[Words]) -> bool:
    """Whether a noun is an entity with a field, or with its owner, and settles that."""
    phrase = draft.phrase
    own = any(is_called(p.words, noun) == "id" for p in draft.parameters)
    for size in range(len(noun) - 1, 0, -1):
        head, tail = noun[:size], noun[size:]
        splits = phrase.operation in ("update", "read") and not is_plural(tail[-1])
        if splits and not own and head in nouns:
            draft.noun, draft.rest = head, tail
            return True
    for size in range(1, len(noun)):
        head, tail = noun[:size], noun[size:]
        if tail in nouns and (head in nouns or (phrase.scope and head == phrase.scope)):
            draft.noun, draft.owner = tail, head
            return True
    keyed = () if own else _by_parameters(draft, nouns)
    if keyed and phrase.operation == "update":  # set_due_date(task_id, due_date)
        draft.noun, draft.rest = keyed, noun
    return bool(draft.noun)


def _names_a_list(draft: ToolDraft) -> bool:
    """Whether `get_site_list` is about a list, not about several sites."""
    named = draft.tool.name.lower().replace("-", "_").endswith("list")
    return named and any(p.words[:1] == ("list",) for p in draft.parameters)


def _relates(draft: ToolDraft) -> bool:
    """Whether a tool joins two records that exist, or parts them: `add_track_to_playlist`."""
    phrase = draft.phrase
    own = any(is_called(p.words, phrase.noun) == "id" for p in draft.parameters)
    if phrase.verb in _OF_OTHERS and own and not draft.tool.writes:
        return True  # book_hotel(hotel_id) makes no hotel
    if not phrase.of or phrase.operation not in ("create", "delete"):
        return False
    return own if phrase.operation == "create" else phrase.verb == "remove"


def _by_parameters(draft: ToolDraft, nouns: frozenset[Words]) -> Words:
    """The one entity whose id a tool requires; empty where that is none or several."""
    needed = [parameter.words for parameter in draft.parameters if parameter.required]
    found = {noun for words in needed for noun in nouns if is_called(words, noun) == "id"}
    exact = {noun for noun in found if any(words[:-1] == noun for words in needed)}
    found = exact or found
    return found.pop() if len(found) == 1 else ()
