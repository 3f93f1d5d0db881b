"""From a tool spec as it came to a row of the repository, or to a reject with its reason.

The raw spec is kept to the letter; beside it stands the form that is used: a legal name, an input
schema of type object in JSON Schema 2020-12, annotations. Every change has its name in `fixes`, and
what is wrong but tolerated its name in `flags`. Not here: how specs are found in files
(`formats/`), and what is twice there (`duplicates`)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from datagen.agentic.tools.bounds import has_repeated_keys, misfit
from datagen.agentic.tools.dialect import Schema, to_2020_12
from datagen.agentic.tools.licences import spdx
from datagen.agentic.tools.names import legal_name
from datagen.agentic.tools.quality import flags_of, schema_fault
from datagen.agentic.tools.refs import Refs
from datagen.agentic.tools.shapes import Shape, shape
from datagen.schemas import Tool, ToolOrigin, ToolReason, ToolReject, row_id

REJECT_TEXT_CHARS = 20_000
_STAGES: Mapping[ToolOrigin, str] = {
    "harvested": "harvest",
    "imported": "import",
    "evolved": "evolve",
}


@dataclass(frozen=True)
class Provenance:
    """Where a spec comes from: everything about it that is not in the spec."""

    server: str
    category: str
    domain: str
    licence: str
    date: str
    """ISO 8601."""
    source: Mapping[str, Any]
    """JSON-serialisable."""
    origin: ToolOrigin
    where: str
    """File and position, for messages and for the identity of rejects."""
    parent_id: str = ""
    operator: str = ""
    round: int = -1
    model: str = ""


def normalise(raw: Any, provenance: Provenance, *, original: Any = None) -> Tool | ToolReject:
    """The spec in its normal form. Bounded in time and memory, whatever `raw` is.

    `original` is kept as the raw spec where `raw` was made from it (an OpenAPI operation)."""
    made_from = raw if original is None or misfit(original) else original
    if fault := misfit(raw):
        return refused(raw, provenance, *fault)
    if not isinstance(raw, Mapping):
        return refused(raw, provenance, "not_an_object", f"a {type(raw).__name__}")
    found = shape(raw)
    if not isinstance(found.name, str) or not found.name.strip():
        return refused(raw, provenance, "no_name", "no text under `name`")
    name, fixes = legal_name(found.name)
    found.fixes |= dict.fromkeys(fixes)
    if not name:
        return refused(raw, provenance, "bad_name", "no legal letter or digit in it")
    schema, output = _input(found), _output(found)
    for which, given in (("input", schema), ("output", output)):
        fault = ("bad_schema", f"{given}") if isinstance(given, str) else None
        fault = fault or (schema_fault(given) if isinstance(given, dict) else None)
        if fault:
            return refused(raw, provenance, fault[0], f"{which} schema: {fault[1]}")
    assert isinstance(schema, dict)
    return _tool(raw, made_from, provenance, found, name, schema, output)


def refused(raw: Any, provenance: Provenance, reason: ToolReason, detail: str) -> ToolReject:
    """The reject of one spec, with as much of it as is worth keeping."""
    text = shown(raw)
    stage = _STAGES[provenance.origin]
    name = shape(raw).name if isinstance(raw, Mapping) else ""
    return ToolReject(
        id=row_id("tool_reject", stage, provenance.server, provenance.where, reason, text),
        stage=stage,
        reason=reason,
        failed=False,
        detail=encodable(detail)[:1000],
        name=encodable(name)[:200] if isinstance(name, str) else "",
        server=provenance.server,
        scores="{}",
        text=text,
        source=json_text(dict(provenance.source)),
        origin=provenance.where,
    )


def tool_id(name: str, description: str, schema: Mapping[str, Any]) -> str:
    """Identity of a tool: what it is called, what it says, what it takes; not where it is from."""
    canonical = json.dumps(schema, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return row_id("tool", name, description, canonical)


def json_text(value: Any) -> str:
    """JSON text in the order of the value, without escapes that only ASCII needs."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def encodable(text: str) -> str:
    """The text with half surrogates replaced, so that it can be written."""
    return text.encode("utf-8", "replace").decode("utf-8")


def shown(raw: Any) -> str:
    """The first `REJECT_TEXT_CHARS` of a value's JSON text, made without making all of it."""
    if isinstance(raw, str):
        return encodable(raw[:REJECT_TEXT_CHARS])
    pieces: list[str] = []
    size = 0
    try:
        for piece in json.JSONEncoder(ensure_ascii=False, default=str).iterencode(raw):
            pieces.append(piece[:REJECT_TEXT_CHARS])
            size += len(pieces[-1])
            if size >= REJECT_TEXT_CHARS:
                break
    except (RecursionError, ValueError):
        pieces.append("…")
    return encodable("".join(pieces)[:REJECT_TEXT_CHARS])


def _tool(
    raw: Mapping[str, Any],
    made_from: Any,
    provenance: Provenance,
    found: Shape,
    name: str,
    schema: Schema,
    output: Schema | str | None,
) -> Tool:
    flags = flags_of(found.description, schema)
    if has_repeated_keys(raw):
        flags.append("repeated_keys")
    evolved = provenance.origin == "evolved"
    return Tool(
        id=tool_id(name, found.description, schema),
        name=name,
        server=provenance.server,
        title=found.title,
        description=found.description,
        category=provenance.category,
        domain=provenance.domain,
        input_schema=json_text(schema),
        output_schema=json_text(output) if output else "",
        annotations=json_text(found.annotations),
        reads=_names(raw.get("reads")) if evolved else [],
        writes=_names(raw.get("writes")) if evolved else [],
        errors=json_text(raw["errors"]) if evolved and raw.get("errors") else "[]",
        origin=provenance.origin,
        fixes=list(found.fixes),
        flags=flags,
        licence=spdx(provenance.licence),
        date=provenance.date,
        source=json_text(dict(provenance.source)),
        raw=json_text(made_from),
        parent_id=provenance.parent_id,
        operator=provenance.operator,
        round=provenance.round,
        model=provenance.model,
    )


def _names(given: Any) -> list[str]:
    return [one for one in given if isinstance(one, str)] if isinstance(given, list) else []


def _input(found: Shape) -> Schema | str:
    """The input schema, of type object, or what is wrong with it."""
    if found.input is None or found.input == {} or found.input is True:
        found.fixes["empty_schema"] = None
        return {"type": "object", "properties": {}}
    if not isinstance(found.input, Mapping):
        return f"a {type(found.input).__name__}, not an object"
    given = dict(found.input)
    if given.get("type") is None and "$ref" not in given:
        found.fixes["missing_type"] = None
        given = {**given, "type": "object"}
    schema = _inlined(to_2020_12(given, found.fixes), found)
    kind = schema.setdefault("type", "object")
    if isinstance(kind, list) and "object" in kind:
        found.fixes["root_type"] = None
        schema["type"] = "object"
    elif kind != "object":
        return f"of type {json_text(kind)[:100]}, not object"
    if schema.get("default", {}) is None:
        del schema["default"]  # an object is never null
        found.fixes["null_default"] = None
    if "properties" not in schema and not {"allOf", "anyOf", "oneOf", "$ref"} & schema.keys():
        schema["properties"] = {}
    return schema


def _output(found: Shape) -> Schema | str | None:
    if found.output is None or found.output == {}:
        return None
    if not isinstance(found.output, Mapping):
        found.fixes["output_dropped"] = None
        return None
    return to_2020_12(found.output, found.fixes)


def _inlined(schema: Schema, found: Shape) -> Schema:
    """A root that is nothing but a reference to a definition, as zod writes it: the definition."""
    ref = schema.get("$ref")
    if not isinstance(ref, str) or "properties" in schema:
        return schema
    try:
        target = Refs(schema).target(ref)
    except KeyError:
        return schema
    if not isinstance(target, Mapping) or "$ref" in target or target is schema:
        return schema
    found.fixes["root_ref"] = None
    rest = {key: value for key, value in schema.items() if key != "$ref"}
    return {**target, **rest}
