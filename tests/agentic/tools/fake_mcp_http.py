"""A streamable HTTP server of the Model Context Protocol on loopback; behaves as it is told."""

import contextlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SSE = "text/event-stream"
TOOLS = [
    {"name": f"remote_{number}", "inputSchema": {"type": "object"}, "x-vendor": number}
    for number in range(4)
]


class Handler(BaseHTTPRequestHandler):
    """Answers for the server it belongs to."""

    server: "Loopback"

    def log_message(self, format: str, *args: Any) -> None:
        return

    def do_GET(self) -> None:
        self.send_error(405)

    do_DELETE = do_GET

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.seen.append(dict(self.headers))
        mode = self.server.mode
        if mode in ("401", "500"):
            self.send_error(int(mode))
        elif mode == "hang":
            self.server.stop.wait(30)
        elif "id" not in asked:
            self.send_response(202)
            self.send_header("content-length", "0")
            self.end_headers()
        else:
            self.send_body(reply(asked))

    def send_body(self, answer: dict[str, Any]) -> None:
        mode = self.server.mode
        body = json.dumps(answer).encode()
        if mode == "not_json":
            body = b"<html>welcome</html>"
        self.send_response(200)
        self.send_header("content-type", SSE if mode == "sse" else "application/json")
        self.end_headers()
        if mode == "flood":
            self.flood()
        else:
            self.wfile.write(b"event: message\ndata: " + body + b"\n\n" if mode == "sse" else body)

    def flood(self) -> None:
        with contextlib.suppress(OSError):
            while not self.server.stop.is_set():
                self.wfile.write(b" " * 65536)


class Loopback(ThreadingHTTPServer):
    """Keeps what its requests carried."""

    daemon_threads = True

    def __init__(self, mode: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.mode = mode
        self.seen: list[dict[str, str]] = []
        self.stop = threading.Event()


def reply(asked: dict[str, Any]) -> dict[str, Any]:
    if asked["method"] == "initialize":
        info = {"name": "remote", "version": "1"}
        result: dict[str, Any] = {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}}
        result["serverInfo"] = info
    else:
        cursor = int((asked.get("params") or {}).get("cursor", 0))
        result = {"tools": TOOLS[cursor : cursor + 2]}
        if cursor + 2 < len(TOOLS):
            result["nextCursor"] = str(cursor + 2)
    return {"jsonrpc": "2.0", "id": asked["id"], "result": result}


@contextmanager
def serving(mode: str) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """The server's URL, and the headers of each request as they come."""
    server = Loopback(mode)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/mcp", server.seen
    finally:
        server.stop.set()
        server.shutdown()
        server.server_close()
        thread.join()
