"""A gate that lets a limited number in, the highest priority first.

The limit may change while callers are inside: that is how concurrency adapts to a server. A freed
place is handed to the next waiter, so nobody who comes later slips in between. One event loop only.
"""

import asyncio
import heapq
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class PriorityGate:
    """At most `limit` callers are inside; of those who wait, the highest priority enters first.

    Equal priorities enter in the order in which they came. A place costs O(log waiters).
    """

    def __init__(self, limit: int) -> None:
        self._limit = max(1, limit)
        self._inside = 0
        self._came = 0
        self._waiting = 0
        self._waiters: list[tuple[float, int, asyncio.Future[None]]] = []

    @property
    def limit(self) -> int:
        return self._limit

    @property
    def inside(self) -> int:
        return self._inside

    @property
    def waiting(self) -> int:
        return self._waiting

    def resize(self, limit: int) -> None:
        """Change the limit, at least 1. Callers that are inside stay, also above a lower limit."""
        self._limit = max(1, limit)
        self._admit()

    async def acquire(self, priority: float = 0.0) -> None:
        """Wait for a place and take it."""
        if self._inside < self._limit:  # then nobody waits: whoever frees a place hands it on
            self._inside += 1
            return
        self._came += 1
        self._waiting += 1
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiters, (-priority, self._came, turn))
        try:
            await turn
        except asyncio.CancelledError:
            self._give_up(turn)
            raise

    def release(self) -> None:
        """Give a place back."""
        if self._inside == 0:
            raise RuntimeError("release without acquire")
        self._inside -= 1
        self._admit()

    @asynccontextmanager
    async def __call__(self, priority: float = 0.0) -> AsyncIterator[None]:
        """A place for the length of an `async with` block."""
        await self.acquire(priority)
        try:
            yield
        finally:
            self.release()

    def _admit(self) -> None:
        while self._waiters and self._inside < self._limit:
            turn = heapq.heappop(self._waiters)[2]
            if not turn.done():
                self._inside += 1
                self._waiting -= 1
                turn.set_result(None)

    def _give_up(self, turn: "asyncio.Future[None]") -> None:
        """Undo the waiting of a cancelled caller, who may have been let in just before."""
        if not turn.cancelled():
            self.release()
            return
        self._waiting -= 1
        # Without this a heap that never moves (a dead server) would keep every caller that gave up.
        if len(self._waiters) > 2 * self._waiting + 16:
            self._waiters = [waiter for waiter in self._waiters if not waiter[2].done()]
            heapq.heapify(self._waiters)
