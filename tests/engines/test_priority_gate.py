"""The gate against a list that is sorted by hand."""

import asyncio
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datagen.engines.gate import PriorityGate

Move = tuple[str, int]
MOVES = st.lists(
    st.one_of(
        st.tuples(st.just("come"), st.integers(-2, 2)),
        st.tuples(st.just("leave"), st.integers(0, 9)),
        st.tuples(st.just("cancel"), st.integers(0, 9)),
        st.tuples(st.just("resize"), st.integers(0, 4)),
    ),
    max_size=40,
)


@dataclass
class Model:
    """Who is inside and who waits, by number of arrival."""

    limit: int
    inside: list[int] = field(default_factory=list)
    waiting: list[tuple[int, int]] = field(default_factory=list)

    def admit(self) -> None:
        self.waiting.sort()
        while self.waiting and len(self.inside) < self.limit:
            self.inside.append(self.waiting.pop(0)[1])


async def play(moves: list[Move]) -> None:
    gate, model = PriorityGate(2), Model(2)
    entered: list[int] = []
    tasks: dict[int, asyncio.Task[None]] = {}

    async def caller(number: int, priority: int) -> None:
        await gate.acquire(priority)
        entered.append(number)

    for number, (move, value) in enumerate(moves):
        if move == "come":
            tasks[number] = asyncio.create_task(caller(number, value))
            model.waiting.append((-value, number))
        elif move == "leave" and model.inside:
            model.inside.pop(value % len(model.inside))
            gate.release()
        elif move == "cancel" and model.waiting:
            _, who = model.waiting.pop(value % len(model.waiting))
            tasks[who].cancel()
        elif move == "resize":
            model.limit = max(1, value)
            gate.resize(value)
        before = set(model.inside)
        model.admit()
        for _ in range(3):
            await asyncio.sleep(0)
        newcomers = [who for who in model.inside if who not in before]
        assert entered[len(entered) - len(newcomers) :] == newcomers
        assert gate.inside == len(model.inside)
        assert gate.waiting == len(model.waiting)
        assert gate.limit == model.limit
    for task in tasks.values():
        task.cancel()
    await asyncio.gather(*tasks.values(), return_exceptions=True)


@settings(deadline=None, max_examples=200)
@given(MOVES)
def test_the_highest_priority_enters_first_whatever_comes_leaves_or_gives_up(
    moves: list[Move],
) -> None:
    asyncio.run(play(moves))


async def test_a_place_is_not_lost_on_a_caller_cancelled_between_its_turn_and_its_entry() -> None:
    gate = PriorityGate(1)
    await gate.acquire()
    unlucky = asyncio.create_task(gate.acquire(5.0))
    patient = asyncio.create_task(gate.acquire(1.0))
    await asyncio.sleep(0)

    gate.release()
    unlucky.cancel()
    await asyncio.wait_for(patient, 1.0)

    assert unlucky.cancelled()
    assert gate.inside == 1


async def test_one_who_comes_while_the_only_waiter_is_being_cancelled_still_enters() -> None:
    gate = PriorityGate(1)
    await gate.acquire()
    waiter = asyncio.create_task(gate.acquire())
    await asyncio.sleep(0)

    waiter.cancel()
    gate.release()
    await asyncio.wait_for(gate.acquire(), 1.0)

    assert gate.inside == 1


async def test_a_block_gives_its_place_back_when_it_raises() -> None:
    gate = PriorityGate(1)
    with pytest.raises(ZeroDivisionError):
        async with gate(1.0):
            raise ZeroDivisionError
    assert gate.inside == 0


async def test_ten_thousand_who_give_up_leave_nothing_behind() -> None:
    gate = PriorityGate(1)
    await gate.acquire()
    crowd = [asyncio.create_task(gate.acquire(float(number))) for number in range(10_000)]
    await asyncio.sleep(0)
    for one in crowd:
        one.cancel()
    await asyncio.gather(*crowd, return_exceptions=True)

    assert gate.waiting == 0
    gate.release()
    await gate.acquire()
    assert gate.inside == 1


async def test_releasing_what_nobody_holds_is_a_bug() -> None:
    with pytest.raises(RuntimeError):
        PriorityGate(1).release()
