"""An engine that answers from a function: for our tests and yours."""

import asyncio
import importlib
import importlib.util
from collections.abc import Callable
from pathlib import Path

from datagen.engines.base import Completion, EngineFacts, Request
from datagen.errors import RecipeError

Reply = str | Completion | Exception


class ScriptedEngine:
    """Answers every request with `reply(request)`.

    A string is a finished answer, a `Completion` is returned as it is, an exception is raised.
    Failing, truncating and stalling are answers like others: `EngineError(…)`, `Completion(…,
    "length")`, `delay_s`. `asked` lists the requests in the order in which they came.
    """

    def __init__(
        self,
        reply: Callable[[Request], Reply],
        *,
        delay_s: float = 0.0,
        concurrency: int = 64,
        name: str = "scripted",
    ) -> None:
        self.reply = reply
        self.name = name
        self.delay_s = delay_s
        self.concurrency = concurrency
        self.asked: list[Request] = []

    async def start(self) -> EngineFacts:
        return EngineFacts(model=self.name, concurrency=self.concurrency, rows_in_flight=2.0)

    async def complete(self, request: Request) -> Completion:
        self.asked.append(request)
        await asyncio.sleep(self.delay_s)
        answer = self.reply(request)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, Completion):
            return answer
        words = sum(len(message.content.split()) for message in request.messages)
        return Completion(answer, "stop", words, len(answer.split()), 0, self.name)

    async def close(self) -> None:
        return None


def load_reply(name: str) -> Callable[[Request], Reply]:
    """The function that `package.module:function` or `path/file.py:function` names."""
    module_name, _, function_name = name.rpartition(":")
    try:
        if module_name.endswith(".py"):
            spec = importlib.util.spec_from_file_location(Path(module_name).stem, module_name)
            if spec is None or spec.loader is None:
                raise ImportError(module_name)
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
        else:
            module = importlib.import_module(module_name)
        reply: Callable[[Request], Reply] = getattr(module, function_name)
    except Exception as problem:  # whatever the user's file raises when it is imported
        raise RecipeError(
            f"--model {name}: the scripted engine wants module:function or file.py:function "
            f"({type(problem).__name__}: {problem})"
        ) from problem
    return reply
