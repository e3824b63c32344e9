"""A training of a language model, and the making of its cache of tokens."""

import os
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "language"))

import pandas  # noqa: F401
import tokenizers  # noqa: F401
import torch
import transformers  # noqa: F401
from killing import Job, files_in

import epoque.language.evaluation.evaluate
import epoque.language.training.train  # noqa: F401
from conftest import TINY, sentences
from epoque.bench.runs.execute import execute, start
from epoque.language.config import LanguageConfig
from epoque.language.data.tokenized_corpus import load_corpus as load
from epoque.language.lab import LAB

torch.set_num_threads(1)


def jobs(root: Path) -> Iterator[Job]:
    """Yield the jobs."""
    texts = {}
    for name, count in (("train", 120), ("valid", 30), ("test", 20)):
        (root / f"{name}.txt").write_text(sentences(count, name), encoding="utf-8")
        texts[f"{name}_files"] = (str(root / f"{name}.txt"),)
    config = LanguageConfig(**{**TINY, **texts, "max_steps": 12, "checkpoint_every": 3})
    yield Job("token-cache", partial(_encode, config), _cache)
    yield Job("language", partial(_train, config), _run, warm=True)


def _cache(folder: Path) -> dict[str, bytes]:
    return files_in(folder / "cache")


def _run(folder: Path) -> dict[str, bytes]:
    return files_in(folder / "run")


def _encode(config: LanguageConfig, folder: Path) -> None:
    os.environ["EPOQUE_CACHE"] = str(folder / "cache")
    load(config)


def _train(config: LanguageConfig, folder: Path) -> None:
    run = start(LAB, config, "language/tiny", folder, "run")
    if not run.is_complete:
        execute(run, draw=False)
