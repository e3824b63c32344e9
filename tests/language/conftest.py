import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from epoque.bench.runs.execute import execute, start
from epoque.bench.runs.run import Run
from epoque.bench.seeds import numpy_rng
from epoque.language.config import LanguageConfig
from epoque.language.lab import LAB

sys.path.insert(0, str(Path(__file__).parent))  # for the modules that tests share

WIKITEXT = Path(__file__).parents[2].parent / "shared" / "data" / "wikitext-2"

WHO = ("the cat", "a dog", "the old king", "my sister", "nobody", "the river")
DID = ("sees", "follows", "loves", "forgets", "never reaches", "becomes")
WHAT = ("the house", "a green hill", "the sea", "bread", "another day", "the end")

TINY: dict[str, Any] = {
    "vocabulary": 300,
    "block_size": 16,
    "layers": 1,
    "width": 16,
    "heads": 2,
    "head": "full",
    "batch_size": 8,
    "epochs": 1000.0,
    "max_steps": 30,
    "log_every": 5,
    "precision": "float32",
    "device": "cpu",
}
"""A model and a training of a second."""


def sentences(count: int, purpose: str) -> str:
    """Return lines made of three parts, each drawn from six."""
    drawn = numpy_rng(7, purpose).integers(6, size=(count, 3))
    lines = [f"{WHO[a]} {DID[b]} {WHAT[c]} ." for a, b, c in drawn]
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keep the tests' tokenizers and tokens apart from the user's."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EPOQUE_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Compute on one thread: two gain nothing with models this small and wait for one another."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def texts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return the settings that name a small text."""
    folder = tmp_path_factory.mktemp("texts")
    for name, count in (("train", 300), ("valid", 60), ("test", 40)):
        (folder / f"{name}.txt").write_text(sentences(count, name), encoding="utf-8")
    return {f"{name}_files": (str(folder / f"{name}.txt"),) for name in ("train", "valid", "test")}


@pytest.fixture(scope="session")
def tiny(texts: dict[str, Any]) -> Callable[..., LanguageConfig]:
    """Return a config of a training of a second, with some settings changed."""

    def make(**settings: Any) -> LanguageConfig:
        return LanguageConfig(**{**TINY, **texts, **settings})

    return make


@pytest.fixture(scope="session")
def train_run(
    tiny: Callable[..., LanguageConfig], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Run]:
    """Train a tiny run, once for all tests that ask for the same settings."""
    root = tmp_path_factory.mktemp("language")
    known: dict[str, Run] = {}

    def train(**settings: Any) -> Run:
        name = repr(sorted(settings.items()))
        if name not in known:
            run = start(LAB, tiny(**settings), f"language/{len(known)}", root)
            known[name] = execute(run, (), draw=False)
        return Run(known[name].path)

    return train


@pytest.fixture(scope="session")
def wikitext() -> Path:
    """Return the folder of WikiText-2, or skip."""
    if not (WIKITEXT / "train.txt").is_file():
        pytest.skip("WikiText-2 is not at hand beside this checkout")
    return WIKITEXT
