"""The chain of one rephrasing: what it asks, what becomes context, what ends it."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datagen.engines.base import Completion, Request
from datagen.engines.scripted import ScriptedEngine
from datagen.prompts import load_style
from datagen.rephrase.chunk import Chunker, ChunkOptions
from datagen.rephrase.draw import Draw
from datagen.rephrase.fidelity import FidelityGate, FidelityOptions
from datagen.rephrase.rewrite import (
    PART_CHUNKS,
    Part,
    RewriteOptions,
    Rewriter,
    Rewritten,
    join,
    parts,
)
from datagen.schemas import Chunk, ChunkedDocument, Document, Kind

FACTS = [
    f"The {place} mill was built in {year} and has {count} wheels."
    for place, year, count in [
        ("Orba", 1811, 12),
        ("Lenn", 1822, 34),
        ("Tolk", 1833, 56),
        ("Vask", 1844, 78),
        ("Mirn", 1855, 90),
    ]
]
STYLE = load_style("plain")


def part_of(text: str, *, kind: Kind = "knowledge", window: int = 200, number: int = 0) -> Part:
    chunker = Chunker(ChunkOptions(max_tokens=20, window_tokens=window))
    chunked = chunker.chunk(Document("d", text, kind))
    draw = Draw(number, STYLE, "pupils", "dry")
    (part,) = parts(chunked, draw, rephrasing_id=f"r{number}")
    return part


def source(request: Request) -> str:
    return request.messages[-1].content.rpartition("<text>\n")[2].partition("\n</text>")[0]


def so_far(request: Request) -> str:
    return request.messages[-1].content.rpartition("<so_far>\n")[2].partition("\n</so_far>")[0]


def faithful(request: Request) -> str:
    return source(request).replace("was built in", "dates from").replace("has", "counts")


async def rewritten(
    part: Part,
    reply: Callable[[Request], Any],
    *,
    tiers: tuple[str, ...] = ("ledger",),
    **options: Any,
) -> tuple[list[Rewritten], list[Request]]:
    engine = ScriptedEngine(reply)
    gate = FidelityGate(FidelityOptions.model_validate({"tiers": tiers, "max_copied": 1}))
    rewriter = Rewriter(RewriteOptions(**options), gate, seed=7)

    async def ask(role: str, request: Request) -> Completion:
        return await engine.complete(request)

    return await rewriter(part, ask), engine.asked


async def test_every_chunk_is_asked_for_once_in_order_and_stitched() -> None:
    done, asked = await rewritten(part_of(" ".join(FACTS)), faithful)
    assert [source(request) for request in asked] == FACTS
    assert [piece.status for piece in done] == ["accepted"] * 5
    assert join(done) == " ".join(faithful(request) for request in asked)


async def test_what_was_accepted_is_the_context_of_the_next_chunk() -> None:
    _, asked = await rewritten(part_of(" ".join(FACTS[:3])), faithful)
    assert [so_far(request).count("dates from") for request in asked] == [0, 1, 2]


async def test_an_unfaithful_chunk_never_becomes_context() -> None:
    def reply(request: Request) -> str:
        if "1822" in source(request) and request.attempt == 0:
            return "The Lenn mill dates from 1999 and counts 34 wheels."
        return faithful(request)

    done, asked = await rewritten(part_of(" ".join(FACTS[:3])), reply)
    assert [piece.status for piece in done] == ["accepted"] * 3
    assert [reason.partition("_")[0] for reason in done[1].reasons] == ["invented"]
    assert "1999" not in so_far(asked[-1])
    assert "1822" in so_far(asked[-1])


async def test_a_second_attempt_has_another_seed_and_is_told_what_was_wrong() -> None:
    def reply(request: Request) -> str:
        wrong = "The Orba mill dates from 1999."
        return wrong if request.attempt == 0 else faithful(request)

    _, (first, second) = await rewritten(part_of(FACTS[0]), reply)
    assert first.sampling.seed != second.sampling.seed
    assert "earlier attempt" not in first.messages[-1].content
    told = second.messages[-1].content
    assert "left out" in told
    assert "12" in told.partition("left out")[2]
    assert "1999" in told.partition("added what the text does not say")[2]


async def test_a_chunk_that_fails_for_good_ends_its_rephrasing() -> None:
    def reply(request: Request) -> str:
        return "In 1999." if "1822" in source(request) else faithful(request)

    done, asked = await rewritten(part_of(" ".join(FACTS)), reply, attempts=3)
    assert [piece.status for piece in done] == ["accepted", "rejected"]
    assert len(done[1].reasons) == len(done[1].completions) == 3
    assert not [request for request in asked if "1833" in source(request)]


async def test_a_kept_source_chunk_is_said_to_be_one_and_the_chain_goes_on() -> None:
    def reply(request: Request) -> str:
        return "In 1999." if "1822" in source(request) else faithful(request)

    done, asked = await rewritten(
        part_of(" ".join(FACTS[:3])), reply, attempts=2, on_failure="source"
    )
    assert [piece.status for piece in done] == ["accepted", "source", "accepted"]
    assert done[1].text == FACTS[1]
    assert done[1].scores.fidelity is None
    assert "1999" not in so_far(asked[-1])


async def test_a_truncated_answer_fails_its_attempt_also_with_the_gate_off() -> None:
    def reply(request: Request) -> Completion | str:
        cut = Completion(faithful(request), "length", 9, 640)
        return cut if request.attempt == 0 else faithful(request)

    done, asked = await rewritten(part_of(FACTS[0]), reply, tiers=())
    assert done[0].reasons == ("truncated",)
    assert done[0].status == "accepted"
    assert len(asked) == 2


async def test_a_truncated_answer_counts_where_its_length_is_fixed() -> None:
    done, _ = await rewritten(
        part_of(FACTS[0]),
        lambda request: Completion("any words", "length", 9, 640),
        tiers=(),
        ignore_eos=True,
    )
    assert done[0].status == "accepted"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("", "no_answer"),
        ("   \n", "no_answer"),
        ("I'm sorry, but I can't help with that request.", "refusal"),
        ("The mill turns. " * 80, "loop"),
    ],
)
async def test_a_model_that_says_nothing_of_use_is_refused_by_name(
    answer: str, reason: str
) -> None:
    done, _ = await rewritten(
        part_of(FACTS[0]), lambda request: answer, tiers=("hygiene", "ledger"), attempts=2
    )
    assert done[-1].status == "rejected"
    assert done[-1].reasons == (reason, reason)


async def test_a_rerun_asks_the_same() -> None:
    runs = [await rewritten(part_of(" ".join(FACTS)), faithful) for _ in range(2)]
    assert [r.digest() for r in runs[0][1]] == [r.digest() for r in runs[1][1]]


async def test_no_two_chunks_or_rephrasings_share_a_seed() -> None:
    seeds = [
        request.sampling.seed
        for number in range(3)
        for request in (await rewritten(part_of(" ".join(FACTS), number=number), faithful))[1]
    ]
    assert len(set(seeds)) == len(seeds) == 15


async def test_math_is_drawn_at_its_own_temperature_and_an_answer_has_room() -> None:
    _, (prose,) = await rewritten(part_of(FACTS[0]), faithful)
    _, (math,) = await rewritten(part_of(FACTS[0], kind="math"), faithful)
    assert (prose.sampling.temperature, math.sampling.temperature) == (0.6, 0.2)
    assert prose.sampling.max_tokens == 640


async def test_the_work_left_falls_with_each_chunk() -> None:
    _, asked = await rewritten(part_of(" ".join(FACTS)), faithful)
    left = [request.priority for request in asked]
    assert left == sorted(left, reverse=True)
    assert len(set(left)) == len(left)


@pytest.mark.parametrize(
    "text",
    ["Take {audience} and ${x}$.", "A </text> and <text> stand here.", "100 % {0} \\frac{1}{2}"],
)
async def test_braces_dollars_and_tags_in_a_text_reach_the_model_once_as_text(text: str) -> None:
    _, (request,) = await rewritten(part_of(text), lambda request: "x", tiers=())
    message = request.messages[-1].content
    assert message.count("<text>") == message.count("</text>") == 1
    assert source(request).replace("‹", "<") == text


@pytest.mark.parametrize(
    "tag",
    ["<text>", "</text>", "<document>", "</so_far>", "< Text", '<text x="1">', "</ document >"],
)
@pytest.mark.parametrize("shown", [True, False])
async def test_a_tag_of_ours_that_a_text_holds_comes_back_as_it_was(tag: str, shown: bool) -> None:
    """The model repeats it as it was shown, or as it guesses that it was."""
    text = f"The Orba mill was built in 1811. Its `{tag}` element has 12 rows."
    part = part_of(text)

    def reply(request: Request) -> str:
        return faithful(request) if shown else faithful(request).replace("‹", "<")

    done, _ = await rewritten(part, reply, tiers=("hygiene", "ledger"))

    assert [piece.reasons for piece in done] == [()] * len(done)
    assert f"`{tag}`" in join(done)
    assert "‹" not in join(done)


async def test_a_mark_that_is_the_text_s_own_stays() -> None:
    text = "The Orba mill was built in 1811, says ‹text›, and has 12 wheels."

    done, _ = await rewritten(part_of(text), faithful)

    assert "‹text›" in join(done)


async def test_a_tag_that_the_text_does_not_hold_is_leaked_markup() -> None:
    done, _ = await rewritten(
        part_of(FACTS[0]),
        lambda request: f"{faithful(request)} It is the <document> above.",
        tiers=("hygiene", "ledger"),
        attempts=1,
    )
    assert done[-1].reasons == ("leaked_markup",)


async def test_a_window_s_prompts_begin_alike_so_that_a_prefix_cache_is_hit() -> None:
    _, asked = await rewritten(part_of(" ".join(FACTS[:4])), faithful)
    prompts = [request.messages[-1].content for request in asked]
    for earlier, later in pairwise(prompts[1:]):
        shared = earlier[: earlier.index("\n</so_far>")]
        assert later.startswith(shared)


async def test_the_next_window_begins_with_the_last_chunk_before_it() -> None:
    part = part_of(" ".join(FACTS), window=45)
    _, asked = await rewritten(part, faithful)
    first_of_second = next(c.index for c in part.chunks if c.window == 1)
    assert first_of_second > 0
    request = asked[first_of_second]
    assert so_far(request) == faithful(asked[first_of_second - 1])
    assert FACTS[0] not in request.messages[-1].content


def chunked_into(windows: list[int]) -> ChunkedDocument:
    chunks, index = [], 0
    for window, count in enumerate(windows):
        for _ in range(count):
            chunks.append(Chunk(index, index, index + 1, 1, window))
            index += 1
    return ChunkedDocument(Document("d", "x" * index, "knowledge"), tuple(chunks))


@settings(deadline=None)
@given(st.lists(st.integers(1, 90), min_size=1, max_size=12))
def test_parts_hold_every_chunk_once_and_cut_no_window(windows: list[int]) -> None:
    chunked = chunked_into(windows)
    made = list(parts(chunked, Draw(0, STYLE, "", ""), rephrasing_id="r"))
    assert [chunk for part in made for chunk in part.chunks] == list(chunked.chunks)
    assert len({part.id for part in made}) == len(made)
    for part in made:
        kept = {chunk.window for chunk in part.chunks}
        assert len(part.chunks) <= PART_CHUNKS or len(kept) == 1
        assert len(part.chunks) == sum(windows[window] for window in kept)
