"""Damaged and random files: a sentence or plain data, nothing else, and never without end."""

import pickletools
import random
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from assemble import Call, Name, Persistent, Raw, code, dump, module, snapshot, tensor
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from epoque.bench.errors import DataError
from epoque.stylegan3.official.pickle_globals import CLASSES
from epoque.stylegan3.official.snapshot import Snapshot, read_snapshot_bytes

NUMBERS = np.arange(12, dtype=np.float32)

SMALL = snapshot(
    module(
        _parameters={"weight": tensor(NUMBERS.reshape(3, 4))},
        _buffers={"freqs": tensor(NUMBERS[:3])},
        _modules={"synthesis": module("SynthesisInput")},
        _init_kwargs={"z_dim": 4, "mapping_kwargs": {"num_layers": 2}},
    )
)
"""A whole snapshot of two kilobytes (and a long source text)."""

FEW = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


def attempt(data: bytes) -> bool:
    """Read what may be damaged; tell whether it could be read."""
    try:
        found = read_snapshot_bytes(data)
    except DataError as error:
        told = str(error)
    else:
        return is_plain(found)
    assert "\n" not in told
    assert len(told) < 300
    return False


def is_plain(found: Snapshot) -> bool:
    assert isinstance(found, Snapshot)
    for network in found.networks.values():
        assert network.name in CLASSES
        assert all(isinstance(value.sum(), np.number) for value in network.tensors.values())
    return True


def instructions(data: bytes) -> list[int]:
    """Return the positions of a file that are not a tensor's numbers."""
    found: list[int] = []
    steps = [*pickletools.genops(data)]
    for (opcode, _, start), (_, _, end) in pairwise(steps):
        if opcode.name == "BINBYTES":  # a storage; its pickles are at its beginning
            end = min(end, start + 400)
        found += range(start, start + 20 if opcode.name == "BINUNICODE" else end)
    return found


@pytest.mark.parametrize("name", ["tiny_t", "tiny_sg2", "tiny_cond"])
def test_truncated_golden_files(golden: Path, name: str):
    data = (golden / f"{name}.pkl").read_bytes()
    chosen = random.Random(f"cut {name}")
    for _ in range(8):
        assert not attempt(data[: chosen.randrange(len(data))])
    assert not attempt(data[:-1])


@pytest.mark.parametrize("name", ["tiny_t", "tiny_sg2", "tiny_cond"])
def test_flipped_golden_files(golden: Path, name: str):
    whole = (golden / f"{name}.pkl").read_bytes()
    places = instructions(whole)
    chosen = random.Random(f"flip {name}")
    refused = 0
    for count in (1,) * 15 + (3, 10, 100):
        data = bytearray(whole)
        for place in chosen.choices(places, k=count):
            data[place] ^= 1 << chosen.randrange(8)
        refused += not attempt(bytes(data))
    assert refused > 5


def test_every_truncation_of_a_small_file():
    assert attempt(SMALL)
    for end in range(0, len(SMALL), 3):
        assert not attempt(SMALL[:end])


def test_every_byte_of_a_small_file_changed():
    """At each instruction's place another byte, with a seed."""
    chosen = random.Random("bytes")
    outcomes = set()
    for place in instructions(SMALL)[::2]:
        data = bytearray(SMALL)
        data[place] = chosen.randrange(256)
        outcomes.add(attempt(bytes(data)))
    assert outcomes == {True, False}


@FEW
@given(st.data())
def test_pieces_moved_removed_repeated(data: st.DataObject):
    places = st.integers(0, len(SMALL) - 1)
    start, length, to = data.draw(st.tuples(places, st.integers(1, 60), places))
    piece = SMALL[start : start + length]
    way = data.draw(st.sampled_from(["remove", "repeat", "copy", "reverse"]))
    if way == "remove":
        attempt(SMALL[:start] + SMALL[start + length :])
    elif way == "repeat":
        attempt(SMALL[:start] + piece * 20 + SMALL[start + length :])
    elif way == "copy":
        attempt(SMALL[:to] + piece + SMALL[to:])
    else:
        attempt(SMALL[:start] + piece[::-1] + SMALL[start + length :])


@FEW
@given(st.binary(max_size=200))
def test_random_bytes(data: bytes):
    attempt(b"\x80\x04" + data)


NAMES = [
    "collections.OrderedDict",
    "dnnlib.util.EasyDict",
    "torch_utils.persistence._reconstruct_persistent_obj",
    "torch._utils._rebuild_tensor_v2",
    "torch._utils._rebuild_parameter",
    "torch.storage._load_from_bytes",
    "numpy._core.multiarray.scalar",
    "numpy._core.multiarray._reconstruct",
    "numpy._core.numeric._frombuffer",
    "numpy.dtype",
    "numpy.ndarray",
    "builtins.set",
    "os.system",
]

SIMPLE = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**31), 2**31 - 1),
    st.floats(),
    st.text(max_size=5),
    st.binary(max_size=16),
    st.sampled_from(["f8", "class", "G_ema", "_parameters", tensor(NUMBERS), module()]),
    st.sampled_from(NAMES).map(Name),
)


def _more(inner: st.SearchStrategy) -> st.SearchStrategy:
    values = st.lists(inner, max_size=7)
    return st.one_of(
        values,
        values.map(tuple),
        st.dictionaries(st.sampled_from(["type", "state", "a", 3]), inner, max_size=3),
        st.builds(Call, st.sampled_from(NAMES), values.map(tuple), inner),
        st.builds(Persistent, inner),
        st.builds(lambda value: Raw(b"\x94", (value,)), inner),
        st.builds(lambda value: module(_parameters={"a": value}, _init_kwargs={"b": value}), inner),
        st.tuples(inner, inner).map(lambda pair: Raw(b"b", pair)),
        st.tuples(inner, inner).map(lambda pair: Raw(b"R", pair)),
    )


@FEW
@given(st.recursive(SIMPLE, _more, max_leaves=12), st.booleans())
def test_any_use_of_the_names(value: object, inside: bool):
    """Every name with any arguments in any order: a sentence, or data."""
    attempt(snapshot(value) if inside else dump(value))


@FEW
@given(st.lists(st.one_of(SIMPLE.map(code), st.sampled_from([bytes([i]) for i in range(256)]))))
def test_any_instructions(steps: list[bytes]):
    attempt(b"\x80\x04" + b"".join(steps) + b".")
