"""Tools are found by what a file holds, and only tools are."""

import gzip
import json
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import zstandard

from datagen.agentic.tools.formats import documents
from datagen.agentic.tools.formats.documents import specs
from datagen.agentic.tools.formats.found import Context, Found, Unreadable
from datagen.agentic.tools.formats.opened import BLOCK_BYTES, DamagedError, blocks
from datagen.agentic.tools.formats.pieces import PIECE_BYTES

SCHEMA = {"type": "object", "properties": {"q": {"type": "string"}}}
TOOL = {"name": "t", "description": "d", "inputSchema": SCHEMA}


def cut(text: bytes, size: int = 1 << 16) -> Iterator[bytes]:
    return (text[at : at + size] for at in range(0, len(text), size))


def read(content: Any, size: int = 1 << 16) -> list[Found | Unreadable]:
    text = content if isinstance(content, bytes) else json.dumps(content).encode()
    return list(specs(cut(text, size), Context(server="file")))


def names(content: Any) -> list[str]:
    found = read(content)
    assert all(isinstance(one, Found) for one in found), found
    return [
        one.raw.get("name") or one.raw["function"]["name"]
        for one in found
        if isinstance(one, Found)
    ]


def reasons(content: Any) -> list[str]:
    return [one.reason for one in read(content) if isinstance(one, Unreadable)]


def lines(*rows: Any) -> bytes:
    return b"".join(
        (row if isinstance(row, bytes) else json.dumps(row).encode()) + b"\n" for row in rows
    )


@pytest.mark.parametrize(
    "content",
    [
        TOOL,
        [TOOL],
        {"tools": [TOOL]},
        {"jsonrpc": "2.0", "id": 1, "result": {"tools": [TOOL]}},
        [{"type": "function", "function": {"name": "t", "parameters": SCHEMA}}],
        [{"function_declarations": [{"name": "t", "description": "d"}]}],
        {
            "id": "x_1",
            "question": [[{"role": "user", "content": "hi"}]],
            "function": [
                {"name": "t", "description": "d", "parameters": {"type": "dict", "properties": {}}}
            ],
        },
        {"conversations": [{"from": "human", "value": "hi"}], "tools": json.dumps([TOOL])},
        {"tools": {"t": {"description": "d", "parameters": SCHEMA}}},
        [
            {
                "name": "t",
                "description": "d",
                "arguments": [{"name": "q", "type": "string", "desc": "query"}],
            }
        ],
        lines({"server": "s", "tool": TOOL}),
        b"\xef\xbb\xbf" + json.dumps(TOOL, indent=2).encode(),
        {"a": [{"b": {"c": [[{"d": TOOL}]]}}]},
    ],
)
def test_a_tool_is_found_wherever_it_stands(content: Any) -> None:
    assert names(content) == ["t"]


@pytest.mark.parametrize(
    "content",
    [
        {},
        [],
        {
            "name": "pkg",
            "version": "1.0.0",
            "description": "d",
            "scripts": {"a": "b"},
            "dependencies": {},
        },
        {"name": "pkg", "description": "d", "parameters": {}, "license": "MIT"},
        {
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "description": {"type": "string"},
                "inputSchema": {"type": "object", "properties": {}},
            },
        },
        {
            "prompts": [
                {
                    "name": "p",
                    "description": "d",
                    "arguments": [{"name": "a", "description": "x", "required": True}],
                }
            ]
        },
        {
            "resources": [
                {"name": "r", "description": "d", "uri": "file:///x", "mimeType": "text/plain"}
            ]
        },
        {
            "messages": [
                {
                    "role": "assistant",
                    "tool_calls": [
                        {
                            "id": "1",
                            "type": "function",
                            "function": {"name": "t", "arguments": "{}"},
                        }
                    ],
                }
            ]
        },
        {"function_call": {"name": "t", "arguments": {"q": "x"}}},
        {"name": "t", "parameters": {"city": "Paris"}},
        {"tools": [{"name": "hammer", "description": "heavy", "price": 3}]},
        {"name": "John", "description": "a user"},
        b"",
        b"   \n ",
    ],
)
def test_what_only_looks_like_a_tool_is_not_one(content: Any) -> None:
    assert reasons(content) == ["no_tools_found"]


def test_a_tool_without_a_schema_is_found_among_tools() -> None:
    argument = {"name": "q", "type": "string", "desc": "query"}

    assert names(
        [
            {"name": "a", "description": "d"},
            {"name": "b", "description": "d", "arguments": [argument]},
        ]
    ) == ["a", "b"]
    assert names({"tools": [TOOL, {"name": "only_a_name"}]}) == ["t", "only_a_name"]


def test_parameters_inside_a_tool_are_not_tools() -> None:
    inner = {"type": "object", "properties": {"tools": {"default": [TOOL]}}}

    assert names({**TOOL, "name": "outer", "inputSchema": inner}) == ["outer"]


def test_what_surrounds_a_tool_says_where_it_belongs() -> None:
    found = read(
        {
            "labels": {"primary_label": "Weather"},
            "metadata": {"server_name": "Sky", "remote": {"tools": [TOOL]}},
            "license": {"name": "MIT"},
        }
    )

    assert isinstance(found[0], Found)
    assert found[0].context == Context(server="Sky", category="Weather", licence="MIT")
    assert found[0].place == "/metadata/remote/tools/0"


def test_a_server_entry_names_the_server_of_its_tools() -> None:
    found = read([{"name": "Sky", "description": "weather", "tools": [TOOL]}, {"tools": [TOOL]}])

    assert [one.context.server for one in found if isinstance(one, Found)] == ["Sky", "file"]


def test_a_bad_line_costs_only_itself_and_is_named() -> None:
    found = read(
        lines(
            {"tool": TOOL, "server": "s"},
            b'{"tool": {',
            b"7",
            b"\xff\xfe{}",
            {"server": "s", "tool": {"no": 1}},
            {"server": "s", "tool": TOOL},
        )
    )

    assert [(one.reason, one.place) for one in found if isinstance(one, Unreadable)] == [
        ("not_json", "line 2"),
        ("not_an_object", "line 3"),
        ("not_utf8", "line 4"),
    ]
    assert [one.place for one in found if isinstance(one, Found)] == [
        "line 1/tool",
        "line 5/tool",
        "line 6/tool",
    ]


@pytest.mark.parametrize("first", [b'{"broken": ', b"{]", b"// a comment"])
def test_lines_are_told_even_if_the_first_is_broken(first: bytes) -> None:
    found = read(lines(first, TOOL, TOOL))

    assert [isinstance(one, Found) for one in found] == [False, True, True]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"# a README\n\nwith text\n", "not_json"),
        (b'{"tools": [', "not_json"),
        (b'{"tools": [{"name": }]}', "not_json"),
        (b"[" * 100_000, "too_deep"),
        (json.dumps([TOOL]).encode("utf-16"), "not_utf8"),
        (b'{"a": "\xff"}', "not_utf8"),
        (b"openapi: 3.0.0\nx: " + b"[" * 100_000, "too_deep"),
        (b"openapi: 3.0.0\nx: [}", "not_json"),
        (b"\x00\x01\x02", "not_utf8"),
        ({"swagger": "2.0", "paths": {}}, "no_tools_found"),
    ],
)
def test_a_file_that_cannot_be_read_has_one_reason(content: Any, reason: str) -> None:
    assert reasons(content)[0] == reason


def test_a_broken_document_is_told_by_line_and_column() -> None:
    found = read(b'{\n "tools": [\n  {"name" "x"}\n ]\n}')[0]

    assert isinstance(found, Unreadable)
    assert "line 3, column 11" in found.detail


@pytest.mark.parametrize("text", [b'{"tools": [\n%s\n]}', b"[\n%s\n]", b'{"tools": [%s]\n}'])
@pytest.mark.parametrize("count", [1, 3])
def test_a_document_with_a_tool_on_each_line_is_one_document(text: bytes, count: int) -> None:
    tools = b",\n".join(json.dumps(TOOL).encode() for _ in range(count))

    assert names(text % tools) == ["t"] * count


# large files


def padded(number: int, size: int = 2000) -> dict[str, Any]:
    return {"name": f"t{number}", "description": "x" * size, "inputSchema": SCHEMA}


def large(*members: str) -> bytes:
    """A document above the limit for reading it whole; the members stand in front of its tools."""
    count = documents.WHOLE_BYTES // 2000 + 500
    tools = ",\n".join(json.dumps(padded(i)) for i in range(count))
    return ("{" + "".join(f"{one}," for one in members) + f'"tools": [{tools}]' + "}").encode()


def test_a_large_document_gives_the_same_tools_as_a_small_one() -> None:
    found = read(large('"server": "Big"', '"note": "a \\" b ] } \\\\"'))

    assert [one.raw["name"] for one in found if isinstance(one, Found)] == [
        f"t{i}" for i in range(len(found))
    ]
    assert {one.context.server for one in found if isinstance(one, Found)} == {"Big"}


def test_a_tool_that_is_too_large_costs_only_itself() -> None:
    fields = {
        f"p{i}": {"type": "string", "description": "y" * 200} for i in range(PIECE_BYTES // 200)
    }
    huge_schema = {
        "name": "huge",
        "description": "d",
        "inputSchema": {"type": "object", "properties": fields},
    }
    huge_text = {"name": "wordy", "description": "z" * (3 * PIECE_BYTES), "inputSchema": SCHEMA}
    found = read(
        [padded(0), huge_schema, *(padded(i) for i in range(1, 5000)), huge_text, padded(5000)]
    )

    assert [one.detail.split(":")[0] for one in found if isinstance(one, Unreadable)] == [
        "huge",
        "wordy",
    ]
    assert sum(isinstance(one, Found) for one in found) == 5001


@pytest.mark.parametrize("content", [b"[", b'{"a":'])
def test_a_large_file_of_brackets_is_given_up_soon(content: bytes) -> None:
    started = time.monotonic()

    found = read(content * (documents.WHOLE_BYTES // len(content) + 1), size=1 << 18)

    assert isinstance(found[0], Unreadable)
    assert found[0].reason == "too_deep"
    assert time.monotonic() - started < 10


def test_a_line_that_is_too_long_is_passed_over() -> None:
    found = read(lines(TOOL, {"x": "a" * (documents.WHOLE_BYTES + (2 << 20))}, TOOL), size=1 << 18)

    assert [one.reason if isinstance(one, Unreadable) else one.place for one in found] == [
        "line 1",
        "too_large",
        "line 3",
    ]


# OpenAPI


def api(**operation: Any) -> dict[str, Any]:
    return {
        "openapi": "3.0.3",
        "info": {"title": "Shop", "license": {"name": "MIT"}},
        "paths": {
            "/orders/{id}": {
                "parameters": [
                    {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}
                ],
                "post": operation,
            }
        },
        "components": {
            "schemas": {
                "Order": {
                    "type": "object",
                    "required": ["sum"],
                    "properties": {
                        "sum": {"type": "number"},
                        "made": {"type": "string", "readOnly": True},
                        "xml": {"type": "string"},
                        "parent": {"$ref": "#/components/schemas/Order"},
                    },
                },
            },
            "parameters": {
                "dry": {
                    "name": "dry",
                    "in": "query",
                    "description": "Only try",
                    "schema": {"type": "boolean"},
                }
            },
        },
    }


def operation(document: dict[str, Any]) -> Found:
    found = read(document)
    assert len(found) == 1
    assert isinstance(found[0], Found)
    return found[0]


def test_an_operation_is_a_tool_with_parameters_and_body_in_one_schema() -> None:
    order = {"$ref": "#/components/schemas/Order"}
    media = {"application/json": {"schema": order}}
    found = operation(
        api(
            operationId="changeOrder",
            summary="Change an order",
            tags=["orders"],
            parameters=[{"$ref": "#/components/parameters/dry"}],
            requestBody={"required": True, "content": media},
            responses={"200": {"content": media}},
        )
    )

    schema = found.raw["inputSchema"]
    assert list(schema["properties"]) == ["id", "dry", "sum", "xml", "parent"]
    assert schema["required"] == ["id", "sum"]
    assert schema["properties"]["dry"] == {"type": "boolean", "description": "Only try"}
    assert schema["properties"]["parent"] == {"$ref": "#/$defs/Order"}
    assert "xml" in schema["$defs"]["Order"]["properties"]
    assert found.raw["outputSchema"]["$ref"] == "#/$defs/Order"
    assert (found.context.server, found.context.domain, found.context.licence) == (
        "Shop",
        "orders",
        "MIT",
    )
    assert found.original["path"] == "/orders/{id}"


@pytest.mark.parametrize(
    ("method", "hint"),
    [
        ("get", {"readOnlyHint": True}),
        ("delete", {"readOnlyHint": False, "destructiveHint": True, "idempotentHint": True}),
    ],
)
def test_the_method_tells_the_hints(method: str, hint: dict[str, bool]) -> None:
    found = operation({"openapi": "3.1.0", "info": {"title": "x"}, "paths": {"/a": {method: {}}}})

    assert found.raw["annotations"] == hint
    assert found.raw["name"] == f"{method}_/a"


def test_a_body_that_is_not_a_plain_object_stands_under_body() -> None:
    body = {
        "content": {"application/json": {"schema": {"type": "array", "items": {"type": "string"}}}}
    }

    assert (
        operation(api(requestBody=body)).raw["inputSchema"]["properties"]["body"]["type"] == "array"
    )


def test_parameters_with_one_name_in_two_places_stay_two() -> None:
    found = operation(api(parameters=[{"name": "id", "in": "query", "schema": {"type": "string"}}]))

    assert set(found.raw["inputSchema"]["properties"]) == {"id", "query_id"}


def test_an_input_that_reaches_too_much_is_a_reject_and_an_output_is_left_out() -> None:
    wide = {f"p{i}": {"type": "string", "description": "d"} for i in range(8000)}
    media = {"application/json": {"schema": {"type": "object", "properties": wide}}}

    assert reasons(api(requestBody={"content": media})) == ["too_large"]
    assert "outputSchema" not in operation(api(responses={"200": {"content": media}})).raw


def test_yaml_gives_what_json_gives() -> None:
    text = b"openapi: 3.1.0\ninfo: {title: Shop}\npaths:\n  /a:\n    get:\n      operationId: a\n      description: since 2020-01-01\n      parameters:\n      - {name: day, in: query, schema: {type: string, default: 2020-01-01}}\n"
    found = read(text)[0]

    assert isinstance(found, Found)
    assert found.raw["inputSchema"]["properties"]["day"]["default"] == "2020-01-01"


def test_anchors_that_multiply_are_cut_off() -> None:
    text = b"openapi: 3.0.0\na0: &a0 [1,1,1,1,1,1,1,1,1]\n" + b"".join(
        b"a%d: &a%d [%s]\n" % (i, i, b",".join([b"*a%d" % (i - 1)] * 9)) for i in range(1, 12)
    )
    text += b"paths: {/a: {get: {parameters: [{name: p, in: query, schema: {default: *a11}}]}}}\n"
    started = time.monotonic()

    assert reasons(text) == ["too_large"]
    assert time.monotonic() - started < 10


@pytest.mark.parametrize(
    "paths",
    [
        None,
        [],
        {"/a": None},
        {"/a": {"get": []}},
        {"/a": {"get": {"parameters": 3, "requestBody": [], "responses": "x", "tags": {}}}},
        {"/a": {"$ref": "#/paths/~1a"}},
    ],
)
def test_an_openapi_document_of_the_wrong_shape_breaks_nothing(paths: Any) -> None:
    assert len(read({"openapi": "3.0.0", "info": [], "paths": paths})) == 1


# bytes


@pytest.mark.parametrize(
    "pack",
    [
        bytes,
        gzip.compress,
        zstandard.compress,
        lambda text: gzip.compress(text[:70]) + gzip.compress(text[70:]),
    ],
)
def test_a_file_is_unpacked_by_its_bytes_not_its_name(tmp_path: Path, pack: Any) -> None:
    text = lines(*[TOOL] * 1000)
    path = tmp_path / "tools.txt"
    path.write_bytes(pack(text))

    assert b"".join(blocks(path)) == text


def test_a_file_that_unpacks_to_much_comes_in_small_blocks(tmp_path: Path) -> None:
    path = tmp_path / "bomb"
    path.write_bytes(gzip.compress(b" " * 50_000_000))

    assert max(map(len, blocks(path))) <= BLOCK_BYTES


def test_what_stands_before_damage_is_read(tmp_path: Path) -> None:
    path = tmp_path / "cut.gz"
    packer = zlib.compressobj(wbits=31)
    whole = packer.compress(lines(TOOL)) + packer.flush(zlib.Z_SYNC_FLUSH)
    path.write_bytes(whole)
    reading = blocks(path)

    assert next(reading) == lines(TOOL)
    with pytest.raises(DamagedError):
        next(reading)
