"""Answers for `datagen tools evolve` without a model: real tools with their domains changed.

For scale, not for quality: what is asked for is answered at once with the parameters and
descriptions of real MCP tools (the JSONL of `DATAGEN_TEST_DATA`), moved to the domain that was
asked for. One answer in `FAULTY` is wrong in a way that models are wrong in. An answer depends on
its request alone. As engine: `--engine scripted --model benchmarks/evolve_answers.py:reply`."""

import gzip
import json
import os
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from datagen.agentic.tools.evolve.verbs import REMOVING, WRITING
from datagen.engines.base import Completion, Request
from datagen.schemas import derived_seed

FAULTY = 12
"""One answer in so many is refused; with two attempts few slots stay empty."""
_WORDS = re.compile(r"[A-Za-z][a-z]+|[A-Z]+(?![a-z])")
_STOP = {"and", "or", "of", "the", "a", "an", "by", "in", "with", "to", "for", "no"}
_ERRORS = (
    ("not_found", "nothing is known under this id"),
    ("permission_denied", "the caller may not see or change it"),
    ("rate_limited", "too many calls came within a minute"),
    ("conflict", "it was changed by someone else in between"),
    ("invalid_state", "its state does not allow this"),
    ("upstream_timeout", "a service behind this one did not answer in time"),
    ("quota_exceeded", "the plan's limit is used up"),
    ("locked", "another operation holds it"),
)
_EXAMPLES: Mapping[str, Sequence[str]] = {
    "string": ("alpha", "north-7", "A-1042", "weekly", "Lisbon"),
    "integer": ("3", "10", "25", "120"),
    "number": ("0.5", "12.75", "99.9"),
    "boolean": ("true", "false"),
    "list_of_strings": ("red, blue", "A-1, B-2"),
}
_UNITS = ("minutes", "EUR", "kilometres", "percent", "items")
_CHANGES = WRITING | {"start", "stop", "new", "generate"}


@dataclass(frozen=True, slots=True)
class Real:
    """A real tool, as far as it is used here."""

    server: str
    words: tuple[str, ...]
    description: str
    parameters: tuple[tuple[str, str, str], ...]
    """Name, type, description."""


@cache
def real_tools() -> tuple[Real, ...]:
    path = Path(os.environ["DATAGEN_TEST_DATA"]) / "mcp_tools" / "toucan_tools.jsonl.gz"
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        found = [_real(json.loads(line)) for line in lines]
    return tuple(tool for tool in found if tool.words and len(tool.description.split()) > 3)


@cache
def _by_server() -> Mapping[str, list[Real]]:
    servers: defaultdict[str, list[Real]] = defaultdict(list)
    for tool in real_tools():
        servers[tool.server].append(tool)
    return servers


@cache
def _by_name() -> Mapping[str, list[Real]]:
    names: defaultdict[str, list[Real]] = defaultdict(list)
    for tool in real_tools():
        names["_".join(tool.words)].append(tool)
    return names


@cache
def _by_purpose() -> Mapping[str, Real]:
    return {_purpose(tool): tool for tool in real_tools()}


def reply(request: Request) -> str | Completion:
    """The answer to one request of the evolve pipeline."""
    text = request.messages[-1].content
    seed = derived_seed(request.digest())
    if seed % FAULTY == 0:
        return _faulty(seed // FAULTY)
    if "tools" in (request.schema or {}).get("properties", {}):
        answer = _outline(text, request, seed)
    elif "\nTool: {" in text:
        answer = _derived(text, seed)
    else:
        answer = _specified(text, seed)
    return json.dumps(answer)


def _faulty(seed: int) -> str | Completion:
    match seed % 4:
        case 0:
            return Completion('{"name": "cut', "length", 400, 900, 0, "scripted")
        case 1:
            return "I can not do that."
        case 2:
            return "{}"
        case _:
            return ""


def _outline(text: str, request: Request, seed: int) -> dict[str, Any]:
    found = re.search(r'in the domain "(.*)", for (.*)\.\n', text)
    assert found is not None, text
    domain, audience = found[1], found[2]
    schema: Any = request.schema
    count = schema["properties"]["tools"]["minItems"]
    nouns = _nouns(domain)
    entities = [
        {"name": _legal(f"{noun}_{kind}" if kind else noun), "fields": ["id", "state", "updated"]}
        for noun, kind in zip([*nouns, *nouns], ("", "", "record", "event"), strict=False)
    ]
    codes = [_ERRORS[(seed + number * 3) % len(_ERRORS)] for number in range(4)]
    chosen = _chosen(text, seed, count)
    return {
        "name": f"{' '.join(nouns[:2]).title()} {_pick(_NAMES, seed)}",
        "summary": f"Keeps {domain} for {audience}.",
        "entities": list({entity["name"]: entity for entity in entities}.values())[:4],
        "errors": [{"code": code, "when": when} for code, when in dict(codes).items()],
        "tools": [
            {
                "name": _legal("_".join([*tool.words[:4], nouns[number % len(nouns)]]))
                + f"_{number}",
                "purpose": _purpose(tool),
            }
            for number, tool in enumerate(chosen)
        ],
    }


_NAMES = ("Desk", "Hub", "Ledger", "Planner", "Keeper", "Board", "Works", "Link", "Guide", "Office")


def _chosen(text: str, seed: int, count: int) -> list[Real]:
    """Real tools to move: those that the request asks to be like, else some of one server."""
    liked = (
        [
            _pick(_by_name()["_".join(_split(name))], seed)
            for name in re.findall(r"^- ([^:\s]+):", text, re.MULTILINE)
            if _by_name()["_".join(_split(name))]
        ]
        if "\n- " in text and "do the kind of work" in text
        else []
    )
    tools = real_tools()
    anchor = liked[0] if liked else tools[seed % len(tools)]
    peers = _by_server()[anchor.server]
    start = seed % len(peers)
    pool = [
        *liked,
        *peers[start:],
        *peers[:start],
        *(tools[(seed + n * 7919) % len(tools)] for n in range(40)),
    ]
    return list({_purpose(tool): tool for tool in pool}.values())[:count]


def _specified(text: str, seed: int) -> dict[str, Any]:
    name, purpose = re.findall(r'Specify the tool "(.*?)" of this application: (.*)', text)[-1]
    tool = _by_purpose()[purpose]
    entities, codes = _application(text)
    domain = re.findall(r"^Application: [^,]*, (.*?)\. ", text, re.MULTILINE)[0]
    entity = entities[seed % len(entities)]
    effect = _effect(name)
    return {
        "name": name,
        "description": f"{_sentence(tool.description, 130)} For {domain}: works on the {entity}."[
            :230
        ],
        "state": _state(effect, [entity], [entity]),
        "parameters": _parameters(tool.parameters, entity, seed),
        "result": [
            {"name": f"{entity}_id", "type": "string", "description": f"Which {entity} it was."},
            {"name": "state", "type": "string", "description": "Its state afterwards."},
        ],
        "errors": [dict(zip(("code", "when"), c, strict=True)) for c in codes[: 1 + seed % 3]],
    }


def _effect(name: str) -> str:
    """What the first verb of the name says, as the checks read it."""
    head = name.split("_")[0]
    if head in REMOVING:
        return "removes"
    return "changes" if head in _CHANGES else "reads"


def _state(effect: str, reads: Sequence[str], writes: Sequence[str]) -> dict[str, Any]:
    if effect == "reads":
        return {"effect": effect, "reads": list(reads)}
    return {"effect": effect, "reads": list(reads), "writes": list(writes), "idempotent": False}


def _derived(text: str, seed: int) -> dict[str, Any]:
    """The parent with what its operator wants, taken from another real tool."""
    parents = [json.loads(line) for line in re.findall(r"^Tool: (\{.*\})$", text, re.MULTILINE)]
    parent = parents[0]
    tools = real_tools()
    other = tools[seed % len(tools)]
    child = {**parent, "name": _legal(f"{parent['name'][:30]}_{'_'.join(other.words[:2])}")}
    child["description"] = (
        f"{_sentence(parent['description'], 110)} {_sentence(other.description, 110)}"
    )
    entities, _ = _application(text)
    extra = _parameters(other.parameters[:2], entities[0], seed)
    known = {parameter["name"] for parameter in parent["parameters"]}
    fresh = [p for p in extra if p["name"] not in known][:2]
    if "further condition" in text:
        child["parameters"] = [*parent["parameters"], *(fresh or [_limit(seed)])][:8]
    elif "goes deeper" in text:
        field = {
            "name": f"detail_{seed % 97}",
            "type": "string",
            "description": other.description[:80],
        }
        child["result"] = [*parent["result"], field][:8]
    elif "narrow and frequent" in text:
        child["parameters"] = parent["parameters"][: max(1, len(parent["parameters"]) - 1)]
    elif "two tools above" in text:
        child = _joined(child, parents)
    elif "more can go wrong" in text:
        codes = {error["code"] for error in parent["errors"]}
        added = [e for e in _ERRORS if e[0] not in codes][seed % 3]
        child["errors"] = [*parent["errors"], {"code": added[0], "when": added[1]}][:6]
    elif entity := re.search(r'on another entity: "(.*?)"', text):
        child["state"] = _state(parent["state"]["effect"], [entity[1]], [entity[1]])
    return child


def _joined(child: dict[str, Any], parents: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    first, second = parents
    parameters = {p["name"]: p for p in [*second["parameters"][:4], *first["parameters"][:4]]}
    states = [parent["state"] for parent in parents]
    reads, writes = (
        sorted({entity for state in states for entity in state[which]})
        for which in ("reads", "writes")
    )
    return {
        **child,
        "parameters": list(parameters.values()),
        "state": _state(states[0]["effect"], sorted({*reads, *writes}), writes or reads),
    }


def _parameters(
    given: Sequence[tuple[str, str, str]], entity: str, seed: int
) -> list[dict[str, Any]]:
    key = (f"{entity}_id"[:48], "string", f"Which {entity} is meant, by its id.")
    return [
        {
            "name": name,
            "type": kind,
            "description": description,
            "required": number == 0,
            "unit": _pick(_UNITS, seed + number) if kind in ("number", "integer") else "none",
            "example": _pick(_EXAMPLES[kind], seed + number),
            "values": [],
        }
        for number, (name, kind, description) in enumerate(
            {one[0]: one for one in (key, *given[:4])}.values()
        )
    ]


def _limit(seed: int) -> dict[str, Any]:
    return {
        "name": f"limit_{seed % 97}",
        "type": "integer",
        "description": "At most so many are taken.",
        "required": True,
        "unit": "items",
        "example": "10",
        "values": [],
    }


def _application(text: str) -> tuple[list[str], list[tuple[str, str]]]:
    """Entities and errors as the request names them."""
    entities = re.findall(r"^Entities: (.*)$", text, re.MULTILINE)[0]
    errors = re.findall(r"^Errors: (.*)$", text, re.MULTILINE)[0]
    cases = [re.match(r"(\w+) \((.*)\)$", case) for case in errors.split("; ")]
    return re.findall(r"(\w+) \(", entities), [(c[1], c[2]) for c in cases if c]


def _real(row: Mapping[str, Any]) -> Real:
    tool = row["tool"]
    schema = tool.get("input_schema") or {}
    found: dict[str, tuple[str, str, str]] = {}
    for name, part in (schema.get("properties") or {}).items():
        kind = part.get("type") if isinstance(part, dict) else "string"
        kind = "list_of_strings" if kind == "array" else str(kind)
        said = part.get("description") if isinstance(part, dict) else None
        legal = _legal("_".join(_split(name)))
        described = _sentence(said, 100) if isinstance(said, str) and len(said.split()) > 2 else ""
        found[legal] = (
            legal,
            kind if kind in _EXAMPLES else "string",
            described or f"What to take as {legal.replace('_', ' ')} in this call.",
        )
    return Real(
        str(row["server"]),
        tuple(_split(tool["name"])),
        " ".join((tool.get("description") or "").split()),
        tuple(found.values()),
    )


def _purpose(tool: Real) -> str:
    return _sentence(f"{' '.join(tool.words)}: {tool.description}", 130)


def _sentence(text: str, longest: int) -> str:
    joined = " ".join(text.split())
    return joined if len(joined) <= longest else joined[:longest].rsplit(" ", 1)[0]


def _nouns(domain: str) -> list[str]:
    words = [word.lower() for word in _WORDS.findall(domain)]
    return [word.removesuffix("s") for word in words if word not in _STOP and len(word) > 2][:3]


def _split(name: str) -> list[str]:
    return [word.lower() for word in _WORDS.findall(name)]


def _legal(name: str) -> str:
    cleaned = re.sub(r"[^a-z0-9_]+", "_", name.lower()).strip("_")[:44].strip("_")
    return cleaned if re.match(r"[a-z][a-z0-9_]", cleaned) else f"the_{cleaned or 'value'}"


def _pick(choices: Sequence[Any], seed: int) -> Any:
    return choices[seed % len(choices)]
