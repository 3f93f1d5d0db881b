"""Values drawn from a JSON Schema, for the schemas that tools have: arguments that fit."""

import random
from collections.abc import Mapping
from typing import Any

from jsonschema import Draft202012Validator

DEEPEST = 4


def fitting(schema: Mapping[str, Any], chance: random.Random) -> Any:
    """A value that fits, or nearly: who needs one that does looks."""
    return _value(schema, schema, chance, 0)


def fits(schema: Mapping[str, Any], value: Any) -> bool:
    return bool(Draft202012Validator(schema).is_valid(value))


def _value(schema: Any, root: Mapping[str, Any], chance: random.Random, depth: int) -> Any:
    if not isinstance(schema, Mapping):
        return chance.choice((None, 1, "x"))
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return chance.choice(schema["enum"])
    if isinstance(ref := schema.get("$ref"), str):
        target: Any = root
        for step in ref.removeprefix("#/").split("/"):
            target = target.get(step, {}) if isinstance(target, Mapping) else {}
        return None if depth > DEEPEST else _value(target, root, chance, depth + 1)
    for key in ("anyOf", "oneOf"):
        if schema.get(key):
            return _value(chance.choice(schema[key]), root, chance, depth + 1)
    kind = schema.get("type", "string")
    return _typed(
        chance.choice(kind) if isinstance(kind, list) else kind, schema, root, chance, depth
    )


def _typed(
    kind: str, schema: Mapping[str, Any], root: Mapping[str, Any], chance: random.Random, depth: int
) -> Any:
    if kind == "object":
        needed = set(schema.get("required", ()))
        properties = schema.get("properties") or {}
        chosen = [
            n for n in properties if n in needed or (depth < DEEPEST and chance.random() < 0.4)
        ]
        return {name: _value(properties[name], root, chance, depth + 1) for name in chosen}
    if kind == "array":
        count = max(int(schema.get("minItems", 0)), chance.randrange(3) if depth < DEEPEST else 0)
        return [_value(schema.get("items", {}), root, chance, depth + 1) for _ in range(count)]
    if kind in ("integer", "number"):
        low = schema.get("minimum", schema.get("exclusiveMinimum", -3))
        return int(low) + chance.randrange(1, 9)
    if kind == "boolean":
        return chance.random() < 0.5
    if kind == "null":
        return None
    longest = int(schema.get("maxLength", 40))
    text = chance.choice(("", "T-1", "2026-05-04", "all", "x" * 30, "Ärger 🙂", "10", "{}"))
    return text.ljust(int(schema.get("minLength", 0)), "x")[:longest]
