"""The rules that keep the tree readable: imports go one way, no knots, no prints."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "datagen"
ORDER = [
    {"__init__", "errors"},
    {"schemas"},
    {"prompts", "assets", "tokenizer"},
    {"recipe"},
    {"engines"},
    {"journal", "sandbox"},
    {"stage"},
    {"rephrase", "agentic"},
    {"shards"},
    {"runner"},
    {"inspect", "estimate", "repository", "scoring", "console"},
    {"cli"},
]
RANK = {name: rank for rank, names in enumerate(ORDER) for name in names}
MODULES = sorted(PACKAGE.rglob("*.py"))


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def part(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_go_one_way(path: Path) -> None:
    tree = ast.parse(path.read_text())
    here = RANK[part(path)]
    for name in imported(tree):
        if name.startswith("datagen."):
            there = name.split(".")[1]
            assert RANK[there] <= here, f"{path} imports {name}"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_only_the_runner_imports_ray_and_only_engines_import_models(path: Path) -> None:
    tree = ast.parse(path.read_text())
    for name in imported(tree):
        top = name.split(".")[0]
        if top == "ray":
            assert part(path) == "runner"
        if top in ("torch", "vllm", "xllamacpp", "sentence_transformers", "transformers"):
            assert part(path) == "engines"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_nothing_prints(path: Path) -> None:
    tree = ast.parse(path.read_text())
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    assert not any(isinstance(call.func, ast.Name) and call.func.id == "print" for call in calls)


def test_modules_of_one_rank_do_not_form_a_knot() -> None:
    graph = {}
    for path in MODULES:
        name = ".".join(("datagen", *path.relative_to(PACKAGE).with_suffix("").parts))
        body = ast.parse(path.read_text()).body
        graph[name] = {
            module for node in body for module in imported(node) if module.startswith("datagen.")
        }
    seen: set[str] = set()

    def visit(name: str, above: tuple[str, ...]) -> None:
        assert name not in above, " → ".join((*above, name))
        if name in seen:
            return
        for other in graph.get(name, ()):
            visit(other, (*above, name))
        seen.add(name)

    for name in graph:
        visit(name, ())
