"""What a server does wrong is one reject with a reason, in bounded time; what it says is kept."""

import asyncio
import json
import os
import sys
import time
from pathlib import Path

import pytest

from datagen.agentic.tools.harvest.harvester import Patience, harvest_server
from datagen.agentic.tools.harvest.outcome import Listing, ServerFailed
from datagen.agentic.tools.harvest.servers import Entry, Server
from datagen.errors import RecipeError
from datagen.sandbox import Sandbox

FAKE = Path(__file__).parent / "fake_mcp_server.py"


def usable() -> bool:
    try:
        Sandbox().require()
    except RecipeError:
        return False
    return True


pytestmark = pytest.mark.skipif(not usable(), reason="no sandbox on this machine")


def fake(mode: str, **more: object) -> Server:
    entry = Entry.model_validate(
        {"command": sys.executable, "args": [str(FAKE), mode, "${WORKSPACE}/x"], **more}
    )
    return Server(name="fake", entry=entry, where="mcp.json")


async def listing(mode: str, seconds: float = 15.0, **more: object) -> Listing:
    patience = Patience(seconds=seconds, received_bytes=2_000_000)
    return (await harvest_server(fake(mode, **more), patience)).listing


async def failure(mode: str, seconds: float = 15.0) -> ServerFailed:
    with pytest.raises(ServerFailed) as failed:
        await listing(mode, seconds)
    return failed.value


async def test_all_pages_are_read_and_unknown_fields_kept() -> None:
    found = await listing("paged")

    assert [tool["name"] for tool in found.tools] == [f"tool_{n}" for n in range(7)]
    assert found.pages == 3
    assert all(tool["x-vendor"] == {"kept": True} for tool in found.tools)
    assert found.server_info == {"name": "fake", "version": "1.2.3"}


async def test_a_server_of_the_first_protocol_is_understood() -> None:
    found = await listing("old_protocol")

    assert found.protocol == "2024-11-05"
    assert len(found.tools) == 7


async def test_tools_that_no_model_knows_come_through_as_they_are() -> None:
    found = await listing("odd_tools")

    assert found.tools[1:] == ({"name": 5}, "text", None, {"name": "bare"})


@pytest.mark.parametrize("mode", ["chatty", "fork", "asks_back"])
async def test_harmless_oddities_cost_nothing(mode: str) -> None:
    assert len((await listing(mode)).tools) == 7


@pytest.mark.parametrize(
    ("mode", "reason", "detail"),
    [
        ("die", "no_start", "flux capacitor"),
        ("die_later", "no_start", "before it had listed"),
        ("flood", "flooded", "2,000,000 bytes"),
        ("flood_lines", "flooded", "2,000,000 bytes"),
        ("flood_stderr", "flooded", "2,000,000 bytes"),
        ("junk", "bad_protocol", "not a message"),
        ("invalid_json", "bad_protocol", "no message"),
        ("unknown_protocol", "bad_protocol", "1999-01-01"),
        ("endless", "bad_protocol", "more than"),
        ("repeating", "bad_protocol", "nextCursor repeats"),
        ("tools_not_a_list", "bad_protocol", "not a list"),
        ("no_tools", "no_tools_found", "lists no tool"),
        ("no_list", "no_tools_found", "no tools/list"),
        ("key", "needs_password", "REGISTER_API_KEY"),
    ],
)
async def test_what_is_wrong_has_a_reason(mode: str, reason: str, detail: str) -> None:
    failed = await failure(mode)

    assert (failed.reason, detail in failed.detail) == (reason, True), failed.detail


@pytest.mark.parametrize(
    ("mode", "reason"),
    [("hang", "timeout"), ("hang_later", "timeout"), ("password", "needs_password")],
)
async def test_a_silent_server_costs_no_more_than_its_time(mode: str, reason: str) -> None:
    began = time.monotonic()

    failed = await failure(mode, seconds=2.0)

    assert failed.reason == reason
    assert time.monotonic() - began < 8.0


async def test_a_program_that_is_missing_is_named() -> None:
    entry = Entry(command="no-such-server-program")

    with pytest.raises(ServerFailed, match="no-such-server-program"):
        await harvest_server(Server(name="x", entry=entry, where=""))


async def test_the_server_sees_its_own_environment_and_an_empty_home(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SECRET_OF_THE_HOST", "s3cr3t")
    found = await listing("own_facts", env={"GIVEN": "${WORKSPACE}/g"})

    env, home, argv, files = (json.loads(tool["description"]) for tool in found.tools)
    assert env["GIVEN"] == "/workspace/g"
    assert "s3cr3t" not in env.values()
    assert home == []
    assert argv[-1] == "/workspace/x"
    assert files == []


async def test_workspace_files_and_setup_stand_before_the_start() -> None:
    package = {
        "package": "unused",
        "registry": "pypi",
        "version": "1",
        "workspace_files": {"a/b.txt": "text", "raw.bin": {"base64": "AAE="}},
        "workspace_setup": [["sh", "-c", "cp a/b.txt made.txt"]],
    }
    from datagen.agentic.tools.harvest.workspaces import workspace

    entry = Entry.model_validate({"command": "x", "datagen": package})
    async with workspace(entry, [], []) as folder:
        assert (folder / "made.txt").read_text() == "text"
        assert (folder / "raw.bin").read_bytes() == b"\x00\x01"
    assert not folder.exists()


async def test_a_setup_that_fails_says_so() -> None:
    from datagen.agentic.tools.harvest.workspaces import workspace

    package = {
        "package": "unused",
        "registry": "pypi",
        "version": "1",
        "workspace_setup": [["ls", "/nowhere"]],
    }
    entry = Entry.model_validate({"command": "x", "datagen": package})
    with pytest.raises(ServerFailed, match="nowhere"):
        async with workspace(entry, [], []):
            pass


async def test_many_servers_at_a_time_do_not_meddle() -> None:
    modes = ["paged", "die", "one_page", "password", "repeating", "paged"]

    async def one(mode: str) -> str:
        try:
            return str(len((await listing(mode, seconds=6.0)).tools))
        except ServerFailed as failed:
            return failed.reason

    outcomes = await asyncio.gather(*(one(mode) for mode in modes))

    assert outcomes == ["7", "no_start", "7", "needs_password", "bad_protocol", "7"]


async def test_a_cancelled_harvest_leaves_no_server_behind() -> None:
    task = asyncio.create_task(harvest_server(fake("hang"), Patience(seconds=60.0)))
    await asyncio.sleep(1.5)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 5.0)

    listed = await asyncio.create_subprocess_exec(
        "pgrep", "-f", f"{FAKE} hang$", stdout=asyncio.subprocess.PIPE
    )
    out, _ = await listed.communicate()
    assert out.split() == []


installs = pytest.mark.skipif(
    "DATAGEN_TEST_INSTALLS" not in os.environ,
    reason="DATAGEN_TEST_INSTALLS is not set: no traffic beyond loopback",
)


@installs
@pytest.mark.slow
async def test_a_real_server_is_installed_and_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    package = {"package": "mcp-server-calculator", "registry": "pypi", "version": "0.2.1"}
    described = {
        "command": "python",
        "args": ["-m", "mcp_server_calculator"],
        "datagen": {**package, "with": ["mcp<2"]},
    }
    server = Server(name="calculator", entry=Entry.model_validate(described), where="")

    found = await harvest_server(server)

    assert [tool["name"] for tool in found.listing.tools] == ["calculate"]
    assert len(list((tmp_path / "datagen" / "servers").glob("mcp-server-calculator-*"))) == 1


@installs
@pytest.mark.slow
async def test_a_package_that_does_not_exist_is_not_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    package = {"package": "datagen-no-such-server", "registry": "pypi", "version": "0.0.1"}
    entry = Entry.model_validate({"command": "x", "datagen": package})

    with pytest.raises(ServerFailed) as failed:
        await harvest_server(Server(name="x", entry=entry, where=""))

    assert failed.value.reason == "not_installed"
    assert "datagen-no-such-server" in failed.value.detail
    assert not list((tmp_path / "datagen" / "servers").glob("datagen-no-such-*"))
