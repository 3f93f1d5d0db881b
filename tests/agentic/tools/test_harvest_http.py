"""Servers over streamable HTTP: listed page by page, their mistakes one reject each."""

import pytest
from fake_mcp_http import serving

from datagen.agentic.tools.harvest.harvester import Patience, harvest_server
from datagen.agentic.tools.harvest.outcome import Listing, ServerFailed
from datagen.agentic.tools.harvest.servers import Entry, Server


async def listing(url: str, seconds: float = 10.0) -> Listing:
    entry = Entry(url=url, headers={"Authorization": "Bearer given"})
    server = Server(name="remote", entry=entry, where="mcp.json")
    return (await harvest_server(server, Patience(seconds, 1_000_000))).listing


@pytest.mark.parametrize("mode", ["json", "sse"])
async def test_all_pages_come_with_the_given_headers(mode: str) -> None:
    with serving(mode) as (url, seen):
        found = await listing(url)

    assert [tool["x-vendor"] for tool in found.tools] == [0, 1, 2, 3]
    assert found.protocol == "2025-06-18"
    assert {headers["Authorization"] for headers in seen} == {"Bearer given"}


@pytest.mark.parametrize(
    ("mode", "reason"),
    [
        ("401", "needs_password"),
        ("500", "no_start"),
        ("not_json", "bad_protocol"),
        ("flood", "flooded"),
    ],
)
async def test_what_is_wrong_has_a_reason(mode: str, reason: str) -> None:
    with serving(mode) as (url, _), pytest.raises(ServerFailed) as failed:
        await listing(url)

    assert failed.value.reason == reason, failed.value.detail
    assert "given" not in failed.value.detail


async def test_a_silent_server_costs_no_more_than_its_time() -> None:
    with serving("hang") as (url, _), pytest.raises(ServerFailed) as failed:
        await listing(url, seconds=1.5)

    assert failed.value.reason == "timeout"


async def test_a_server_that_is_not_there_did_not_start() -> None:
    with serving("json") as (url, _):
        pass

    with pytest.raises(ServerFailed) as failed:
        await listing(url)

    assert failed.value.reason == "no_start"
