"""An engine that asks any OpenAI-compatible server: vLLM, SGLang, llama-server, a hosted API.

One aiohttp session with kept-alive connections, as many as requests may be in flight. A request
holds its place in the gate only while it is on the wire, never while it waits for its next try. The
key is read from the environment at the start and lives in the session, which can't be pickled.
"""

import asyncio
import io
import os
import random
import time
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp
from yarl import URL

from datagen.engines.adaptive import AdaptiveLimit, CircuitBreaker
from datagen.engines.base import Completion, EngineFacts, Request
from datagen.engines.chat import BadResponse, complaint, decode, encode, model_names
from datagen.engines.gate import PriorityGate
from datagen.errors import DatagenError, EngineError, Failure, RecipeError

KEEP_ALIVE_S = 4.0
"""Seconds an idle connection is kept: below uvicorn's 5, so that it is we who hang up."""
CONNECT_S = 10.0
"""Seconds to open a connection before the server counts as unreachable."""
LARGE_BODY = 2**20
"""Bytes above which aiohttp wants a stream. Source: aiohttp.payload.TOO_LARGE_BYTES_BODY."""
TIMEOUT_COUNTS = 3
"""Tries that one time-out uses up: it has cost minutes already."""
LONGEST_PAUSE_S = 300.0
"""A server that asks for a longer pause has no quota left: the run ends, to be entered again."""
BUSY = (429, 503)
RETRIED = (408, 409, 429)
"""Beside all of 5xx."""
ABOUT_THE_REQUEST = (400, 413, 422)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long an engine puts up with a server. Tuning, not identity.

    The waits of all retries add up to more than `outage_s`, so that a dead server ends the run
    before it fails a row.
    """

    retries: int = 8
    first_wait_s: float = 0.5
    """Doubles with each retry, ± a quarter."""
    longest_wait_s: float = 30.0
    outage_s: float = 60.0
    """Seconds without any answer after which the server counts as gone."""
    start_s: float = 10.0
    """Seconds that a server may take until it answers for the first time."""

    @classmethod
    def of(cls, outage_s: float) -> "Patience":
        """As many retries as wait longer than `outage_s`, but no fewer than by default."""
        usual = cls()
        retries, waits_s = 0, 0.0
        while 0.75 * waits_s <= outage_s:
            retries += 1
            waits_s += usual._mean_wait_s(retries)
        start_s = min(usual.start_s, outage_s)
        return cls(retries=max(usual.retries, retries), outage_s=outage_s, start_s=start_s)

    def wait_s(self, tries: int) -> float:
        """Seconds to wait after this many tries."""
        return self._mean_wait_s(tries) * random.uniform(0.75, 1.25)

    def _mean_wait_s(self, tries: int) -> float:
        return min(self.longest_wait_s, self.first_wait_s * 2.0 ** min(tries - 1, 64))


class _Setback(Exception):
    """A try failed in a way that another one may not."""

    def __init__(
        self, message: str, kind: Failure, *, alive: bool = False, wait_s: float = 0.0
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.alive = alive
        """The server works, though not for this try."""
        self.wait_s = wait_s
        """Seconds that the server asks to be left alone."""


class OpenAIEngine:
    """Asks an OpenAI-compatible server for as much at a time as it takes."""

    def __init__(
        self,
        base_url: str,
        model: str | None = None,
        *,
        api_key_variable: str = "OPENAI_API_KEY",
        concurrency: int = 64,
        timeout_s: float = 600.0,
        patience: Patience | None = None,
    ) -> None:
        base = _parsed(base_url)
        self.address = str(base.with_query(None))
        """The base URL as messages show it."""
        self.model = model or ""
        self.concurrency = concurrency
        self._api_key_variable = api_key_variable
        self._timeout_s = timeout_s
        self._patience = patience or Patience()
        self._models_url = (base / "models").with_query(base.query)
        self._chat_url = (base / "chat" / "completions").with_query(base.query)
        self._gate = PriorityGate(concurrency)
        self._limit = AdaptiveLimit(self._gate, concurrency)
        self._breaker = CircuitBreaker(self._patience.outage_s)
        self._session: aiohttp.ClientSession | None = None
        self._calls = 0
        self._backing_off = 0
        self._quiet_until = 0.0
        self._last_setback = ""

    async def start(self) -> EngineFacts:
        await self.close()
        self._breaker = CircuitBreaker(self._patience.outage_s)
        self._session = self._opened()
        try:
            listed = await self._listed(self._session)
            self.model = self.model or self._only(list(listed))
        except BaseException:
            await self.close()
            raise
        return EngineFacts(
            model=self.model,
            concurrency=self.concurrency,
            rows_in_flight=2.0,
            context_tokens=listed.get(self.model),
        )

    async def complete(self, request: Request) -> Completion:
        """Answer one request. Raises `RecipeError` where the key, model or address is wrong."""
        body = encode(self.model, request)
        self._calls += 1
        call = self._calls
        tries = 0
        while True:
            try:
                return await self._asked(body, request.priority)
            except _Setback as setback:
                tries += TIMEOUT_COUNTS if setback.kind == "timeout" else 1
                await self._before_next_try(setback, call, tries)

    async def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _asked(self, body: bytes, priority: float) -> Completion:
        """One try."""
        await self._gate.acquire(priority)
        try:
            session = await self._ready()
            sent_at = time.monotonic()
            async with session.post(
                self._chat_url,
                data=body if len(body) <= LARGE_BODY else io.BytesIO(body),
                allow_redirects=False,
            ) as response:
                raw = await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as problem:
            raise self._broken(problem) from None
        finally:
            self._gate.release()
        if response.status != 200:
            if response.status in BUSY:
                self._limit.pushed_back(sent_at)
            raise self._refusal(response.status, response.headers, raw)
        try:
            completion = decode(raw, self.model)
        except BadResponse as problem:
            raise _Setback(f"the answer {problem}", "bad_response") from None
        self._breaker.answered()
        self._limit.succeeded()
        return completion

    async def _ready(self) -> aiohttp.ClientSession:
        """The session, once the server may be asked."""
        while (pause_s := self._quiet_until - time.monotonic()) > 0.0:
            await self._wait(pause_s)
            if self._breaker.opened.is_set():
                break
        if self._breaker.opened.is_set():
            raise self._gone()
        if self._session is None:
            raise RuntimeError("the engine is not started")
        return self._session

    async def _before_next_try(self, setback: _Setback, call: int, tries: int) -> None:
        """Wait until this call may try again. Raises `EngineError` if it may not."""
        if self._breaker.opened.is_set():
            raise self._gone()
        self._last_setback = str(setback)
        if setback.alive:
            self._breaker.answered()
        else:
            under_way = self._gate.inside + self._backing_off + 1
            self._breaker.failed(call, under_way=under_way)
        if self._breaker.opened.is_set():
            await self.close()  # hangs up on those who still wait for an answer
            raise self._gone()
        if setback.wait_s > LONGEST_PAUSE_S:
            message = f"{self.address}: {setback}; it asks to wait {setback.wait_s:.0f} s"
            raise EngineError(f"{message}; run again after that", kind=setback.kind, fatal=True)
        if tries > self._patience.retries:
            raise EngineError(
                f"{self.address}: {setback}; tried again and again", kind=setback.kind
            )
        self._backing_off += 1
        try:
            await self._wait(max(setback.wait_s, self._patience.wait_s(tries)))
        finally:
            self._backing_off -= 1

    async def _wait(self, seconds: float) -> None:
        """Sleep, unless the server is given up meanwhile."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._breaker.opened.wait()

    def _gone(self) -> EngineError:
        return EngineError(
            f"{self.address}: no answer for {self._patience.outage_s:g} s ({self._last_setback}); "
            "see that the server runs, then run again (engine.patience_s)",
            kind="unreachable",
            fatal=True,
        )

    def _broken(self, problem: Exception) -> _Setback:
        """What a connection's end means."""
        if isinstance(problem, aiohttp.ConnectionTimeoutError):
            return _Setback(f"no connection within {CONNECT_S:.0f} s", "unreachable")
        if isinstance(problem, TimeoutError):
            return _Setback(f"no answer within {self._timeout_s:g} s (engine.timeout_s)", "timeout")
        if isinstance(problem, aiohttp.ServerDisconnectedError | aiohttp.ClientPayloadError):
            return _Setback("the server hung up in the middle of an answer", "unreachable")
        if isinstance(problem, OSError) and (problem.errno or 0) > 0:
            return _Setback(os.strerror(problem.errno or 0), "unreachable")
        return _Setback(f"{type(problem).__name__}: {problem}", "unreachable")

    def _refusal(self, status: int, headers: Mapping[str, str], raw: bytes) -> Exception:
        """What a status other than 200 means for the call, and for the others."""
        said = f"{status}: {self._without_key(complaint(raw))}"
        if status in RETRIED and b"insufficient_quota" in raw:
            return RecipeError(f"{self.address}: {said}")
        if status in RETRIED or status >= 500:
            wait_s = _retry_after_s(headers.get("Retry-After", ""))
            if status in BUSY and wait_s <= LONGEST_PAUSE_S:
                self._quiet_until = max(self._quiet_until, time.monotonic() + wait_s)
            kind: Failure = "timeout" if status == 408 else "server_error"
            alive = status < 500 or wait_s > 0.0
            return _Setback(said, kind, alive=alive, wait_s=wait_s)
        if status in ABOUT_THE_REQUEST:
            self._breaker.answered()
            return EngineError(f"{self.address}: {said}", kind="bad_request")
        return self._mistake(status, said, headers)

    def _mistake(self, status: int, said: str, headers: Mapping[str, str]) -> DatagenError:
        """The user can put right what `status` complains of."""
        if status == 401:
            # The server's words are left out: some repeat a part of the key.
            held = "refuses the key in" if self._key() else "wants a key; set"
            return RecipeError(f"{self.address}: {held} {self._api_key_variable} (401)")
        if status == 403:
            hint = f"see what the key in {self._api_key_variable} is allowed to use"
        elif status == 404:
            hint = f"check engine.model ({self.model!r}) and engine.base_url (most end in /v1)"
        elif 300 <= status < 400:
            hint = f"engine.base_url moved to {headers.get('Location', 'an unnamed place')}"
        else:
            hint = "check engine.base_url"
        return RecipeError(f"{self.address}: {said}; {hint}")

    async def _listed(self, session: aiohttp.ClientSession) -> dict[str, int | None]:
        """The models that the server lists; none where it has no list and doesn't need one."""
        deadline = time.monotonic() + self._patience.start_s
        tries = 0
        while True:
            tries += 1
            try:
                return await self._listed_at_once(session, deadline - time.monotonic())
            except _Setback as setback:
                wait_s = max(setback.wait_s, self._patience.wait_s(tries))
                if time.monotonic() + wait_s >= deadline:
                    message = (
                        f"{self.address}: {setback}; start the server or name another --base-url"
                    )
                    raise EngineError(message, kind="unreachable", fatal=True) from None
            await asyncio.sleep(wait_s)

    async def _listed_at_once(
        self, session: aiohttp.ClientSession, timeout_s: float
    ) -> dict[str, int | None]:
        timeout = aiohttp.ClientTimeout(total=timeout_s)
        try:
            async with session.get(
                self._models_url, timeout=timeout, allow_redirects=False
            ) as response:
                raw = await response.read()
        except TimeoutError:
            raise _Setback(f"no answer within {timeout_s:.0f} s", "unreachable") from None
        except (aiohttp.ClientError, OSError) as problem:
            raise self._broken(problem) from None
        if response.status == 200:
            with suppress(BadResponse):
                return model_names(raw)
            return {}
        if self.model and response.status in (404, 405, 501):
            return {}
        raise self._refusal(response.status, response.headers, raw)

    def _only(self, names: list[str]) -> str:
        """The model to use where the user named none."""
        if len(names) == 1:
            return names[0]
        if not names:
            raise RecipeError(f"engine.model: is missing, and {self.address} lists no models")
        shown = ", ".join(sorted(names)[:12]) + (", …" if len(names) > 12 else "")
        raise RecipeError(f"engine.model: is missing; {self.address} has {shown}")

    def _opened(self) -> aiohttp.ClientSession:
        key = self._key()
        if not (key.isascii() and key.isprintable()):
            raise RecipeError(f"{self._api_key_variable}: holds characters that no key has")
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self.concurrency, keepalive_timeout=KEEP_ALIVE_S),
            timeout=aiohttp.ClientTimeout(
                total=self._timeout_s, sock_connect=min(CONNECT_S, self._timeout_s)
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"Content-Type": "application/json"}
            | ({"Authorization": f"Bearer {key}"} if key else {}),
            proxy=_proxy_of(self._chat_url),
        )

    def _key(self) -> str:
        return os.environ.get(self._api_key_variable, "").strip()

    def _without_key(self, said: str) -> str:
        key = self._key()
        return said.replace(key, "…") if key else said


def _parsed(base_url: str) -> URL:
    """The base URL, without the trailing slash or the end point that people paste with it."""
    try:
        url = URL(base_url.strip())
        usable = url.scheme in ("http", "https") and bool(url.host)
    except ValueError:
        usable = False
    if not usable:
        raise RecipeError(f"engine.base_url: want http://HOST:PORT/v1 (is {base_url!r})")
    if url.user or url.password:
        raise RecipeError("engine.base_url: holds a user or password; keys go into the environment")
    path = url.path.rstrip("/").removesuffix("/chat/completions")
    return url.with_path(path).with_query(url.query).with_fragment(None)


def _proxy_of(url: URL) -> str | None:
    """The proxy that the environment names for this URL; looked up once, not in each call."""
    proxy = urllib.request.getproxies().get(url.scheme)
    host = url.host or ""
    local = host in ("localhost", "::1") or host.startswith("127.")
    return None if local or urllib.request.proxy_bypass(host) else proxy


def _retry_after_s(said: str) -> float:
    """Seconds that a Retry-After header asks to wait: a number, or the time until a date."""
    try:
        return max(0.0, float(said))
    except ValueError:
        pass
    try:
        date = parsedate_to_datetime(said)
    except ValueError:
        return 0.0
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return max(0.0, (date - datetime.now(UTC)).total_seconds())
