"""Asks the computing process, in bounded time, from any thread.

Algebra can take for ever and math-verify's time-outs work only in a main thread, so it runs in a
process of its own: started at the first question, ended and started anew when it does not answer.
Answers are kept: a chunk's formulas come back with each attempt and style. Callers wait for each
other; on an event loop, ask from a thread (`asyncio.to_thread`).
"""

import contextlib
import json
import os
import selectors
import subprocess
import sys
import threading
import time
import weakref
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from datagen.errors import RecipeError
from datagen.rephrase.fidelity import algebra

START_S = 120.0
"""Importing math-verify and sympy: 1.5 s on an idle core, 20 s on a crowded one."""
STEP_S = 2.0
"""Processor time for one step of algebra, inside the process."""
GRACE_S = 10.0
"""On top of the steps' own limits, for C code that no signal interrupts."""
CROWDED = 3
"""Seconds by the clock for one of the processor, on a machine with more to do."""
MOST_STEPS = 24
CACHED = 4096

Verdict = Literal["true", "false", "unknown"]
Sides = tuple[str, str]


class Computer:
    """One computing process and its questions. Thread-safe."""

    def __init__(self, *, step_s: float = STEP_S, grace_s: float = GRACE_S) -> None:
        self.step_s = step_s
        self.grace_s = grace_s
        self.ended = 0
        """Processes that were ended because they did not answer."""
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._end: Callable[[], object] = lambda: None
        self._answers: OrderedDict[str, Any] = OrderedDict()

    def same(self, gold: str, answer: str) -> bool | None:
        """Whether two answers in LaTeX are equal; None where that cannot be told."""
        found = self._ask({"ask": "same", "gold": gold, "answer": answer}, 3)
        return found if isinstance(found, bool) else None

    def steps(self, known: list[Sides], asked: list[Sides]) -> list[Verdict]:
        """Whether each equation follows from the known ones and those before it.

        Above `MOST_STEPS` equations the rest is unknown.
        """
        known, first = known[:MOST_STEPS], asked[:MOST_STEPS]
        question = {"ask": "steps", "known": known, "steps": first}
        found = self._ask(question, len(known) + 2 * len(first)) if first else []
        verdicts: list[Verdict] = found if isinstance(found, list) else ["unknown"] * len(first)
        return [*verdicts, *(["unknown"] * (len(asked) - len(first)))]  # type: ignore[list-item]

    def close(self) -> None:
        """End the process, if there is one."""
        with self._lock:
            self._end()

    def _ask(self, question: dict[str, Any], steps: int) -> Any:
        line = json.dumps(question | {"seconds": self.step_s})
        with self._lock:
            if line in self._answers:
                self._answers.move_to_end(line)
                return self._answers[line]
            answer = self._exchange(line, CROWDED * steps * self.step_s + self.grace_s)
            self._answers[line] = answer
            if len(self._answers) > CACHED:
                self._answers.popitem(last=False)
            return answer

    def _exchange(self, line: str, seconds: float) -> Any:
        """The process's answer; None if it dies or is late, and then it is ended."""
        process = self._running()
        try:
            assert process.stdin is not None
            process.stdin.write(line.encode() + b"\n")
            process.stdin.flush()
            answer = _line(process, seconds)
        except OSError:
            answer = None
        if answer is None:
            self.ended += 1
            self._end()
            return None
        return json.loads(answer)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        # -P: beside the script lie modules named like the standard library's.
        self._process = process = subprocess.Popen(
            [sys.executable, "-P", str(Path(algebra.__file__))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"PYTHONHASHSEED": "0"},
        )
        self._end = weakref.finalize(self, _ended, process)
        if _line(process, START_S) is None:
            self._end()
            raise RecipeError("the computing process does not start: is math-verify installed?")
        return process


def _ended(process: subprocess.Popen[bytes]) -> None:
    """End the process, now or when nobody can ask it any more."""
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()


def _line(process: subprocess.Popen[bytes], seconds: float) -> bytes | None:
    """The next line that the process writes, or None if it ends or is late."""
    stream = process.stdout
    assert stream is not None
    deadline, got = time.monotonic() + seconds, b""
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        while (left := deadline - time.monotonic()) > 0:
            if not selector.select(left):
                continue
            part = os.read(stream.fileno(), 1 << 16)
            got += part
            if got.endswith(b"\n"):
                return got
            if not part:
                return None
    return None
