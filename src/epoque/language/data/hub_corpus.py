"""Datasets of the Hugging Face Hub, fetched once into the cache as files of text."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from epoque.bench.errors import DataError, first_line
from epoque.bench.files.cache import build_once, cache_key
from epoque.bench.files.input_files import visible_files

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict

__all__ = ["COLUMN", "HubDataset", "fetch_dataset", "fetch_wikitext"]

COLUMN = "text"
"""The column of the Parquet files in the cache."""

_SPLITS = {
    "train": "training",
    "validation": "validation",
    "valid": "validation",
    "dev": "validation",
    "test": "test",
}

_WIKITEXT = {
    "train": "9e9fa1ad55b1c2c95b08e37dd8e653f638fac2c6de904b79e813611eefbc985f",
    "validation": "f0737ed31fc1329026e95cb8b98e19c2a182c39c240ab909dc31abf2f8af58e8",
    "test": "d790b833ef8cf03a90db7bf1271b7520b83c45ce07ba3c1a9699df81e239eca0",
}
"""SHA-256 of the files of the tokenised release (Merity et al. 2016, arXiv:1609.07843)."""

_ROWS = 1000


@dataclass(frozen=True)
class HubDataset:
    """A dataset in the cache.

    Attributes:
        files: "training", "validation" and "test", as far as it has them, to a file.
        source: where it is from, one line.
        license: as its card says, or None.
    """

    files: dict[str, Path]
    source: str
    license: str | None


def fetch_dataset(name: str, column: str) -> HubDataset:
    """Return a dataset of the Hub as Parquet files of one column; what was fetched stays.

    Args:
        name: `owner/name` or `owner/name:config`.
        column: where its text is.

    Raises:
        DataError: if there is no such dataset or column, or the Hub is out of reach.
    """
    repo, _, config = name.partition(":")

    def make(to: Path) -> None:
        splits, license = _load_dataset(repo, config or None)
        for split, rows in splits.items():
            if split in _SPLITS:
                _write_parquet(to / f"{split}.parquet", name, rows, column)
        _write_about(to, f"Hugging Face Hub: {name}", license)

    key = cache_key(format=1, repo=repo, config=config, column=column)
    return _open_cached(build_once("datasets", key, make, _is_whole))


def fetch_wikitext() -> HubDataset:
    """Return WikiText-2, the tokenised release with <unk>, byte for byte as it was published.

    Raises:
        DataError: if the Hub is out of reach, or what it gave is not that release.
    """
    repo, config = "Salesforce/wikitext", "wikitext-2-v1"

    def make(to: Path) -> None:
        splits, _ = _load_dataset(repo, config)
        for split, expected in _WIKITEXT.items():
            # The dataset leaves the one space out that a blank line of the release holds.
            text = "".join(row or " \n" for row in _texts("wikitext-2", splits[split], COLUMN))
            if hashlib.sha256(text.encode()).hexdigest() != expected:
                raise DataError(
                    f"The {split} text of wikitext-2 that the Hub gave is not the published one "
                    "(its SHA-256 differs); give the files yourself (train_files, valid_files)."
                )
            (to / f"{split}.txt").write_bytes(text.encode())
        _write_about(to, f"Hugging Face Hub: {repo}, {config}", "CC BY-SA 3.0 and GFDL")

    return _open_cached(
        build_once("datasets", cache_key(format=1, wikitext=_WIKITEXT), make, _is_whole)
    )


def _load_dataset(repo: str, config: str | None) -> "tuple[DatasetDict, str | None]":
    """Return a `datasets.DatasetDict`, from the Hub or from its own cache, and its licence."""
    revision, license = _ask_hub(repo)
    import datasets

    try:
        return datasets.load_dataset(repo, config, revision=revision), license
    except Exception as error:  # of datasets, pyarrow, the HTTP library, or a bare one
        message = f"Cannot load {repo} from the Hugging Face Hub: {first_line(error)}."
        raise DataError(message) from None


def _ask_hub(repo: str) -> tuple[str | None, str | None]:
    """Return the commit to fetch and the licence, None where only what is cached can be had.

    One question, asked once: `datasets` itself would repeat it for half a minute.

    Raises:
        DataError: if there is no such dataset, or no answer.
    """
    from huggingface_hub import HfApi, constants
    from huggingface_hub.errors import GatedRepoError, HFValidationError, RepositoryNotFoundError

    if constants.HF_HUB_OFFLINE:
        return None, None
    try:
        info = HfApi().dataset_info(repo, timeout=20)
    except GatedRepoError:
        raise DataError(
            f"The dataset {repo} is open only to those whom its owner lets in; ask on its page, "
            "then log in (hf auth login)."
        ) from None
    except (RepositoryNotFoundError, HFValidationError):
        raise DataError(
            f"There is no dataset {repo} on the Hugging Face Hub, or it is private (log in: "
            "hf auth login)."
        ) from None
    except Exception as error:  # of the HTTP library, which is not always the same
        raise DataError(
            f"The Hugging Face Hub is out of reach, so {repo} cannot be fetched "
            f"({first_line(error)}); give files of your own (train_files), or set HF_ENDPOINT."
        ) from None
    license = getattr(info.card_data, "license", None)
    return info.sha, ", ".join(license) if isinstance(license, list) else license


def _texts(name: str, rows: "Dataset", column: str) -> Iterator[str]:
    if column not in rows.column_names:
        columns = ", ".join(map(repr, rows.column_names))
        raise DataError(f"{name} has no column {column!r}; it has {columns} (set text_column).")
    for batch in rows.select_columns(column).iter(batch_size=_ROWS):
        for text in batch[column]:
            if not isinstance(text, str | None):
                raise DataError(f"{name}: column {column!r} holds no text: {text!r:.60}.")
            yield text or ""


def _write_parquet(path: Path, name: str, rows: "Dataset", column: str) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    schema = pa.schema({COLUMN: pa.large_string()})
    texts = _texts(name, rows, column)
    with parquet.ParquetWriter(path, schema, compression="zstd") as file:
        while batch := list(islice(texts, _ROWS)):
            file.write_table(pa.table({COLUMN: batch}, schema=schema))


def _write_about(to: Path, source: str, license: str | None) -> None:
    (to / "about.json").write_text(json.dumps({"source": source, "licence": license}))


def _is_whole(path: Path) -> bool:
    return (path / "about.json").is_file()


def _open_cached(path: Path) -> HubDataset:
    about = json.loads((path / "about.json").read_text())
    files = {_SPLITS[f.stem]: f for f in visible_files(path) if f.stem in _SPLITS}
    return HubDataset(files, about["source"], about["licence"])
