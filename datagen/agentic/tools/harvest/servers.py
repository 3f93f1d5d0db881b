"""Reads which servers to ask: an `mcp.json`, or the shipped catalogue, which is one with more keys.

The standard shape is `{"mcpServers": {name: {command, args, env} | {url, headers}}}`. The key
`datagen` of a server says which package its command comes from, pinned, and what is known of it; a
server without it is the user's own, and its command is run as it stands. Values of `env` and
`headers` may be secrets: nothing here puts them into a message or a row."""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from datagen.assets import shipped
from datagen.errors import RecipeError
from datagen.schemas import row_id

WORKSPACE_VARIABLE = "${WORKSPACE}"
LATEST = "latest"
"""Version of a package that a user's own entry doesn't pin."""
Registry = Literal["pypi", "npm"]
PackageName = Annotated[
    str, StringConstraints(pattern=r"^(@[a-z0-9._~-]+/)?[A-Za-z0-9][A-Za-z0-9._-]*$")
]
Version = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9.!+_-]*$")]
Requirement = Annotated[str, StringConstraints(pattern=r"^@?[A-Za-z0-9][^\s;]*$")]
_FROZEN = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
_OPEN = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class Encoded(BaseModel):
    """A file that is not text."""

    model_config = _FROZEN
    base64: str

    def content(self) -> bytes:
        try:
            return base64.b64decode(self.base64, validate=True)
        except binascii.Error as problem:
            raise ValueError(f"base64: {problem}") from problem


class Package(BaseModel):
    """Where a server of the catalogue comes from, and what is known of it."""

    model_config = _FROZEN
    package: PackageName
    registry: Registry
    version: Version
    extras: list[Requirement] = Field(default=[], alias="with")
    """More requirements of the same environment, such as `mcp<2`."""
    python: str | None = None
    licence: str = ""
    category: str = ""
    domain: str = ""
    source: str = ""
    """Its homepage."""
    workspace_files: dict[str, str | Encoded] = {}
    """Files that stand in the workspace before the start, by relative path."""
    workspace_setup: list[list[str]] = []
    """Commands run in the workspace before the start."""
    list_only: bool = False
    """Its calls can't work offline; its tools are only listed."""
    needs: str = ""
    """What a call would need."""
    tools: int | None = None
    """How many tools it listed when the catalogue was made."""
    looked_at: str = ""
    """The day of that, ISO 8601."""


class Entry(BaseModel):
    """One server of an `mcp.json`; keys that other clients put there are not looked at."""

    model_config = _OPEN
    command: str = ""
    args: list[str] = []
    env: dict[str, str] = {}
    cwd: str | None = None
    url: str = ""
    headers: dict[str, str] = {}
    disabled: bool = False
    package: Package | None = Field(default=None, alias="datagen")


class Server(BaseModel):
    """A server to ask."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)
    name: str
    entry: Entry
    where: str
    """The file that names it."""

    @property
    def id(self) -> str:
        """Changes with anything that decides what the server answers."""
        told: Any = {"disabled": True, "package": {"tools", "looked_at", "needs", "source"}}
        entry = self.entry.model_dump_json(by_alias=True, exclude=told)
        return row_id("server", self.name, entry)

    def source(self) -> Mapping[str, str | bool | list[str]]:
        """What a row tells of where it came from. Holds no secret."""
        package = self.entry.package
        if package is None:
            told = {"url": _without_query(self.entry.url), "command": self.entry.command}
            return {name: text for name, text in told.items() if text}
        known: dict[str, str | bool | list[str]] = {
            "registry": package.registry,
            "package": package.package,
            "version": package.version,
        }
        if package.source:
            known["homepage"] = package.source
        if package.extras:
            known["with"] = list(package.extras)
        if package.list_only:
            known["list_only"] = True
        return known


def read_catalogue() -> list[Server]:
    """The shipped catalogue's servers."""
    return read_servers(shipped("tool_specs", "catalogue.json"))


def read_servers(path: Path) -> list[Server]:
    """The servers of an `mcp.json`, without those it disables.

    Raises:
        RecipeError: the file can't be read, or is not of that shape; the first mistake is named.
    """
    try:
        found = json.loads(path.read_bytes())
    except OSError as problem:
        raise RecipeError(f"{path}: {problem.strerror or problem}") from problem
    except ValueError as problem:
        raise RecipeError(f"{path}: not JSON ({problem})") from problem
    servers = found.get("mcpServers") if isinstance(found, dict) else None
    if not isinstance(servers, dict):
        raise RecipeError(f'{path}: must hold {{"mcpServers": {{name: …}}}}')
    read = [_read_server(path, name, value) for name, value in servers.items()]
    return [server for server in read if not server.entry.disabled]


def _read_server(path: Path, name: str, value: object) -> Server:
    where = f"{path}: mcpServers.{name}"
    try:
        entry = Entry.model_validate(value)
        check_files(entry)
    except ValidationError as problem:
        first = problem.errors(include_input=False)[0]
        at = ".".join(map(str, first["loc"]))
        raise RecipeError(f"{where}{'.' if at else ''}{at}: {first['msg']}") from problem
    except ValueError as problem:
        raise RecipeError(f"{where}: {problem}") from problem
    if bool(entry.command) == bool(entry.url):
        raise RecipeError(f"{where}: needs either a command or a url")
    if entry.url and not re.match(r"https?://", entry.url):
        raise RecipeError(f"{where}.url: must start with http:// or https://")
    return Server(name=name, entry=entry, where=str(path))


def check_files(entry: Entry) -> None:
    """Raises `ValueError` for a workspace file that would lie outside or can't be decoded."""
    for name, content in (entry.package.workspace_files if entry.package else {}).items():
        path = Path(name)
        if path.is_absolute() or ".." in path.parts or not path.parts:
            raise ValueError(f"datagen.workspace_files.{name}: must be a path inside the workspace")
        if isinstance(content, Encoded):
            content.content()


def _without_query(url: str) -> str:
    """A URL without what may be a secret: user, query and fragment."""
    return re.sub(r"//[^/@]*@", "//", re.split(r"[?#]", url)[0])
