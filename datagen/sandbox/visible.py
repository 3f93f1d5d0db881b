"""What of this machine is seen inside, read-only: `/usr`, a minimal `/etc`, and the interpreters.

Nothing of a home is: an interpreter that lies in one (pyenv, nvm, conda) is bound at its own path,
alone, so that scripts and virtual environments that name it work."""

import os
import shutil
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

OWN_ETC = Path(__file__).parent / "etc"
HOST_ETC = (
    "/etc/alternatives",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/localtime",
    "/etc/mime.types",
    "/etc/nsswitch.conf",
    "/etc/ssl/certs",
    "/etc/ssl/openssl.cnf",
    "/etc/pki/ca-trust/extracted",
    "/etc/crypto-policies/back-ends",
)
NETWORK_ETC = ("/etc/resolv.conf", "/etc/hosts")
ROOTS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
STORES = ("/nix/store", "/gnu/store")
"""Whole systems live here, one folder per package: bound where they are."""


def system() -> Iterator[tuple[str, Path, str]]:
    """`(kind, source, target)` of the system's programs; kind is `bind` or `symlink`."""
    yield "bind", Path("/usr"), "/usr"
    for name in ROOTS:
        path = Path("/", name)
        if path.is_symlink():
            yield "symlink", path.readlink(), str(path)
        elif path.is_dir():
            yield "bind", path, str(path)
    for store in STORES:
        if os.path.isdir(store):
            yield "bind", Path(store), store


def etc(*, network: bool) -> Iterator[tuple[Path, str]]:
    """`(source, target)` of the files below /etc: users and hosts are ours, not the machine's."""
    for name in ("passwd", "group"):
        yield OWN_ETC / name, f"/etc/{name}"
    for path in (*HOST_ETC, *(NETWORK_ETC if network else ())):
        if os.path.exists(path):
            yield Path(path), path
    if not network:
        yield OWN_ETC / "hosts", "/etc/hosts"


@cache
def interpreters() -> tuple[Path, ...]:
    """Folders of this Python and of Node that are not below /usr already."""
    node = shutil.which("node")
    prefixes = [Path(sys.base_prefix).resolve()]
    if node is not None:
        prefixes.append(Path(node).resolve().parent.parent)
    return tuple(dict.fromkeys(prefix for prefix in prefixes if is_installation(prefix)))


def is_installation(prefix: Path) -> bool:
    """Whether a folder outside /usr holds a program's installation and no home."""
    shown = (Path("/usr"), *map(Path, STORES))
    home = Path.home().resolve()
    return (
        not any(prefix.is_relative_to(folder) for folder in shown)
        and not home.is_relative_to(prefix)
        and (prefix / "bin").is_dir()
        and len(prefix.parts) > 2
    )
