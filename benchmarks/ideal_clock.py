"""The token clock of the ideal server: S slots and the jobs that hold them.

A slot that falls free is taken at the instant it fell free, not when the timer fired, so that a
queue's end doesn't drift with the event loop's lateness.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True, eq=False)
class Job:
    """One request on the clock."""

    seconds: float
    done: Callable[[], None]
    started: float = 0.0
    timer: asyncio.TimerHandle | None = None
    cancelled: bool = False


class TokenClock:
    """S slots, each busy with one job at a time; jobs beyond S wait in order of arrival."""

    def __init__(self, slots: int) -> None:
        self.free = slots
        self.waiting: deque[Job] = deque()
        self.running: set[Job] = set()
        self.busy_s = 0.0

    def submit(self, job: Job) -> None:
        if self.free:
            self.free -= 1
            self._start(job, time.monotonic())
        else:
            self.waiting.append(job)

    def cancel(self, job: Job) -> None:
        """Take back a job that is waiting or running."""
        job.cancelled = True
        if job.timer is not None:
            job.timer.cancel()
            self._free(job, time.monotonic())

    def busy_until(self, now: float) -> float:
        """Slot-seconds spent up to `now`, those of running jobs included."""
        return self.busy_s + sum(now - job.started for job in self.running)

    def _start(self, job: Job, at: float) -> None:
        job.started = at
        self.running.add(job)
        job.timer = asyncio.get_running_loop().call_at(at + job.seconds, self._finish, job)

    def _finish(self, job: Job) -> None:
        self._free(job, job.started + job.seconds)
        job.done()

    def _free(self, job: Job, at: float) -> None:
        self.running.discard(job)
        self.busy_s += at - job.started
        while self.waiting:
            following = self.waiting.popleft()
            if not following.cancelled:
                return self._start(following, at)
        self.free += 1
