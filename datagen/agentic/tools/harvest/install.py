"""One environment per server, built once and kept in the user's cache.

Servers pin what doesn't go together (the `mcp` package broke between 1 and 2), so none shares its
packages. Nothing of a package runs while it is installed: wheels only, npm without scripts. Inside
the sandbox an environment always lies at /env, so that what it writes into its scripts holds
wherever the cache is; it is built under a temporary name and renamed when it is whole."""

import asyncio
import contextlib
import fcntl
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from datagen.agentic.tools.harvest.outcome import ServerFailed
from datagen.agentic.tools.harvest.registries import environment, files
from datagen.agentic.tools.harvest.servers import LATEST, Package
from datagen.assets import models_folder
from datagen.sandbox import Bind, Limits, Sandbox, run
from datagen.schemas import row_id

INSIDE = "/env"
BIN = {"pypi": f"{INSIDE}/bin", "npm": f"{INSIDE}/node_modules/.bin"}
MIB = 1 << 20
INSTALL_LIMITS = Limits(
    seconds=600.0,
    cpu_s=600,
    data_bytes=4096 * MIB,
    processes=512,
    file_bytes=2048 * MIB,
    tmp_bytes=4096 * MIB,
    disk_bytes=4096 * MIB,
    output_bytes=8 * MIB,
    open_files=8192,
)
"""Chosen for the largest servers of the catalogue, which bring pandas or a browser's driver."""
LOCK_POLL_S = 0.5
PIP_OPTIONS = ("--quiet", "--no-input", "--no-cache-dir", "--only-binary=:all:")
NPM = ("npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--omit=dev")


@dataclass(frozen=True, slots=True)
class Environment:
    """An installed server's packages."""

    folder: Path
    bin: str
    """The folder of its programs, as seen inside."""

    def bind(self) -> Bind:
        return Bind(self.folder, INSIDE)


def servers_folder() -> Path:
    """Where environments are kept; may be deleted at any time."""
    return models_folder().parent / "servers"


async def install(package: Package, more: Sequence[str] = ()) -> Environment:
    """The environment of a package and `more` requirements; from the cache, or built now.

    Raises:
        ServerFailed: it can't be installed here.
        RecipeError: there is no sandbox here.
    """
    python = _python(package)
    requirements = [_pinned(package), *package.extras, *more]
    key = row_id("environment", package.registry, *sorted(requirements), str(python), sys.version)
    readable = package.package.replace("/", "+").lstrip("@")
    folder = servers_folder() / f"{readable}-{key}"
    ready = Environment(folder, BIN[package.registry])
    if folder.is_dir():
        return ready
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        async with _alone(folder.with_name(f".{key}.lock")):
            if not folder.is_dir():
                await _build(folder, package, python, requirements)
    except OSError as problem:
        raise ServerFailed("not_installed", f"{folder.parent}: {problem.strerror}") from problem
    return ready


def _pinned(package: Package) -> str:
    """The requirement; a user's own entry without a version takes what is newest on that day."""
    if package.version == LATEST:
        return package.package
    return f"{package.package}{'==' if package.registry == 'pypi' else '@'}{package.version}"


def _python(package: Package) -> Path:
    """The interpreter that makes the environment."""
    own = f"{sys.version_info[0]}.{sys.version_info[1]}"
    if package.python in (None, own):
        return Path(sys.base_prefix, "bin", f"python{own}")
    found = Path("/usr/bin", f"python{package.python}")
    if package.registry == "pypi" and not found.exists():
        raise ServerFailed("not_installed", f"needs Python {package.python} in /usr/bin")
    return found


async def _build(folder: Path, package: Package, python: Path, wanted: Sequence[str]) -> None:
    with tempfile.TemporaryDirectory(prefix=".build-", dir=folder.parent) as temporary:
        built = Path(temporary, "env")
        os.mkdir(built)
        if package.registry == "pypi":
            venv, pip = _makers(python)
            await _step([*venv, INSIDE], built, network=False)
            await _step([*pip, "install", *PIP_OPTIONS, "--", *wanted], built, network=True)
        else:
            if shutil.which("npm") is None:
                raise ServerFailed("not_installed", "needs npm, which is not on the PATH")
            await _step([*NPM, "--prefix", INSIDE, "--", *wanted], built, network=True)
        os.rename(built, folder)


def _makers(python: Path) -> tuple[list[str], list[str]]:
    """Command lines of venv and pip: the interpreter's own pip where it has one, since putting one
    into each environment takes longer than most servers take to install."""
    name, prefix = str(python), python.parent.parent
    places = (
        prefix / "lib" / python.name / "site-packages",
        Path("/usr/lib/python3/dist-packages"),
    )
    own = places[0] if prefix != Path("/usr") else places[1]
    inside = f"{INSIDE}/bin/python"
    if (own / "pip").is_dir():
        return [name, "-m", "venv", "--without-pip"], [name, "-m", "pip", "--python", inside]
    return [name, "-m", "venv"], [inside, "-m", "pip"]


async def _step(argv: Sequence[str], built: Path, *, network: bool) -> None:
    sandbox = Sandbox(INSTALL_LIMITS, network=network)
    binds = [Bind(built, INSIDE, writable=True), *(files() if network else ())]
    done = await run(sandbox, argv, binds=binds, env=environment() if network else {})
    if done.timed_out:
        raise ServerFailed("not_installed", f"takes longer than {INSTALL_LIMITS.seconds:.0f} s")
    if done.flooded or done.overfull:
        raise ServerFailed("not_installed", "writes more than an environment may hold")
    if done.code != 0:
        raise ServerFailed("not_installed", _reason(done.stderr or done.stdout))


def _reason(output: bytes) -> str:
    """The line of an installer's output that says what is wrong."""
    lines = output.decode(errors="replace").strip().splitlines()
    errors = [line for line in lines if line.startswith(("ERROR", "npm ERR!", "npm error"))]
    told = [line for line in errors if "log of this run" not in line]
    return (told or lines or ["the installer failed and said nothing"])[0]


@asynccontextmanager
async def _alone(lock: Path) -> AsyncIterator[None]:
    """Hold a lock between tasks and processes; it goes with the process that holds it."""
    with lock.open("w") as file:
        while True:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            await asyncio.sleep(LOCK_POLL_S)
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                os.unlink(lock)
