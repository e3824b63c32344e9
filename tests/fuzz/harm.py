"""Ways to damage a file, and files that mean harm."""

import io
import pickle
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from random import Random

__all__ = ["HOSTILE", "WAYS", "harmed"]

CANARY = "canary"
"""What a file that is executed would write, in the folder where the readers work."""

Way = Callable[[Random, bytes, Sequence[bytes]], bytes]


def harmed(chance: Random, samples: Sequence[bytes]) -> tuple[str, bytes]:
    """Return the name of what was done to one of the samples, and the result."""
    name = chance.choice([*WAYS, "hostile"])
    if name == "hostile":
        name = chance.choice(list(HOSTILE))
        return name, HOSTILE[name]()
    return name, WAYS[name](chance, chance.choice(samples), samples)


def _cut(chance: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    return data[: chance.randrange(len(data) + 1)]


def _flip(chance: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    found = bytearray(data)
    for _ in range(chance.choice((1, 1, 3, 30)) if found else 0):
        found[chance.randrange(len(found))] ^= 1 << chance.randrange(8)
    return bytes(found)


def _blank(chance: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    start, size = chance.randrange(len(data) + 1), chance.choice((1, 16, 4096))
    return data[:start] + bytes(min(size, len(data) - start)) + data[start + size :]


def _without(chance: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    start, size = chance.randrange(len(data) + 1), chance.randint(1, 60)
    return data[:start] + data[start + size :]


def _repeat(chance: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    start, size = chance.randrange(len(data) + 1), chance.randint(1, 60)
    times = chance.choice((2, 20, 3000))
    return data[:start] + data[start : start + size] * times + data[start + size :]


def _splice(chance: Random, data: bytes, samples: Sequence[bytes]) -> bytes:
    other = chance.choice(samples)
    return data[: chance.randrange(len(data) + 1)] + other[chance.randrange(len(other) + 1) :]


def _renumber(chance: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    """Put an extreme number where four or eight bytes may be one."""
    form = chance.choice(("<I", ">I", "<Q", "<i", "<H", ">H", "<f"))
    values = {"f": (float("nan"), float("inf"), -1e38), "i": (-1, -(2**31))}
    bits = 8 * struct.calcsize(form)
    value = chance.choice(values.get(form[1], (0, 2**bits - 1, 2 ** (bits - 1), 2 ** (bits // 2))))
    piece = struct.pack(form, value)
    start = chance.randrange(max(1, len(data) - len(piece)))
    return data[:start] + piece + data[start + len(piece) :]


WORDS = (
    *(b"1e999", b"9" * 400, b"9" * 5000, b"-1", b"NaN", b"-0", b"0x10", b"1_000", b"Infinity"),
    *(
        b"null",
        b"true",
        b'""',
        b"[]",
        b"{}",
        b'"\\ud800"',
        b"\xff\xfe",
        b"\0",
        b"\r",
        b"\xe2\x80\xa8",
    ),
    *(b"[" * 3000, b'{"a":' * 3000, b"(" * 3000, b"{{" * 500, b"{%" * 50, b"*" * 3000, b">" * 2000),
    *(
        b"../../etc/passwd",
        b"/dev/zero",
        b"s3://a/b",
        b"*a",
        b"&a [*a]",
        b"!!python/name:os.system",
    ),
)


def _add_words(chance: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    """Put a word where a number or another word stands, or anywhere."""
    places = [i for i in range(len(data)) if data[i : i + 1].isdigit()] or [len(data)]
    start = chance.choice(places) if chance.random() < 0.7 else chance.randrange(len(data) + 1)
    return data[:start] + chance.choice(WORDS) + data[start + chance.randint(0, 4) :]


WAYS: Mapping[str, Way] = {
    "cut": _cut,
    "flipped": _flip,
    "blanked": _blank,
    "without": _without,
    "repeated": _repeat,
    "spliced": _splice,
    "numbered": _renumber,
    "worded": _add_words,
}


class _Command:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        import os

        return os.system, (f"touch {CANARY}",)


def _zip(files: Mapping[str, bytes], packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", packing) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return file.getvalue()


def _png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    rows = zlib.compress(bytes(2**24))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


def _torch_zip(pickled: bytes) -> bytes:
    return _zip({"a/data.pkl": pickled, "a/data/0": bytes(64)}, zipfile.ZIP_STORED)


def _safetensors(header: bytes) -> bytes:
    return struct.pack("<Q", len(header)) + header


_EMPTY = b'{"dtype":"F32","shape":[0],"data_offsets":[0,0]}'
_ALIASES = b"a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + b"".join(
    b"a%d: &a%d [%s]\n" % (i, i, b", ".join([b"*a%d" % (i - 1)] * 9)) for i in range(1, 12)
)
_ENTITIES = b"<!DOCTYPE a [<!ENTITY a0 'lol'>%s]><a>&a9;</a>" % b"".join(
    b"<!ENTITY a%d '%s'>" % (i, b"&a%d;" % (i - 1) * 10) for i in range(1, 10)
)

HOSTILE: Mapping[str, Callable[[], bytes]] = {
    "empty": lambda: b"",
    "pointer of Git LFS": lambda: (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"
    ),
    "web page": lambda: b"<!doctype html><html><body>Not found</body></html>",
    "zeros": lambda: bytes(100_000),
    "one long line": lambda: b"a" * 200_000,
    "brackets": lambda: b"[" * 200_000,
    "braces": lambda: b'{"a":' * 50_000,
    "quotes": lambda: b'"' * 100_001,
    "commas": lambda: b"," * 200_000,
    "lists in one line": lambda: b"[" + b"[]," * 1_000_000 + b"0]",
    "surrogates": lambda: (
        b'{"labels": [["\\ud800.png", 0]], "text": "\\udfff", "strokes": "\\ud800"}'
    ),
    "utf-16": lambda: ('{"labels": []}\n' * 50).encode("utf-16"),
    "utf-32": lambda: ('{"labels": []}\n' * 50).encode("utf-32"),
    "pickle that runs a command": lambda: pickle.dumps(_Command()),
    "archive that runs a command": lambda: _torch_zip(pickle.dumps(_Command())),
    "tuples within tuples": lambda: b"\x80\x02)" + b"\x85" * 200_000 + b".",
    "tuples of themselves": lambda: b"\x80\x02)" + b"q\x00h\x00\x86" * 100 + b".",
    "archive of zeros": lambda: _zip({"a.png": bytes(2**26), "dataset.json": bytes(2**26)}),
    "array of zeros": lambda: _zip({"w.npy": bytes(2**26), "a/data.pkl": bytes(2**26)}),
    "archives within archives": lambda: _zip({"a.zip": _zip({"a.zip": _zip({"a": b""})})}),
    "many entries": lambda: _zip({f"{i}.png": b"" for i in range(5000)}),
    "entries outside": lambda: _zip({f"../{CANARY}": b"", "/etc/passwd": b"", "a.png": b""}),
    "picture of 400 million pixels": lambda: _png(20_000, 20_000),
    "picture of 4 billion pixels": lambda: _png(2**16, 2**16),
    "100,000 tensors": lambda: _safetensors(
        b"{" + b",".join(b'"%d":%s' % (i, _EMPTY) for i in range(100_000)) + b"}"
    ),
    "tensors larger than the file": lambda: _safetensors(
        b'{"a":{"dtype":"BF16","shape":[9999999999],"data_offsets":[0,19999999998]}}'
    ),
    "aliases": lambda: b"lab: neuron\nconfig:\n  a: 1\n" + _ALIASES,
    "aliases in front": lambda: b"---\n" + _ALIASES + b"---\ntext\n",
    "objects of Python": lambda: b"lab: !!python/object/apply:os.system ['touch canary']\n",
    "entities": lambda: _ENTITIES,
    "endless template": lambda: (
        b"{% for a in range(99999) %}{% for b in range(99999) %}{{ b }}{% endfor %}{% endfor %}"
    ),
    "template of one huge text": lambda: b"{{ 'x' * 99999999999 }}",
    "template that calls itself": lambda: b"{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}",
    "template that looks behind": lambda: b"{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "emphasis within emphasis": lambda: b"*_" * 20_000 + b"a" + b"_*" * 20_000,
    "quotes within quotes": lambda: b"> " * 5000 + b"a",
    "formula within formulas": lambda: b"$" + b"\\frac{" * 5000 + b"a" + b"}{b}" * 5000 + b"$",
    "table of 5,000 columns": lambda: b"|" + b"a|" * 5000 + b"\n|" + b"-|" * 5000 + b"\n",
    "csv of 20,000 columns": lambda: b"a," * 20_000 + b"b\n" + b"1," * 20_000 + b"1\n",
    "csv of half a row": lambda: b'a,b\n"1,2\n' + b"3,4\n" * 10_000,
    "expression that backtracks": lambda: (
        b'{"version":"1.0","added_tokens":[],"pre_tokenizer":{"type":"Split","pattern":{"Regex":'
        b'"(a|aa)+$(b"},"behavior":"Isolated","invert":false},"model":{"type":"BPE","vocab":{"a":0},'
        b'"merges":[]}}'
    ),
}
"""Files that mean harm to one reader or another; each reader gets each of them."""
