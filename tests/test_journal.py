"""The journal: what was written is answered, whatever happened after."""

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagen.engines.base import Completion
from datagen.errors import StorageError
from datagen.journal import Journal, convictions, read_segment

ANSWER = Completion("It was 1887.", "stop", 10, 4, 6, "m")


def opened(folder: Path, lease: int = 1) -> Journal:
    return Journal(folder, lease=lease)


def killed(journal: Journal) -> None:
    """What a killed process leaves: the file as it was, nothing closed on purpose."""
    journal.close()


def test_a_completion_written_before_a_kill_is_answered_after_it(tmp_path: Path) -> None:
    before = opened(tmp_path / "p")
    before.record("row", 0, "digest", ANSWER)
    killed(before)
    assert opened(tmp_path / "p", lease=2).answer("row", 0, "digest") == ANSWER


@pytest.mark.parametrize(
    ("row", "step", "digest"), [("other", 0, "digest"), ("row", 1, "digest"), ("row", 0, "changed")]
)
def test_another_request_is_not_answered(tmp_path: Path, row: str, step: int, digest: str) -> None:
    before = opened(tmp_path / "p")
    before.record("row", 0, "digest", ANSWER)
    killed(before)
    assert opened(tmp_path / "p").answer(row, step, digest) is None


@given(
    texts=st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=8),
    cut=st.integers(0, 10_000),
)
def test_a_segment_cut_anywhere_keeps_every_whole_record(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], cut: int
) -> None:
    folder = tmp_path_factory.mktemp("journal") / "p"
    journal = opened(folder)
    for step, text in enumerate(texts):
        journal.record("row", step, "d", Completion(text))
    killed(journal)
    (segment,) = folder.glob("*.log")
    whole = segment.read_bytes()
    cut = min(cut, len(whole))
    segment.write_bytes(whole[:cut])
    kept = whole[:cut].count(b"\n")
    after = opened(folder)
    answers = [after.answer("row", step, "d") for step in range(len(texts))]
    assert [a.text for a in answers[:kept] if a] == texts[:kept]
    assert answers[kept:] == [None] * (len(texts) - kept)


def test_what_follows_a_damaged_line_is_not_believed(tmp_path: Path) -> None:
    journal = opened(tmp_path / "p")
    for step in range(3):
        journal.record("row", step, "d", ANSWER)
    killed(journal)
    (segment,) = (tmp_path / "p").glob("*.log")
    lines = segment.read_bytes().splitlines(keepends=True)
    segment.write_bytes(lines[0] + lines[1].replace(b"1887", b"1999") + lines[2])
    assert len(list(read_segment(segment))) == 1


def test_an_opening_never_appends_to_an_old_segment(tmp_path: Path) -> None:
    killed(opened(tmp_path / "p"))
    (old,) = (tmp_path / "p").glob("*.log")
    old.write_bytes(b"torn")
    opened(tmp_path / "p").record("row", 0, "d", ANSWER)
    assert old.read_bytes() == b"torn"
    assert opened(tmp_path / "p").answer("row", 0, "d") == ANSWER


def test_deaths_count_rows_begun_and_not_ended_under_this_lease(tmp_path: Path) -> None:
    for _ in range(2):
        journal = opened(tmp_path / "p", lease=3)
        journal.begin("poison")
        journal.begin("innocent")
        journal.end("innocent")
        killed(journal)
    assert opened(tmp_path / "p", lease=3).deaths("poison") == 2
    assert opened(tmp_path / "p", lease=3).deaths("innocent") == 0
    assert opened(tmp_path / "p", lease=4).deaths("poison") == 0


def test_a_conviction_outlasts_its_lease_until_the_partition_is_settled(tmp_path: Path) -> None:
    journal = opened(tmp_path / "p", lease=1)
    journal.convict("poison")
    killed(journal)

    later = opened(tmp_path / "p", lease=2)
    assert later.convicted("poison")
    assert not later.convicted("innocent")
    later.settle()
    killed(later)

    assert not opened(tmp_path / "p", lease=3).convicted("poison")


def test_each_conviction_is_counted_once_in_its_entry(tmp_path: Path) -> None:
    counts = [convictions(tmp_path / "p")]
    for lease, rows in enumerate(["a", "ab", "ab"], start=1):
        journal = opened(tmp_path / "p", lease=lease)
        for row in rows:
            journal.begin("convicted")
            journal.record("convicted", 0, "convicted", Completion('["convicted","a"]'))
            journal.convict(row)
        if lease == 2:
            journal.settle()
        killed(journal)
        counts.append(convictions(tmp_path / "p"))

    assert counts == [0, 1, 2, 4]


def test_a_folder_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "p").write_text("a file where the folder should be")
    with pytest.raises(StorageError, match="p: "):
        opened(tmp_path / "p")


def test_a_full_disk_is_one_clear_error_and_keeps_what_was_written(tmp_path: Path) -> None:
    import subprocess
    import sys

    script = (
        "import resource, signal, sys\n"
        "from pathlib import Path\n"
        "from datagen.journal import Journal\n"
        "from datagen.engines.base import Completion\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "journal = Journal(Path(sys.argv[1]), lease=1)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))\n"
        "for step in range(1000):\n"
        "    journal.record('row', step, 'd', Completion('x' * 100))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "p")], capture_output=True, text=True
    )
    assert "StorageError" in done.stderr
    journal = opened(tmp_path / "p")
    assert len(journal) > 10
    assert journal.answer("row", 0, "d") == Completion("x" * 100)


async def test_writes_are_synced_while_the_loop_runs(tmp_path: Path) -> None:
    journal = opened(tmp_path / "p")
    syncing = asyncio.create_task(journal.sync_forever())
    journal.record("row", 0, "d", ANSWER)
    await asyncio.sleep(0.7)
    assert not syncing.done()
    syncing.cancel()
