"""Tasks drawn over compiled domains: they can be done, are worded literally, keep to the rules."""

import json
import re
from collections import Counter
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from evolved_apps import evolved_tools
from specs_made import by_server, needs_data, read, real_plans, spec, tasks_app

from datagen.agentic.domains.building import Wanted, reference_trajectory
from datagen.agentic.domains.compiling.building import CompiledDomain, compiled_domain
from datagen.agentic.domains.compiling.plans import ServerPlan
from datagen.agentic.domains.compiling.reading import read_server
from datagen.agentic.domains.drawing.tasks import draw_compiled_task
from datagen.agentic.domains.tasks import draw_tasks
from datagen.agentic.nouns import AgentSpec, Call, Task
from datagen.agentic.recipe import TaskOptions
from datagen.agentic.users.moves import asked_facts
from datagen.agentic.verify.audit import audit
from datagen.agentic.wishes import wish

ANYONE = AgentSpec(
    id="anyone", role="", expertise="", behaviour="", system_prompt="", tools=(), core=()
)
ACTS = ("ordinary", "clarify", "parallel")
EACH = 60


def plans() -> list[ServerPlan]:
    servers = by_server([*tasks_app(), *evolved_tools()])
    return [read_server(server, tools) for server, tools in servers.items()]


def wanted(number: int, seed: int = 0) -> Wanted:
    one = wish(number, TaskOptions(), seed)
    return Wanted(
        kind=one.kind, tier=one.tier, persona=one.persona, fails=one.fails, number=number, seed=one.seed
    )  # fmt: skip


@cache
def drawn() -> tuple[tuple[CompiledDomain, Wanted, Task | None], ...]:
    found = []
    for place, plan in enumerate(plans()):
        for number in range(EACH):
            domain = compiled_domain(plan, list(plan.actions), seed=number // 4)
            want = wanted(place * EACH + number)
            found.append((domain, want, draw_compiled_task(domain, ANYONE, domain.rows(), want)))
    return tuple(found)


def tasks() -> list[tuple[CompiledDomain, Task]]:
    return [(domain, task) for domain, _, task in drawn() if task is not None]


def texts(value: Any) -> list[str]:
    """Texts and numbers in a call's arguments."""
    if isinstance(value, dict | list):
        inner = value.values() if isinstance(value, dict) else value
        return [found for one in inner for found in texts(one)]
    return [] if isinstance(value, bool) or value is None else [str(value)]


def test_nearly_every_wish_gives_a_task_and_few_are_alike() -> None:
    assert len(tasks()) >= 0.95 * len(drawn())
    assert len({task.id for _, task in tasks()}) == len(tasks())
    assert len({task.opening for _, task in tasks()}) >= 0.97 * len(tasks())
    counted = Counter((task.kind, task.tier) for _, task in tasks())
    assert all(counted[kind, tier] for kind in ACTS for tier in ("single", "dependent", "long"))


def test_the_kind_is_the_one_wished_for_and_the_tier_is_what_the_calls_take() -> None:
    for _, want, task in drawn():
        if task is None:
            continue
        assert task.kind == want.kind
        calls = len(task.reference)
        if task.kind in ("ordinary", "clarify"):
            low, high = {"single": (1, 1), "dependent": (2, 3), "long": (4, 14)}[task.tier]
            assert low <= calls <= high, (task.tier, task.opening)


def test_nearly_every_task_passes_its_audit() -> None:
    failed = []
    for domain, task in tasks():
        found = audit(task, domain, domain.rows())
        failed += [] if found.passed else [(found.reason, found.detail, task.opening)]
    assert len(failed) <= 0.04 * len(tasks()), failed


def test_references_reach_their_goals_and_use_arguments_that_fit() -> None:
    for domain, task in tasks():
        trajectory = reference_trajectory(task, domain)
        changed = trajectory.final_state != task.initial_state
        if task.kind in ACTS:
            assert changed == bool(task.goal), task.opening
            assert task.goal or task.answer, task.opening
        else:
            assert not changed
        for turn in trajectory.turns:
            assert "invalid_arguments" not in turn.content


def test_what_is_called_is_said_found_or_answered_literally() -> None:
    for domain, task in tasks():
        told = [task.opening, *task.known.values(), domain.policy]
        trajectory = reference_trajectory(task, domain)
        told += [turn.content for turn in trajectory.turns if turn.role == "tool"]
        heard = " ".join(told).casefold().replace("_", " ")
        for call in task.reference:
            fields = domain.actions[call.name].bindings
            fillers = {b.parameter.name for b in fields if b.role in ("filler", "limit", "page")}
            for name, value in call.arguments.items():
                for text in [] if name in fillers else texts(value):
                    assert text.casefold().replace("_", " ") in heard, (text, task.opening)


def test_clarify_tasks_leave_out_what_the_user_tells_when_asked() -> None:
    for _, task in tasks():
        assert bool(task.known) == (task.kind == "clarify")
        for name, value in task.known.items():
            assert value.casefold() not in task.opening.casefold()
            asked = f"Could you tell me the {name.replace('_', ' ')}, please?"
            assert name in asked_facts(task, asked)


def rule_broken(domain: CompiledDomain, task: Task, call: Call) -> bool:
    """Whether a call breaks one of the domain's rules."""
    action = domain.actions[call.name]
    plan = domain.plans[action.entity]
    record = None
    for binding in action.bound("key", "label"):
        value = binding.parameter.given(call.arguments)
        for one in task.initial_state[plan.name].values():
            if action.operation != "create" and str(one.get(binding.field)) == str(value):
                record = one
    written = {
        b.field: value
        for b in action.bound("field")
        if (value := b.parameter.given(call.arguments)) is not None
    }
    return any(rule.forbids(action, record, written) for rule in domain.rules)


def test_what_is_to_be_done_keeps_to_the_rules() -> None:
    for domain, task in tasks():
        assert not any(rule_broken(domain, task, call) for call in task.reference), task.opening


def test_what_is_to_be_refused_breaks_a_rule_that_the_policy_states() -> None:
    refused = [(domain, task) for domain, task in tasks() if task.kind == "refuse"]
    assert len(refused) > 15
    for domain, task in refused:
        assert domain.rules
        told = any(rule.kind in ("confidential", "withheld") for rule in domain.rules)
        assert task.rubric.pattern.forbidden or told, task.opening
        assert all(call.name in domain.actions for call in task.rubric.pattern.forbidden)
    kinds = {rule.kind for domain, _ in refused for rule in domain.rules}
    assert len(kinds) >= 5


def test_no_tool_of_the_agent_does_what_there_is_no_tool_for() -> None:
    found = [(domain, task) for domain, task in tasks() if task.kind == "no_tool"]
    assert len(found) > 15
    for domain, task in found:
        assert task.reference == ()
        said = task.opening.lower().replace("undo the last change", "undo")
        for name, action in domain.actions.items():
            about = domain.plans[action.entity].noun[-1] in said
            verb = {"delete": "delete|remove", "update": "change|update", "create": "create|add"}
            does = re.search(verb.get(action.operation, "(?!)"), said)
            assert not (about and does), (name, task.opening)


def test_tasks_follow_from_their_wishes() -> None:
    plan = plans()[0]
    domain = compiled_domain(plan, list(plan.actions))
    again = compiled_domain(plan, list(reversed(list(plan.actions))))
    for number in range(20):
        one = draw_compiled_task(domain, ANYONE, domain.rows(), wanted(number))
        assert one == draw_compiled_task(again, ANYONE, again.rows(), wanted(number))
    assert [t.id for t in draw_tasks(domain, ANYONE, 1, 9)] == [
        t.id for t in draw_tasks(again, ANYONE, 1, 9)
    ]


def test_where_only_the_tier_will_do_no_other_comes() -> None:
    plan = plans()[0]
    domain = compiled_domain(plan, list(plan.actions)[:2])
    found = Counter[bool]()
    for number in range(60):
        one = replace(wanted(number), exact=True)
        task = draw_compiled_task(domain, ANYONE, domain.rows(), one)
        assert task is None or (task.kind, task.tier) == (one.kind, one.tier)
        found[task is None] += 1
    assert min(found[True], found[False]) > 3


def test_wording_varies_and_leaves_no_holes() -> None:
    openings = [task.opening for _, task in tasks()]
    for opening in openings:
        assert not re.search(r"[{}]|\b(\w+) \1 |None|True|False|  | \.|“”", opening), opening
        assert opening[0] == opening[0].upper()
    assert len({opening.split(" ")[0] for opening in openings}) > 20


def stories() -> ServerPlan:
    """Stories are listed by type and author alone, and read with both."""
    kind = {"type": "string", "enum": ["top", "new", "best", "job"]}
    text, order = {"type": "string"}, {"type": "string", "enum": ["asc", "desc"]}
    return read(
        spec("list_stories", {"story_type": kind, "author": text, "dir?": order}),
        spec("get_story", {"story_id": text, "author": text}),
        spec(
            "create_story",
            {"title": text, "author": text, "section": text, "story_type": kind, "city": text},
        ),
        spec("update_story", {"story_id": text, "section?": text, "city?": text}),
    )


def test_nobody_says_a_thing_twice_or_asks_for_what_they_say_or_names_an_order() -> None:
    plan = stories()
    found = []
    for number in range(160):
        domain = compiled_domain(plan, list(plan.actions), seed=number)
        task = draw_compiled_task(domain, ANYONE, domain.rows(), wanted(number))
        found += [task] if task is not None and task.kind in ("ordinary", "parallel") else []
    narrowed = [task for task in found if re.search("with the (story type|author)", task.request)]
    assert len(narrowed) > 30
    for task in found:
        assert not re.search(r"with the dir\b|\b(asc|desc)\b", task.request), task.request
        for part in re.split(
            r", |; | then | and (?=also|[a-z]+ (?:up|out|me|the|an?) )", task.request
        ):
            asked, _, told = part.partition(" of ")
            said = re.findall(r"(?:with|and) the (story type|author|section|city) ", told)
            assert len(said) == len(set(said)), part
            assert not any(f"the {name}" in asked for name in said), part


def test_tools_that_allow_little_give_no_task_rather_than_a_wrong_one() -> None:
    plan = read(spec("get_thread", "thread_id"), spec("delete_thread", "thread_id"))
    domain = compiled_domain(plan, ["delete_thread"])
    for number in range(30):
        task = draw_compiled_task(domain, ANYONE, domain.rows(), wanted(number))
        if task is not None:
            assert {call.name for call in task.reference} <= {"delete_thread"}


@needs_data
@pytest.mark.slow
def test_tasks_of_dozens_of_real_servers_pass_and_their_wrong_runs_fail() -> None:
    checked = passed = 0
    for place, plan in enumerate(real_plans()):
        names = sorted(plan.actions)[:10]
        domain = compiled_domain(plan, names, seed=place)
        for number in range(place * 4, place * 4 + 4):
            task = draw_compiled_task(domain, ANYONE, domain.rows(), wanted(number))
            if task is None:
                continue
            checked += 1
            found = audit(task, domain, domain.rows())
            passed += found.passed
            assert found.reason != "satisfied_at_start", task.opening
            json.dumps(task.model_dump(mode="json"))
    assert checked > 200
    assert passed >= 0.95 * checked
