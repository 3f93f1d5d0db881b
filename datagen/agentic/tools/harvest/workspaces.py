"""A fresh workspace for one start of a server, with the files and the set-up its entry asks for."""

import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from datagen.agentic.tools.harvest.outcome import ServerFailed
from datagen.agentic.tools.harvest.servers import WORKSPACE_VARIABLE, Encoded, Entry
from datagen.sandbox import Bind, Limits, Sandbox, run
from datagen.sandbox.command import WORKSPACE

SETUP_LIMITS = Limits(seconds=60.0)


@asynccontextmanager
async def workspace(
    entry: Entry, binds: Sequence[Bind], path: Sequence[str]
) -> AsyncIterator[Path]:
    """A folder that is gone at the end.

    Raises:
        ServerFailed: a set-up command failed.
    """
    with tempfile.TemporaryDirectory(prefix="datagen-", ignore_cleanup_errors=True) as folder:
        root = Path(folder, "workspace")
        package = entry.package
        _fill(root, package.workspace_files if package else {})
        for command in package.workspace_setup if package else ():
            argv = [replaced(part) for part in command]
            sandbox = Sandbox(SETUP_LIMITS)
            done = await run(sandbox, argv, workspace=root, binds=binds, path=path)
            if done.code != 0:
                said = done.stderr.decode(errors="replace")
                raise ServerFailed("no_start", f"workspace_setup {command[0]}: {said}")
        yield root


def _fill(root: Path, files: Mapping[str, str | Encoded]) -> None:
    root.mkdir()
    for name, content in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content.content())


def replaced(text: str) -> str:
    """Text of an entry with the workspace's path, as seen inside, in the variable's place."""
    return text.replace(WORKSPACE_VARIABLE, WORKSPACE)
