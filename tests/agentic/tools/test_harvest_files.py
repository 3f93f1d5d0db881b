"""An `mcp.json` as clients write it is read; a mistake is one line that names the place."""

import json
from pathlib import Path

import pytest

from datagen.agentic.tools.harvest.own import runnable
from datagen.agentic.tools.harvest.servers import Entry, read_catalogue, read_servers
from datagen.errors import RecipeError

PACKAGE = {"package": "mcp-server-git", "registry": "pypi", "version": "2026.10.19"}


def written(folder: Path, servers: object) -> Path:
    path = folder / "mcp.json"
    path.write_text(json.dumps({"mcpServers": servers}))
    return path


def test_both_kinds_of_server_are_read_and_strange_keys_passed_over(tmp_path: Path) -> None:
    servers = {
        "a": {"command": "x", "args": ["1"], "env": {"K": "v"}, "alwaysAllow": [], "type": "stdio"},
        "b": {"url": "https://example.invalid/mcp", "headers": {"Authorization": "Bearer t"}},
        "c": {"command": "x", "disabled": True},
    }

    found = read_servers(written(tmp_path, servers))

    assert [server.name for server in found] == ["a", "b"]
    assert found[1].entry.headers == {"Authorization": "Bearer t"}


def test_no_secret_of_an_entry_stands_in_its_source(tmp_path: Path) -> None:
    servers = {
        "a": {"command": "x", "env": {"KEY": "s3cr3t"}},
        "b": {"url": "https://me:s3cr3t@host/mcp?key=s3cr3t", "headers": {"X": "s3cr3t"}},
    }

    found = read_servers(written(tmp_path, servers))

    assert "s3cr3t" not in json.dumps([dict(server.source()) for server in found])
    assert "s3cr3t" not in "".join(server.id for server in found)


def test_a_changed_entry_is_another_server_and_a_note_is_not(tmp_path: Path) -> None:
    def identity(**change: object) -> str:
        entry = {"command": "x", "datagen": {**PACKAGE, **change}}
        return read_servers(written(tmp_path, {"a": entry}))[0].id

    assert identity(version="2026.10.20") != identity()
    assert identity(**{"with": ["mcp<2"]}) != identity()
    assert identity(looked_at="2026-11-23", tools=12, needs="a key") == identity()


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ({}, "either a command or a url"),
        ({"command": "x", "url": "https://h/"}, "either a command or a url"),
        ({"url": "ftp://h/"}, "must start with http"),
        ({"command": ["x"]}, "a.command"),
        ({"command": "x", "args": "y"}, "a.args"),
        ({"command": "x", "env": {"A": 1}}, "a.env.A"),
        ("x", "a: "),
        ({"command": "x", "datagen": {**PACKAGE, "registry": "cargo"}}, "datagen.registry"),
        ({"command": "x", "datagen": {**PACKAGE, "package": "--index-url=x"}}, "datagen.package"),
        ({"command": "x", "datagen": {**PACKAGE, "version": "1; rm -rf /"}}, "datagen.version"),
        ({"command": "x", "datagen": {**PACKAGE, "with": ["-r/etc/x"]}}, "datagen.with"),
        ({"command": "x", "datagen": {**PACKAGE, "licens": "MIT"}}, "datagen.licens"),
        ({"command": "x", "datagen": {**PACKAGE, "workspace_files": {"../x": ""}}}, "inside"),
        ({"command": "x", "datagen": {**PACKAGE, "workspace_files": {"/x": ""}}}, "inside"),
        (
            {"command": "x", "datagen": {**PACKAGE, "workspace_files": {"x": {"base64": "?"}}}},
            "base64",
        ),
    ],
)
def test_a_mistake_is_one_line_that_names_the_place(
    entry: object, told: str, tmp_path: Path
) -> None:
    with pytest.raises(RecipeError) as refused:
        read_servers(written(tmp_path, {"a": entry}))

    assert told in str(refused.value)
    assert "mcpServers.a" in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "content", ["", "[]", "{", '{"servers": {}}', '{"mcpServers": []}', "\xff"]
)
def test_a_file_that_is_no_mcp_json_is_refused(content: str, tmp_path: Path) -> None:
    path = tmp_path / "mcp.json"
    path.write_bytes(content.encode("latin-1"))

    with pytest.raises(RecipeError, match=r"mcp\.json"):
        read_servers(path)


def test_a_file_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="No such file"):
        read_servers(tmp_path / "none.json")


def test_the_shipped_catalogue_is_pinned_and_its_names_are_unique() -> None:
    found = read_catalogue()

    assert len(found) >= 20
    assert all(server.entry.package is not None for server in found)
    assert len({server.id for server in found}) == len(found)
    assert not any("/" in server.entry.command for server in found)


@pytest.mark.parametrize(
    ("command", "args", "package", "argv"),
    [
        ("npx", ["-y", "@a/b@1.2", "--x", "-y"], ("npm", "@a/b", "1.2"), ("npm-bin:@a/b", "--x", "-y")),
        ("npx", ["@a/b"], ("npm", "@a/b", "latest"), ("npm-bin:@a/b",)),
        ("npx", ["-y", "-p", "a@2", "prog"], ("npm", "a", "2"), ("prog",)),
        ("uvx", ["mcp-server-git", "--repository", "."], ("pypi", "mcp-server-git", "latest"), ("mcp-server-git", "--repository", ".")),
        ("uvx", ["mcp-server-git@1.0"], ("pypi", "mcp-server-git", "1.0"), ("mcp-server-git",)),
        ("uvx", ["--from", "pkg==3", "prog"], ("pypi", "pkg", "3"), ("prog",)),
        ("uv", ["tool", "run", "pkg"], ("pypi", "pkg", "latest"), ("pkg",)),
    ],
)  # fmt: skip
def test_what_installs_itself_becomes_an_install_and_a_start(
    command: str, args: list[str], package: tuple[str, str, str], argv: tuple[str, ...]
) -> None:
    found = runnable(Entry(command=command, args=args))

    assert found.package is not None
    assert (found.package.registry, found.package.package, found.package.version) == package
    assert found.argv == argv


def test_a_script_s_folder_is_seen_and_the_home_is_not(tmp_path: Path) -> None:
    script = tmp_path / "deep" / "server.py"
    script.parent.mkdir()
    script.write_text("")

    found = runnable(Entry(command="sh", args=[str(script), str(Path.home()), "/"]))

    sources = [bind.source for bind in found.binds]
    assert script.parent in sources
    assert Path.home() not in sources
    assert Path("/") not in sources
