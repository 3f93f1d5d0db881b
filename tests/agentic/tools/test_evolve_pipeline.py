"""One row of evolution: every slot comes to a draft or a reject, and a retry knows what was wrong."""

import json

from evolve_fakes import FakeAsk, answer, application, good, new_application, tool

from datagen.agentic.tools.evolve.answers import tidied
from datagen.agentic.tools.evolve.asks import AskPartition, Derivation, Parent, partitions
from datagen.agentic.tools.evolve.pipeline import EvolvePipeline
from datagen.agentic.tools.evolve.requests import GrowOptions, prompts_identity
from datagen.agentic.tools.evolve.rows import Made, Refused, application_of
from datagen.engines.base import Completion, Request
from datagen.schemas import ToolReject
from datagen.stage import Failure, Work


def pipeline(attempts: int = 2) -> EvolvePipeline:
    return EvolvePipeline(GrowOptions(attempts=attempts), 0)


def derivation() -> Derivation:
    return Derivation(
        round=1,
        date="2026-01-01",
        operator="deepen",
        application=application(),
        parents=(Parent(id="p0", tool=answer()),),
    )


def is_outline(request: Request) -> bool:
    return "tools" in (request.schema or {})["properties"]


async def test_an_application_comes_to_as_many_slots_as_were_planned() -> None:
    slots = await pipeline().work(new_application(slots=3), FakeAsk())

    assert [type(slot) for slot in slots] == [Made, Made, Made]
    assert len({slot.row.server for slot in slots if isinstance(slot, Made)}) == 1


async def test_an_outline_that_fails_costs_all_its_slots_and_no_further_question() -> None:
    ask = FakeAsk(lambda request: "no")

    slots = await pipeline().work(new_application(slots=3), ask)

    assert [slot.fault.reason for slot in slots if isinstance(slot, Refused)] == ["not_json"] * 3
    assert [slot.stage for slot in slots if isinstance(slot, Refused)] == ["outline"] * 3
    assert len(ask.asked) == 2


async def test_a_retry_names_the_fault_and_draws_anew() -> None:
    def reply(request: Request) -> str:
        if is_outline(request) or request.attempt == 1:
            return good(request)
        return json.dumps(tool(reads=["sofa"]))

    ask = FakeAsk(reply)

    slots = await pipeline().work(new_application(slots=1), ask)

    first, second = ask.asked[1:]
    assert isinstance(slots[0], Made)
    assert "sofa is not one of lamp, scene" in second.messages[-1].content
    assert "refused" not in first.messages[-1].content
    assert first.sampling.seed != second.sampling.seed


async def test_a_cut_answer_is_a_failed_attempt_even_if_it_parses() -> None:
    ask = FakeAsk(
        lambda request: (
            good(request)
            if is_outline(request)
            else Completion(good(request), finish_reason="length")
        )
    )

    slots = await pipeline().work(new_application(slots=1), ask)

    assert isinstance(slots[0], Refused)
    assert slots[0].fault.reason == "truncated"
    assert slots[0].attempts == 2


async def test_two_tools_of_an_application_do_not_share_a_name() -> None:
    ask = FakeAsk(lambda request: good(request) if is_outline(request) else json.dumps(tool()))

    slots = await pipeline().work(new_application(slots=2), ask)

    assert isinstance(slots[0], Made)
    assert isinstance(slots[1], Refused)
    assert slots[1].fault.reason == "duplicate"


async def test_requests_about_one_application_share_a_prefix_and_a_row() -> None:
    ask = FakeAsk()
    row = new_application(slots=2)

    await pipeline().work(row, ask)

    one, two = (request.messages[-1].content for request in ask.asked[1:])
    assert one.splitlines()[:3] == two.splitlines()[:3]
    assert {request.row for request in ask.asked} == {row.id}


async def test_braces_in_what_a_model_said_do_not_reach_the_prompts_placeholders() -> None:
    def reply(request: Request) -> str:
        if not is_outline(request):
            return good(request)
        said = json.loads(good(request))
        said["tools"][0]["purpose"] = "Does {count} and {name} {\\ $1."
        return json.dumps(said)

    ask = FakeAsk(reply)

    await pipeline().work(new_application(slots=1), ask)

    assert "Does {count} and {name} {\\ $1." in ask.asked[1].messages[-1].content


async def test_a_derived_tool_knows_its_parent_and_its_application() -> None:
    (slot,) = await pipeline().work(derivation(), FakeAsk())

    assert isinstance(slot, Made)
    assert (slot.row.parent_id, slot.row.operator, slot.row.round) == ("p0", "deepen", 1)
    assert application_of(slot.row) == application()


async def test_the_tables_hold_each_slot_once_whatever_the_order_of_arrival() -> None:
    rows = [new_application(0, slots=3), new_application(1, slots=2), derivation()]
    ask = FakeAsk(lambda request: good(request) if request.row != rows[1].id else "")
    made = pipeline()
    outcomes = [(Work(row.id, 1.0, row), await made.work(row, ask)) for row in rows]
    outcomes.append(
        (Work("f", 1.0, failed := new_application(2, slots=4)), Failure("timeout", "x"))
    )  # type: ignore[arg-type]

    tables, turned = made.assemble(outcomes, []), made.assemble(outcomes[::-1], [])

    rejects = [row for row in tables["rejects"] if isinstance(row, ToolReject)]
    assert tables == turned
    assert len(tables["drafts"]) == 3 + 1
    assert sorted(row.reason for row in rejects) == ["no_answer"] * 2 + ["timeout"] * 4
    assert sum(row.failed for row in rejects) == failed.slots
    assert len({row.id for row in rejects}) == len(rejects)


async def test_a_row_asked_again_asks_the_same() -> None:
    one, two = FakeAsk(), FakeAsk()

    await pipeline().work(new_application(), one)
    await pipeline().work(new_application(), two)

    assert [r.digest() for r in one.asked] == [r.digest() for r in two.asked]


def test_partitions_hold_every_ask_once_and_read_back_as_they_were() -> None:
    asks = [*(new_application(number, slots=3) for number in range(10)), derivation()]

    cut = partitions(asks, 4, slots=8)

    assert [partition.id for partition in cut] == [f"round-0004-{n:04d}" for n in range(len(cut))]
    assert sorted(ask.id for partition in cut for ask in partition.read()) == sorted(
        a.id for a in asks
    )
    assert sum(partition.count for partition in cut) == 31
    again = AskPartition(cut[0].id, cut[0].count, 4, json.loads(json.dumps(cut[0].asks)))
    assert again.read() == cut[0].read()


def test_every_prompt_is_part_of_a_runs_identity() -> None:
    names = prompts_identity().keys()

    assert "prompts.tools.application" in names
    assert sum(name.startswith("prompts.tools.operators/") for name in names) == 6


async def test_the_first_tool_is_shown() -> None:
    made = pipeline()

    await made.work(new_application(slots=1), FakeAsk())

    assert made.preview is not None
    assert isinstance(made.preview.after, str)


def test_repeated_entries_are_left_out_and_said() -> None:
    twice = answer(reads=["lamp", "lamp"], errors=[*tool()["errors"], *tool()["errors"]])

    tidy, changed = tidied(twice)

    assert (tidy.state.reads, len(tidy.errors)) == (["lamp"], 1)
    assert changed == ["errors", "reads"]
