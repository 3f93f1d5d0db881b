"""Rounds over a run folder: an exact count, nothing decided twice, nothing lost by a kill."""

import asyncio
import hashlib
import shutil
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

from datagen.agentic.tools.evolve.asks import AskPartition
from datagen.agentic.tools.evolve.pipeline import EvolvePipeline
from datagen.agentic.tools.evolve.recipe import EvolveRecipe, run_identity
from datagen.engines.base import Request
from datagen.engines.scripted import ScriptedEngine
from datagen.errors import RecipeError
from datagen.inspect.repository import audit_repository, summary_lines
from datagen.inspect.views import sql
from datagen.repository.evolving import evolve
from datagen.repository.round_planner import FromRun, RoundPlanner, run_tools
from datagen.runner.worker import Assignment, Worker
from datagen.shards import RunFolder
from datagen.stage import Plan

sys.path.insert(0, str(Path(__file__).parents[1] / "agentic" / "tools"))

from evolve_fakes import good

SMALL = EvolveRecipe.model_validate(
    {"rounds": {"first": 8, "largest": 16, "partition_slots": 4}, "budget": {"max_rounds": 12}}
)


class HashEmbedder:
    """A direction of its own for each text: no two tools are near."""

    def __init__(self) -> None:
        self.texts = 0

    def embed(self, texts: Sequence[str]) -> NDArray[Any]:
        self.texts += len(texts)
        seeds = [int.from_bytes(hashlib.blake2b(t.encode(), digest_size=4).digest()) for t in texts]
        rows = [np.random.default_rng(seed).standard_normal(64) for seed in seeds]
        vectors = np.array(rows, dtype=np.float32).reshape(len(texts), 64)
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)


class Entry:
    """One entry into a run, in this process: plans, runs partitions, publishes."""

    def __init__(
        self,
        output: Path,
        count: int,
        *,
        recipe: EvolveRecipe = SMALL,
        reply: Any = good,
        **more: Any,
    ) -> None:
        self.embedder = HashEmbedder()
        self.planner = RoundPlanner(
            recipe,
            output,
            count=count,
            embedder=self.embedder,
            date="2026-01-01",
            **{"others": []} | more,
        )
        self.folder = RunFolder(output, EvolvePipeline.tables)
        self.recipe = recipe
        self.engine = ScriptedEngine(reply)

    def rounds(self, plan: Plan[AskPartition, FromRun] | None = None) -> Iterator[Plan[Any, Any]]:
        """The plan after each round, with all of it committed."""
        self.folder.lease = self.folder.latest_lease() + 1
        leases = self.folder.path / "plan" / "leases"
        leases.mkdir(parents=True, exist_ok=True)
        (leases / f"{self.folder.lease:06d}.json").write_text("{}")
        while (after := self.planner.extend(plan)) != plan:
            self.planner.publish()
            plan = after
            done = {commit.partition for commit in self.folder.commits()}
            for order, part in enumerate(plan.partitions):
                if part.id not in done:
                    self._work(part, order)
            yield plan
        self.planner.publish()

    def run(self, plan: Plan[AskPartition, FromRun] | None = None) -> Plan[Any, Any]:
        *_, last = plan, *self.rounds(plan)
        assert last is not None
        return last

    def _work(self, part: AskPartition, order: int) -> None:
        assignment = Assignment(
            pipeline=partial(EvolvePipeline, self.recipe.grow, self.recipe.seed),
            folder=str(self.folder.path),
            lease=self.folder.lease,
            rows_in_flight=8,
            shard_rows=1000,
        )
        asyncio.run(Worker(assignment, {"rewriter": self.engine}, None).run(part, order))


def table(output: Path, name: str) -> list[dict[str, Any]]:
    paths = sorted((output / name).glob("*.parquet"))
    return [row for path in paths for row in pq.read_table(path).to_pylist()]


def test_exactly_the_count_is_accepted_and_the_rest_stays_drafts(tmp_path: Path) -> None:
    Entry(tmp_path, 21).run()

    assert len(table(tmp_path, "tools")) == 21
    assert len(table(tmp_path, "drafts")) >= 21
    assert len({row["id"] for row in table(tmp_path, "tools")}) == 21


def test_every_slot_is_a_draft_or_a_reject(tmp_path: Path) -> None:
    def reply(request: Request) -> str:
        return good(request) if int(request.digest(), 16) % 3 else "no"

    plan = Entry(tmp_path, 30, reply=reply).run()

    assert plan.records == len(table(tmp_path, "drafts")) + len(table(tmp_path, "rejects"))
    assert table(tmp_path, "rejects")


def test_operators_take_part_from_the_second_round_on(tmp_path: Path) -> None:
    Entry(tmp_path, 40).run()

    rows = table(tmp_path, "tools")
    assert {row["operator"] for row in rows if row["round"] == 0} == {"outline"}
    assert len({row["operator"] for row in rows}) > 3
    parents = {row["parent_id"] for row in rows} - {""}
    assert parents <= {row["id"] for row in rows}


def test_a_larger_count_keeps_what_there_is_and_takes_drafts_first(tmp_path: Path) -> None:
    plan = Entry(tmp_path, 6).run()
    before = [row["id"] for row in table(tmp_path, "tools")]
    drafts = len(table(tmp_path, "drafts"))
    assert drafts > 6

    more = Entry(tmp_path, 7)
    again = more.run(plan)

    after = [row["id"] for row in table(tmp_path, "tools")]
    assert after[:6] == before
    assert len(after) == 7
    assert again == plan
    assert more.engine.asked == []


def test_a_finished_run_is_entered_without_asking_or_embedding(tmp_path: Path) -> None:
    plan = Entry(tmp_path, 20).run()
    rows = table(tmp_path, "tools")

    again = Entry(tmp_path, 20)

    assert again.run(plan) == plan
    assert again.engine.asked == []
    assert again.embedder.texts == 0
    assert table(tmp_path, "tools") == rows


@pytest.mark.parametrize("killed_after", [1, 2, 3])
def test_a_kill_before_what_was_settled_is_published_changes_nothing(
    tmp_path: Path, killed_after: int
) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    Entry(whole, 40).run()

    entry, plan = Entry(parts, 40), None
    for number, plan in enumerate(entry.rounds(), start=1):  # noqa: B007
        if number == killed_after:
            break
    Entry(parts, 40).run(plan)

    assert sorted(r["id"] for r in table(parts, "tools")) == sorted(
        r["id"] for r in table(whole, "tools")
    )
    assert sorted(r["id"] for r in table(parts, "drafts")) == sorted(
        r["id"] for r in table(whole, "drafts")
    )


def test_rounds_end_with_their_budget_and_the_reason_is_told(tmp_path: Path) -> None:
    recipe = SMALL.model_copy(update={"budget": SMALL.budget.model_copy(update={"max_rounds": 2})})
    entry = Entry(tmp_path, 1000, recipe=recipe)

    entry.run()

    assert entry.planner.why == "budget.max_rounds: 2 rounds are done"
    assert 0 < len(table(tmp_path, "tools")) < 1000


def test_tokens_end_a_run_between_rounds(tmp_path: Path) -> None:
    budget = SMALL.budget.model_copy(update={"max_completion_tokens": 10})
    entry = Entry(tmp_path, 1000, recipe=SMALL.model_copy(update={"budget": budget}))

    entry.run()

    assert "max_completion_tokens" in entry.planner.why
    assert {row["round"] for row in table(tmp_path, "tools")} == {0}


def test_a_model_that_makes_nothing_ends_the_run(tmp_path: Path) -> None:
    entry = Entry(tmp_path, 10, reply=lambda request: "no")

    plan = entry.run()

    assert entry.planner.why == "the last 3 rounds brought no new tool"
    assert {partition.round for partition in plan.partitions} == {0, 1, 2}


def test_duplicates_are_kept_with_their_reason_and_every_draft_is_decided_once(
    tmp_path: Path,
) -> None:
    class OneDirection(HashEmbedder):
        def embed(self, texts: Sequence[str]) -> NDArray[Any]:
            vectors = np.zeros((len(texts), 64), dtype=np.float32)
            vectors[:, 0] = 1
            return vectors

    entry = Entry(tmp_path, 10)
    entry.planner.embedder = OneDirection()

    entry.run()

    tools, duplicates = table(tmp_path, "tools"), table(tmp_path, "duplicates")
    assert len(tools) == 1
    assert {row["reason"] for row in duplicates} == {"near_duplicate"}
    assert len(tools) + len(duplicates) == len(table(tmp_path, "drafts"))


def test_tools_of_another_run_are_not_made_again(tmp_path: Path) -> None:
    Entry(tmp_path / "one", 16).run()

    Entry(tmp_path / "two", 16, others=[tmp_path / "one"]).run()

    one, two = ({r["id"] for r in table(tmp_path / run, "tools")} for run in ("one", "two"))
    assert len(two) == 16
    assert not one & two


def test_another_run_that_changed_is_named(tmp_path: Path) -> None:
    first = Entry(tmp_path / "one", 4).run()
    plan = Entry(tmp_path / "two", 4, others=[tmp_path / "one"]).run()
    Entry(tmp_path / "one", 5).run(first)

    changed = Entry(tmp_path / "two", 4, others=[tmp_path / "one"]).planner.changed(plan)

    assert len(changed) == 1
    assert "had 4 tools and has 5" in changed[0]


def test_a_folder_without_tools_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="not a run with tools"):
        run_tools(tmp_path)


def test_a_count_below_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="--count 0"):
        Entry(tmp_path, 0)


def test_a_budget_may_grow_and_a_taxonomy_may_not() -> None:
    richer = SMALL.model_copy(update={"budget": SMALL.budget.model_copy(update={"max_rounds": 99})})
    narrow = SMALL.model_copy(
        update={"taxonomy": SMALL.taxonomy.model_copy(update={"categories": ("smart_home",)})}
    )

    assert run_identity(SMALL) == run_identity(richer)
    assert run_identity(SMALL) != run_identity(narrow)


@pytest.mark.ray
def test_an_entry_over_ray_gives_the_count(tmp_path: Path) -> None:
    replies = Path(__file__).parents[1] / "agentic" / "tools" / "evolve_fakes.py"
    engine = SMALL.engine.model_copy(update={"kind": "scripted", "model": f"{replies}:good"})
    recipe = SMALL.model_copy(update={"engine": engine})

    found = evolve(recipe, tmp_path, count=20, embedder=HashEmbedder())

    assert (found.tools, found.missed, found.why) == (20, 0, "")
    assert len(table(tmp_path, "tools")) == 20


@pytest.mark.ray
def test_a_run_can_be_inspected_asked_and_proved(tmp_path: Path) -> None:
    replies = Path(__file__).parents[1] / "agentic" / "tools" / "evolve_fakes.py"
    engine = SMALL.engine.model_copy(update={"kind": "scripted", "model": f"{replies}:good"})
    evolve(SMALL.model_copy(update={"engine": engine}), tmp_path, count=20, embedder=HashEmbedder())
    drafts = len(table(tmp_path, "drafts"))

    told = list(summary_lines(tmp_path))
    counted = list(sql(tmp_path, "SELECT count(*) FROM drafts").rows)
    proved = audit_repository(tmp_path)

    assert told[1].startswith(f"  20 tools of {drafts} drafts, 0 duplicates")
    assert counted == [(drafts,)]
    assert proved.findings == ()
    assert "no draft is settled twice" in proved.proved

    shard = next((tmp_path / "tools").glob("pass-*.parquet"))
    shutil.copy(shard, shard.with_name("pass-0099.parquet"))

    twice = {finding.kind for finding in audit_repository(tmp_path).findings}

    assert "duplicate_rows" in twice
