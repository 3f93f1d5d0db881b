"""An ideal server: OpenAI-compatible chat completions with a token clock instead of a model.

It has S slots. A request holds one for `prefill_s + tokens ÷ tokens_per_second`; more requests than
slots wait in order of arrival. So the least time for any set of requests is known, and a client is
measured against it. A client that hangs up gives its slot back. Written on raw asyncio protocols,
to cost less than any client that is measured with it; no streaming, no chunked uploads.

    python benchmarks/ideal_server.py --port 0 --slots 64 --tokens-per-second 200

prints `listening on http://127.0.0.1:PORT/v1`. `GET /stats` counts, `POST /reset` counts from zero.
"""

import argparse
import asyncio
import gc
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

import orjson

from benchmarks.ideal_answers import Author, Fault, Lengths, completion
from benchmarks.ideal_clock import Job, TokenClock

REASONS = {
    200: b"OK",
    400: b"Bad Request",
    401: b"Unauthorized",
    404: b"Not Found",
    411: b"Length Required",
    429: b"Too Many Requests",
    500: b"Internal Server Error",
}


@dataclass(slots=True)
class Stats:
    """Counts since the start or the last reset. Times are seconds since the epoch."""

    requests: int = 0
    answered: int = 0
    aborted: int = 0
    """Clients that hung up before their answer."""
    in_flight: int = 0
    most_in_flight: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    work_slot_s: float = 0.0
    """Slot-seconds that all accepted requests need."""
    first_request: float = 0.0
    last_completion: float = 0.0
    faults: Counter[str] = field(default_factory=Counter)
    bodies: Counter[bytes] = field(default_factory=Counter)
    """How often each request body came, by digest."""


class IdealServer:
    """Decides what a request gets and when; knows nothing of sockets."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.author = Author(
            seed=options.seed, mode=options.mode, lengths=options.length_distribution
        )
        self.clock = TokenClock(options.slots)
        speed = options.tokens_per_second
        self.seconds_per_token = 1 / speed if 0 < speed < float("inf") else 0.0
        self.stats = Stats()
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        self.log = os.open(options.log, flags, 0o644) if options.log else None

    def get(self, connection: "Connection", path: str) -> None:
        """Answer a GET or a POST without a completion."""
        if path == "/v1/models":
            models = [
                {"id": name, "object": "model", "owned_by": "ideal"} for name in self.options.model
            ]
            connection.reply(200, {"object": "list", "data": models})
        elif path == "/stats":
            connection.reply(200, self.counted())
        elif path == "/reset":
            self.stats = Stats(in_flight=self.stats.in_flight)
            self.clock.busy_s = 0.0
            connection.reply(200, {})
        else:
            connection.reply(404, problem(f"nothing at {path}"))

    def counted(self) -> dict[str, Any]:
        stats = self.stats
        names = (name for name in Stats.__slots__ if name != "bodies")
        return {name: getattr(stats, name) for name in names} | {
            "distinct": len(stats.bodies),
            "repeated": stats.requests - len(stats.bodies),
            "waiting": sum(not job.cancelled for job in self.clock.waiting),
            "slots": self.options.slots,
            "busy_slot_s": self.clock.busy_until(time.monotonic()),
            "wall_s": max(0.0, stats.last_completion - stats.first_request),
        }

    def complete(self, connection: "Connection", raw: bytes) -> None:
        """Answer a chat completion, at once or when its slot's time is over."""
        stats = self.stats
        digest = blake2b(raw, digest_size=12).digest()
        stats.requests += 1
        stats.bodies[digest] += 1
        stats.first_request = stats.first_request or time.time()
        self.note("asked", digest)
        fault = self.fault_of(digest)
        if fault and self.refused(connection, fault):
            return
        try:
            body = orjson.loads(raw)
            answer = self.author.answer(body)
        except (ValueError, TypeError, KeyError, AttributeError) as mistake:
            return connection.reply(400, problem(f"{type(mistake).__name__}: {mistake}"))
        if body.get("model") not in self.options.model:
            return connection.reply(404, problem(f"the model {body.get('model')!r} does not exist"))
        stats.completion_tokens += answer.tokens
        stats.prompt_tokens += answer.prompt_tokens
        payload = completion(
            answer,
            model=body["model"],
            digest=digest.hex(),
            cached=stats.bodies[digest] > 1,
            fault=fault,
        )
        seconds = self.options.prefill_s + answer.tokens * self.seconds_per_token
        seconds += self.options.stall_s if fault == "stall" else 0.0
        self.serve(connection, digest, payload, seconds, cut=fault == "cut")

    def fault_of(self, digest: bytes) -> str | None:
        """The fault that this request meets, if any."""
        stats = self.stats
        for fault in self.options.fault:
            if fault.is_due(
                arrival=stats.requests,
                in_flight=stats.in_flight + 1,
                digest=digest,
                asked=stats.bodies[digest],
            ):
                stats.faults[fault.kind] += 1
                return str(fault.kind)
        return None

    def refused(self, connection: "Connection", fault: str) -> bool:
        """Answer with `fault` instead of a completion; False if the fault comes with one."""
        if fault == "rate_limit":
            wait = self.options.retry_after
            header = f"Retry-After: {wait}\r\n".encode() if wait else b""
            connection.reply(429, problem("too many requests"), header)
        elif fault == "server_error":
            connection.reply(500, problem("the engine died"))
        elif fault == "bad_request":
            connection.reply(400, problem("the prompt is longer than the model's context"))
        elif fault == "drop":
            connection.hang_up()
        else:
            return False
        return True

    def serve(
        self, connection: "Connection", digest: bytes, payload: bytes, seconds: float, *, cut: bool
    ) -> None:
        stats = self.stats
        stats.work_slot_s += seconds
        stats.in_flight += 1
        stats.most_in_flight = max(stats.most_in_flight, stats.in_flight)

        def done() -> None:
            connection.job = None
            self.stats.in_flight -= 1
            self.stats.answered += 1
            self.stats.last_completion = time.time()
            self.note("answered", digest)
            connection.send(200, payload, cut=cut)

        if seconds == 0.0:
            done()
        else:
            connection.job = Job(seconds, done)
            self.clock.submit(connection.job)

    def gone(self, job: Job) -> None:
        """Forget a job whose client hung up."""
        self.clock.cancel(job)
        self.stats.in_flight -= 1
        self.stats.aborted += 1

    def note(self, event: str, digest: bytes) -> None:
        """Append a line to the log, for those who kill clients and count what was asked twice."""
        if self.log is not None:
            os.write(self.log, f"{event} {digest.hex()} {time.time():.6f}\n".encode())


def problem(message: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": "ideal_server"}}


class Connection(asyncio.Protocol):
    """HTTP/1.1 over one socket: keep-alive, one request at a time, bodies with Content-Length."""

    __slots__ = ("buffer", "busy", "close", "job", "server", "transport")

    def __init__(self, server: IdealServer) -> None:
        self.server = server
        self.buffer = b""
        self.busy = False
        self.close = False
        self.job: Job | None = None
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        if self.job is not None:
            self.server.gone(self.job)
            self.job = None

    def data_received(self, data: bytes) -> None:
        self.buffer = self.buffer + data if self.buffer else data
        if not self.busy:
            self.next_request()

    def next_request(self) -> None:
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self.buffer[:end]
        lower = head.lower()
        length = 0
        if (at := lower.find(b"\r\ncontent-length:")) >= 0:
            length = int(lower[at + 17 :].split(b"\r\n", 1)[0])
        elif b"\r\ntransfer-encoding:" in lower:
            self.close = True
            return self.reply(411, problem("send a Content-Length"))
        if len(self.buffer) < end + 4 + length:
            if b"\r\nexpect: 100-continue" in lower and len(self.buffer) == end + 4:
                self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            return
        body = self.buffer[end + 4 : end + 4 + length]
        self.buffer = self.buffer[end + 4 + length :]
        self.busy = True
        self.close = b"\r\nconnection: close" in lower
        self.route(head, body)

    def route(self, head: bytes, body: bytes) -> None:
        path = head.split(b" ", 2)[1].split(b"?", 1)[0]
        key = self.server.options.api_key
        if key and f"\r\nauthorization: bearer {key}".lower().encode() not in head.lower():
            self.reply(401, problem("no such key"))
        elif path == b"/v1/chat/completions":
            self.server.complete(self, body)
        else:
            self.server.get(self, path.decode("latin-1"))

    def reply(self, status: int, body: dict[str, Any], headers: bytes = b"") -> None:
        self.send(status, orjson.dumps(body), headers)

    def send(self, status: int, payload: bytes, headers: bytes = b"", *, cut: bool = False) -> None:
        """Write a response; `cut` stops in the middle of it and hangs up."""
        if self.close:
            headers += b"Connection: close\r\n"
        head = (
            b"HTTP/1.1 %d %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n%b\r\n"
            % (
                status,
                REASONS[status],
                len(payload),
                headers,
            )
        )
        self.busy = False
        self.transport.write(head + (payload[: len(payload) // 2] if cut else payload))
        if cut or self.close:
            self.transport.close()
        elif self.buffer:
            self.next_request()

    def hang_up(self) -> None:
        self.transport.abort()


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    add = made.add_argument
    add("--port", type=int, default=0, help="0: any free port")
    add("--slots", type=int, default=64)
    add("--tokens-per-second", type=float, default=100.0, help="of one slot; 0 or inf: at once")
    add("--prefill-s", type=float, default=0.0, help="seconds before the first token")
    add(
        "--length-distribution",
        type=Lengths.parse,
        default="lognormal:200:0.7",
        help=Lengths.__doc__,
    )
    add("--mode", choices=["words", "echo", "paraphrase"], default="words")
    add("--model", action="append", help="name that is served; may be repeated (default: ideal)")
    add("--api-key", default="", help="answer 401 to requests without it")
    add("--seed", type=int, default=0)
    add("--fault", type=Fault.parse, action="append", default=[], help=Fault.__doc__)
    add("--retry-after", default="", help="what a 429 says: seconds or an HTTP date")
    add("--stall-s", type=float, default=3600.0, help="seconds that a stalled request takes longer")
    add("--log", default="", help="file: one line per request asked and per request answered")
    add(
        "--until-stdin-closes",
        action="store_true",
        help="end with the process that started this one",
    )
    return made


async def serve(options: argparse.Namespace) -> None:
    options.model = options.model or ["ideal"]
    loop = asyncio.get_running_loop()
    server = IdealServer(options)
    listening = await loop.create_server(
        lambda: Connection(server), "127.0.0.1", options.port, backlog=4096
    )
    port = listening.sockets[0].getsockname()[1]
    sys.stdout.write(f"listening on http://127.0.0.1:{port}/v1\n")
    sys.stdout.flush()
    gc.freeze()
    over = asyncio.Event()
    if options.until_stdin_closes:
        loop.add_reader(sys.stdin.fileno(), over.set)
    await over.wait()


@dataclass(frozen=True, slots=True)
class RunningServer:
    """An ideal server in another process."""

    url: str
    """Base URL, with `/v1`."""
    process: subprocess.Popen[str]

    def stats(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.url.removesuffix('/v1')}/stats") as answer:
            return dict(json.load(answer))

    def reset(self) -> None:
        url = f"{self.url.removesuffix('/v1')}/reset"
        urllib.request.urlopen(urllib.request.Request(url, method="POST")).close()

    def stop(self) -> None:
        """Kill it, as a machine that dies would; idempotent."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()


@contextmanager
def running_server(**options: object) -> Iterator[RunningServer]:
    """Run the server for the length of a `with` block: `running_server(slots=8, fault="drop=0.1")`.

    Options are the command line's, with underscores; a list repeats its flag.
    """
    root = Path(__file__).parents[1]
    command = [sys.executable, "-m", "benchmarks.ideal_server", "--until-stdin-closes"]
    for name, value in options.items():
        for one in value if isinstance(value, list | tuple) else [value]:
            command.append(f"--{name.replace('_', '-')}={one}")
    process = subprocess.Popen(
        command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    first_line = process.stdout.readline()
    server = RunningServer(first_line.removeprefix("listening on ").strip(), process)
    try:
        if not first_line.startswith("listening on "):
            raise RuntimeError(f"the ideal server did not start: {' '.join(command)}")
        yield server
    finally:
        server.stop()


if __name__ == "__main__":
    asyncio.run(serve(parser().parse_args()))
