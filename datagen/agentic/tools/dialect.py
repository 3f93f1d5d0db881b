"""Input and output schemas as JSON Schema 2020-12, each change by its name.

Real specs are written in draft-04 to 2020-12, OpenAPI 3.0, Gemini's and BFCL's type names, or by
hand. What has one meaning in 2020-12 is rewritten to it; what has none stays and is refused by
`schema_fault`. Values that a schema accepts do not become fewer, but for `required` names that no
property bears. The caller has bounded the schema (`bounds.misfit`): the rewrite recurses."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from datagen.agentic.tools.keywords import LISTS, MAPS, SCHEMAS, SIGNS
from datagen.agentic.tools.typenames import JSON_TYPES, typed

Schema = dict[str, Any]
Fixes = dict[str, None]
"""Names of fixes, in the order they were first needed."""
DIALECTS = ("https://json-schema.org/draft/2020-12/schema", "json-schema.org/draft/2020-12/schema#")
_KEEPS_NULL = {"const", "default", "example", "examples"}
_COMPOSED = {"$ref", "$dynamicRef", "allOf", "anyOf", "oneOf", "if", "patternProperties"}


def to_2020_12(schema: Mapping[str, Any], fixes: Fixes) -> Schema:
    """The schema and all schemas in it, rewritten; names of what was done go into `fixes`."""
    result = dict(schema)
    if isinstance(result.get("$schema"), str) and result.pop("$schema") not in DIALECTS:
        fixes["dialect"] = None
    result = _rewritten(result, fixes)
    if isinstance(result.get("required"), bool):
        del result["required"]
        fixes["boolean_required"] = None
    return _with_defs(result, fixes)


def _rewritten(schema: Mapping[str, Any], fixes: Fixes) -> Schema:
    result = dict(schema)
    for rule in _RULES:
        rule(result, fixes)
    for key, value in result.items():
        if key in LISTS and isinstance(value, list):
            result[key] = [_part(part, fixes) for part in value]
        elif key in MAPS and isinstance(value, Mapping):
            result[key] = {name: _part(part, fixes) for name, part in value.items()}
        elif key in SCHEMAS:
            result[key] = _part(value, fixes)
    _lift_required(result, fixes)
    return result


def _part(schema: Any, fixes: Fixes) -> Any:
    if schema is None:
        fixes["null_keywords"] = None
        return {}
    if isinstance(schema, str) and (meant := typed(schema)) is not None:
        fixes["shorthand"] = None
        return meant
    return _rewritten(schema, fixes) if isinstance(schema, Mapping) else schema


# rules: each changes one schema in place, not the schemas inside it


def _drop_nulls(schema: Schema, fixes: Fixes) -> None:
    for key in [k for k, value in schema.items() if value is None and k not in _KEEPS_NULL]:
        del schema[key]
        fixes["null_keywords"] = None


def _name_types(schema: Schema, fixes: Fixes) -> None:
    given = schema.get("type")
    if isinstance(given, str) and given not in JSON_TYPES:
        if (meant := typed(given)) is not None:
            del schema["type"]
            schema.update(meant | {key: schema[key] for key in meant if key in schema})
            fixes["type_names"] = None
    elif isinstance(given, list) and all(isinstance(name, str) for name in given):
        meanings = [typed(name) for name in given]
        if all(meant is not None and set(meant) == {"type"} for meant in meanings):
            names = list(dict.fromkeys(meant["type"] for meant in meanings if meant))
            if names != given:
                fixes["type_names"] = None
                schema["type"] = names
        if not given:
            del schema["type"]


def _shape_enum(schema: Schema, fixes: Fixes) -> None:
    given = schema.get("enum")
    if isinstance(given, Mapping) and given:
        schema["enum"] = list(given)
        fixes["enum_shape"] = None
    elif "enum" in schema and (not isinstance(given, list) or not given):
        del schema["enum"]
        fixes["enum_shape"] = None


def _allow_null(schema: Schema, fixes: Fixes) -> None:
    """`nullable` of OpenAPI 3.0, which validators of JSON Schema ignore."""
    if not isinstance(schema.get("nullable"), bool):
        return
    fixes["nullable"] = None
    if not schema.pop("nullable"):
        return
    given = schema.get("type")
    if isinstance(given, str):
        schema["type"] = [given, "null"]
    elif isinstance(given, list) and "null" not in given:
        schema["type"] = [*given, "null"]
    elif given is None and "$ref" in schema:
        schema["anyOf"] = [{"$ref": schema.pop("$ref")}, {"type": "null"}]
    if isinstance(schema.get("enum"), list) and None not in schema["enum"]:
        schema["enum"] = [*schema["enum"], None]


def _drop_null_default(schema: Schema, fixes: Fixes) -> None:
    """A default of null for a parameter that may not be null means that there is none."""
    if "default" not in schema or schema["default"] is not None:
        return
    given = schema.get("type")
    if given is None or given == "null" or (isinstance(given, list) and "null" in given):
        return
    del schema["default"]
    fixes["null_default"] = None


def _bound_exclusively(schema: Schema, fixes: Fixes) -> None:
    """Draft-04's `exclusiveMinimum: true` beside `minimum`."""
    for limit, exclusive in (
        ("minimum", "exclusiveMinimum"),
        ("maximum", "exclusiveMaximum"),
    ):
        if isinstance(schema.get(exclusive), bool):
            fixes["dialect"] = None
            if schema.pop(exclusive) and limit in schema:
                schema[exclusive] = schema.pop(limit)


def _prefix_items(schema: Schema, fixes: Fixes) -> None:
    if isinstance(schema.get("items"), list) and "prefixItems" not in schema:
        fixes["dialect"] = None
        if places := schema.pop("items"):
            schema["prefixItems"] = places
        if "additionalItems" in schema:
            schema["items"] = schema.pop("additionalItems")


def _split_dependencies(schema: Schema, fixes: Fixes) -> None:
    given = schema.get("dependencies")
    if isinstance(given, Mapping):
        fixes["dialect"] = None
        del schema["dependencies"]
        names = {key: value for key, value in given.items() if isinstance(value, list)}
        rest = {key: value for key, value in given.items() if key not in names}
        schema.update({"dependentRequired": names} if names else {})
        schema.update({"dependentSchemas": rest} if rest else {})


def _name_identity(schema: Schema, fixes: Fixes) -> None:
    """Draft-04's `id`."""
    if isinstance(schema.get("id"), str) and SIGNS & schema.keys() and "$id" not in schema:
        schema["$id"] = schema.pop("id")
        fixes["dialect"] = None


def _list_examples(schema: Schema, fixes: Fixes) -> None:
    if "example" in schema:
        example = schema.pop("example")
        fixes["example"] = None
        schema.setdefault("examples", [example])
    if isinstance(given := schema.get("examples"), Mapping):
        schema["examples"] = list(given.values())
        fixes["example"] = None
    elif "examples" in schema and not isinstance(given, list):
        schema["examples"] = [given]
        fixes["example"] = None


def _text_description(schema: Schema, fixes: Fixes) -> None:
    if "description" not in schema and isinstance(schema.get("desc"), str):
        schema["description"] = schema.pop("desc")
        fixes["description_key"] = None
    for key in ("title", "description"):
        if key in schema and not isinstance(schema[key], str):
            del schema[key]
            fixes["description_shape"] = None


def _drop_foreign_pattern(schema: Schema, fixes: Fixes) -> None:
    """Patterns are ECMA's; one that Python can't compile would end every check of arguments."""
    given = schema.get("pattern")
    if isinstance(given, str) and not _compiles(given):
        del schema["pattern"]
        fixes["pattern"] = None
    named = schema.get("patternProperties")
    if isinstance(named, Mapping) and not all(_compiles(name) for name in named):
        schema["patternProperties"] = {k: v for k, v in named.items() if _compiles(k)}
        fixes["pattern"] = None


def _compiles(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError):
        return False
    return True


def _list_properties(schema: Schema, fixes: Fixes) -> None:
    """Parameters as a list of `{name, type, desc}`, as Docker's registry has them."""
    given = schema.get("properties")
    if isinstance(given, list) and all(
        isinstance(one, Mapping) and isinstance(one.get("name"), str) for one in given
    ):
        schema["properties"] = {
            one["name"]: {key: value for key, value in one.items() if key != "name"}
            for one in given
        }
        fixes["flat_arguments"] = None


def _list_required(schema: Schema, fixes: Fixes) -> None:
    given = schema.get("required")
    if isinstance(given, str) and isinstance(schema.get("properties"), Mapping):
        schema["required"] = [name.strip() for name in given.split(",") if name.strip()]
        fixes["required_shape"] = None
    elif isinstance(given, list) and all(isinstance(name, str) for name in given):
        unique = list(dict.fromkeys(given))
        if unique != given:
            schema["required"] = unique
            fixes["required_shape"] = None


def _drop_missing_required(schema: Schema, fixes: Fixes) -> None:
    """Names in `required` that no property bears, where nothing else could bring them in."""
    required, properties = schema.get("required"), schema.get("properties")
    if not isinstance(required, list) or not isinstance(properties, Mapping):
        return
    if _COMPOSED & schema.keys() or isinstance(schema.get("additionalProperties"), Mapping):
        return
    kept = [name for name in required if not isinstance(name, str) or name in properties]
    if kept != required:
        schema["required"] = kept
        fixes["required_without_property"] = None


_RULES: tuple[Callable[[Schema, Fixes], None], ...] = (
    _drop_nulls,
    _text_description,
    _list_properties,
    _name_types,
    _shape_enum,
    _allow_null,
    _drop_null_default,
    _bound_exclusively,
    _prefix_items,
    _split_dependencies,
    _name_identity,
    _list_examples,
    _drop_foreign_pattern,
    _list_required,
    _drop_missing_required,
)


def _lift_required(schema: Schema, fixes: Fixes) -> None:
    """`required: true` on a parameter is draft-03's; it belongs to the object around it."""
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        return
    required = list(schema["required"]) if isinstance(schema.get("required"), list) else []
    for name, part in properties.items():
        for key in ("required", "optional"):
            if isinstance(part, dict) and isinstance(part.get(key), bool):
                fixes["boolean_required"] = None
                if part.pop(key) is (key == "required") and name not in required:
                    required.append(name)
    if required:
        schema["required"] = required


def _with_defs(schema: Schema, fixes: Fixes) -> Schema:
    """Definitions under `$defs`, and the references to them."""
    given = schema.get("definitions")
    defs = schema.get("$defs", {})
    if not isinstance(given, dict) or not isinstance(defs, dict) or given.keys() & defs.keys():
        return schema
    fixes["definitions"] = None
    rest = {key: part for key, part in schema.items() if key != "definitions"}
    moved: Schema = _repointed(rest | {"$defs": defs | given})
    return moved


def _repointed(schema: Any) -> Any:
    if not isinstance(schema, Mapping):
        return schema
    result = dict(schema)
    ref = result.get("$ref")
    if isinstance(ref, str) and ref.startswith("#/definitions/"):
        result["$ref"] = ref.replace("#/definitions/", "#/$defs/", 1)
    for key, value in result.items():
        if key in LISTS and isinstance(value, list):
            result[key] = [_repointed(part) for part in value]
        elif key in MAPS and isinstance(value, Mapping):
            result[key] = {name: _repointed(part) for name, part in value.items()}
        elif key in SCHEMAS:
            result[key] = _repointed(value)
    return result
