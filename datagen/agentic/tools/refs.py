"""`$ref`: what it points at, whether that is there, whether it leads back to itself.

Only what a spec itself holds is followed; nothing is ever fetched. A schema that contains itself is
legal (trees are) and is told; a chain of references that ends nowhere fits no value and is refused.
Relative `$id`s of parts are looked up as names, not resolved as URLs."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from datagen.agentic.tools.keywords import parts, pointer, schemas

REF_KEYS = ("$ref", "$dynamicRef", "$recursiveRef")
_MISSING = object()
_INDEX = re.compile("[0-9]{1,9}")


class Refs:
    """The references of one schema."""

    def __init__(self, schema: Mapping[str, Any], root: Mapping[str, Any] | None = None) -> None:
        """`root`: the document that pointers start from, where that is not the schema."""
        root, self.root = schema, schema if root is None else root
        self.found: list[tuple[str, str]] = []
        """Each reference with where it stands, in order."""
        self._named: dict[str, Any] = {}
        for place, schema in schemas(root):
            self._name(schema)
            for key in REF_KEYS:
                if isinstance(ref := schema.get(key), str):
                    self.found.append((ref, pointer(place)))
        self._targets: dict[str, Any] = {}
        self._ending: set[str] = set()

    def _name(self, schema: Mapping[str, Any]) -> None:
        for key in ("$anchor", "$dynamicAnchor"):
            if isinstance(name := schema.get(key), str):
                self._named.setdefault(f"#{name}", schema)
        if isinstance(name := schema.get("$id"), str):
            self._named.setdefault(name.removesuffix("#"), schema)

    def target(self, ref: str) -> Any:
        """What a reference points at; raises `KeyError` if the spec does not hold it."""
        if ref not in self._targets:
            self._targets[ref] = self._look(ref)
        if self._targets[ref] is _MISSING:
            raise KeyError(ref)
        return self._targets[ref]

    def _look(self, ref: str) -> Any:
        if ref in self._named:
            return self._named[ref]
        base, _, fragment = ref.partition("#")
        start = self._named.get(base, _MISSING) if base else self.root
        if start is _MISSING or (fragment and not fragment.startswith("/")):
            return _MISSING
        return _followed(start, fragment)

    def unresolvable(self) -> str | None:
        """The first reference that leads nowhere, in words."""
        for ref, where in self.found:
            try:
                target = self.target(ref)
            except KeyError:
                return f"{ref[:200]} at {where} is not in the spec"
            if not isinstance(target, Mapping | bool):
                return f"{ref[:200]} at {where} is not a schema"
            if self._endless(ref):
                return f"{ref[:200]} at {where} only points at itself"
        return None

    def _endless(self, ref: str) -> bool:
        """Whether a chain of nothing but references comes back to its start."""
        seen: set[str] = set()
        while ref not in self._ending:
            if ref in seen:
                return True
            seen.add(ref)
            try:
                target = self.target(ref)
            except KeyError:
                break
            following = target.get("$ref") if isinstance(target, Mapping) else None
            if not isinstance(following, str):
                break
            ref = following
        self._ending |= seen
        return False

    def recursive(self) -> bool:
        """Whether some schema contains itself by way of references. Linear in the spec."""
        done: set[int] = set()
        open_: set[int] = set()
        stack: list[tuple[Any, bool]] = [(self.root, False)]
        while stack:
            schema, leaving = stack.pop()
            if not isinstance(schema, Mapping) or id(schema) in done:
                continue
            if leaving:
                open_.discard(id(schema))
                done.add(id(schema))
                continue
            if id(schema) in open_:
                return True
            open_.add(id(schema))
            stack.append((schema, True))
            stack.extend((part, False) for part in self._next(schema))
        return False

    def _next(self, schema: Mapping[str, Any]) -> list[Any]:
        # Definitions are reached by references only: standing inside the root is not a cycle.
        inner = [part for steps, part in parts(schema) if steps[0] not in ("$defs", "definitions")]
        for key in REF_KEYS:
            if isinstance(ref := schema.get(key), str):
                try:
                    inner.append(self.target(ref))
                except KeyError:
                    continue
        return inner


def _followed(start: Any, fragment: str) -> Any:
    """The value at a JSON pointer."""
    for step in fragment.split("/")[1:]:
        name = unquote(step).replace("~1", "/").replace("~0", "~")
        if isinstance(start, Mapping) and name in start:
            start = start[name]
        elif isinstance(start, list) and _INDEX.fullmatch(name) and int(name) < len(start):
            start = start[int(name)]
        else:
            return _MISSING
    return start
