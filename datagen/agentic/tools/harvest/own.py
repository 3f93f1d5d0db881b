"""The user's own servers: commands of an `mcp.json` that name no pinned package.

`npx PACKAGE` and `uvx PACKAGE`, which install when they start, become an install and a start, since
inside the sandbox there is no network. Any other command is run as it stands, with its program, its
virtual environment and the paths among its arguments bound read-only at their own places."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from datagen.agentic.tools.harvest.outcome import ServerFailed
from datagen.agentic.tools.harvest.servers import LATEST, Entry, Package
from datagen.sandbox import Bind
from datagen.sandbox.visible import is_installation

NPX_FLAGS = ("-y", "--yes", "-q", "--quiet")


@dataclass(frozen=True, slots=True)
class Runnable:
    """What to run, once its package is installed."""

    argv: tuple[str, ...]
    package: Package | None
    binds: tuple[Bind, ...] = ()


def runnable(entry: Entry) -> Runnable:
    """How an entry's command runs inside.

    Raises:
        ServerFailed: its program isn't there.
    """
    if entry.package is not None:
        return Runnable((entry.command, *entry.args), entry.package)
    program = Path(entry.command).name
    if program == "npx":
        return _npx(entry.args)
    if program == "uvx" or (program == "uv" and entry.args[:2] == ["tool", "run"]):
        return _uvx(entry.args if program == "uvx" else entry.args[2:])
    return _as_it_stands(entry)


def _npx(args: list[str]) -> Runnable:
    rest = [arg for number, arg in enumerate(args) if arg not in NPX_FLAGS or number > 2]
    wanted = ""
    if rest and rest[0] in ("-p", "--package"):
        wanted, rest = rest[1], rest[2:]
    elif rest and rest[0].startswith("--package="):
        wanted, rest = rest[0].partition("=")[2], rest[1:]
    if not rest:
        raise ServerFailed("no_start", "npx without a package")
    name, version = _versioned(wanted or rest[0], "npm")
    package = Package(package=name, registry="npm", version=version)
    program = rest[0] if wanted else f"npm-bin:{name}"
    return Runnable((program, *rest[1:]), package)


def _uvx(args: list[str]) -> Runnable:
    wanted, extras, rest = "", [], list(args)
    while rest and rest[0].startswith("-"):
        flag, _, value = rest.pop(0).partition("=")
        if flag in ("--from", "--with", "--python", "-p") and not value and rest:
            value = rest.pop(0)
        if flag == "--from":
            wanted = value
        elif flag == "--with":
            extras.append(value)
    if not rest:
        raise ServerFailed("no_start", "uvx without a package")
    name, version = _versioned(wanted or rest[0], "pypi")
    found = {"package": name, "registry": "pypi", "version": version, "with": extras}
    program = rest[0].split("@")[0].split("=")[0]
    return Runnable((program, *rest[1:]), Package.model_validate(found))


def _versioned(text: str, registry: str) -> tuple[str, str]:
    """Name and version of `name@1.2` or `name==1.2`; a name alone is the latest version."""
    name, separator, version = text.partition("==")
    if not separator:
        at = text.rfind("@")
        name, version = (text[:at], text[at + 1 :]) if at > 0 else (text, "")
    try:
        found = Package.model_validate(
            {"package": name, "registry": registry, "version": version or LATEST}
        )
    except ValueError as problem:
        raise ServerFailed("not_installed", f"{text}: not a package of a registry") from problem
    return found.package, found.version


def _as_it_stands(entry: Entry) -> Runnable:
    found = shutil.which(entry.command)
    if found is None:
        raise ServerFailed("no_start", f"{entry.command}: no such program")
    program = Path(os.path.abspath(found))
    # A version manager's shim looks for its home; inside, the name itself finds the interpreter.
    is_shim = program.parent.name == "shims"
    paths = [] if is_shim else list(_program(program))
    binds = tuple(Bind(path, str(path)) for path in dict.fromkeys([*paths, *_arguments(entry)]))
    return Runnable((program.name if is_shim else str(program), *entry.args), None, binds)


def _program(program: Path) -> Iterator[Path]:
    """The program's installation or virtual environment, and what its links lead to."""
    for path in (program, program.resolve()):
        if path.is_relative_to("/usr") or path.is_relative_to("/bin"):
            continue
        prefix = path.parent.parent
        named = prefix if path.parent.name == "bin" and is_installation(prefix) else path
        yield named
        marker = prefix / "pyvenv.cfg"
        if named == prefix and marker.is_file():
            yield from _base(marker)


def _base(marker: Path) -> Iterator[Path]:
    """The installation that a virtual environment was made from."""
    for line in marker.read_text(errors="replace").splitlines():
        name, _, value = line.partition("=")
        prefix = Path(value.strip()).resolve().parent
        if name.strip() == "home" and is_installation(prefix):
            yield prefix


def _arguments(entry: Entry) -> Iterator[Path]:
    """Paths that the entry names: a script's whole folder, since it imports what lies beside it."""
    home = Path.home().resolve()
    for text in (*entry.args, *([entry.cwd] if entry.cwd else ())):
        value = text.partition("=")[2] if text.startswith("-") else text
        path = Path(value)
        if not value.startswith("/") or not path.exists():
            continue
        named = path.parent if path.is_file() else path
        if home.is_relative_to(named.resolve()) or len(named.parts) < 3:
            named = path
        if not (named.is_dir() and home.is_relative_to(named.resolve())) and named != Path("/"):
            yield named
