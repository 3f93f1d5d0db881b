"""Builds the command line that runs another one inside the sandbox.

From the outside in: an empty environment, the stage and uid 65534 (root only, see `layers`), bwrap
with every namespace of its own, and inside it prlimit. The limits are set inside because the kernel
counts processes per user namespace: outside, `processes` would count all of the user's threads on
the machine, and nothing would start."""

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from datagen.errors import RecipeError
from datagen.sandbox.layers import STAGE_SCRIPT, STAGES, UID, Layers, find_layers, refused
from datagen.sandbox.limits import Limits
from datagen.sandbox.visible import etc, interpreters, system

WORKSPACE = "/workspace"
"""Where the workspace is seen inside; the command's working folder."""
HOME = "/tmp/home"
ISOLATION = (
    *("--unshare-all", "--unshare-user", "--disable-userns"),
    *("--uid", str(UID), "--gid", str(UID), "--cap-drop", "ALL"),
    *("--new-session", "--die-with-parent", "--clearenv", "--hostname", "sandbox"),
)
SYSTEM = ("/usr/bin", "/usr/lib", "/etc/ssl", "/var/lib", "/var/log")
"""Folders that a workspace must not hold."""
SYSTEM_PATH = ("/usr/local/bin", "/usr/bin", "/bin")


@dataclass(frozen=True, slots=True)
class Bind:
    """A file or folder of this machine that is seen inside."""

    source: Path
    target: str
    writable: bool = False


class Sandbox:
    """A way to run commands isolated. Holds no process; may be used for many at a time."""

    def __init__(self, limits: Limits | None = None, *, network: bool = False) -> None:
        """`network=True` shares the machine's network: for installing, never for running."""
        self.limits = limits or Limits()
        self.network = network

    def require(self) -> "Sandbox":
        """Try the layers, once per process.

        Raises:
            RecipeError: they don't hold here; the command must not be run without them.
        """
        if why := refused(tuple(self.command(["/usr/bin/env", "true"]))):
            raise RecipeError(
                f"no sandbox here: {why} (user namespaces must be allowed; in a container,"
                " start it with them)"
            )
        return self

    def command(
        self,
        argv: Sequence[str],
        *,
        workspace: Path | None = None,
        binds: Sequence[Bind] = (),
        env: Mapping[str, str] | None = None,
        path: Sequence[str] = (),
    ) -> list[str]:
        """The command line that runs `argv` isolated; for a process that the caller starts.

        Start it in a session of its own (`datagen.sandbox.start` does), so that killing its group
        ends everything inside. `path` stands in front of the PATH. What is bound writable and root
        owns is given to the sandbox's uid.

        Raises:
            RecipeError: a program of the sandbox or a bound path is missing.
        """
        layers = find_layers()
        for bind in binds:
            if bind.writable:
                hand_over(bind.source, layers)
        seen = [*self._seen(), *binds]
        if workspace is not None:
            seen.append(Bind(hand_over(workspace, layers), WORKSPACE, writable=True))
        for bind in seen:
            if not bind.source.exists():
                raise RecipeError(f"{bind.source}: no such file or folder")
        bound = {bind.source.resolve(): None for bind in seen}
        stage = Stage(list(bound), layers)
        inner = [*ISOLATION, *(("--share-net",) if self.network else ())]
        inner += self._mounts(seen, stage)
        inner += _environment(env or {}, path)
        inner += ["--chdir", WORKSPACE if workspace is not None else HOME, "--"]
        return [*stage.before, *stage.bwrap, *inner, *self._bounds(), *argv]

    def _seen(self) -> list[Bind]:
        binds = [Bind(source, target) for kind, source, target in system() if kind == "bind"]
        binds += [Bind(source, target) for source, target in etc(network=self.network)]
        return [*binds, *(Bind(prefix, str(prefix)) for prefix in interpreters())]

    def _mounts(self, seen: Sequence[Bind], stage: "Stage") -> list[str]:
        """bwrap's arguments, in the order it mounts; a later one may lie inside an earlier."""
        size = str(self.limits.tmp_bytes)
        mounts = ["--proc", "/proc", "--dev", "/dev", "--size", size, "--tmpfs", "/tmp"]
        mounts += ["--dir", HOME]
        for kind, source, target in system():
            if kind == "symlink":
                mounts += ["--symlink", str(source), target]
        for bind in seen:
            how = "--bind" if bind.writable else "--ro-bind"
            mounts += [how, stage.path(bind.source), bind.target]
        # What bwrap made to hold the mounts is writable memory until it is said not to be.
        shared = ["--size", size, "--tmpfs", "/dev/shm"]
        return [*mounts, "--remount-ro", "/", "--remount-ro", "/dev", *shared]

    def _bounds(self) -> list[str]:
        limits = self.limits
        bounds = {
            "cpu": limits.cpu_s,
            "data": limits.data_bytes,
            "nproc": limits.processes,
            "fsize": limits.file_bytes,
            "nofile": limits.open_files,
            "core": 0,
        }
        return ["prlimit", *(f"--{name}={bound}" for name, bound in bounds.items()), "--"]


class Stage:
    """Where bwrap finds the bound paths: on root's stage, or where they are."""

    def __init__(self, sources: Sequence[Path], layers: Layers) -> None:
        programs = [path.resolve() for path in layers.bwrap]
        self.bwrap = [str(programs[0])]
        self.before = ["/usr/bin/env", "-i", f"PATH={os.defpath}:/usr/sbin:/sbin"]
        self._places: dict[Path, str] = {}
        if not layers.as_root:
            return
        staged = list(dict.fromkeys([*sources, *programs]))
        folder = _free_stage(staged)
        self._places = {source: f"{folder}/{number}" for number, source in enumerate(staged)}
        self.bwrap = [self._places[programs[0]]]
        libraries = [f"LD_LIBRARY_PATH={self._places[path]}" for path in programs[1:]]
        self.before += [*libraries, "unshare", "--mount", "--propagation", "private", "--"]
        self.before += ["sh", "-c", STAGE_SCRIPT, "stage", folder, *map(str, staged), "--"]
        self.before += ["setpriv", "--reuid", str(UID), "--regid", str(UID), "--clear-groups"]
        self.before += ["--no-new-privs", "--"]

    def path(self, source: Path) -> str:
        resolved = source.resolve()
        return self._places.get(resolved, str(resolved))


def _free_stage(sources: Sequence[Path]) -> str:
    for folder in STAGES:
        path = Path(folder)
        if path.is_dir() and not any(source.is_relative_to(path) for source in sources):
            return folder
    raise RecipeError(f"no sandbox here: none of {', '.join(STAGES)} is free to bind onto")


def _environment(env: Mapping[str, str], path: Sequence[str]) -> list[str]:
    folders = [*path, *(str(prefix / "bin") for prefix in interpreters()), *SYSTEM_PATH]
    everything = {"PATH": ":".join(folders), "HOME": HOME, "LANG": "C.UTF-8", "TMPDIR": "/tmp"}
    everything |= {"USER": "sandbox"} | dict(env)
    return [part for name, value in everything.items() for part in ("--setenv", name, value)]


def hand_over(workspace: Path, layers: Layers) -> Path:
    """Under root: give a workspace that root owns to the sandbox's uid, which else can't write it.

    Links are not followed, and files with more than one name are left, since the other name may lie
    outside.

    Raises:
        RecipeError: the workspace is no folder, or one that must not be given away.
    """
    if not workspace.is_dir():
        raise RecipeError(f"{workspace}: not a folder")
    whole = workspace.resolve()
    kept = (Path.home().resolve(), Path(tempfile.gettempdir()).resolve(), *map(Path, SYSTEM))
    if len(whole.parts) < 3 or any(path.is_relative_to(whole) for path in kept):
        raise RecipeError(f"{workspace}: too much to give to a sandbox; choose a folder below it")
    if layers.as_root:
        _give(whole)
        for folder, folders, files in os.walk(whole):
            for name in (*folders, *files):
                _give(Path(folder, name))
    return whole


def _give(path: Path) -> None:
    found = path.lstat()
    if found.st_uid == 0 and (path.is_dir() or found.st_nlink == 1):
        os.lchown(path, UID, UID)
