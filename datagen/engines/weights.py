"""What a run's model is, by content: the name that rows carry, and a digest of its local files.

A local model is its content and its own name, not the path to it: named in another way or moved
elsewhere it is the same model, replaced under the same path it is another. Not covered: what a
server runs behind a name, the revision of a hub's name, files that a scripted function imports.
"""

import hashlib
import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from datagen.assets import EMBEDDED, models_folder
from datagen.recipe import EngineOptions

BLOCK = 1 << 20
BLOCKS = 64
"""A file of up to 64 MiB is hashed whole; of a larger one its size and 64 blocks of 1 MiB, the
first, the last and those at even distances. Other weights differ in nearly every block, and reading
all of a large model would take minutes at every entry. A few bytes changed by hand may go unseen.
"""


def model_name(options: EngineOptions) -> str:
    """The name of the options' model, as completions and the manifest carry it."""
    if options.kind == "llamacpp":
        return gguf_name(options.model)
    if options.kind == "vllm":
        return folder_name(options.model)
    return reply_name(options.model) if options.kind == "scripted" else options.model


def gguf_name(model: str) -> str:
    """The name of an embedded or fetched model, or of a GGUF file."""
    return model if model in EMBEDDED else Path(model).name.removesuffix(".gguf")


def folder_name(model: str) -> str:
    """The name of a model's folder; a hub's name is itself."""
    path = Path(model).expanduser()
    return path.resolve().name if model and path.is_dir() else model


def reply_name(model: str) -> str:
    """`file.py:function`, without the folder, or `package.module:function`."""
    module, separator, function = model.rpartition(":")
    name = Path(module).name if module.endswith(".py") else module
    return f"{name}{separator}{function}"


def model_digest(options: EngineOptions) -> str:
    """Hash of the local files that the model is made of, 32 hex digits; "" if there are none.

    What is missing is left to the engine, which says so when it starts.
    """
    if options.kind == "llamacpp" and options.model in EMBEDDED:
        return EMBEDDED[options.model].sha256[:32]
    try:
        files = [path for path in _files(options) if path.is_file()]
        if not files:
            return ""
        hashed = hashlib.blake2b(digest_size=16)
        for path in files:
            # A single file may be renamed; in a folder the names say what each file is for.
            hashed.update(f"{path.name if len(files) > 1 else ''}\0".encode(errors="replace"))
            _add(hashed, path)
    except OSError:
        return ""
    return hashed.hexdigest()


def _files(options: EngineOptions) -> list[Path]:
    """Where the model's files may be, sorted."""
    if not options.model or options.kind == "openai":
        return []
    path = Path(options.model).expanduser()
    if options.kind == "llamacpp":
        return [path if path.is_file() else models_folder() / f"{options.model}.gguf"]
    if options.kind == "vllm":
        if not path.is_dir():
            return []
        return sorted(file for file in path.iterdir() if not file.name.startswith("."))
    module = options.model.rpartition(":")[0]
    return [Path(module) if module.endswith(".py") else _source(module)]


def _source(module: str) -> Path:
    """The file of a Python module; whatever its packages raise is told when it is imported."""
    try:
        spec = find_spec(module)
    except Exception:
        spec = None
    return Path(spec.origin if spec and spec.origin else os.devnull)


def _add(hashed: "hashlib.blake2b", path: Path) -> None:
    size = path.stat().st_size
    hashed.update(f"{size}\0".encode())
    with path.open("rb") as file:
        for start in _starts(size):
            file.seek(start)
            hashed.update(file.read(BLOCK))


def _starts(size: int) -> Iterator[int]:
    """Where the blocks that are hashed begin."""
    if size <= BLOCK * BLOCKS:
        yield from range(0, size, BLOCK)
    else:
        yield from (number * (size - BLOCK) // (BLOCKS - 1) for number in range(BLOCKS))
