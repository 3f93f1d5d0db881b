"""What a file's bytes are, told by the bytes: JSON lines, one JSON document, OpenAPI, YAML.

Lines are read one by one and a bad one costs only itself. A document is read whole up to
`WHOLE_BYTES` and in pieces above; OpenAPI needs all of itself at hand, so a larger one is
refused."""

import json
import re
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from datagen.agentic.tools.formats.found import TOOL_LISTS, Context, Found, Unreadable
from datagen.agentic.tools.formats.openapi import operations
from datagen.agentic.tools.formats.parse import parsed, parsed_yaml
from datagen.agentic.tools.formats.pieces import Splitter
from datagen.agentic.tools.formats.recognise import Node, walk

HEAD_BYTES = 1 << 20
BLOCK_BYTES = 1 << 18
LOOK_LINES = 5
"""Lines by which JSON lines are told from one document if the first one is broken."""
WHOLE_BYTES = 16 << 20
"""The largest public OpenAPI documents in JSON have 12 MB; as Python objects a text takes up to 30
times its size."""
YAML_BYTES = 8 << 20
"""YAML takes ten times as long to read as JSON."""
MAX_BAD_LINES = 1000
"""Lines in a row that are not JSON, after which a file is not taken for JSON lines any more."""
_OPENAPI = re.compile(rb"""(?m)^["']?(openapi|swagger)["']?\s*:""")
Reading = Iterator[Found | Unreadable]


def specs(blocks: Iterator[bytes], context: Context) -> Reading:
    """What a file holds, in order; its last word is a note if it holds no tool."""
    count = 0
    lines = [0]
    for one in _read(blocks, context, lines):
        count += not isinstance(one, Unreadable) or one.counts
        yield one
    if not count:
        what = f"none in {lines[0]:,} lines" if lines[0] else "nothing in it looks like a tool"
        yield Unreadable("no_tools_found", what, "line 1", counts=False)


def _read(blocks: Iterator[bytes], context: Context, lines: list[int]) -> Reading:
    head = _taken(blocks, HEAD_BYTES).removeprefix(b"\xef\xbb\xbf")
    start = head.lstrip()
    if start[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in start[:4]:
        yield Unreadable("not_utf8", "looks like UTF-16 or binary", "line 1")
    elif start[:1] not in (b"{", b"[") and _OPENAPI.search(head):
        yield from _yaml(head, blocks, context)
    elif _is_lines(start):
        yield from _lines(chain([head], blocks), context, lines)
    elif start[:1] in (b"{", b"["):
        yield from _document(head, blocks, context, lines)
    elif start:
        text = start[:2000].decode("utf-8", "replace")
        yield Unreadable("not_json", "neither JSON nor an OpenAPI document", "line 1", text)


def _is_lines(start: bytes) -> bool:
    """Whether a text is JSON lines beyond doubt: its first line is a value, and more follow."""
    first, _, rest = start.partition(b"\n")
    if not rest.strip():
        return False
    return _parses(first) if first[:1] in (b"{", b"[") else _whole_lines(start) > 0


def _whole_lines(text: bytes) -> int:
    """Objects among the first lines behind the first one."""
    lines = text.split(b"\n", LOOK_LINES + 1)[1 : LOOK_LINES + 1]
    return sum(line[:1] == b"{" and _parses(line) for line in lines)


def _parses(line: bytes) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _lines(blocks: Iterator[bytes], context: Context, lines: list[int]) -> Reading:
    bad = 0
    for number, line in _numbered(blocks):
        lines[0] = number
        place = f"line {number}"
        if isinstance(line, Unreadable):
            yield line
            continue
        value = parsed(line, place)
        if isinstance(value, Unreadable):
            bad += 1
            yield value
            if bad > MAX_BAD_LINES:
                yield Unreadable("not_json", "too many bad lines; the rest was not read", place)
                return
        elif not isinstance(value, Mapping | list):
            text = line[:2000].decode("utf-8", "replace")
            yield Unreadable("not_an_object", f"a {type(value).__name__}", place, text)
        else:
            bad = 0
            for one in _in_value(value, context):
                yield _placed(one, place)


def _numbered(blocks: Iterator[bytes]) -> Iterator[tuple[int, bytes | Unreadable]]:
    """Lines that are not blank, counted from 1; one that is too long is passed over."""
    number, rest, skipping = 0, b"", False
    for block in chain(blocks, [b""]):
        pieces = (rest + block).split(b"\n")
        rest = pieces.pop() if block else b""
        for line in pieces:
            number += 1
            if skipping:
                skipping = False
            elif line.strip():
                yield number, line
        if len(rest) > WHOLE_BYTES:
            if not skipping:
                detail = f"a line of more than {WHOLE_BYTES >> 20} MiB"
                yield number + 1, Unreadable("too_large", detail, f"line {number + 1}")
            rest, skipping = b"", True


def _document(head: bytes, blocks: Iterator[bytes], context: Context, lines: list[int]) -> Reading:
    text = head + _taken(blocks, WHOLE_BYTES - len(head))
    rest = next(blocks, b"")
    if rest:
        all_of_it = chain(_cut(text + rest), blocks)
        # In an array over many lines all but the last element end in a comma.
        if _whole_lines(text.lstrip()) > 1:
            yield from _lines(all_of_it, context, lines)
        else:
            yield from _pieces(all_of_it, context)
        return
    value = parsed(text, "")
    if not isinstance(value, Unreadable):
        yield from _in_value(value, context)
    elif value.reason == "not_json" and _whole_lines(text.lstrip()):
        yield from _lines(iter([text]), context, lines)
    else:
        yield value


def _cut(text: bytes) -> Iterator[bytes]:
    return (text[at : at + BLOCK_BYTES] for at in range(0, len(text), BLOCK_BYTES))


def _in_value(value: Any, context: Context) -> Reading:
    if isinstance(value, Mapping) and isinstance(value.get("openapi"), str | float):
        return operations(value, context)
    if (
        isinstance(value, Mapping)
        and "swagger" in value
        and isinstance(value.get("paths"), Mapping)
    ):
        note = Unreadable("no_tools_found", "Swagger 2.0: convert it to OpenAPI 3", "line 1")
        return iter([note])
    return walk(Node(value, context))


def _yaml(head: bytes, blocks: Iterator[bytes], context: Context) -> Reading:
    text = head + _taken(blocks, YAML_BYTES - len(head) + 1)
    if len(text) > YAML_BYTES:
        yield Unreadable("too_large", f"YAML of more than {YAML_BYTES >> 20} MiB", "line 1")
        return
    value = parsed_yaml(text)
    if isinstance(value, Unreadable):
        yield value
    else:
        yield from _in_value(value, context)


def _pieces(blocks: Iterator[bytes], context: Context) -> Reading:
    tools_in: set[str] = set(TOOL_LISTS)
    for piece in Splitter(blocks, context):
        if isinstance(piece, Unreadable):
            yield piece
            continue
        place = f"byte {piece.offset}"
        value = parsed(piece.text, place)
        if isinstance(value, Unreadable):
            yield value
            continue
        node = Node(value, piece.context, listed=piece.key in tools_in)
        for one in walk(node):
            tools_in.add(piece.key)  # what stands beside a tool may be one without a schema
            yield _placed(one, place)


def _placed(one: Found | Unreadable, place: str) -> Found | Unreadable:
    if isinstance(one, Unreadable):
        return one
    return Found(one.raw, one.context, f"{place}{one.place}", one.original)


def _taken(blocks: Iterator[bytes], size: int) -> bytes:
    """At least `size` bytes, or all there are."""
    taken: list[bytes] = []
    while size > 0 and (block := next(blocks, b"")):
        taken.append(block)
        size -= len(block)
    return b"".join(taken)
