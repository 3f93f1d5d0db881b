"""What a model is: its name and its content, wherever it lies."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from datagen.engines.weights import BLOCK, BLOCKS, model_digest, model_name
from datagen.recipe import EngineOptions

REPLY = "def reply(request): return 'x'\n"


def options(kind: Any, model: object) -> EngineOptions:
    return EngineOptions(kind=kind, model=str(model))


def scripted(path: object) -> EngineOptions:
    return options("scripted", f"{path}:reply")


@pytest.mark.parametrize(
    ("kind", "model", "name"),
    [
        ("llamacpp", "smollm2", "smollm2"),
        ("llamacpp", "/models/qwen2.5-q4.gguf", "qwen2.5-q4"),
        ("llamacpp", "qwen2.5", "qwen2.5"),
        ("scripted", "/far/away/replies.py:reply", "replies.py:reply"),
        ("scripted", "package.module:reply", "package.module:reply"),
        ("vllm", "Qwen/Qwen3-4B", "Qwen/Qwen3-4B"),
        ("openai", "org/model", "org/model"),
        ("vllm", "", ""),
    ],
)
def test_a_model_is_named_without_the_folder_that_it_lies_in(
    kind: str, model: str, name: str
) -> None:
    assert model_name(options(kind, model)) == name


def test_a_relative_path_an_absolute_one_and_a_moved_file_are_one_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "there").mkdir()
    for path in (tmp_path / "reply.py", tmp_path / "there" / "reply.py"):
        path.write_text(REPLY)
    monkeypatch.chdir(tmp_path)

    ways = [scripted(p) for p in ("reply.py", "./there/../reply.py", tmp_path / "there/reply.py")]

    assert len({(model_name(way), model_digest(way)) for way in ways}) == 1
    assert model_digest(ways[0])


def test_a_file_replaced_under_its_path_is_another_model(tmp_path: Path) -> None:
    path = tmp_path / "reply.py"
    path.write_text(REPLY)
    before = model_digest(scripted(path))

    path.write_text(REPLY.replace("x", "y"))

    assert model_digest(scripted(path)) != before


def test_a_module_is_its_file() -> None:
    digests = {
        model_digest(options("scripted", f"{module}:reply")) for module in ("json.decoder", "json")
    }

    assert len(digests) == 2
    assert "" not in digests


@pytest.mark.parametrize(
    "changed",
    [
        lambda raw: b"\1" + raw[1:],
        lambda raw: raw[:-1] + b"\1",
        lambda raw: raw[: len(raw) // 2] + b"\1" * BLOCK + raw[len(raw) // 2 + BLOCK :],
        lambda raw: raw + b"\0",
    ],
    ids=["first byte", "last byte", "a block in the middle", "one byte more"],
)
def test_a_large_file_is_known_by_its_size_and_by_blocks_of_all_of_it(
    tmp_path: Path, changed: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / "m.gguf"
    raw = bytes(BLOCK * (BLOCKS + 10))
    path.write_bytes(raw)
    before = model_digest(options("llamacpp", path))

    path.write_bytes(changed(raw))

    assert model_digest(options("llamacpp", path)) != before


def test_a_renamed_model_has_the_same_content_under_another_name(tmp_path: Path) -> None:
    for name in ("a.gguf", "b.gguf"):
        (tmp_path / name).write_bytes(b"GGUF")
    one, other = (options("llamacpp", tmp_path / name) for name in ("a.gguf", "b.gguf"))

    assert model_digest(one) == model_digest(other)
    assert model_name(one) != model_name(other)


def test_a_folder_is_its_visible_files(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    for name in ("config.json", "model.safetensors"):
        (tmp_path / "model" / name).write_text(name)
    folder = options("vllm", tmp_path / "model")
    digests = [model_digest(folder)]

    (tmp_path / "model" / ".cache").write_text("not of the model")
    digests.append(model_digest(folder))
    (tmp_path / "model" / "config.json").write_text("{}")
    digests.append(model_digest(folder))
    (tmp_path / "model" / "config.json").rename(tmp_path / "model" / "other.json")
    digests.append(model_digest(folder))

    assert digests[0] == digests[1]
    assert len(set(digests)) == 3
    assert model_name(folder) == "model"


@pytest.mark.parametrize(
    ("kind", "model"),
    [
        ("llamacpp", "/nowhere/m.gguf"),
        ("llamacpp", ""),
        ("vllm", "org/model"),
        ("openai", "model"),
        ("scripted", "nowhere.at_all:reply"),
        ("scripted", "/nowhere/reply.py:reply"),
        ("scripted", "reply"),
        ("scripted", "..:reply"),
    ],
)
def test_what_has_no_local_file_has_no_digest(kind: str, model: str) -> None:
    assert model_digest(options(kind, model)) == ""
