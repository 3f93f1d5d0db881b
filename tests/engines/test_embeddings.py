"""The sentence embedder, on the real model: it loads in seconds."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator

import numpy as np
import pytest
import pytest_asyncio

from datagen.engines.embeddings import BATCH, Embedder

# torch deprecates what sentence-transformers uses.
pytestmark = [
    pytest.mark.model,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]


on_module_loop = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def embedder() -> AsyncIterator[Embedder]:
    embedder = Embedder()
    await embedder.start()
    yield embedder
    await embedder.close()
    await embedder.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def forgetful() -> AsyncIterator[Embedder]:
    """Keeps no vector, so that each answer comes from the model."""
    embedder = Embedder(cached=0)
    await embedder.start()
    yield embedder
    await embedder.close()


@on_module_loop
async def test_rows_are_unit_vectors_in_the_order_asked(
    embedder: Embedder, forgetful: Embedder
) -> None:
    texts = ["Ships sail.", "A much longer sentence about the boiling point of water.", "Hm."]

    together = await embedder.embed(texts)
    alone = [(await forgetful.embed([text]))[0] for text in texts]

    assert together.shape == (3, 384)
    assert together.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(together, alone, atol=1e-5)


@on_module_loop
async def test_a_paraphrase_is_closer_than_another_subject(embedder: Embedder) -> None:
    source, paraphrase, other = await embedder.embed(
        [
            "The physicist won the prize in 1911.",
            "In 1911 the prize went to the physicist.",
            "Bread rises because of yeast.",
        ]
    )

    assert source @ paraphrase > 0.8 > 0.3 > source @ other


@on_module_loop
async def test_no_sentences_are_no_rows(embedder: Embedder) -> None:
    assert (await embedder.embed([])).shape == (0, 384)


@on_module_loop
@pytest.mark.parametrize(
    "text",
    ["", " ", "👩‍👩‍👧", "\u202eשלום", "half \ud83d", "a\x00b", "word " * 20_000],
    ids=["empty", "space", "emoji", "right to left", "surrogate", "NUL", "100k characters"],
)
async def test_a_hard_text_has_a_vector_and_spoils_no_other(
    embedder: Embedder, forgetful: Embedder, text: str
) -> None:
    hard, easy = await forgetful.embed([text, "Ships sail."])

    assert np.isfinite(hard).all()
    np.testing.assert_allclose(easy, (await embedder.embed(["Ships sail."]))[0], atol=1e-5)


@on_module_loop
async def test_a_sentence_goes_through_the_model_once(embedder: Embedder) -> None:
    before = embedder.computed
    texts = ["Seen twice here.", "Seen twice here.", "Seen by two callers."]

    await asyncio.gather(embedder.embed(texts), embedder.embed(texts[2:]))
    await embedder.embed(texts)

    assert embedder.computed - before == 2


@on_module_loop
async def test_vectors_kept_are_bounded_and_the_ones_unused_longest_go() -> None:
    embedder = Embedder(cached=2)
    await embedder.start()
    await embedder.embed(["one", "two"])
    await embedder.embed(["one"])
    await embedder.embed(["three"])

    before = embedder.computed
    await embedder.embed(["one", "three"])
    kept = embedder.computed
    await embedder.embed(["two"])
    await embedder.close()

    assert (kept - before, embedder.computed - kept) == (0, 1)


@on_module_loop
async def test_more_than_a_batch_keeps_its_order(embedder: Embedder, forgetful: Embedder) -> None:
    texts = [f"{number} ships" for number in range(2 * BATCH + 3)]

    vectors = await embedder.embed(texts)

    for number in (0, BATCH, 2 * BATCH + 2):
        alone = (await forgetful.embed([texts[number]]))[0]
        np.testing.assert_allclose(vectors[number], alone, atol=1e-5)


@on_module_loop
async def test_a_caller_that_gives_up_takes_nothing_from_the_others(embedder: Embedder) -> None:
    texts = ["Asked by one who leaves.", "And by one who stays."]
    leaving = asyncio.create_task(embedder.embed(texts))
    staying = asyncio.create_task(embedder.embed(texts))
    await asyncio.sleep(0)

    leaving.cancel()

    assert (await staying).shape == (2, 384)


@on_module_loop
async def test_the_event_loop_goes_on_while_the_model_works(embedder: Embedder) -> None:
    asked = asyncio.create_task(embedder.embed([f"Ship {n} sails far." for n in range(64)]))
    turns = 0
    while not asked.done():
        turns += 1
        await asyncio.sleep(0.001)

    assert turns > 10


@on_module_loop
async def test_an_embedder_that_is_not_started_says_so() -> None:
    with pytest.raises(RuntimeError, match="not started"):
        await Embedder().embed(["Ships sail."])


def test_the_model_loads_without_a_network_and_without_a_word() -> None:
    program = """
import asyncio, sys

def refuse(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo"):
        sys.exit(f"went to the network: {arguments}")

sys.addaudithook(refuse)
from datagen.engines.embeddings import Embedder

async def main():
    embedder = Embedder()
    await embedder.start()
    print((await embedder.embed(["Ships sail."])).shape)
    await embedder.close()

asyncio.run(main())
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env={"HF_HUB_OFFLINE": "0"}
    )

    assert (done.stdout.strip(), done.stderr) == ("(1, 384)", "")
