"""A server of the Model Context Protocol over stdio that behaves as its first argument says.

Standard library only: it runs inside the sandbox, under any Python."""

import json
import os
import sys
import time
from typing import TextIO

MODE = sys.argv[1]
TOOLS = [
    {
        "name": f"tool_{number}",
        "description": f"Looks up entry {number} of the register.",
        "inputSchema": {
            "type": "object",
            "properties": {"id": {"type": "integer", "description": "Number of the entry"}},
            "required": ["id"],
        },
        "x-vendor": {"kept": True},
    }
    for number in range(7)
]


def send(message: object) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def initialized(asked: dict[str, object]) -> dict[str, object]:
    version = asked["protocolVersion"]
    told = {"old_protocol": "2024-11-05", "unknown_protocol": "1999-01-01"}.get(MODE, version)
    info = {"name": "fake", "version": "1.2.3"}
    return {"protocolVersion": told, "capabilities": {"tools": {}}, "serverInfo": info}


def page(cursor: str | None) -> dict[str, object]:
    start = int(cursor or 0)
    if MODE == "endless":
        return {"tools": TOOLS[:1], "nextCursor": str(start + 1)}
    if MODE == "repeating":
        return {"tools": TOOLS[:1], "nextCursor": "1"}
    if MODE == "no_tools":
        return {"tools": []}
    if MODE == "tools_not_a_list":
        return {"tools": {"a": 1}}
    if MODE == "odd_tools":
        return {"tools": [TOOLS[0], {"name": 5}, "text", None, {"name": "bare"}]}
    if MODE == "own_facts":
        names = ["env", "home", "argv", "files"]
        facts = [dict(os.environ), os.listdir(os.path.expanduser("~")), sys.argv, os.listdir(".")]
        return {
            "tools": [
                {"name": name, "description": json.dumps(fact), "inputSchema": {"type": "object"}}
                for name, fact in zip(names, facts, strict=True)
            ]
        }
    if MODE == "one_page":
        return {"tools": TOOLS}
    following = {"nextCursor": str(start + 3)} if start + 3 < len(TOOLS) else {}
    return {"tools": TOOLS[start : start + 3], **following}


def say(text: str, stream: TextIO = sys.stdout) -> None:
    stream.write(text + "\n")
    stream.flush()


def flood(text: str, stream: TextIO = sys.stdout) -> None:
    while True:
        stream.write(text)


def fail(text: str) -> None:
    say(text, sys.stderr)
    sys.exit(3)


def drone(text: str, lines: int) -> None:
    for number in range(lines):
        say(f"{text} {number}")
    time.sleep(600)


def ask(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
    time.sleep(600)


def leave_a_daemon() -> None:
    if os.fork() == 0:
        os.setsid()
        time.sleep(600)


NOTE = '{"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info", "data": 1}}\n'
BEFORE_READING = {
    "hang": lambda: time.sleep(600),
    "die": lambda: fail("could not find the flux capacitor"),
    "key": lambda: fail("Error: REGISTER_API_KEY environment variable is required"),
    "flood": lambda: flood("x" * 65536),
    "flood_lines": lambda: flood(NOTE * 100),
    "flood_stderr": lambda: flood("x" * 65536, sys.stderr),
    "chatty": lambda: [say(f"starting … {number}\x1b[0m") for number in range(20)],
    "junk": lambda: drone("not a message", 10_000),
    "invalid_json": lambda: drone('{"jsonrpc": "2.0", "id": 0, "result": {', 1000),
    "password": lambda: ask("Password for the register: "),
    "fork": leave_a_daemon,
}


def main() -> None:
    BEFORE_READING.get(MODE, lambda: None)()
    for line in sys.stdin:
        asked = json.loads(line)
        if "id" not in asked or "method" not in asked:
            continue
        answer: dict[str, object] = {"jsonrpc": "2.0", "id": asked["id"]}
        if asked["method"] == "initialize":
            answer["result"] = initialized(asked["params"])
        elif MODE == "die_later":
            sys.exit(0)
        elif MODE == "hang_later":
            time.sleep(600)
        elif asked["method"] == "tools/list" and MODE != "no_list":
            answer["result"] = page((asked.get("params") or {}).get("cursor"))
        else:
            answer["error"] = {"code": -32601, "message": "Method not found"}
        if MODE == "asks_back" and asked["method"] == "tools/list":
            send(
                {
                    "jsonrpc": "2.0",
                    "id": 900,
                    "method": "sampling/createMessage",
                    "params": {"messages": [], "maxTokens": 1},
                }
            )
            send({"jsonrpc": "2.0", "id": 901, "method": "ping"})
        send(answer)


main()
