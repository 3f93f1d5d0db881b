"""Compiled domains: states that hold, backends that take whatever fits, results that fit."""

import json
import random
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from evolved_apps import evolved_tools
from fitting import fits, fitting
from specs_made import COUNT, TEXT, by_server, needs_data, read, real_plans, spec, tasks_app

from datagen.agentic.domains.compiling.building import CompiledDomain, compiled_domain
from datagen.agentic.domains.compiling.plans import ServerPlan
from datagen.agentic.domains.compiling.reading import read_server
from datagen.agentic.domains.compiling.rules import GENERAL
from datagen.agentic.environment.compiled import CompiledEnvironment, state_fault
from datagen.agentic.nouns import ToolCall
from datagen.schemas import Tool


def domain_of(plan: ServerPlan, seed: int = 0) -> CompiledDomain:
    return compiled_domain(plan, list(plan.actions), seed=seed)


@cache
def made_domains() -> tuple[CompiledDomain, ...]:
    """Domains of tools that were made for tests."""
    servers = by_server([*tasks_app(), *evolved_tools()])
    return tuple(domain_of(read_server(server, tools)) for server, tools in servers.items())


def desk() -> CompiledDomain:
    return domain_of(read(*tasks_app()))


def called(environment: CompiledEnvironment, tool: str, /, **arguments: Any) -> Any:
    result = environment.answer_now(ToolCall(id=tool, name=tool, arguments=arguments))
    return json.loads(result.content)


def first(environment: CompiledEnvironment, entity: str) -> dict[str, Any]:
    return dict(next(iter(environment.state[entity].values())))


def check_states(domain: CompiledDomain, seeds: range) -> None:
    for seed in seeds:
        state = domain.initial_state(seed)
        assert state_fault(domain, state) == "", domain.name
        assert state == domain.initial_state(seed)
        assert json.loads(json.dumps(state)) == state


def calls(domain: CompiledDomain, state: dict[str, Any], seed: int) -> Iterator[ToolCall]:
    """Calls of every tool whose arguments fit its schema, ids of the state among them."""
    chance = random.Random(f"{domain.name} {seed}")
    ids = [key for name, records in state.items() if isinstance(records, dict) for key in records]
    for tool in domain.tools:
        for number in range(4):
            arguments = fitting(tool.input_schema, chance)
            if not isinstance(arguments, dict):
                continue
            for key, value in list(arguments.items()):
                if chance.random() < 0.7 and isinstance(value, str | int) and tool.refers.get(key):
                    known = list(state[tool.refers[key]])
                    arguments[key] = chance.choice(known or ids)
                    if isinstance(value, int) and arguments[key].isdecimal():
                        arguments[key] = int(arguments[key])
            if fits(tool.input_schema, arguments):
                yield ToolCall(id=f"{tool.name} {number}", name=tool.name, arguments=arguments)


def check_calls(domain: CompiledDomain, seed: int) -> int:
    """Every call is answered, errors are declared as such, results fit; how many there were."""
    state = domain.initial_state(seed)
    environment = CompiledEnvironment(domain, state)
    results = 0
    for call in calls(domain, state, seed):
        answer = environment.answer_now(call)
        content = json.loads(answer.content)
        tool = domain.tool(call.name)
        assert tool is not None
        if answer.is_error:
            assert set(content["error"]) == {"code", "message"}, (call, content)
            assert content["error"]["code"] != "invalid_arguments", (call, content)
            continue
        results += 1
        assert fits(tool.output_schema, content), (domain.name, call, content, tool.output_schema)
        if tool.read_only:
            assert not any(change.call_id == call.id for change in environment.changes)
    assert state_fault(domain, environment.state) == ""
    return results


@pytest.mark.parametrize("number", range(len(made_domains())))
def test_states_keep_the_rules_and_follow_from_their_seeds(number: int) -> None:
    check_states(made_domains()[number], range(40))


@pytest.mark.parametrize("number", range(len(made_domains())))
def test_every_call_that_fits_is_answered_with_what_fits(number: int) -> None:
    assert sum(check_calls(made_domains()[number], seed) for seed in range(12)) > 50


@needs_data
@pytest.mark.slow
def test_domains_of_real_servers_hold_as_well() -> None:
    for plan in real_plans():
        domain = domain_of(plan)
        check_states(domain, range(2))
        check_calls(domain, 1)


def test_states_have_a_few_records_of_each_entity_and_namesakes() -> None:
    domain, alike = desk(), 0
    for seed in range(30):
        state = domain.initial_state(seed)
        for entity in domain.entities:
            assert 5 <= len(state[entity.name]) <= 12
        titles = [task["title"] for task in state["tasks"].values()]
        alike += len(titles) - len(set(titles))
    assert alike > 20


def test_the_spec_of_a_tool_stays_as_it_came() -> None:
    rows = {tool.name: tool for tool in tasks_app()}
    for row in desk().rows():
        came = rows[row.name]
        kept = ("id", "name", "description", "input_schema", "output_schema", "raw", "errors")
        assert {name: getattr(row, name) for name in kept} == {
            name: getattr(came, name) for name in kept
        }
        assert json.loads(row.annotations)["readOnlyHint"] == (not row.writes)


def test_a_record_is_made_read_changed_and_deleted() -> None:
    environment = CompiledEnvironment(desk(), desk().initial_state(3))
    project = next(iter(environment.state["projects"]))
    made = called(environment, "create_task", title="Water the plants", project_id=project)
    key = made["task_id"]
    assert called(environment, "get_task", task_id=key)["title"] == "Water the plants"

    called(environment, "update_task", task_id=key, title="Water them", status="in_progress")
    changed = called(environment, "get_task", task_id=key)
    assert (changed["title"], changed["status"]) == ("Water them", "in_progress")

    assert called(environment, "complete_task", task_id=key)["status"] == "done"
    assert called(environment, "delete_task", task_id=key, force=True) == {
        "deleted": True,
        "task_id": key,
    }
    assert called(environment, "get_task", task_id=key)["error"]["code"] == "not_found"


def test_a_new_id_follows_from_what_the_record_is_not_from_the_order_of_calls() -> None:
    state = desk().initial_state(3)
    one, other = (CompiledEnvironment(desk(), state) for _ in range(2))
    made = called(one, "create_project", name="Roof")
    called(other, "create_project", name="Cellar")
    assert called(other, "create_project", name="Roof") == made


def test_lists_hold_filters_against_fields_and_keep_to_their_limit() -> None:
    environment = CompiledEnvironment(desk(), desk().initial_state(5))
    tasks = list(environment.state["tasks"].values())
    done = [task["task_id"] for task in tasks if task["status"] == "done"]
    found = called(environment, "list_tasks", status="done")
    assert [task["task_id"] for task in found["tasks"]] == done
    assert found["total"] == len(done) == called(environment, "count_tasks", status="done")["count"]

    few = called(environment, "list_tasks", limit=2)
    assert (len(few["tasks"]), few["total"]) == (2, len(tasks))

    word = tasks[0]["title"].split()[0].upper()
    hits = called(environment, "search_tasks", query=word)["tasks"]
    assert tasks[0]["task_id"] in {task["task_id"] for task in hits}
    assert called(environment, "search_tasks", query="zzzz")["tasks"] == []


def test_references_lead_somewhere_whatever_is_done() -> None:
    domain = desk()
    environment = CompiledEnvironment(domain, domain.initial_state(2))
    task = first(environment, "tasks")
    refused = called(environment, "move_task", task_id=task["task_id"], project_id="P-nowhere")
    assert refused["error"]["code"] == "not_found"

    other = next(k for k in environment.state["projects"] if k != task["project_id"])
    called(environment, "move_task", task_id=task["task_id"], project_id=other)
    assert environment.state["tasks"][task["task_id"]]["project_id"] == other
    assert state_fault(domain, environment.state) == ""


def test_what_others_refer_to_is_not_deleted() -> None:
    plan = read(*tasks_app(), spec("delete_project", "project_id", server="Task Desk"))
    domain = domain_of(plan)
    environment = CompiledEnvironment(domain, domain.initial_state(2))
    used = first(environment, "tasks")["project_id"]
    assert called(environment, "delete_project", project_id=used)["error"]["code"] == "in_use"


def test_a_value_that_records_can_t_hold_is_refused() -> None:
    plan = read(
        spec(
            "create_ticket", {"title": TEXT, "level": {"type": "string", "enum": ["low", "high"]}}
        ),
        spec("get_ticket", "ticket_id"),
        spec("set_ticket_level", "ticket_id level"),
    )
    domain = domain_of(plan)
    environment = CompiledEnvironment(domain, domain.initial_state(1))
    key = next(iter(environment.state["tickets"]))
    refused = called(environment, "set_ticket_level", ticket_id=key, level="sideways")
    assert refused["error"]["code"] == "invalid_value"


def test_renaming_what_goes_by_its_name_takes_its_references_along() -> None:
    plan = read(
        spec("create_shelf", "name"),
        spec("list_shelves"),
        spec("rename_shelf", "old_name new_name"),
        spec("create_book", "title shelf"),
        spec("get_book", "book_id"),
    )
    domain = domain_of(plan)
    environment = CompiledEnvironment(domain, domain.initial_state(4))
    shelf = first(environment, "books")["shelf"]
    called(environment, "rename_shelf", old_name=shelf, new_name="Attic")
    assert "Attic" in environment.state["shelves"]
    assert shelf not in environment.state["shelves"]
    assert state_fault(domain, environment.state) == ""


def test_a_name_that_two_records_have_is_ambiguous() -> None:
    plan = read(
        spec("create_memo", "title text"),
        spec("get_memo", {"memo_id?": COUNT, "title?": TEXT}),
        spec("delete_memo", {"memo_id": COUNT}),
    )
    domain = domain_of(plan)
    state = domain.initial_state(1)
    one, other = list(state["memos"].values())[:2]
    other["title"] = one["title"]
    environment = CompiledEnvironment(domain, state)
    assert called(environment, "get_memo", memo_id=one["memo_id"])["title"] == one["title"]
    answer = called(environment, "get_memo", title=one["title"])
    assert answer == {"error": answer["error"]} or answer["memo_id"] == one["memo_id"]


def test_errors_have_the_codes_that_the_tool_declares() -> None:
    domain = next(one for one in made_domains() if one.name.startswith("harbour"))
    environment = CompiledEnvironment(domain, domain.initial_state(1))
    assert called(environment, "get_berth", berth_id="none")["error"]["code"] == "record_not_found"


def test_switches_that_mean_nothing_change_nothing() -> None:
    plan = read(
        spec("get_task", {"task_id": TEXT, "verbose?": {"type": "boolean"}, "format?": TEXT}),
        spec("create_task", "title"),
        spec("list_tasks", {"page?": COUNT, "include_done?": {"type": "boolean"}, "fields?": TEXT}),
    )
    domain = domain_of(plan)
    environment = CompiledEnvironment(domain, domain.initial_state(1))
    key = next(iter(environment.state["tasks"]))
    plain = called(environment, "get_task", task_id=key)
    assert called(environment, "get_task", task_id=key, verbose=True, format="yaml") == plain
    assert called(environment, "list_tasks", include_done=False, fields="title")["total"] == len(
        environment.state["tasks"]
    )


def test_a_domain_holds_the_entities_of_its_tools_and_what_these_refer_to() -> None:
    plan = read(*tasks_app())
    assert {e.name for e in compiled_domain(plan, ["get_project"]).entities} == {"projects"}
    assert {e.name for e in compiled_domain(plan, ["get_task"]).entities} == {"tasks", "projects"}


def test_a_policy_states_each_rule_once_and_differs_by_seed() -> None:
    plan = read(*tasks_app())
    policies = {domain_of(plan, seed).policy for seed in range(20)}
    assert len(policies) > 5
    for seed in range(20):
        domain = domain_of(plan, seed)
        assert 1 <= len(domain.rules) <= 2
        assert domain.policy.endswith(GENERAL)
        assert all(f"- {rule.said}" in domain.policy for rule in domain.rules)
        assert domain.policy == domain_of(plan, seed).policy


def test_tools_with_output_schemas_of_many_forms_answer_in_them() -> None:
    text = {"type": "object", "properties": {"result": {"type": "string"}}, "required": ["result"]}
    row = {
        "type": "object",
        "properties": {"id": {"type": "string"}, "title": TEXT, "stars": COUNT},
        "required": ["id", "title", "stars"],
    }
    tools: list[Tool] = [
        spec("create_note", "title", output={"type": "object", "properties": {"success": {"type": "boolean"}, "note": row}, "required": ["success", "note"]}),
        spec("get_note", "note_id", output=row),
        spec("list_notes", "", output={"type": "array", "items": row}),
        spec("search_notes", "query", output={"type": "object", "properties": {"notes": {"type": "array", "items": {"type": "string"}}, "total": COUNT}, "required": ["notes", "total"]}),
        spec("find_note", "query", output=text),
        spec("delete_note", "note_id", output={"type": "object", "properties": {"message": TEXT, "deleted": {"const": True}}, "required": ["message", "deleted"]}),
        spec("count_notes", "", output={"type": "integer"}),
    ]  # fmt: skip
    plan = read(*tools)
    assert plan.reasons == {}
    domain = domain_of(plan)
    assert check_calls(domain, 1) > 10
    environment = CompiledEnvironment(domain, domain.initial_state(1))
    notes = called(environment, "list_notes")
    assert called(environment, "count_notes") == len(notes)
    assert {"id", "title", "stars"} == set(notes[0])
