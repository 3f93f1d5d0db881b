"""What specs are understood as: names, parameters, entities; and a reason for all that are not."""

import json
from collections import Counter
from typing import Any, get_args

import pytest
from evolved_apps import evolved_tools
from hypothesis import given, settings
from hypothesis import strategies as st
from specs_made import (
    COUNT,
    TEXT,
    by_server,
    needs_data,
    provenance,
    read,
    real_tools,
    reason,
    spec,
    tasks_app,
)

from datagen.agentic.domains.compiling.phrases import phrase_of, prefixes
from datagen.agentic.domains.compiling.plans import Reason
from datagen.agentic.domains.compiling.reading import read_server
from datagen.agentic.domains.compiling.words import plural, singular, words_of
from datagen.agentic.domains.drawing.speech import field_name
from datagen.agentic.tools.specs import normalise
from datagen.schemas import Tool


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("get_task", "get task"),
        ("delete-contact", "delete contact"),
        ("getUserIDs", "get user ids"),
        ("HTTPServer_list", "http server list"),
        ("crm2_addNote", "crm 2 add note"),
        ("größe_setzen", "größe setzen"),
        ("", ""),
    ],
)
def test_names_come_apart_into_words(name: str, words: str) -> None:
    assert words_of(name) == tuple(words.split())


@pytest.mark.parametrize(
    ("many", "one"),
    [
        ("tasks", "task"), ("companies", "company"), ("addresses", "address"), ("people", "person"),
        ("statuses", "status"), ("boxes", "box"), ("invoices", "invoice"), ("databases", "database"),
        ("news", "news"), ("ids", "id"), ("caches", "cache"), ("movies", "movie"),
    ],
)  # fmt: skip
def test_a_word_in_the_singular_and_back(many: str, one: str) -> None:
    assert singular(many) == one
    assert singular(plural(one)) == one


@pytest.mark.parametrize(
    ("name", "operation", "noun"),
    [
        ("create_task", "create", "task"),
        ("getTaskById", "read", "task"),
        ("tasks-list", "list", "task"),
        ("get_all_tasks", "list", "task"),
        ("get-browser-list", "list", "browser"),
        ("list_open_orders", "list", "open order"),
        ("crm_delete_contact", "delete", "contact"),
        ("mark_order_as_paid", "status", "order"),
        ("archiveChat", "status", "chat"),
        ("rename_file", "update", "file"),
        ("count_members", "count", "member"),
        ("get_task_count", "count", "task"),
        ("find_user_by_email", "list", "user"),
    ],
)
def test_a_name_says_what_is_done_to_what(name: str, operation: str, noun: str) -> None:
    phrase = phrase_of(name, frozenset())
    assert phrase is not None
    assert (phrase.operation, phrase.noun) == (operation, tuple(noun.split()))


@pytest.mark.parametrize("name", ["sync_tasks", "think", "weather", "return_book", "a_b_c_d", "_"])
def test_a_name_without_a_clear_verb_says_nothing(name: str) -> None:
    assert phrase_of(name, frozenset()) is None


def test_what_a_server_puts_before_all_its_names_is_dropped() -> None:
    names = ["acme_create_task", "acme_get_task", "acme_tasks_list", "acme_ping"]
    assert prefixes("Other", names) == {"acme"}
    assert prefixes("Acme Server", names[:2]) == {"acme"}
    assert prefixes("Other", ["task_add", "task_get", "note_add", "note_get"]) == set()


def test_a_thing_that_goes_by_its_name_is_renamed_by_that_name() -> None:
    plan = read(
        spec(
            "list_collections", schema={"type": "object", "properties": {"items_per_page": COUNT}}
        ),
        spec("rename_collection", "collection newName"),
        spec("drop_collection", "collection"),
    )
    entity = plan.entities["collections"]
    assert entity.natural
    assert not {"name", "items_per_page"} & set(entity.fields)


def test_a_crud_server_is_understood_whole() -> None:
    plan = read(*tasks_app())

    assert plan.reasons == {}
    assert set(plan.entities) == {"tasks", "projects"}
    tasks = plan.entities["tasks"]
    assert (tasks.key.name, tasks.label) == ("task_id", "title")
    assert tasks.fields["project_id"].refers == "projects"
    assert tasks.fields["status"].options == ("todo", "in_progress", "done")
    operations = {name: action.operation for name, action in plan.actions.items()}
    assert operations["move_task"] == "update"
    assert plan.actions["complete_task"].sets == ("status", "done")
    assert plan.actions["archive_project"].sets == ("archived", True)


def test_the_id_of_another_kind_of_thing_leads_to_no_record_of_this_kind() -> None:
    plan = read(
        *tasks_app(),
        spec("create_note", "todo_task_id parent_project_id project_id text"),
        spec("get_note", "note_id"),
        spec("create_planner_task", "title"),
        spec("get_planner_task", "planner_task_id"),
    )
    fields = plan.entities["notes"].fields
    refers = {name: field.refers for name, field in fields.items() if name.endswith("_id")}
    assert refers["project_id"] == "projects"
    assert refers["todo_task_id"] == ""


def test_a_field_that_is_named_like_its_record_is_not_said_twice() -> None:
    plan = read(spec("get_pv_value", "pv_name"), spec("set_pv_value", "pv_name pv_value"))
    [entity] = plan.entities.values()
    assert field_name(entity.fields["pv_value"], entity) == "value"


def test_a_record_that_goes_by_its_name_has_it_as_its_id() -> None:
    plan = read(
        spec("create_collection", "name"), spec("list_collections"), spec("drop_collection", "name")
    )
    assert plan.entities["collections"].natural
    assert plan.entities["collections"].key.name == "name"


def test_a_wrapper_around_the_arguments_is_opened() -> None:
    body = {"type": "object", "properties": {"title": TEXT, "text": TEXT}, "required": ["title"]}
    plan = read(
        spec("create_note", {"body": body}), spec("list_notes"), spec("get_note", "note_id")
    )
    paths = {b.parameter.path for b in plan.actions["create_note"].bindings}
    assert paths == {("body", "title"), ("body", "text")}


def test_a_tool_that_names_a_field_changes_that_field() -> None:
    tools = [
        spec("get_task", "task_id"),
        spec("create_task", "title"),
        spec("set_task_priority", {"task_id": TEXT, "priority": {"type": "string", "enum": ["low", "high"]}}),
        spec("set_due_date", {"task_id": TEXT, "due_date": {"type": "string", "format": "date"}}),
    ]  # fmt: skip
    plan = read(*tools)
    written = {n: [b.field for b in a.bound("field")] for n, a in plan.actions.items()}
    assert written["set_task_priority"] == ["priority"]
    assert written["set_due_date"] == ["due_date"]


_LOOK = (spec("get_task", "task_id"), spec("create_task", "title"), spec("list_tasks", "status?"))


@pytest.mark.parametrize(
    ("tool", "expected"),
    [
        (spec("synchronise_tasks", "task_id"), "unclear_verb"),
        (spec("create_and_share", "title"), "unclear_object"),
        (spec("delete_tasks", {"task_ids": {"type": "array", "items": TEXT}}), "unclear_object"),
        (spec("add_task_to_task", "task_id title"), "unclear_object"),
        (spec("update_task", {"task_id": TEXT, "shape": {"type": "object"}}), "unclear_parameters"),
        (spec("update_task", "task_id"), "unclear_parameters"),
        (spec("update_task", "task_id title access_token"), "credentials"),
        (spec("delete_task", "colour"), "no_key"),
        (spec("delete_task", "task_id", annotations={"readOnlyHint": True}), "contradictory_hints"),
        (spec("get_invoice", "invoice_id"), "alone"),
        (
            spec("delete_task", schema={"type": "object", "anyOf": [{"required": ["task_id"]}], "properties": {"task_id": dict(TEXT)}}),
            "unsupported_schema",
        ),
        (
            spec("delete_task", "task_id", output={"type": "object", "properties": {"parts": {"type": "object", "properties": {"a": dict(TEXT)}}}, "required": ["parts"]}),
            "unfit_result",
        ),
    ],
)  # fmt: skip
def test_what_is_not_clear_has_its_reason(tool: Tool, expected: str) -> None:
    plan = read(*_LOOK, tool)
    assert reason(plan, tool) == expected
    assert tool.name not in plan.actions
    assert {"get_task", "create_task", "list_tasks"} <= set(plan.actions)


def test_records_of_which_nothing_is_known_have_no_backend() -> None:
    plan = read(spec("get_coin", "coin_id"), spec("search_coins", "query"))
    assert {found for found, _ in plan.reasons.values()} == {"no_fields"}


def test_two_tools_of_one_name_are_one_tool_and_a_reason() -> None:
    other = spec("get_task", "id", description="Another one.")
    plan = read(*_LOOK, other)
    taken = [found for found, _ in plan.reasons.values()]
    assert taken == ["name_taken"]
    assert set(plan.actions) == {"get_task", "create_task", "list_tasks"}


def test_nothing_depends_on_the_order_of_the_tools() -> None:
    tools = tasks_app()
    forth, back = read(*tools), read(*reversed(tools))
    assert forth == back


def test_evolved_tools_are_about_the_entities_that_they_name() -> None:
    plans = [read_server(server, tools) for server, tools in by_server(evolved_tools()).items()]
    actions = {name: action for plan in plans for name, action in plan.actions.items()}
    reasons = [found for plan in plans for found, _ in plan.reasons.values()]

    assert len(actions) >= 29
    assert Counter(reasons) <= Counter(unclear_verb=5, unclear_object=1)
    assert actions["book_berth"].entity == "bookings"
    assert actions["cancel_booking"].sets == ("status", "cancelled")
    assert actions["update_patient_ward"].operation == "update"


ODD: list[dict[str, Any]] = [
    {"type": "object"},
    {"type": "object", "properties": {}, "required": ["gone"]},
    {"type": "object", "properties": {"id": True}},
    {"type": "object", "properties": {"id": {"$ref": "#/$defs/Id"}}, "$defs": {"Id": {"type": "string"}}},
    {"type": "object", "properties": {"node": {"$ref": "#/$defs/N"}}, "$defs": {"N": {"type": "object", "properties": {"next": {"$ref": "#/$defs/N"}}}}},
    {"type": "object", "properties": {"id": {"anyOf": [{"type": "integer"}, {"type": "null"}]}, "name": {"type": ["string", "null"]}}},
    {"type": "object", "properties": {"id": {"oneOf": [{"enum": [1, "a", None]}, {"type": "array", "items": False}]}}},
    {"type": "object", "properties": {f"p{n}": {"type": "string"} for n in range(100)}},
    {"type": "object", "properties": {"größe": {"type": "number", "minimum": 5, "maximum": 1}, "名前": {"type": "string"}, "🙂": {}}},
    {"type": "object", "properties": {"a": {"type": "object", "properties": {"b": {"type": "object", "properties": {"c": {"type": "array", "items": {"type": "array"}}}}}}}},
    {"type": "object", "properties": {"id": {"type": "string", "pattern": "^(?=x)(a|b){3,}[^c]$", "minLength": 500}}},
    {"type": "object", "properties": {"id": {"type": "string", "enum": []}, "x": {"const": None}}},
    {"type": "object", "allOf": [{"properties": {"id": {"type": "string"}}}]},
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(ODD)))
def test_odd_schemas_are_read_or_have_a_reason(number: int) -> None:
    tools = []
    for verb in ("create", "get", "update", "delete", "list", "cancel"):
        raw = {
            "name": f"{verb}_thingy",
            "description": "Odd.",
            "inputSchema": ODD[number],
            "outputSchema": ODD[-1 - number],
        }
        made = normalise(raw, provenance("Odd"))
        tools += [made] if isinstance(made, Tool) else []
    plan = read_server("Odd", tools)
    assert len(plan.actions) + len(plan.reasons) == len(tools)


_NAMES = st.sampled_from(
    ["id", "task_id", "title", "status", "due_date", "tags", "body", "x", "näme"]
)
_LEAVES = st.sampled_from(
    [{"type": "string"}, {"type": "integer"}, {"type": "boolean"}, {}, {"type": "null"}, {"enum": ["a", "b"]}, {"type": "string", "format": "date"}]
)  # fmt: skip
_SCHEMAS: st.SearchStrategy[dict[str, Any]] = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        st.builds(lambda items: {"type": "array", "items": items}, inner),
        st.builds(lambda choices: {"anyOf": choices}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(
            lambda parts, needed: {"type": "object", "properties": parts, "required": [n for n in needed if n in parts]},
            st.dictionaries(_NAMES, inner, max_size=5),
            st.lists(_NAMES, max_size=3, unique=True),
        ),
    ),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=150)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                ["create", "get", "list", "update", "delete", "close", "search", "count"]
            ),
            st.sampled_from(["task", "tasks", "project", "task_note", "status"]),
            _SCHEMAS,
            st.none() | _SCHEMAS,
        ),
        max_size=8,
    )
)
def test_whatever_a_server_has_each_tool_has_a_backend_or_a_reason(specs: list[Any]) -> None:
    tools = {}
    for verb, noun, inputs, output in specs:
        root = (
            inputs
            if inputs.get("type") == "object"
            else {"type": "object", "properties": {"id": inputs}}
        )
        raw = {"name": f"{verb}_{noun}", "description": "Any.", "inputSchema": root}
        made = normalise(raw | ({"outputSchema": output} if output else {}), provenance("Any"))
        if isinstance(made, Tool):
            tools[made.id] = made
    plan = read_server("Any", list(tools.values()))
    assert {a.tool.id for a in plan.actions.values()} | set(plan.reasons) == set(tools)
    assert {found for found, _ in plan.reasons.values()} <= set(get_args(Reason))


@needs_data
def test_real_servers_are_read_whole_and_quickly() -> None:
    servers = by_server(real_tools())
    compiled = 0
    for server, tools in servers.items():
        plan = read_server(server, tools)
        known = {action.tool.id for action in plan.actions.values()}
        assert not known & set(plan.reasons)
        assert known | set(plan.reasons) == {tool.id for tool in tools}
        compiled += len(known)
    assert len(real_tools()) > 5_000
    assert compiled >= 380


def test_a_tool_of_a_hundred_parameters_and_one_of_none_don_t_keep_others_from_being_read() -> None:
    many = {f"field_{n}?": COUNT for n in range(100)}
    plan = read(*_LOOK, spec("update_task", {"task_id": TEXT, **many}), spec("get_tasks_overview"))
    assert {"get_task", "create_task", "list_tasks"} <= set(plan.actions)


def test_text_around_a_spec_decides_nothing_but_quoted_values() -> None:
    quoted = {"type": "string", "description": "One of 'red', 'green' and 'blue'."}
    plan = read(*_LOOK, spec("update_task", {"task_id": TEXT, "shade": quoted}))
    assert plan.entities["tasks"].fields["shade"].schema["examples"] == ["red", "green", "blue"]
    assert (
        json.loads(plan.actions["update_task"].tool.input_schema)["properties"]["shade"] == quoted
    )
