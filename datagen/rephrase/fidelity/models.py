"""The models that a gate loads itself, each when it is first asked for."""

from typing import TYPE_CHECKING

from datagen.rephrase.fidelity.judging import Entails
from datagen.rephrase.fidelity.translation import Embed
from datagen.rephrase.fidelity.verification import Read

if TYPE_CHECKING:
    from datagen.engines.embeddings import Embedder
    from datagen.engines.entailment import Entailment
    from datagen.engines.reader import Reader


class Models:
    """A reader, an NLI model and a multilingual embedding, in this process."""

    def __init__(self) -> None:
        self._reader: Reader | None = None
        self._nli: Entailment | None = None
        self._polyglot: Embedder | None = None

    async def reader(self) -> Read:
        """The verifier's reader."""
        from datagen.engines.reader import Reader

        if self._reader is None:
            self._reader = Reader()
        await self._reader.start()
        return self._reader.read

    async def nli(self, model: str) -> Entails:
        """The NLI model of that name or folder. Raises RecipeError if it can't be used."""
        from datagen.engines.entailment import Entailment

        if self._nli is None:
            self._nli = Entailment(model)
        await self._nli.start()
        return self._nli

    async def polyglot(self, model: str) -> Embed:
        """The multilingual embedding of that name or folder. Raises RecipeError likewise."""
        from datagen.engines.embeddings import Embedder

        if self._polyglot is None:
            self._polyglot = Embedder(model=model)
        await self._polyglot.start()
        return self._polyglot.embed

    async def close(self) -> None:
        """Release what was loaded."""
        for model in (self._reader, self._nli, self._polyglot):
            if model is not None:
                await model.close()
