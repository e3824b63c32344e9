"""What the code and the documents say of a module, class or function by its dotted name is there.

Read are names between backticks: those that begin with a module of ours, as seen from the file that
mentions it, or with a class of the file's own module.
"""

import importlib
import re
from importlib.util import find_spec
from pathlib import Path

from dotted_names import is_there

import epoque

SOURCE = Path(epoque.__file__).parent
ROOT = Path(__file__).parents[1]
ENTRY_POINT_GROUPS = {"executors", "figure_styles", "labs", "sinks"}
FILE_ENDINGS = {
    "csv",
    "json",
    "md",
    "npz",
    "onnx",
    "png",
    "py",
    "safetensors",
    "svg",
    "txt",
    "yaml",
}
NAME = re.compile(r"`([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+)(?:\(\))?`")
CLEAN_ROOM = ("equivariance.py", "operators.py")


def find_modules() -> dict[str, Path]:
    """Return the modules of the package by name."""
    modules = {}
    for path in SOURCE.rglob("*.py"):
        parts = path.relative_to(SOURCE.parent).with_suffix("").parts
        modules[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return modules


MODULES = find_modules()


def find_dead_names(text: str, package: str, module: str | None = None) -> list[str]:
    """Return the names in a text that look like ours and lead nowhere."""
    dead = []
    for name in NAME.findall(text):
        first, *rest = name.split(".")
        if rest[-1] in FILE_ENDINGS or "NAME" in rest or set(rest[:1]) & ENTRY_POINT_GROUPS:
            continue
        packages, above = [], package
        while above:
            packages.append(above)
            above = above.rpartition(".")[0]
        readings = [f"{above}.{name}" for above in packages if f"{above}.{first}" in MODULES]
        readings += [name] if first == "epoque" else []
        if module and isinstance(getattr(importlib.import_module(module), first, None), type):
            readings.append(f"{module}.{name}")
        if readings and not any(map(is_there, readings)) and not is_foreign(first):
            dead.append(name)
    return dead


def is_foreign(name: str) -> bool:
    return name != "epoque" and find_spec(name) is not None


def test_what_the_code_mentions_is_there() -> None:
    dead = {}
    for module, path in MODULES.items():
        if path.name in CLEAN_ROOM:
            continue
        package = module if path.name == "__init__.py" else module.rpartition(".")[0]
        text = path.read_text(encoding="utf-8")
        try:
            importlib.import_module(module)
            names = find_dead_names(text, package, module)
        except ModuleNotFoundError:  # what is only for a GPU
            names = find_dead_names(text, package)
        if names:
            dead[module] = names
    assert dead == {}


def test_what_the_documents_mention_is_there() -> None:
    paths = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    texts = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in paths}
    assert {
        name: dead for name, text in texts.items() if (dead := find_dead_names(text, "epoque"))
    } == {}


def test_a_dead_name_is_found() -> None:
    text = "`bench.torch.gone`, `epoque.bench.config.Config.gone`, `bench.config.Config.replace`"
    assert find_dead_names(text, "epoque") == [
        "bench.torch.gone",
        "epoque.bench.config.Config.gone",
    ]
