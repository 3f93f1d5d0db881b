"""The agentic pipeline with a worker called directly: what comes out, and that nothing is lost."""

import asyncio
import itertools
import json
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from counter_ground import CounterGround, follower

from datagen.agentic.pipeline import AgenticPipeline
from datagen.agentic.planning import AgenticPlan, TaskPlanner
from datagen.agentic.recipe import AgenticRecipe, run_identity
from datagen.engines.base import ROLES, Completion, Request, RequestedCall
from datagen.engines.scripted import ScriptedEngine
from datagen.errors import EngineError
from datagen.inspect.views import sql
from datagen.runner.worker import Assignment, Worker
from datagen.shards import Commit, RunFolder

Reply = Callable[[Request], Any]


def recipe(**sections: Any) -> AgenticRecipe:
    values: dict[str, Any] = {
        "engine": {"kind": "scripted", "model": "x:y"},
        "agents": {"min_tools": 5, "max_tools": 5},
        "rollout": {"per_task": 3, "max_turns": 6, "max_calls": 10},
    }
    for name, section in sections.items():
        values[name] = values.get(name, {}) | section
    return AgenticRecipe.model_validate(values)


@dataclass
class Run:
    """One run folder, entered with one worker."""

    folder: Path
    recipe: AgenticRecipe = field(default_factory=recipe)
    plan: AgenticPlan | None = None
    asked: list[Request] = field(default_factory=list)
    entries: int = 0

    async def enter(
        self,
        reply: Reply = follower,
        *,
        tasks: int = 12,
        rows_in_flight: int = 16,
        partition_tasks: int = 5,
    ) -> list[Commit]:
        self.entries += 1
        leases = self.folder / "plan" / "leases"
        leases.mkdir(parents=True, exist_ok=True)
        (leases / f"{self.entries:06d}.json").touch()
        self.plan = TaskPlanner(tasks, (), partition_rollouts=partition_tasks).extend(self.plan)
        assignment = Assignment(
            pipeline=partial(AgenticPipeline, self.recipe, CounterGround, ()),
            folder=str(self.folder),
            lease=self.entries,
            rows_in_flight=rows_in_flight,
            shard_rows=50_000,
        )
        engine = ScriptedEngine(reply, delay_s=0.001)
        engine.asked = self.asked
        worker = Worker(assignment, dict.fromkeys(ROLES, engine), None)
        return [
            await worker.run(partition, order)
            for order, partition in enumerate(self.plan.partitions)
        ]

    def rows(self, table: str) -> list[dict[str, Any]]:
        shards = RunFolder(self.folder).shards(table)
        rows = [row for shard in shards for row in pq.read_table(shard).to_pylist()]
        return sorted(rows, key=lambda row: str(row["id"]))

    def tables(self) -> dict[str, list[dict[str, Any]]]:
        return {name: self.rows(name) for name in AgenticPipeline.tables}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path / "run")


async def test_each_task_comes_to_all_its_rollouts_or_to_a_reject(run: Run) -> None:
    await run.enter()

    tasks, rejects = run.rows("tasks"), run.rows("rejects")
    refused = [row for row in rejects if row["number"] < 0]
    played = Counter(row["task_id"] for row in run.rows("trajectories"))
    played += Counter(row["task_id"] for row in rejects if row["number"] >= 0)
    assert len(tasks) + len(refused) == 12
    assert played == dict.fromkeys((row["id"] for row in tasks), 3)
    assert {row["stage"] for row in refused} == {"tasks"}


async def test_what_verifiers_refuse_is_kept_with_reason_blame_and_conversation(run: Run) -> None:
    await run.enter()

    refuted = [row for row in run.rows("rejects") if row["stage"] == "verify"]
    assert refuted
    for row in refuted:
        assert (row["reason"], row["blame"], row["failed"]) == ("goal_not_reached", "agent", False)
        assert [m["role"] for m in json.loads(row["messages"])][-1] == "assistant"
    assert all(row["reward"] == 1 for row in run.rows("trajectories"))


async def test_a_rejected_rollout_has_what_an_accepted_one_of_its_task_has(run: Run) -> None:
    await run.enter()

    accepted = {row["task_id"]: row for row in run.rows("trajectories")}
    pairs = [
        (accepted[row["task_id"]], row)
        for row in run.rows("rejects")
        if row["number"] >= 0 and row["task_id"] in accepted
    ]
    assert pairs
    for good, bad in pairs:
        assert good.keys() <= bad.keys()
        for same in ("agent_id", "domain", "kind", "tier", "tools", "rubric", "environment"):
            assert good[same] == bad[same], same
        prompts = [json.loads(row["messages"])[:2] for row in (good, bad)]
        assert prompts[0] == prompts[1]
        assert (good["model"], good["user_model"]) == (bad["model"], bad["user_model"])
        assert bad["reward"] < good["reward"]
        assert [verdict["passed"] for verdict in json.loads(bad["verdicts"])] == [False]
        assert (bad["turns"], bad["calls"], bad["ended"]) == (2, 1, "user_done")
        assert bad["prompt_tokens"] > 0
        assert bad["completion_tokens"] > 0


async def test_what_was_not_played_says_what_it_was_to_be(run: Run) -> None:
    await run.enter(lambda _: EngineError("no answer", kind="timeout"))

    tasks = {row["id"]: row for row in run.rows("tasks")}
    rejects = run.rows("rejects")
    assert any(row["failed"] for row in rejects)
    assert any(row["stage"] == "tasks" for row in rejects)
    for row in rejects:
        assert row["kind"]
        assert row["tier"]
        assert (row["reward"], row["turns"], row["messages"]) == (None, 0, "[]")
        if row["failed"]:
            assert row["kind"] == tasks[row["task_id"]]["kind"]
            assert json.loads(row["tools"])


async def test_messages_hold_arguments_as_objects_stable_ids_and_train_flags(run: Run) -> None:
    await run.enter()

    for row in run.rows("trajectories"):
        messages, tools = json.loads(row["messages"]), json.loads(row["tools"])
        (call,) = messages[2]["tool_calls"]
        assert call["id"] == "functions.increase_counter:0" == messages[3]["tool_call_id"]
        assert isinstance(call["function"]["arguments"], dict)
        assert [m["train"] for m in messages] == [m["role"] == "assistant" for m in messages]
        assert call["function"]["name"] in {tool["function"]["name"] for tool in tools}


async def test_every_agent_is_written_down_once_with_its_tools_there(run: Run) -> None:
    await run.enter()

    agents, tools = run.rows("agents"), {row["id"] for row in run.rows("tools")}
    assert len({row["id"] for row in agents}) == len(agents) == 3
    for row in agents:
        assert len(row["tools"]) == 5
        assert set(row["core"]) <= set(row["tools"]) <= tools


async def test_equal_recipes_give_equal_runs_however_they_are_spread(tmp_path: Path) -> None:
    one, other = Run(tmp_path / "one"), Run(tmp_path / "other")
    await one.enter(rows_in_flight=1)
    await other.enter(rows_in_flight=64, tasks=7)
    await other.enter(rows_in_flight=64, tasks=12)

    assert one.tables() == other.tables()


async def test_a_run_that_is_cut_off_in_a_conversation_asks_no_finished_step_again(
    run: Run, tmp_path: Path
) -> None:
    counter = itertools.count()

    def dying(request: Request) -> Any:
        if next(counter) == 20:
            return EngineError("the server is gone", kind="unreachable", fatal=True)
        return follower(request)

    with suppress(EngineError):
        await run.enter(dying, partition_tasks=50, rows_in_flight=4)
    await asyncio.sleep(0.01)
    assert run.rows("tasks") == []  # nothing is committed yet
    await run.enter(partition_tasks=50, rows_in_flight=4)

    whole = Run(tmp_path / "whole")
    await whole.enter(partition_tasks=50)
    assert run.tables() == whole.tables()
    assert len(whole.asked) > 30
    # Calls that were under way, and one of the row that took the place of the first to fail.
    assert len(run.asked) <= len(whole.asked) + 4 + 1


async def test_a_failed_rollout_is_marked_and_tried_again(run: Run) -> None:
    def failing(request: Request) -> Any:
        if request.sampling.seed % 3 == 0:
            return EngineError("no answer", kind="timeout")
        return follower(request)

    commits = await run.enter(failing)
    failed = [row for row in run.rows("rejects") if row["failed"]]
    assert sum(commit.failed for commit in commits) == len(failed) > 0
    assert {row["blame"] for row in failed} == {"infrastructure"}
    await run.enter()
    assert not [row for row in run.rows("rejects") if row["failed"]]


def native(name: str, arguments: str = "{}", calls: int = 1) -> Completion:
    requested = tuple(RequestedCall("", name, arguments) for _ in range(calls))
    return Completion("", "tool_calls", 10, 5, 0, "scripted", requested)


def restless(request: Request) -> Completion:
    """Finds a new call to make each time."""
    return native("read_counter", json.dumps({"id": f"C-{len(request.messages)}"}))


@pytest.mark.parametrize(
    ("answer", "stage", "reason", "blame"),
    [
        (Completion("and then " * 80, "length", 1, 512), "trajectories", "truncated", "agent"),
        (Completion(""), "trajectories", "empty_turn", "agent"),
        (Completion("  \n"), "trajectories", "empty_turn", "agent"),
        (native("read_counter", '{"id": "C-1"}'), "trajectories", "loop", "agent"),
        (native("no_such_tool"), "trajectories", "loop", "agent"),
        (native("read_counter", "{broken"), "trajectories", "loop", "agent"),
        (native("read_counter", "x" * 2**20), "trajectories", "oversized_turn", "agent"),
        (native("read_counter", "{}", 1000), "trajectories", "too_many_calls", "agent"),
        (native("read_counter", "{}", 8), "trajectories", "budget_calls", "agent"),
        (restless, "trajectories", "budget_turns", "agent"),
        (Completion("User: thanks!"), "trajectories", "wrong_role", "agent"),
        (Completion("x" * 2**20), "trajectories", "oversized_turn", "agent"),
        (
            EngineError("4,100 tokens don't fit", kind="bad_request"),
            "trajectories",
            "request_refused",
            "infrastructure",
        ),
        (Completion("It is done."), "verify", "goal_not_reached", "agent"),
        (Completion("Which one do you mean?"), "verify", "goal_not_reached", "agent"),
        (Completion("half of a pair: \ud83d"), "verify", "goal_not_reached", "agent"),
    ],
)
async def test_a_model_gone_wrong_comes_to_a_reason_in_bounded_time(
    run: Run, answer: Any, stage: str, reason: str, blame: str
) -> None:
    await run.enter(answer if callable(answer) else lambda _: answer, tasks=3)

    rollouts = [row for row in run.rows("rejects") if row["number"] >= 0]
    assert run.rows("trajectories") == []
    assert {(row["stage"], row["reason"], row["blame"]) for row in rollouts} == {
        (stage, reason, blame)
    }
    assert len(run.asked) <= 10 * len(rollouts)
    assert max(len(row["messages"]) for row in rollouts) < 100_000


async def test_under_a_schema_the_same_model_gives_the_same_trajectories(tmp_path: Path) -> None:
    def under_schema(request: Request) -> Completion:
        if request.messages[-1].content.startswith("Result of"):
            return Completion('{"say": "It is increased."}', "stop", 40, 5)
        words = request.messages[1].content.removesuffix(".").split()
        arguments = {"id": words[2], "by": int(words[4])}
        return Completion(
            json.dumps({"calls": [{"name": "increase_counter", "arguments": arguments}]})
        )

    run = Run(tmp_path / "run", recipe(rollout={"calling": "schema"}))
    await run.enter(under_schema)

    rows = run.rows("trajectories")
    assert len(rows) == 3 * len(run.rows("tasks"))
    assert all("Answer with one JSON object" not in row["messages"] for row in rows)
    assert all(request.schema is not None and not request.tools for request in run.asked)


def test_how_tools_are_called_and_the_rubric_are_part_of_a_runs_identity() -> None:
    auto = run_identity(recipe())
    schema = run_identity(recipe(rollout={"calling": "schema"}))
    native_too = run_identity(recipe(rollout={"calling": "native"}))
    more = run_identity(recipe(tasks={"count": 7}))

    assert auto == native_too == more
    assert auto != schema


def cast(user: str = "", judge: Callable[[Request], str] | None = None) -> Reply:
    """One engine in all roles: what is asked for tells who is asked."""

    def reply(request: Request) -> Any:
        properties = (request.schema or {}).get("properties", {})
        if "finished" in properties:
            return user
        if "evidence" in properties and judge is not None:
            return judge(request)
        return follower(request)

    return reply


async def test_a_user_that_plays_the_agent_is_to_blame_and_not_the_agent(tmp_path: Path) -> None:
    run = Run(tmp_path / "run", recipe(user={"kind": "model", "attempts": 2}))

    await run.enter(cast(json.dumps({"finished": False, "message": "How can I help you?"})))

    rollouts = [row for row in run.rows("rejects") if row["number"] >= 0]
    assert {(row["stage"], row["reason"], row["blame"]) for row in rollouts} == {
        ("trajectories", "user_role_flip", "user")
    }
    assert json.loads(rollouts[0]["scores"])["rerolled"] == ["user_role_flip"] * 2


async def test_a_user_played_by_a_model_ends_the_conversation(tmp_path: Path) -> None:
    run = Run(tmp_path / "run", recipe(user={"kind": "model"}))

    await run.enter(cast(json.dumps({"finished": True, "message": ""})))

    assert {row["user_model"] for row in run.rows("trajectories")} == {"model"}
    assert {row["ended"] for row in run.rows("trajectories")} == {"user_done"}


def vote(best: bool, quoted: str = "is increased") -> Callable[[Request], str]:
    """A judge that chooses the best or the worst option of the shipped rubric."""
    good = ("it did\n", "nothing more", "all of it", "clear and")
    bad = ("it did not", "changed more", "made up", "confusing")

    def answer(request: Request) -> str:
        text = request.messages[-1].content
        letter = next(
            line[0]
            for line in text.splitlines()
            if line[1:3] == ". " and any(words in f"{line}\n" for words in (good if best else bad))
        )
        return json.dumps({"evidence": quoted, "reason": "so it is", "choice": letter})

    return answer


async def test_what_the_judge_refuses_is_a_reject_that_names_the_criterion(tmp_path: Path) -> None:
    run = Run(tmp_path / "run", recipe(judge={"votes": 3, "of": "all"}))

    await run.enter(cast(judge=vote(best=False)))

    assert run.rows("trajectories") == []
    stages = Counter(row["stage"] for row in run.rows("rejects") if row["number"] >= 0)
    assert set(stages) == {"verify", "judge"}
    for row in run.rows("rejects"):
        if row["number"] >= 0:
            assert json.loads(row["scores"])["judgement"]["refused_by"] == "does_what_was_asked"


async def test_a_judge_that_quotes_what_was_never_said_refuses_nothing(tmp_path: Path) -> None:
    run = Run(tmp_path / "run", recipe(judge={"votes": 3}))

    await run.enter(cast(judge=vote(best=False, quoted="the cat sat on the mat")))

    rows = run.rows("trajectories")
    assert rows
    for row in rows:
        judgement = json.loads(row["judgement"])
        assert judgement["unjudged"] == len(judgement["criteria"]) == 4
        assert judgement["score"] is None


async def test_a_judge_that_likes_what_verifiers_refuted_saves_nothing(tmp_path: Path) -> None:
    run = Run(tmp_path / "run", recipe(judge={"votes": 1, "of": "all"}))

    await run.enter(cast(judge=vote(best=True)))

    refuted = [row for row in run.rows("rejects") if row["stage"] == "verify"]
    assert refuted
    assert all(json.loads(row["scores"])["judgement"]["refused_by"] == "" for row in refuted)
    assert all(json.loads(row["judgement"])["score"] == 1 for row in run.rows("trajectories"))


async def test_half_a_character_of_a_user_or_a_judge_costs_only_what_it_stands_in(
    tmp_path: Path,
) -> None:
    run = Run(tmp_path / "user", recipe(user={"kind": "model", "attempts": 1}))
    await run.enter(cast('{"message": "\\ud83d", "finished": false}'))
    rollouts = [row for row in run.rows("rejects") if row["number"] >= 0]
    assert {(row["reason"], row["blame"]) for row in rollouts} == {("user_broken_json", "user")}

    run = Run(tmp_path / "judge", recipe(judge={"votes": 1}))
    await run.enter(cast(judge=lambda _: '{"evidence": "\\ud83d", "reason": "", "choice": "A"}'))
    [judgement, *_] = [json.loads(row["judgement"]) for row in run.rows("trajectories")]
    assert {v["invalid"] for one in judgement["criteria"] for v in one["votes"]} == {"broken_json"}


async def test_a_verifier_that_breaks_is_to_blame_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise RecursionError("too deep")

    monkeypatch.setattr(CounterGround, "verify", broken)
    run = Run(tmp_path / "run")
    await run.enter()

    rollouts = [row for row in run.rows("rejects") if row["number"] >= 0]
    found = {(row["stage"], row["reason"], row["blame"], row["detail"]) for row in rollouts}
    assert found == {("verify", "verifier_error", "verifier", "RecursionError: too deep")}
    assert run.rows("trajectories") == []


def asked(run: Run, query: str) -> set[tuple[Any, ...]]:
    (run.folder / "manifest.json").write_text('{"pipeline": "agentic"}')
    return set(sql(run.folder, query).rows)


async def test_what_a_judge_could_not_say_is_no_approval(tmp_path: Path) -> None:
    run = Run(tmp_path / "run", recipe(judge={"votes": 1, "of": "all"}))
    await run.enter(cast(judge=lambda _: "no idea"))

    judged = asked(run, "SELECT verified, judge FROM judge_and_verifiers")
    assert judged == {(True, "unjudged"), (False, "unjudged")}


async def test_a_judge_that_was_not_asked_passed_nothing(tmp_path: Path) -> None:
    run = Run(tmp_path / "run")
    await run.enter()

    assert ("judge", 0, 0) in asked(run, "SELECT stage, came, passed FROM yield_by_stage")
