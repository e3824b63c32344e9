"""Every reader of files that users bring, each with whole files to begin with.

A new reader is one line of `READERS`.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import samples

__all__ = ["READERS", "Reader"]


@dataclass(frozen=True)
class Reader:
    """One way in which a file is read.

    Attributes:
        name: of it.
        file: what the file is called, in a folder of its own.
        samples: returns whole files.
        read: reads it from its path; returns or raises an error of Epoque.
        beside: returns the files that stand beside it.
    """

    name: str
    file: str
    samples: Callable[[], Sequence[bytes]]
    read: Callable[[Path], object]
    beside: Callable[[], Mapping[str, bytes]] = field(default=dict)


def _report(path: Path) -> object:
    from epoque.report.claims.reported_values import read_report

    return read_report(path)


def _picture(path: Path) -> object:
    from epoque.bench.files.images import read_picture

    return read_picture(path)


def _silhouette(path: Path) -> object:
    from epoque.gan2d.data.silhouette import silhouette

    return silhouette(path)


def _book_picture(path: Path) -> object:
    from epoque.report.pictures import FilePicture

    return FilePicture.read(path.parent, path.name)


def _set(path: Path) -> object:
    from epoque.stylegan3.dataset.check import check_dataset

    return check_dataset(path)


def _folder_of(path: Path) -> object:
    return _set(path.parent)


def _find_training_data(path: Path) -> object:
    from epoque.stylegan3.dataset.image_set import ImageSet

    images = ImageSet(path)
    return [images[index] for index in range(len(images))]


def _source(path: Path) -> object:
    from epoque.bench.files.images import PictureError, decode
    from epoque.stylegan3.dataset.sources import open_source

    for item in open_source(path).items():
        try:
            decode(item.read())
        except PictureError:
            continue
    return path


def _label(path: Path) -> object:
    import numpy as np

    from epoque.stylegan3.conditioning import Conditioning

    return Conditioning(3, vectors=np.zeros((1, 3), np.float32)).parse(str(path))


def _arrays(path: Path) -> object:
    from epoque.stylegan3.npz import read_npz

    return read_npz(path, ("w",), "it holds no styles", optional=("plan",))


def _weights(path: Path) -> object:
    from epoque.stylegan3.official.archive import read_tensors

    return [values.sum() for values in read_tensors(path).values() if values.dtype.kind in "fiub"]


def _snapshot(path: Path) -> object:
    from epoque.stylegan3.official.snapshot import read_snapshot

    return read_snapshot(path)


def _network(path: Path) -> object:
    from epoque.stylegan3.networks.store import load_network

    return load_network(path)


def _language_model(path: Path) -> object:
    from epoque.language.models import hf_checkpoints

    return hf_checkpoints.load_model(path.parent)


def _tokenizer(path: Path) -> object:
    from epoque.language.data.tokenizer import load_tokenizer

    return load_tokenizer(path.parent).encode("abab a\nb" * 20)


def _text(path: Path) -> object:
    from epoque.language.data.corpus import file_documents

    return list(file_documents((str(path),)))


def _table(path: Path) -> object:
    from epoque.bench.files.csv_table import read_csv

    return read_csv(path).values()


def _points(data: str) -> Callable[[Path], object]:
    def read(path: Path) -> object:
        from epoque.gan2d.config import Gan2dConfig
        from epoque.gan2d.data.user_points import load_points

        return load_points(Gan2dConfig(data=data, **{data: str(path)}))  # type: ignore[arg-type]

    return read


def _recipe(path: Path) -> object:
    from epoque.bench.lab import find_lab
    from epoque.bench.recipes import find_recipe

    recipe = find_recipe(str(path))
    return find_lab(recipe.lab).config_class.parse(recipe.config)


def _book(path: Path) -> object:
    from epoque.report.book import read_book

    return read_book(path.parent / "runs", "en", template=path)


def _formula(path: Path) -> object:
    from epoque.report.maths import latex_to_mathml, latex_to_typst

    latex = path.read_bytes().decode(errors="replace")
    return latex_to_mathml(latex), latex_to_typst(latex)


def _json(path: Path) -> object:
    from epoque.bench.files.json_text import parse_json

    return parse_json(path.read_bytes(), path.name)


def _run(path: Path) -> object:
    from epoque.bench.runs.run import Run, Runs

    run = Run.open(path.parent)
    found: list[Any] = [Runs(path.parent.parent).rows(), run.status]
    for name in (
        "metadata",
        "files",
        "config",
        "results",
        "environment",
        "metrics",
        "checkpoint_steps",
    ):
        try:
            found.append(getattr(run, name))
        except Exception as error:
            _only_ours(error)
    for step in run.checkpoint_steps:
        try:
            run.checkpoint(step)
        except Exception as error:
            _only_ours(error)
    return found


def _only_ours(error: Exception) -> None:
    from epoque.bench.errors import EpoqueError

    if not isinstance(error, EpoqueError):
        raise error


def _recorded_table(path: Path) -> object:
    from epoque.bench.files.parquet_table import read_table

    return read_table(path)


@cache
def _run_files() -> dict[str, bytes]:
    """The files of a small run; made in a process of its own, since engines start threads."""
    import os

    with TemporaryDirectory() as folder:
        child = os.fork()
        if not child:
            from epoque.api import run

            run("neuron/and", runs=folder, iterations=5, figures=False)
            os._exit(0)
        os.waitpid(child, 0)
        (made,) = (path for path in Path(folder).iterdir() if not path.name.startswith("."))
        return {
            path.relative_to(made).as_posix(): path.read_bytes()
            for path in made.rglob("*")
            if path.is_file() and not path.name.startswith(".")
        }


def _one(files: Callable[[], Mapping[str, bytes]], name: str) -> Callable[[], Sequence[bytes]]:
    return lambda: (files()[name],)


def _others(files: Callable[[], Mapping[str, bytes]], name: str) -> Callable[[], Any]:
    return lambda: {other: data for other, data in files().items() if other != name}


def _pictures_beside() -> dict[str, bytes]:
    return {"0.png": samples.pictures()[0], "1.png": samples.pictures()[0]}


def _of_runs() -> Iterator[Reader]:
    for name in ("config.json", "status.json", "results.json", "metrics.jsonl", "environment.json"):
        files = _run_files
        yield Reader(f"run: {name}", name, _one(files, name), _run, _others(files, name))


def _of_networks() -> Iterator[Reader]:
    for name in ("net.json", "net.safetensors"):
        files = samples.networks
        yield Reader(f"network: {name}", name, _one(files, name), _network, _others(files, name))
    for name in ("config.json", "model.safetensors"):
        model = samples.language_model
        one, others = _one(model, name), _others(model, name)
        yield Reader(f"language model: {name}", name, one, _language_model, others)


READERS: tuple[Reader, ...] = (
    Reader("picture", "a.png", samples.pictures, _picture),
    Reader("silhouette", "a.png", samples.pictures, _silhouette),
    Reader("picture of a book", "a.webp", samples.pictures, _book_picture),
    Reader("drawing of a book", "a.svg", lambda: (b"<svg xmlns='a'><g/></svg>",), _book_picture),
    Reader("zip that is checked", "set.zip", samples.zips, _set),
    Reader("zip that is trained on", "set.zip", samples.zips, _find_training_data),
    Reader("zip of a new set", "set.zip", samples.zips, _source),
    Reader("labels", "dataset.json", samples.label_files, _folder_of, _pictures_beside),
    Reader("numbers of a label", "a.json", lambda: (b"[0.5, 1, 2]", b"1 2 3"), _label),
    Reader("Parquet of pictures", "a.parquet", samples.picture_table, _source),
    Reader("arrays", "a.npz", samples.npz, _arrays),
    Reader("weights (.pt)", "a.pt", samples.archives, _weights),
    Reader("weights (.safetensors)", "a.safetensors", samples.tensors, _weights),
    Reader("official network", "a.pkl", samples.snapshots, _snapshot),
    Reader("tokenizer", "tokenizer.json", samples.tokenizers, _tokenizer),
    Reader("text", "a.txt", samples.texts, _text),
    Reader("rows", "a.jsonl", samples.rows, _text),
    Reader("Parquet of texts", "a.parquet", samples.text_table, _text),
    Reader("table", "a.csv", samples.tables, _table),
    Reader("points", "a.csv", samples.tables, _points("csv")),
    Reader("drawing", "a.json", samples.drawings, _points("drawing")),
    Reader("recipe", "a.yaml", samples.recipes, _recipe),
    Reader("template", "a.md", samples.templates, _book),
    Reader("report that is handed in", "a.md", samples.reports, _report),
    Reader("formula", "a.tex", samples.formulas, _formula),
    Reader("JSON", "a.json", lambda: (json.dumps({"a": [1, None]}).encode(),), _json),
    Reader("recorded table", "a.parquet", samples.text_table, _recorded_table),
    *_of_networks(),
    *_of_runs(),
)
