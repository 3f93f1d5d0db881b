"""The operations of an OpenAPI 3.x document as tool specs.

`operationId` is the name; parameters and body become one input schema, the first 2xx JSON
response the output schema, the method the hints. Definitions travel with the operation that
refers to them, as `$defs`, and no further than `MAX_NODES`: an output schema that reaches half
the document is left out, an input schema that does is a reject. Not taken over: headers that HTTP
itself needs, security, callbacks, webhooks, examples of whole bodies."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from datagen.agentic.tools.bounds import MAX_DEPTH, MAX_NODES
from datagen.agentic.tools.formats.found import Context, Found, Unreadable
from datagen.agentic.tools.keywords import MAPS
from datagen.agentic.tools.refs import Refs

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_TRANSPORT_HEADERS = {"accept", "authorization", "content-type"}
"""Source: OpenAPI 3.1, Parameter Object: definitions under these names are ignored."""
_NOT_SCHEMA = {"discriminator", "externalDocs", "xml"}
_VALUES = {"const", "default", "example", "examples"}
_HINTS: Mapping[str, dict[str, bool]] = {
    "get": {"readOnlyHint": True},
    "head": {"readOnlyHint": True},
    "options": {"readOnlyHint": True},
    "trace": {"readOnlyHint": True},
    "put": {"readOnlyHint": False, "idempotentHint": True},
    "post": {"readOnlyHint": False},
    "patch": {"readOnlyHint": False},
    "delete": {"readOnlyHint": False, "destructiveHint": True, "idempotentHint": True},
}
"""Source: RFC 9110, 9.2: safe and idempotent methods."""
MAX_OUTPUT_NODES = MAX_NODES // 4
"""Values of an output schema: what the input may have is left of the spec's limit."""


class _TooMuchError(Exception):
    """A schema reaches more than fits a spec."""


def operations(document: Mapping[str, Any], context: Context) -> Iterator[Found | Unreadable]:
    """A spec for each operation, in the document's order."""
    info = _object(document.get("info"))
    inside = Context().inside(
        {"license": info.get("license"), "name": info.get("title"), "tools": 0}
    )
    context = replace(
        context, server=inside.server or context.server, licence=_licence(info) or context.licence
    )
    refs = Refs({}, document)
    for path, item in _object(document.get("paths")).items():
        item = _resolved(item, refs)
        for method in METHODS:
            if isinstance(operation := item.get(method), Mapping):
                place = f"/paths/{path}/{method}"[:500]
                yield _operation(operation, item, str(path), method, refs, context, place)


def _operation(
    operation: Mapping[str, Any],
    item: Mapping[str, Any],
    path: str,
    method: str,
    refs: Refs,
    context: Context,
    place: str,
) -> Found | Unreadable:
    original = {"method": method, "path": path, "operation": operation}
    if item.get("parameters"):
        original["parameters"] = item["parameters"]
    name = operation.get("operationId")
    name = name if isinstance(name, str) and name.strip() else f"{method}_{path}"
    summary = operation.get("summary") or item.get("summary")
    try:
        taken = _input(operation, item, refs)
    except _TooMuchError:
        detail = f"{name}: its input reaches more than {MAX_NODES:,} values"[:500]
        return Unreadable("too_large", detail, place)
    raw = {
        "name": name,
        "title": summary,
        "description": operation.get("description") or summary or item.get("description"),
        "inputSchema": taken,
        "outputSchema": _output(operation, refs),
        "annotations": _HINTS[method],
    }
    tags = operation.get("tags")
    tag = tags[0] if isinstance(tags, list) and tags and isinstance(tags[0], str) else ""
    placed = context.inside({"domain": tag})
    return Found({k: v for k, v in raw.items() if v is not None}, placed, place, original)


def _input(operation: Mapping[str, Any], item: Mapping[str, Any], refs: Refs) -> dict[str, Any]:
    copier = Copier(refs, MAX_NODES - MAX_OUTPUT_NODES)
    properties: dict[str, Any] = {}
    required: list[str] = []

    def add(where: str, name: str, schema: Any, needed: bool) -> None:
        name = name if name not in properties else f"{where}_{name}"
        properties[name] = schema
        if needed and name not in required:
            required.append(name)

    for parameter in _parameters(operation, item, refs):
        where, name = str(parameter.get("in")), parameter["name"]
        needed = parameter.get("required") is True or where == "path"
        add(where, name, _parameter_schema(parameter, copier), needed)
    _add_body(_resolved(operation.get("requestBody"), refs), copier, add)
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    if required:
        schema["required"] = required
    return copier.with_defs(schema)


def _add_body(body: Mapping[str, Any], copier: "Copier", add: Any) -> None:
    """The fields of a body that is a plain object, or the whole body under `body`."""
    given = _media_schema(body.get("content"))
    if given is None:
        return
    whole = body.get("required") is True
    inner = _resolved(given, copier.refs)
    fields = inner.get("properties")
    if not isinstance(fields, Mapping) or {"allOf", "anyOf", "oneOf"} & inner.keys():
        schema = copier.copied(given)
        if isinstance(body.get("description"), str) and isinstance(schema, dict):
            schema.setdefault("description", body["description"])
        add("body", "body", schema, whole)
        return
    needed = inner.get("required")
    for name, field in fields.items():
        if not (isinstance(field, Mapping) and field.get("readOnly") is True):
            is_needed = whole and isinstance(needed, list) and name in needed
            add("body", str(name), copier.copied(field), is_needed)


def _output(operation: Mapping[str, Any], refs: Refs) -> dict[str, Any] | None:
    """The schema of the first success, or None if it has none or one that is too large."""
    responses = _object(operation.get("responses"))
    for status in sorted((key for key in responses if str(key).startswith("2")), key=str):
        given = _media_schema(_resolved(responses[status], refs).get("content"))
        if given is not None:
            copier = Copier(refs, MAX_OUTPUT_NODES)
            try:
                copied = copier.copied(given)
                return copier.with_defs(copied) if isinstance(copied, dict) and copied else None
            except _TooMuchError:
                return None
    return None


def _parameters(
    operation: Mapping[str, Any], item: Mapping[str, Any], refs: Refs
) -> list[Mapping[str, Any]]:
    """Parameters of the path and of the operation, which override them."""
    found: dict[tuple[str, str], Mapping[str, Any]] = {}
    for holder in (item, operation):
        given = holder.get("parameters")
        for one in given if isinstance(given, list) else []:
            parameter = _resolved(one, refs)
            name, where = parameter.get("name"), str(parameter.get("in"))
            if isinstance(name, str) and name:
                if where == "header" and name.lower() in _TRANSPORT_HEADERS:
                    continue
                found[where, name] = parameter
    return list(found.values())


def _parameter_schema(parameter: Mapping[str, Any], copier: "Copier") -> Any:
    given = parameter.get("schema")
    if given is None:
        given = _media_schema(parameter.get("content"))
    schema = copier.copied(given if given is not None else {})
    if isinstance(schema, dict):
        if isinstance(said := parameter.get("description"), str):
            schema["description"] = said
        if "example" in parameter:
            schema.setdefault("example", parameter["example"])
    return schema


def _media_schema(content: Any) -> Any:
    """The schema of a body: JSON before forms before anything else."""
    kinds = [(str(kind), _object(media)) for kind, media in _object(content).items()]
    kinds.sort(key=lambda one: ("json" not in one[0], "form" not in one[0]))
    return next((media["schema"] for _, media in kinds if "schema" in media), None)


class Copier:
    """Copies schemas out of a document, with the definitions that they reach."""

    def __init__(self, refs: Refs, nodes: int) -> None:
        self.refs = refs
        self._left = nodes
        self._names: dict[str, str] = {}
        self._defs: dict[str, Any] = {}

    def copied(self, schema: Any) -> Any:
        """The schema with its references turned to `$defs`; raises if it reaches too much."""
        waiting = len(self._names)
        copy = self._copy(schema, 0)
        while waiting < len(self._names):
            ref, name = list(self._names.items())[waiting]
            waiting += 1
            try:
                self._defs[name] = self._copy(self.refs.target(ref), 0)
            except KeyError:
                continue  # the reference stays without a target, and the spec is refused for it
        return copy

    def with_defs(self, schema: dict[str, Any]) -> dict[str, Any]:
        return {**schema, "$defs": self._defs} if self._names else schema

    def _copy(self, value: Any, depth: int, *, names: bool = False) -> Any:
        """`names`: the keys are a user's names, not keywords."""
        self._left -= 1
        if self._left < 0 or depth > MAX_DEPTH:
            raise _TooMuchError
        if isinstance(value, list):
            return [self._copy(one, depth + 1) for one in value]
        if not isinstance(value, Mapping):
            return value
        copy = {}
        for key, part in value.items():
            if names or not isinstance(key, str):
                copy[str(key)] = self._copy(part, depth + 1)
            elif key == "$ref" and isinstance(part, str):
                copy["$ref"] = f"#/$defs/{self._name(part)}"
            elif not key.startswith("x-") and key not in _NOT_SCHEMA:
                copy[key] = self._copy(part, depth + 1, names=key in MAPS or key in _VALUES)
        return copy

    def _name(self, ref: str) -> str:
        """A definition's name: the last step of the reference, numbered where two are alike."""
        if ref not in self._names:
            last = ref.rsplit("/", 1)[-1]
            plain = "".join(c if c.isascii() and (c.isalnum() or c in "_.-") else "_" for c in last)
            taken = set(self._names.values())
            name, number = plain or "schema", 2
            while name in taken:
                name, number = f"{plain}_{number}", number + 1
            self._names[ref] = name
        return self._names[ref]


def _resolved(value: Any, refs: Refs) -> Mapping[str, Any]:
    """The object behind up to ten references in a row; empty where there is none."""
    for _ in range(10):
        if not isinstance(value, Mapping):
            return {}
        ref = value.get("$ref")
        if not isinstance(ref, str):
            return value
        try:
            value = refs.target(ref)
        except KeyError:
            return {}
    return {}


def _licence(info: Mapping[str, Any]) -> str:
    licence = _object(info.get("license"))
    given = licence.get("identifier") or licence.get("name")
    return given if isinstance(given, str) else ""


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
