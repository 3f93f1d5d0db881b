"""Hand-written domains that ship: entities, rules, tools with a deterministic backend, tasks."""

from collections.abc import Callable, Mapping

from datagen.agentic.domains.base import Domain
from datagen.agentic.domains.library import library
from datagen.errors import RecipeError

_DOMAINS: Mapping[str, Callable[[], Domain]] = {"library": library}


def domain_names() -> list[str]:
    return sorted(_DOMAINS)


def load_domain(name: str) -> Domain:
    """The shipped domain of that name. Raises `RecipeError`, one line."""
    if name not in _DOMAINS:
        known = ", ".join(domain_names())
        raise RecipeError(f"tools.domain: there is no domain {name[:80]} (there are: {known})")
    return _DOMAINS[name]()
