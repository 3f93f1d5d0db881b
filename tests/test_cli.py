"""The command line: what the user got wrong is one line on stderr and exit 2, before Ray is started."""

import logging
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from datagen.cli import main


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str


@pytest.fixture
def datagen(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[..., Said]]:
    """`datagen ARGUMENTS` in this process; signal handlers and logging are put back."""
    handlers = {name: signal.getsignal(name) for name in (signal.SIGINT, signal.SIGTERM)}
    loggers = logging.root.handlers[:]

    def run(*arguments: object) -> Said:
        monkeypatch.setattr(sys, "argv", ["datagen", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        return Said(int(ended.value.code or 0), captured.out, captured.err)

    yield run
    for name, handler in handlers.items():
        signal.signal(name, handler)
    logging.root.handlers[:] = loggers


@pytest.fixture
def case(tmp_path: Path) -> list[object]:
    """A command that is right as far as it goes: input, output, an engine."""
    (tmp_path / "in.jsonl").write_text('{"text": "The mill was built in 1811."}\n')
    (tmp_path / "reply.py").write_text("def reply(request): return 'x'\n")
    engine = ["--engine", "scripted", "--model", tmp_path / "reply.py:reply"]
    return ["rephrase", tmp_path / "in.jsonl", "--output", tmp_path / "run", *engine]


def test_help_names_the_verbs_and_needs_nothing_heavy() -> None:
    script = (
        "import sys; from datagen.cli import main; sys.argv = ['datagen', '--help']\n"
        "try: main()\n"
        "except SystemExit as ended: assert not ended.code\n"
        "heavy = {'ray', 'torch', 'numpy', 'pyarrow', 'duckdb', 'aiohttp'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "rephrase" in done.stdout


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--set", "chunk.max_token=9"], "did you mean max_tokens?"),
        (["--set", "chunk.max_tokens"], "section.key=value"),
        (["--set", "nonsense.key=1"], "nonsense: unknown key"),
        (["--set", "rewrite.styles=[faqq]"], "'faq'"),
        (["--set", "rewrite.styles=/nowhere/own.md"], "/nowhere/own.md"),
        (["--set", "chunk.tokenizer=/nowhere/tokenizer.json"], "/nowhere/tokenizer.json"),
        (["--recipe", "rephrse"], "--recipe rephrse"),
        (["--recipe", "/nowhere/own.toml"], "/nowhere/own.toml"),
        (["--engine", "abacus"], "abacus"),
        (["--model", "nowhere:reply"], "nowhere:reply"),
        (["--model", "reply"], "module:function"),
        (["--model", ""], "engine.model: is missing"),
        (["--engine", "openai"], "--base-url"),
        (["--engine", "openai", "--base-url", "ftp://x"], "engine.base_url"),
        (["--limit", "0"], "--limit"),
        (["--limit", "few"], "--limit"),
        (["--nonsense"], "--nonsense"),
    ],
)
def test_a_mistake_is_one_line_and_exit_2(
    datagen: Callable[..., Said], case: list[object], more: list[str], said: str, tmp_path: Path
) -> None:
    found = datagen(*case, *more)
    assert said in found.err
    assert found.code == 2
    assert len(found.err.splitlines()) == 1
    assert found.err.startswith("datagen: ")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("threshold=0.5", "must look like section.key=value"),
        ("rewrite.attempts=2", "only fidelity.… can be set here"),
        ("seed=2", "only fidelity.… can be set here"),
        ("fidelity.threshold", "must look like section.key=value"),
        ("fidelity.threshold=high", "fidelity.threshold: must be a number"),
        ("fidelity.threshold=2", "fidelity.threshold: must be at most 1"),
        ("fidelity.treshold=0.5", "did you mean threshold?"),
        ("fidelity.tiers=[nonsense]", "fidelity.tiers"),
        ("fidelity.tiers=[verifier]", "verifier needs ledger beside it"),
        ("fidelity.translate_back=true", "need a run's engine"),
    ],
)
def test_a_mistake_in_what_pairs_are_scored_with_is_one_line_and_exit_2(
    datagen: Callable[..., Said], tmp_path: Path, setting: str, said: str
) -> None:
    pairs = tmp_path / "pairs.jsonl"
    pairs.write_text('{"source": "The mill was built in 1811.", "text": "It is of 1811."}\n')
    found = datagen("fidelity", pairs, "--set", setting)
    assert (found.code, found.err.count("\n")) == (2, 1)
    assert said in found.err
    assert [path.name for path in tmp_path.iterdir()] == ["pairs.jsonl"]


@pytest.mark.parametrize("arguments", [["rephrase"], ["rephrase", "a.jsonl"], ["nonsense"]])
def test_a_command_that_is_none_is_one_line_and_exit_2(
    datagen: Callable[..., Said], arguments: list[str]
) -> None:
    found = datagen(*arguments)
    assert found.code == 2
    assert len(found.err.splitlines()) == 1


@pytest.mark.parametrize(
    "name", ["missing.jsonl", "missing/", "*.nothing", "file:///nowhere/x.jsonl"]
)
def test_an_input_that_is_not_there_is_named(
    datagen: Callable[..., Said], case: list[object], tmp_path: Path, name: str
) -> None:
    case[1] = name if ":" in name else tmp_path / name
    found = datagen(*case)
    assert found.code == 2
    assert len(found.err.splitlines()) == 1
    assert name.rpartition("/")[2].strip("*") in found.err
    assert not (tmp_path / "run" / "manifest.json").exists()


def test_an_output_that_is_a_file_is_refused_and_stays(
    datagen: Callable[..., Said], case: list[object], tmp_path: Path
) -> None:
    (tmp_path / "run").write_text("mine")
    found = datagen(*case)
    assert (found.code, found.err.count("\n")) == (2, 1)
    assert "is not a folder" in found.err
    assert (tmp_path / "run").read_text() == "mine"


def test_an_output_below_a_file_is_refused(
    datagen: Callable[..., Said], case: list[object], tmp_path: Path
) -> None:
    case[3] = tmp_path / "in.jsonl" / "run"
    found = datagen(*case)
    assert (found.code, found.err.count("\n")) == (2, 1)
    assert "in.jsonl" in found.err


def test_a_folder_that_holds_something_else_is_refused_and_stays(
    datagen: Callable[..., Said], case: list[object], tmp_path: Path
) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "thesis.tex").write_text("mine")
    found = datagen(*case)
    assert (found.code, found.err.count("\n")) == (2, 1)
    assert "choose another --output" in found.err
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["thesis.tex"]


def test_a_place_that_cannot_be_written_is_one_line_and_exit_2(
    datagen: Callable[..., Said], case: list[object]
) -> None:
    case[3] = "/proc/run"  # nobody can make a folder there, root neither
    found = datagen(*case)
    assert (found.code, found.err.count("\n")) == (2, 1)
    assert "/proc/run" in found.err


def test_an_entry_that_was_killed_before_its_first_manifest_is_entered_again(
    datagen: Callable[..., Said], case: list[object], tmp_path: Path
) -> None:
    (tmp_path / "in.jsonl").write_bytes(b"")
    (tmp_path / "run" / "plan" / "leases").mkdir(parents=True)
    for name in (".lock", "recipe.toml", ".recipe.toml.7.tmp", "plan/.inputs.json.7.tmp"):
        (tmp_path / "run" / name).touch()
    found = datagen(*case)
    assert (found.code, found.err) == (0, "")
    assert not list((tmp_path / "run").rglob("*.tmp"))


def test_an_input_without_records_is_done_at_once(
    datagen: Callable[..., Said], case: list[object], tmp_path: Path
) -> None:
    (tmp_path / "in.jsonl").write_bytes(b"")
    found = datagen(*case)
    assert (found.code, found.err) == (0, "")
    assert "0 rephrasings" in found.out
    assert (tmp_path / "run" / "manifest.json").exists()
