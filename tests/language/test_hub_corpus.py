"""Datasets of the Hub: fetched once from a server on this machine that speaks its language."""

import io
import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

sys.path.insert(0, str(Path(__file__).parent))  # modules for tests lie beside them

from dataset_server import dataset_server

# What each load gave: the lines, or the sentence of its error. A process of its own for each
# address, which huggingface_hub reads when it is imported.
_LOADS = """
import json, sys
from epoque.bench.errors import EpoqueError
from epoque.language.data import corpus
from epoque.language.config import LanguageConfig
for settings in json.loads(sys.argv[1]):
    try:
        splits = corpus.load_splits(LanguageConfig(**settings))
        parts = {n: d and list(d)[:50] for n, d in vars(splits).items()}
        told = {**parts, "licence": splits.train.license, "source": splits.train.source}
        told["files"] = [str(d.files[0]) for d in vars(splits).values() if d]
    except EpoqueError as error:
        told = {"error": str(error)}
    print("told:" + json.dumps(told))
"""


def loads(address: str, home: Path, *settings: dict[str, Any], **environment: str) -> list[Any]:
    """Return what loading with each of some settings gives, from a Hub at an address."""
    told = subprocess.run(
        [sys.executable, "-c", _LOADS, json.dumps(settings)],
        env={
            **os.environ,
            "HF_ENDPOINT": address,
            "HF_HOME": str(home / "hf"),
            "EPOQUE_CACHE": str(home / "epoque"),
            **environment,
        },
        check=True,
        capture_output=True,
        text=True,
    )
    lines = [line for line in told.stdout.splitlines() if line.startswith("told:")]
    return [json.loads(line.removeprefix("told:")) for line in lines]


def table(rows: list[str | None]) -> bytes:
    file = io.BytesIO()
    parquet.write_table(pa.table({"text": rows}), file)
    return file.getvalue()


CARD = b"""---
license: cc-by-sa-3.0
configs:
- config_name: wikitext-2-v1
  data_files:
  - split: train
    path: wikitext-2-v1/train-*
  - split: validation
    path: wikitext-2-v1/validation-*
  - split: test
    path: wikitext-2-v1/test-*
---
"""

ROWS = {
    "train.jsonl": b"".join(json.dumps({"body": f"row {i}\n"}).encode() + b"\n" for i in range(40)),
    "README.md": b"---\nlicense: mit\n---\n",
}


def release(texts: dict[str, str]) -> dict[str, bytes]:
    """Return the repository of WikiText-2, in which blank lines are empty rows."""
    files = {"README.md": CARD}
    for split, text in texts.items():
        rows = [f"{line}\n" if line.strip() else "" for line in text.split("\n")[:-1]]
        files[f"wikitext-2-v1/{split}-00000-of-00001.parquet"] = table(rows)
    return files


def nowhere() -> str:
    """Return an address where nobody answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


def test_a_dataset_is_fetched_once_and_its_faults_are_named(tmp_path: Path) -> None:
    wanted: dict[str, Any] = {"corpus": "owner/rows", "text_column": "body"}
    faults = [
        {"corpus": "owner/rows"},
        wanted | {"corpus": "owner/rows:wrong"},
        {"corpus": "owner/none"},
        {"corpus": "owner/gated"},
        {"corpus": "owner/only-test"},
    ]
    repos = {"owner/rows": ROWS, "owner/only-test": {"test.jsonl": b'{"text": "a"}\n'}}
    with dataset_server(repos) as (address, asked):
        [found, *errors] = loads(address, tmp_path, wanted, *faults)
        assert "GET /datasets/owner/rows/resolve/" + "c" * 40 + "/train.jsonl" in asked
    assert found["train"] == [f"row {i}" for i in range(38)]
    assert found["valid"] == ["row 38", "row 39"]  # no such split: the end is held out
    assert (found["licence"], found["source"]) == ("mit", "Hugging Face Hub: owner/rows")
    expected = [
        "owner/rows has no column 'text'; it has 'body' (set text_column).",
        "Cannot load owner/rows from the Hugging Face Hub: BuilderConfig 'wrong' not found.",
        "There is no dataset owner/none on the Hugging Face Hub, or it is private",
        "The dataset owner/gated is open only to those whom its owner lets in;",
        "owner/only-test has no split named train to learn from.",
    ]
    for told, start in zip(errors, expected, strict=True):
        assert told["error"].startswith(start)
        assert "\n" not in told["error"]
    unreachable = {"corpus": "owner/other"}
    [again, error] = loads(nowhere(), tmp_path, wanted, unreachable)
    assert again == found
    assert error["error"].startswith(
        "The Hugging Face Hub is out of reach, so owner/other cannot be fetched ("
    )
    assert "train_files" in error["error"]


def test_wikitext_that_is_not_the_published_one_is_refused(tmp_path: Path) -> None:
    other = release(dict.fromkeys(("train", "validation", "test"), " \n = A = \n \n text \n"))
    with dataset_server({"Salesforce/wikitext": other}) as (address, _):
        [told] = loads(address, tmp_path, {"corpus": "wikitext-2"})
    assert "is not the published one (its SHA-256 differs)" in told["error"]
    assert not list((tmp_path / "epoque" / "datasets").glob("*/*"))


@pytest.mark.slow
def test_wikitext_comes_byte_for_byte_as_it_was_published(tmp_path: Path, wikitext: Path) -> None:
    files = {"train": "train.txt", "validation": "valid.txt", "test": "test.txt"}
    texts = {s: (wikitext / f).read_text(encoding="utf-8") for s, f in files.items()}
    with dataset_server({"Salesforce/wikitext": release(texts)}) as (address, _):
        [told] = loads(address, tmp_path, {"corpus": "wikitext-2"})
    for path, name in zip(told["files"], files.values(), strict=True):
        assert Path(path).read_bytes() == (wikitext / name).read_bytes()
    assert told["licence"] == "CC BY-SA 3.0 and GFDL"
