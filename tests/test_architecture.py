"""How the house is built: which module may know which.

Counted are all imports of `src/epoque`, also those inside functions and those for type checkers
only: a circle that is hidden in a function is a circle to whoever reads.
"""

import ast
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import epoque

ROOT = Path(epoque.__file__).parent
LABS = ("neuron", "gan2d", "stylegan3", "language")
LAYERS = ("bench", "labs", "above")
ABOVE = ("cli", "api", "demo", "report", "studio", "__main__", "")
"""What may import the labs; "" is the package itself."""

Graph = dict[str, set[str]]


def module_files() -> dict[str, Path]:
    """Return the modules of the package by their name without `epoque.`."""
    files = {}
    for path in ROOT.rglob("*.py"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        files[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return files


def imports_of(name: str, path: Path, known: dict[str, Path]) -> Iterator[str]:
    """Yield the modules of the package that a module imports anywhere."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            bases = [alias.name.removeprefix("epoque.") for alias in node.names]
            yield from (base for base in bases if base in known)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")
                base = ".".join([*above[: len(above) - node.level + 1], *filter(None, [base])])
            elif base.partition(".")[0] != "epoque":
                continue
            base = base.removeprefix("epoque").removeprefix(".")
            for alias in node.names:
                inner = f"{base}.{alias.name}".strip(".")
                yield inner if inner in known else base


def import_graph() -> Graph:
    known = module_files()
    return {name: {*imports_of(name, path, known)} - {name} for name, path in known.items()}


def circles(graph: Graph) -> set[frozenset[str]]:
    """Return the strongly connected parts of more than one module (Tarjan, 1972)."""
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    parts: set[frozenset[str]] = set()

    def visit(module: str) -> None:
        number[module] = lowest[module] = len(number)
        stack.append(module)
        for other in graph[module]:
            if other not in number:
                visit(other)
            if other in stack:
                lowest[module] = min(lowest[module], lowest[other])
        if lowest[module] == number[module]:
            part = frozenset(stack[(start := stack.index(module)) :])
            del stack[start:]
            if len(part) > 1:
                parts.add(part)

    for module in graph:
        if module not in number:
            visit(module)
    return parts


def layer_of(module: str) -> str:
    room = module.partition(".")[0]
    if room in LABS:
        return "labs"
    assert room == "bench" or room in ABOVE, f"{module} is in a room that this test does not know"
    return "bench" if room == "bench" else "above"


GRAPH = import_graph()


def test_arrows_point_down() -> None:
    """cli, api, demo and report know labs, labs know the bench, and nothing knows what is above."""
    rank = {layer: place for place, layer in enumerate(LAYERS)}
    upward = [
        f"{module} imports {other}"
        for module, others in GRAPH.items()
        for other in others
        if rank[layer_of(other)] > rank[layer_of(module)]
    ]
    assert not upward


def test_no_lab_knows_another() -> None:
    across = [
        f"{module} imports {other}"
        for module, others in GRAPH.items()
        for other in others
        if layer_of(module) == layer_of(other) == "labs"
        if module.partition(".")[0] != other.partition(".")[0]
    ]
    assert not across


def test_the_core_finds_labs_through_their_entry_points_alone() -> None:
    named = [
        f"{module} imports {other}"
        for module, others in GRAPH.items()
        for other in others
        if layer_of(module) != "labs" and layer_of(other) == "labs"
    ]
    assert not named


def test_there_are_no_circles() -> None:
    parts = [" <-> ".join(sorted(part)) for part in circles(GRAPH)]
    assert not parts, "modules import one another in a circle"


def test_the_test_sees_a_circle() -> None:
    chain = {name: {after} for name, after in pairwise("abcd")} | {"d": set[str]()}
    assert circles(chain) == set()
    assert circles(chain | {"c": {"a", "d"}}) == {frozenset("abc")}
    assert "bench.runs.record" in GRAPH["bench.lab"]  # for type checkers only
    assert "gan2d.training.train" in GRAPH["gan2d.lab"]  # inside a function
