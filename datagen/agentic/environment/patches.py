"""JSON Patch (RFC 6902), as far as changes of state need it: add, replace, remove.

Patches that come from a model are refused, not repaired: a wrong path or a whole collection gone is
`BadPatch`."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Patch = tuple[dict[str, Any], ...]
PATCH_SCHEMA: Mapping[str, Any] = {
    "type": "array",
    "maxItems": 50,
    "items": {
        "type": "object",
        "properties": {
            "op": {"enum": ["add", "replace", "remove"]},
            "path": {"type": "string", "pattern": "^/.*$", "maxLength": 500},
            "value": {},
        },
        "required": ["op", "path"],
        "additionalProperties": False,
    },
}
MOST_REMOVED = 3
"""Records that one call may remove; more than a tool call in any domain here needs."""


class BadPatch(Exception):
    """A patch that can't be applied, or must not be."""


def diff(before: Any, after: Any, path: tuple[str, ...] = ()) -> Patch:
    """The patch from one value to another; lists are compared whole."""
    return tuple(_diff(before, after, path))


def applied(state: Any, patch: Sequence[Mapping[str, Any]]) -> Any:
    """A copy of the state with the patch applied; all of it or nothing. Raises `BadPatch`."""
    made = copy.deepcopy(state)
    for change in patch:
        _apply(made, change)
    return made


def refuse_wholesale(state: Mapping[str, Any], patch: Sequence[Mapping[str, Any]]) -> None:
    """Raises `BadPatch` if a patch touches whole collections or removes many records."""
    removed = 0
    for change in patch:
        where = parts(str(change["path"]))
        if len(where) < 2 and not (len(where) == 1 and _is_scalar(state.get(where[0]))):
            raise BadPatch(f"{change['path']}: a whole collection can't be changed")
        if change["op"] == "remove":
            removed += 1
    if removed > MOST_REMOVED:
        raise BadPatch(f"removes {removed} values; at most {MOST_REMOVED} are allowed")


def parts(path: str) -> tuple[str, ...]:
    """Keys of a JSON pointer."""
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in path.split("/")[1:])


def pointer(keys: Sequence[str]) -> str:
    return "".join("/" + key.replace("~", "~0").replace("/", "~1") for key in keys)


def leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Paths and values of everything that is no filled object; lists count as leaves."""
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from leaves(inner, (*path, str(key)))
    else:
        yield path, value


def _diff(before: Any, after: Any, path: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    if same(before, after):
        return
    if not (isinstance(before, dict) and isinstance(after, dict)):
        yield {"op": "replace", "path": pointer(path), "value": copy.deepcopy(after)}
        return
    for key in before.keys() - after.keys():
        yield {"op": "remove", "path": pointer((*path, key))}
    for key, value in after.items():
        if key not in before:
            yield {"op": "add", "path": pointer((*path, key)), "value": copy.deepcopy(value)}
        else:
            yield from _diff(before[key], value, (*path, key))


def same(one: Any, other: Any) -> bool:
    """Equal as JSON: `True` is not 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def _apply(state: Any, change: Mapping[str, Any]) -> None:
    op, path = change.get("op"), str(change.get("path", ""))
    keys = parts(path)
    if not keys or op not in ("add", "replace", "remove"):
        raise BadPatch(f"{op} {path}: not a change of a value")
    if op != "remove" and "value" not in change:
        raise BadPatch(f"{op} {path}: without a value")
    holder = state
    for key in keys[:-1]:
        holder = _inside(holder, key, path)
    if isinstance(holder, dict):
        _in_object(holder, keys[-1], op, change, path)
    elif isinstance(holder, list):
        _in_list(holder, keys[-1], op, change, path)
    else:
        raise BadPatch(f"{path}: nothing can stand there")


def _inside(holder: Any, key: str, path: str) -> Any:
    if isinstance(holder, dict) and key in holder:
        return holder[key]
    if isinstance(holder, list) and key.isdecimal() and int(key) < len(holder):
        return holder[int(key)]
    raise BadPatch(f"{path}: there is no {key}")


def _in_object(
    holder: dict[str, Any], key: str, op: str, change: Mapping[str, Any], path: str
) -> None:
    if op != "add" and key not in holder:
        raise BadPatch(f"{op} {path}: there is no such value")
    if op == "remove":
        del holder[key]
    else:
        holder[key] = copy.deepcopy(change["value"])


def _in_list(holder: list[Any], key: str, op: str, change: Mapping[str, Any], path: str) -> None:
    if op == "add" and key == "-":
        holder.append(copy.deepcopy(change["value"]))
        return
    end = len(holder) + (op == "add")
    if not key.isdecimal() or int(key) >= end:
        raise BadPatch(f"{op} {path}: there is no such place")
    if op == "add":
        holder.insert(int(key), copy.deepcopy(change["value"]))
    elif op == "remove":
        del holder[int(key)]
    else:
        holder[int(key)] = copy.deepcopy(change["value"])


def _is_scalar(value: Any) -> bool:
    return value is not None and not isinstance(value, dict | list)
