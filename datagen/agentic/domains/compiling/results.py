"""Results in the form that a tool's output schema asks for, made of the records.

A schema is read once, into nodes: this is a field of the record, this the records found, this their
number, this a sentence. A property that could be a field becomes one, so that the entity's records
hold it. What the schema requires and nothing here can give makes the tool one without a backend."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from datagen.agentic.domains.compiling.fields import Fields
from datagen.agentic.domains.compiling.parameters import kind_of, refs_of, resolved
from datagen.agentic.domains.compiling.roles import ID_ENDINGS, is_called
from datagen.agentic.domains.compiling.verbs import Operation
from datagen.agentic.domains.compiling.words import Words, is_plural, one, words_of
from datagen.agentic.tools.refs import Refs
from datagen.agentic.tools.specs import json_text

_YES = frozenset(
    "success successful ok deleted removed updated created done completed acknowledged cancelled "
    "changed moved found saved valid result".split()
)
_SENTENCES = frozenset("message detail details info summary note text description result".split())
_COUNTS = frozenset("count total number total_count totalcount matches size length n".split())
_WHOLE = frozenset("data result item record object entity response payload".split())
_LISTS = frozenset("items results data records list entries matches rows values found".split())
_PAGES: Mapping[str, Any] = {
    **{"page": 1, "page_number": 1, "total_pages": 1, "pages": 1, "offset": 0},
    **{"has_more": False, "has_next": False, "next_page": None, "next_cursor": None},
}
What = Literal[
    "field",
    "key",
    "label",
    "yes",
    "sentence",
    "text",
    "count",
    "records",
    "record",
    "constant",
]


@dataclass(frozen=True, slots=True)
class Node:
    """One value of a result."""

    what: What | Literal["object"]
    value: Any = None
    """Name of the field; the constant; of an `object` its properties' nodes; of `records` the node
    of each, None: whole records."""


@dataclass(frozen=True, slots=True)
class Material:
    """What a result is made of."""

    record: Mapping[str, Any]
    records: Sequence[Mapping[str, Any]]
    total: int
    key: str
    """Name of the id's field."""
    label: str
    said: str


def made(node: Node, material: Material) -> Any:
    """The value that a node stands for."""
    what = node.what
    if what == "object":
        return {name: made(inner, material) for name, inner in node.value.items()}
    if what == "records":
        return [_each(node.value, record, material) for record in material.records]
    if what == "record":
        return dict(material.record)
    if what == "count":
        return material.total
    if what == "sentence":
        return material.said
    if what == "text":
        return json_text(dict(material.record) or [dict(one) for one in material.records])
    if what in ("yes", "constant"):
        return node.value
    name = {"key": material.key, "label": material.label or material.key}.get(what, node.value)
    return material.record.get(name)


def _each(node: Node | None, record: Mapping[str, Any], material: Material) -> Any:
    if node is None:
        return dict(record)
    inner = Material(record, (), 0, material.key, material.label, material.said)
    return made(node, inner)


class Reader:
    """Reads the output schema of one tool."""

    def __init__(self, noun: Words, fields: Fields, operation: Operation) -> None:
        self.noun = noun
        self.fields = fields
        self.operation = operation
        self.refs: Refs | None = None
        self.keys: list[Mapping[str, Any]] = []
        """Schemas of properties that hold the id."""
        self._inside = operation not in ("list", "count")
        """Whether what is read is a record's."""

    def node(self, schema: Mapping[str, Any]) -> Node | None:
        """The node of a whole result; None where none fits."""
        self.refs = refs_of(schema)
        schema = resolved(schema, self.refs)
        kind = schema.get("type")
        if kind == "object":
            return self._object(schema)
        if kind == "array":
            return self._records(schema)
        if kind == "string":
            return Node("text" if self._looks else "sentence")
        if kind == "boolean" and self.operation not in ("read", "list", "count"):
            return Node("yes", True)
        if kind in ("integer", "number") and self.operation in ("count", "list"):
            return Node("count")
        return Node("record") if not schema.keys() - {"description", "title"} else None

    def _object(self, schema: Mapping[str, Any]) -> Node | None:
        properties = schema.get("properties") or {}
        required = schema.get("required") or ()
        if not properties:
            return Node("record") if not required else None
        found = {}
        for name, part in properties.items():
            node = self._property(name, resolved(part, self.refs))
            if node is not None:
                found[name] = node
            elif name in required:
                return None
        return Node("object", found) if self._tells(found) else None

    def _tells(self, found: Mapping[str, Node]) -> bool:
        """Whether a result says what the operation is for."""
        if self.operation == "count":
            return any(node.what == "count" for node in found.values())
        return bool(found)

    def _property(self, name: str, schema: Mapping[str, Any]) -> Node | None:
        words = words_of(name)
        kind = schema.get("type")
        plain = "_".join(words)
        if "const" in schema:
            return Node("constant", schema["const"])
        if kind == "array":
            return self._list(words, schema)
        if kind == "object":
            wraps = words == self.noun or words[-1:] == self.noun[-1:] or plain in _WHOLE
            return self._object(schema) if wraps else None
        if kind == "boolean" and plain in _YES:
            return Node("yes", True)
        if kind == "string" and plain in _WHOLE:
            return Node("text" if self._looks else "sentence")
        if kind in ("integer", "number") and self._counts(words, plain):
            return Node("count")
        if plain in _PAGES and self.operation == "list":
            return Node("constant", _PAGES[plain]) if _fits(kind, _PAGES[plain]) else None
        if kind == "string" and plain in ("message", "summary", "note") and not self._looks:
            return Node("sentence")
        return self._field(words, schema)

    @property
    def _looks(self) -> bool:
        return self.operation in ("read", "list")

    def _counts(self, words: Words, plain: str) -> bool:
        if self.operation not in ("list", "count"):
            return False
        return plain in _COUNTS or words[-1:] in (("count",), ("total",)) or words[0] == "total"

    def _list(self, words: Words, schema: Mapping[str, Any]) -> Node | None:
        named = one(words) in (self.noun, self.noun[-1:]) or "_".join(words) in _LISTS
        items = resolved(schema.get("items"), self.refs)
        objects = items.get("type") == "object"
        whole = self.operation == "list" and not self._inside
        if whole and (named or (objects and is_plural(words[-1]))):
            return self._records(schema)
        if objects and self._inside:
            return Node("constant", []) if not schema.get("minItems") else None
        return self._field(words, schema) if kind_of(schema) == "strings" else None

    def _records(self, schema: Mapping[str, Any]) -> Node | None:
        items = resolved(schema.get("items"), self.refs)
        if self.operation != "list":
            return None
        if not items:
            return Node("records")
        if items.get("type") == "string":
            return Node("records", Node("label"))
        self._inside = True
        inner = self._object(items) if items.get("type", "object") == "object" else None
        self._inside = False
        return Node("records", inner) if inner is not None else None

    def _field(self, words: Words, schema: Mapping[str, Any]) -> Node | None:
        if not self._inside:
            return None
        if (len(words) == 1 and words[0] in ID_ENDINGS) or is_called(words, self.noun) == "id":
            self.keys.append(schema)
            return Node("key")
        kind = kind_of(schema)
        if kind == "other":
            return None
        field = self.fields.add(words, kind, schema, promised=True)
        return Node("field", field.name) if field is not None else None


def shown_fields(node: Node | None) -> frozenset[str] | None:
    """Names of the fields that a result holds, `*key` for the id; None: all."""
    if node is None or node.what in ("record", "text"):
        return None
    if node.what == "records":
        return shown_fields(node.value)
    if node.what == "object":
        parts = [shown_fields(inner) for inner in node.value.values()]
        return None if None in parts else frozenset().union(*(part for part in parts if part))
    names = {"field": node.value, "key": "*key", "label": "*label"}
    return frozenset((names[node.what],)) if node.what in names else frozenset()


def _fits(kind: Any, value: Any) -> bool:
    types = {"integer": int, "number": int, "boolean": bool, "string": str}
    return isinstance(value, types.get(kind, object)) if value is not None else kind is None
