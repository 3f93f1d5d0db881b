"""How much an engine asks of a server that says it is busy, and when it gives the server up.

Both learn from answers alone and know nothing of HTTP. Neither of them waits or retries: the engine
does.
"""

import asyncio
import time

from datagen.engines.gate import PriorityGate


class AdaptiveLimit:
    """Additive increase, multiplicative decrease of a gate's limit, as TCP does it.

    Source: Chiu and Jain 1989, "Analysis of the increase and decrease algorithms for congestion
    avoidance": of the linear rules, this one converges to a fair and full share.
    """

    def __init__(self, gate: PriorityGate, ceiling: int) -> None:
        self._gate = gate
        self._ceiling = ceiling
        self._successes = 0
        self._cut_at = float("-inf")

    def succeeded(self) -> None:
        """One more answer: a window of them raises the limit by one."""
        limit = self._gate.limit
        if limit >= self._ceiling:
            return
        self._successes += 1
        if self._successes >= limit:
            self._successes = 0
            self._gate.resize(limit + 1)

    def pushed_back(self, sent_at: float) -> None:
        """The server is busy: halve, unless the request was sent before the last cut."""
        if sent_at < self._cut_at:
            return
        self._cut_at = time.monotonic()
        self._successes = 0
        self._gate.resize(self._gate.limit // 2)


class CircuitBreaker:
    """Opens, for good, when a server has answered nothing for `outage_s`.

    One request that kills its connection again and again is not an outage: at least `calls`
    different ones must have failed in the stretch, and half of those under way. Any answer ends the
    stretch.
    """

    def __init__(self, outage_s: float, calls: int = 3) -> None:
        self.opened = asyncio.Event()
        self._outage_s = outage_s
        self._calls = calls
        self._failing: set[int] = set()
        self._since = 0.0

    def answered(self) -> None:
        if self._failing:
            self._failing.clear()

    def failed(self, call: int, *, under_way: int) -> None:
        """A try of the call with this number failed, while `under_way` calls were being tried."""
        now = time.monotonic()
        if not self._failing:
            self._since = now
        self._failing.add(call)
        enough = len(self._failing) >= max(self._calls, under_way / 2)
        if enough and now - self._since >= self._outage_s:
            self.opened.set()
