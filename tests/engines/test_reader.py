import asyncio

import numpy as np
import pytest

from datagen.engines.reader import LONGEST, OUTPUTS, Reader

pytestmark = pytest.mark.model
EVIDENCE = "The bridge was built of stone in 1720 by engineers of the duke, north of the town."


async def test_claims_that_the_evidence_denies_score_above_those_it_states() -> None:
    reader = Reader()
    await reader.start()
    rows = await reader.read(
        [
            (EVIDENCE, "Engineers of the duke built the stone bridge in 1720."),
            (EVIDENCE, "Engineers of the duke built the stone bridge in 1890."),
            (EVIDENCE, "Engineers of the king of Spain built the stone bridge in 1720."),
        ]
    )
    await reader.close()
    assert rows.shape == (3, len(OUTPUTS))
    assert (rows[1:, 1] > rows[0, 1]).all()


async def test_a_pair_reads_the_same_alone_and_among_others() -> None:
    reader = Reader(cached=0)
    await reader.start()
    pairs = [(EVIDENCE * n, "The bridge stands north of the town. " * n) for n in (1, 2, 4)]
    together = await reader.read(pairs)
    alone = np.concatenate([await reader.read([pair]) for pair in pairs])
    await reader.close()
    assert np.allclose(together, alone, atol=0.15)


async def test_odd_text_is_read_and_nothing_is_no_number() -> None:
    reader = Reader()
    await reader.start()
    odd = ["", "\ud800", "🙂" * 5000, "word " * 20_000, "\x00", "你好"]
    rows = await asyncio.wait_for(reader.read([(text, text) for text in odd]), 120)
    await reader.close()
    assert rows.shape == (len(odd), len(OUTPUTS))
    assert np.isfinite(rows).all()
    assert LONGEST < 512


async def test_asking_before_the_start_is_an_error_and_of_nothing_is_nothing() -> None:
    reader = Reader()
    with pytest.raises(RuntimeError):
        await reader.read([(EVIDENCE, "x")])
    await reader.start()
    assert (await reader.read([])).shape == (0, len(OUTPUTS))
    await reader.close()
    await reader.close()
