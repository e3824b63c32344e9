"""Whole files of every kind, small; what is harmed begins as one of them."""

import io
import json
import pickle
import warnings
import zipfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, features

__all__ = ["FRENCH", "archives", "drawings", "networks", "pictures", "tables", "zips"]

LEVELS = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
FRENCH = "Bonjour, dit-il.\n\n« Où ? »\n" * 9


@cache
def pictures() -> tuple[bytes, ...]:
    image = Image.fromarray(LEVELS)
    kinds: list[tuple[Image.Image, str, dict[str, Any]]] = [
        *(
            (image, kind, {})
            for kind in ("png", "jpeg", "bmp", "tiff", "webp", "ppm", "tga", "gif")
        ),
        *((image, kind, {}) for kind in ("qoi", "pcx", "sgi")),
        (image, "jpeg", {"progressive": True}),
        (image.convert("CMYK"), "jpeg", {}),
        (image.quantize(9), "png", {"transparency": 0}),
        (image.convert("LA"), "png", {}),
        (Image.fromarray(LEVELS[..., 0].astype(np.uint16) * 257), "png", {}),
        (Image.fromarray(LEVELS[..., 0].astype(np.float32)), "tiff", {}),
        (image, "tiff", {"compression": "tiff_lzw"}),
        (image, "gif", {"save_all": True, "append_images": [image.rotate(90)]}),
    ]
    kinds += [(image, "avif", {})] if features.check("avif") else []
    kinds += [(image, "jpeg2000", {})] if features.check("jpg_2000") else []
    return tuple(saved(*kind) for kind in kinds)


def saved(image: Image.Image, kind: str, options: Mapping[str, Any]) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def zip_files(files: Mapping[str, bytes | str], packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", packing) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return file.getvalue()


def labels(*values: Any) -> bytes:
    rows = [[f"{i}.png", value] for i, value in enumerate(values)]
    return json.dumps({"labels": rows, "label_names": ["one", "two"]}, indent=1).encode()


def label_files() -> tuple[bytes, ...]:
    return labels(0, 1), labels("one", "two"), labels([0.5, 1], [2, 1e-3]), b'{"labels": null}'


def zips() -> tuple[bytes, ...]:
    first, second = pictures()[:2]
    files = {"0.png": first, "1.png": second, "dataset.json": labels(0, 1)}
    whole = {f"mine/{name}": data for name, data in files.items()}
    return zip_files(files), zip_files(whole), zip_files(files, zipfile.ZIP_STORED)


def arrays() -> dict[str, Any]:
    return {"a.weight": np.ones((3, 4), np.float32), "a.bias": np.zeros(3), "n": np.array(3)}


def tensors() -> tuple[bytes, ...]:
    import torch
    from safetensors.torch import save

    plain = {name: torch.from_numpy(np.array(of)) for name, of in arrays().items()}
    small = {name: of.to(torch.bfloat16) for name, of in plain.items()}
    tiny = {name: of.to(torch.float8_e4m3fn) for name, of in plain.items()}
    return save(plain), save(small), save(tiny)


@cache
def archives() -> tuple[bytes, ...]:
    """Weights as PyTorch writes them: a state_dict and a programme."""
    import torch

    net = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU())
    first, second = io.BytesIO(), io.BytesIO()
    torch.save(net.state_dict(), first)
    with warnings.catch_warnings(action="ignore"):
        torch.jit.save(torch.jit.trace(net, torch.zeros(1, 3, 8, 8)), second)
    return first.getvalue(), second.getvalue(), *tensors(), pickle.dumps({"a": [1, "b", (2.5,)]}, 4)


def snapshots() -> tuple[bytes, ...]:
    from assemble import module, snapshot, tensor

    numbers = np.arange(12, dtype=np.float32)
    parts = {
        "_parameters": {"weight": tensor(numbers.reshape(3, 4))},
        "_modules": {"synthesis": module("SynthesisInput")},
        "_init_kwargs": {"z_dim": 4, "mapping_kwargs": {"num_layers": 2}},
    }
    return (snapshot(module(**parts)), *archives())


def npz() -> tuple[bytes, ...]:
    first, second = io.BytesIO(), io.BytesIO()
    np.savez(first, w=np.ones((2, 3)), plan=np.array("words"))
    np.savez_compressed(second, w=np.ones((2, 3, 4), np.float32))
    return first.getvalue(), second.getvalue()


def tables() -> tuple[bytes, ...]:
    rows = "a,b,y\n1,2.5,0\n3,-4e-2,1\n5,6,0\n"
    french = "x;y\n1,5;2,5\n0,25;3\n1;1\n"
    texts = (rows, french, french.replace(";", "\t"), rows.replace("\n", "\r"))
    return (
        *(text.encode() for text in texts),
        rows.encode("utf-16"),
        b"\xef\xbb\xbf" + rows.encode(),
    )


def drawings() -> tuple[bytes, ...]:
    return (b'{"strokes": [[[0.1, 0.2], [0.3, 0.4]], [[0.5, 0.5]]]}',)


def texts() -> tuple[bytes, ...]:
    return tuple(FRENCH.encode(code) for code in ("utf-8", "utf-8-sig", "utf-16", "latin-1"))


def rows() -> tuple[bytes, ...]:
    return ("".join(json.dumps({"text": line, "n": 1}) + "\n" for line in FRENCH[:90]).encode(),)


def text_table() -> tuple[bytes, ...]:
    return parquet({"text": ["one", "two", None], "n": [1, 2, 3]})


def picture_table() -> tuple[bytes, ...]:
    cells = [{"bytes": data, "path": "a"} for data in pictures()[:3]]
    return (*parquet({"image": cells, "label": [0, 1, 0]}), *parquet({"image": pictures()[:2]}))


def parquet(columns: Mapping[str, Any]) -> tuple[bytes, ...]:
    import pyarrow as pa
    from pyarrow import parquet as pq

    file = io.BytesIO()
    pq.write_table(pa.table(dict(columns)), file)
    return (file.getvalue(),)


def recipes() -> tuple[bytes, ...]:
    first = "lab: neuron\ntitle: Mine\nconfig:\n  iterations: 5\n  data: and\n  seed: 3\n"
    second = "lab: gan2d\ntitle: {en: Mine, fr: Le mien}\nabout: text\nconfig: {data: ring}\n"
    return first.encode(), second.encode()


def templates() -> tuple[bytes, ...]:
    first = "---\ntitle: Mine\n---\n# One\n\nText *and* $x_1$.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
    second = (
        "# Two\n\n{{ number(3.5) }} {% for i in range(3) %}{{ i }}{% endfor %}\n\n$$y=x$$\n\n> q\n"
    )
    return first.encode(), second.encode()


def reports() -> tuple[bytes, ...]:
    first = (
        "---\ntitle: Mine\nlang: fr\n---\n# One\n\nIt is [0,02]{claim=a/b}, not `[1]{claim=c}`.\n"
    )
    second = (
        "| claim | value |\n|---|---|\n| a/b | 20 to 25 |\n\n[9 %]{claim='x'} and [2e-5]{claim=y}\n"
    )
    return first.encode(), second.encode()


def formulas() -> tuple[bytes, ...]:
    return (
        b"\\frac{a}{b} + x_1^2",
        b"\\begin{matrix} a & b \\\\ c & d \\end{matrix}",
        b"\\sqrt[3]{x}",
    )


def tokenizers() -> tuple[bytes, ...]:
    from tokenizers import Tokenizer, models, pre_tokenizers

    vocab = {"<unk>": 0, "a": 1, "b": 2, "ab": 3}
    bpe = Tokenizer(models.BPE(vocab, [("a", "b")], unk_token="<unk>"))
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel()
    words = Tokenizer(models.WordLevel(vocab, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    return bpe.to_str().encode(), words.to_str().encode()


@cache
def networks() -> dict[str, bytes]:
    """The two files of a network of the StyleGAN3 lab."""
    from tempfile import TemporaryDirectory

    from epoque.stylegan3 import networks
    from epoque.stylegan3.networks.store import save_network

    sizes = {"z_dim": 4, "w_dim": 4, "img_resolution": 16, "channel_base": 32, "channel_max": 2}
    spec = networks.StyleGan2Spec(**sizes, mapping_layers=1)
    with TemporaryDirectory() as folder:
        save_network(networks.init_generator(spec, 0), Path(folder) / "net")
        return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


@cache
def language_model() -> dict[str, bytes]:
    """The files of a small model of the language lab."""
    from tempfile import TemporaryDirectory

    from epoque.language import models
    from epoque.language.models import ModelConfig, hf_checkpoints

    sizes = {"vocabulary": 11, "width": 8, "layers": 1, "heads": 1, "feed_forward": 8}
    spec = ModelConfig("gpt2", "causal", context=8, **sizes)
    with TemporaryDirectory() as folder:
        hf_checkpoints.save_model(models.create_model(spec), None, Path(folder))
        return {path.name: path.read_bytes() for path in Path(folder).iterdir()}
