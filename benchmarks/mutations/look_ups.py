"""Look-ups that a reference leaves out: an agent that has not been told an identifier must find it.

Where an identifier of the next reference call (a string with a digit in it, other than a day, which
users tell in words) or a price in a formula stands nowhere yet, the data set's own tools that only
read are tried, with what is known by then: values of the state that go by the name of the parameter
and have been told, days and codes of the call to come. A look-up is put in if its answer tells what
is missing, and so are those that it takes to know its arguments, up to `MOST_STEPS` in a row."""

import itertools
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from datagen.agentic.nouns import Call
from datagen.agentic.verify.corpus import find_whole, plain

MOST_STEPS = 3
"""Look-ups in a row: the customer by name, their orders, one order."""
MOST_TRIES = 300
"""Look-ups tried for one call of the reference."""
MOST_CHOICES = 60
"""Look-ups with one tool that are tried at a time: the products of a shop."""
_PRICE = re.compile(r"\d+\.\d+")
Ask = Callable[[Call], str | None]
"""What a look-up answers; None for an error."""


@dataclass(frozen=True)
class Reader:
    """A tool that only reads."""

    name: str
    required: tuple[str, ...]


class LookUps:
    """The look-ups of one data set."""

    def __init__(self, readers: Sequence[Reader], state: Mapping[str, Any]) -> None:
        self._readers = readers
        wanted = {key for reader in readers for key in reader.required}
        self._values: dict[str, set[str]] = {key: set() for key in wanted}
        for key, value in _strings(state):
            for name in {key, "id"} if key.endswith("_id") else {key}:
                if name in wanted:
                    self._values[name].add(value)

    def before(self, call: Call, told: str, ask: Ask) -> list[Call]:
        """Look-ups that tell what a call needs and `told`, all that was said so far, lacks."""
        found: list[Call] = []
        low = plain(told)
        answers: dict[str, str | None] = {}

        def remembered(look: Call) -> str | None:
            key = json.dumps([look.name, look.arguments])
            if key not in answers:
                answers[key] = ask(look) if len(answers) < MOST_TRIES else None
            return answers[key]

        while missing := missing_from(call.arguments, low):
            chain = next(
                (
                    chain
                    for steps in range(1, MOST_STEPS + 1)
                    if (chain := self._chain(call, low, set(), missing, steps, remembered))
                ),
                None,
            )
            if chain is None:
                return found
            for look in chain:
                low += "\n" + plain(remembered(look) or "")
            found += chain
        return found

    def _chain(
        self,
        call: Call,
        told: str,
        known: set[str],
        missing: Sequence[str],
        steps: int,
        ask: Ask,
    ) -> list[Call] | None:
        """Exactly that many look-ups, each but the first with a value that the one before it told;
        the last tells one of the missing values."""
        words = _words(told)
        for look in self._possible(call, words, missing):
            if known and not {str(v) for v in look.arguments.values()} - known:
                continue
            answer = ask(look)
            if answer is None:
                continue
            low = plain(answer)
            if steps == 1:
                if any(find_whole(low, value) >= 0 for value in missing):
                    return [look]
                continue
            rest = self._chain(call, f"{told}\n{low}", self._known(words), missing, steps - 1, ask)
            if rest:
                return [look, *rest]
        return None

    def _known(self, words: set[str]) -> set[str]:
        return {
            value for values in self._values.values() for value in values if _said(value, words)
        } | {""}

    def _possible(self, call: Call, words: set[str], missing: Sequence[str]) -> Iterator[Call]:
        coming: dict[str, list[str]] = {}
        for key, value in (*_beside(call.arguments, missing), *_strings(call.arguments)):
            if plain(value) not in missing:
                coming.setdefault(key, []).append(value)
        for reader in self._readers:
            choices = []
            for key in reader.required:
                values = sorted(v for v in self._values[key] if _said(v, words))
                choices.append(list(dict.fromkeys([*coming.get(key, ()), *values])))
            for chosen in itertools.islice(itertools.product(*choices), MOST_CHOICES):
                arguments = dict(zip(reader.required, chosen, strict=True))
                yield Call(name=reader.name, arguments=arguments)


def missing_from(arguments: Mapping[str, Any], told: str) -> list[str]:
    """Identifiers among a call's arguments, and prices in its formulas, that were not told."""
    values = {
        plain(part)
        for key, value in _strings(arguments)
        if key != "date"
        for part in (_PRICE.findall(value) if " " in value else (value,))
    }
    return sorted(
        value for value in values if re.search(r"\d", value) and find_whole(told, value) < 0
    )


def _beside(value: Any, missing: Sequence[str]) -> Iterator[tuple[str, str]]:
    """(key, string) of what stands in one object with a missing value: a flight's day."""
    if isinstance(value, Mapping):
        strings = [(key, one) for key, one in value.items() if isinstance(one, str)]
        if any(plain(one) in missing for _, one in strings):
            yield from strings
        for inner in value.values():
            yield from _beside(inner, missing)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _beside(inner, missing)


def _said(value: str, words: set[str]) -> bool:
    return plain(value).lstrip("#") in words


def _words(text: str) -> set[str]:
    """Words, and what stands between white space, quotes and commas: addresses, identifiers."""
    coded = {one.strip(".,;:()#") for one in re.split(r"[\s\"',\[\]{}]+", text)}
    return coded | set(re.findall(r"[^\W_]+", text))


def _strings(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """(key, string) of everything inside."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _strings(inner, str(name))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _strings(inner, key)
    elif isinstance(value, str):
        yield key, value
