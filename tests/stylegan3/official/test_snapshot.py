"""What the official programs wrote is read as it is."""

import json
import pickle
import sys
import types
from pathlib import Path

import numpy as np
import pytest
import torch
from assemble import Call, Name, Raw, module, snapshot, stream, tensor

from epoque.bench.errors import DataError
from epoque.stylegan3.official.pickle_data import Budget
from epoque.stylegan3.official.pickle_globals import allowed_globals
from epoque.stylegan3.official.pickle_machine import PickleMachine
from epoque.stylegan3.official.snapshot import read_snapshot, read_snapshot_bytes

NUMBERS = np.arange(12, dtype=np.float32)
REBUILD = "_reconstruct_persistent_obj"


def read_value(data: bytes):
    budget = Budget(bytes=2**24)
    return PickleMachine(memoryview(data), allowed_globals(budget), budget).run()


@pytest.mark.parametrize(
    ("name", "family", "tensors", "layers"),
    [
        ("tiny_t", "stylegan3", 114, 2),
        ("tiny_sg2", "stylegan2", 87, 8),
        ("tiny_cond", "stylegan3", 60, 2),
    ],
)
def test_golden(golden: Path, name: str, family: str, tensors: int, layers: int):
    found = read_snapshot(golden / f"{name}.pkl")
    assert list(found.networks) == ["G", "D", "G_ema"]
    generator = found.networks["G_ema"]
    assert (generator.name, generator.family) == ("Generator", family)
    assert len(generator.tensors) == tensors
    assert generator.arguments["mapping_kwargs"] == {"num_layers": layers}
    assert generator.arguments["img_resolution"] == 32
    assert generator.tensors.keys() == found.networks["G"].tensors.keys()
    assert found.networks["D"].name == "Discriminator"
    assert found.networks["D"].arguments["epilogue_kwargs"] == {"mbstd_group_size": 4}
    assert found.training_set["resolution"] == 32
    assert found.augment is not None
    assert found.augment.tensors["p"] == 0.25
    json.dumps([generator.arguments, found.training_set], allow_nan=False)


def test_golden_tensors_are_pytorchs(golden: Path):
    """PyTorch's own reader gives the same numbers for every tensor of a file."""

    class Reader(pickle.Unpickler):  # as the official programs read it, without their classes
        def find_class(self, module, name):
            if name == "EasyDict":
                return dict
            if name == "_reconstruct_persistent_obj":
                return lambda told: told
            return super().find_class(module, name)

    def walk(told, prefix=""):
        state = told["state"]
        for part in ("_parameters", "_buffers"):
            yield from ((prefix + n, t) for n, t in state[part].items() if t is not None)
        for name, part in state["_modules"].items():
            if part is not None:
                yield from walk(part, f"{prefix}{name}.")

    with (golden / "tiny_cond.pkl").open("rb") as file:
        theirs = Reader(file).load()
    ours = read_snapshot(golden / "tiny_cond.pkl")
    for key, network in ours.networks.items():
        expected = dict(walk(theirs[key]))
        assert list(network.tensors) == list(expected)
        for name, value in expected.items():
            np.testing.assert_array_equal(network.tensors[name], value.detach().numpy())


@pytest.mark.parametrize("version", [3, 4, 5])
def test_other_versions_of_the_format(golden: Path, version: int, monkeypatch: pytest.MonkeyPatch):
    """Python's own pickler writes the golden file anew: 3 is StyleGAN2-ADA's, 4 and 5 framed."""
    persistence = types.ModuleType("torch_utils.persistence")
    util = types.ModuleType("dnnlib.util")

    class Persistent:
        def __init__(self, told):
            self.told = told

        def __reduce__(self):
            return persistence._reconstruct_persistent_obj, (self.told,)

    def rebuild(told):
        return Persistent(told)

    class EasyDict(dict):
        pass

    rebuild.__module__, rebuild.__qualname__ = "torch_utils.persistence", REBUILD
    EasyDict.__module__, EasyDict.__qualname__ = "dnnlib.util", "EasyDict"
    setattr(persistence, REBUILD, rebuild)
    util.EasyDict = EasyDict
    for name, made in (("torch_utils.persistence", persistence), ("dnnlib.util", util)):
        monkeypatch.setitem(sys.modules, name.split(".")[0], types.ModuleType("package"))
        monkeypatch.setitem(sys.modules, name, made)
    data = (golden / "tiny_cond.pkl").read_bytes()
    again = pickle.dumps(pickle.loads(data), version)
    assert (b"\x95" in again[:4]) == (version > 3)
    ours, expected = read_snapshot_bytes(again), read_snapshot_bytes(data)
    assert ours.training_set == expected.training_set
    for key, network in expected.networks.items():
        assert ours.networks[key].arguments == network.arguments
        assert ours.networks[key].classes == network.classes
        for name, value in network.tensors.items():
            np.testing.assert_array_equal(ours.networks[key].tensors[name], value)


@pytest.mark.parametrize("version", [3, 4, 5])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int64", "uint8"])
def test_tensors_pickled_by_pytorch(version: int, dtype: str):
    whole = torch.arange(60).reshape(3, 4, 5).to(getattr(torch, dtype))
    views = [whole, whole.permute(2, 0, 1), whole[1:, ::2], whole[0, 0, 0], whole[:0]]
    views += [torch.nn.Parameter(views[1])] if whole.is_floating_point() else []
    for view in views:
        found = read_value(pickle.dumps(view, version))
        np.testing.assert_array_equal(found, view.detach().numpy())
        assert found.shape == tuple(view.shape)
        assert not found.flags.writeable


def test_numpy_values_pickled_by_numpy():
    for version in (3, 4, 5):
        data = [np.float64(0.25), np.int64(-7), np.bool_(True), np.float32(3)]
        assert read_value(pickle.dumps(data, version)) == [0.25, -7, True, 3]
        for array in (np.arange(6).reshape(2, 3), np.asfortranarray(np.eye(3)[:2])):
            assert read_value(pickle.dumps(array, version)).values.tolist() == array.tolist()
        assert read_value(pickle.dumps({"a": {"set"}}, version)) == {"a": {"set"}}


def test_arguments_are_plain_and_named():
    array = Call(
        "numpy._core.multiarray._reconstruct",
        (Name("numpy.ndarray"), (0,), b"b"),
        (1, (2,), Call("numpy.dtype", ("i8", False, True)), False, np.array([5, 6]).tobytes()),
    )
    half = Call(
        "numpy.core.multiarray.scalar", (Call("numpy.dtype", ("f8",)), np.float64(0.5).tobytes())
    )
    kwargs = {"img_channels": 1, "sizes": array, "beta": half, "more": {"a": (1, None, "x")}}
    network = module(_init_args=(64, 0, 32, 16), _init_kwargs=kwargs)
    found = read_snapshot_bytes(snapshot(network)).networks["G_ema"]
    assert found.arguments == {
        "z_dim": 64,
        "c_dim": 0,
        "w_dim": 32,
        "img_resolution": 16,
        "img_channels": 1,
        "sizes": [5, 6],
        "beta": 0.5,
        "more": {"a": [1, None, "x"]},
    }


def test_names_of_tensors_and_buffers_that_are_not_saved():
    part = module("SynthesisInput", _buffers={"freqs": tensor(NUMBERS), "none": None})
    unsaved = Raw(b"\x8f(\x8c\x05cacheq\x00\x90")
    network = module(
        _parameters={"weight": tensor(NUMBERS.reshape(3, 4))},
        _buffers={"cache": tensor(NUMBERS)},
        _non_persistent_buffers_set=unsaved,
        _modules={"input": part, "gone": None},
    )
    found = read_snapshot_bytes(snapshot(network)).networks["G_ema"]
    assert found.classes == {"": "Generator", "input": "SynthesisInput"}
    assert {k: v.shape for k, v in found.tensors.items()} == {
        "weight": (3, 4),
        "input.freqs": (12,),
    }


def test_the_source_text_is_not_kept():
    """Long texts are passed over; a short one stands in no result."""
    found = read_value(snapshot())["G_ema"]
    assert "never executed" not in repr(found)
    assert "never executed" not in repr(read_snapshot_bytes(snapshot()))


def test_a_file_is_mapped_not_read(tmp_path: Path):
    """64 MB of tensors cost next to no memory until they are looked at."""
    import tracemalloc

    big = np.zeros(2**22, np.float32)
    tensors = {f"t{i}": tensor(big) for i in range(4)}
    path = tmp_path / "big.pkl"
    path.write_bytes(snapshot(module(_parameters=tensors)))
    tracemalloc.start()
    found = read_snapshot(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2**20
    assert all(value.nbytes == 2**24 for value in found.networks["G_ema"].tensors.values())


def test_one_storage_for_several_tensors():
    """A storage that was noted once may be used again."""
    whole = stream(NUMBERS)
    load = Raw(b"r\xff\xff\x00\x00", (Call("torch.storage._load_from_bytes", (whole,)),))
    hooks = Call("collections.OrderedDict")
    rebuild = "torch._utils._rebuild_tensor_v2"
    first = Call(rebuild, (load, 0, (3,), (1,), False, hooks))
    second = Call(rebuild, (Raw(b"j\xff\xff\x00\x00"), 4, (2, 2), (1, 3), False, hooks))
    found = read_snapshot_bytes(snapshot(module(_parameters={"a": first, "b": second}))).networks[
        "G_ema"
    ]
    assert found.tensors["a"].tolist() == [0, 1, 2]
    assert found.tensors["b"].tolist() == [[4, 7], [5, 8]]
    assert np.shares_memory(found.tensors["b"], found.tensors["b"].base)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "it is empty"),
        (b"PK\x03\x04rest", "it is a zip archive"),
        (b"\x1f\x8brest", "compressed with gzip"),
        (b"  <!DOCTYPE html><html>", "it is a web page"),
        (b"\x89PNG\r\n", "it is a picture"),
        (b"hello", "it is no network snapshot"),
        (pickle.dumps({"model": 1}), "none of the networks"),
        (pickle.dumps((1, 2, 3)), "TensorFlow era"),
        (b"\x80\x03cdnnlib.tflib.network\nNetwork\n.", "TensorFlow era"),
    ],
)
def test_other_files_are_refused_by_kind(tmp_path: Path, content: bytes, told: str):
    path = tmp_path / "some.pkl"
    path.write_bytes(content)
    with pytest.raises(DataError, match=told) as caught:
        read_snapshot(path)
    assert str(caught.value).startswith(f"{path} cannot be read: ")
    assert caught.value.exit_code == 2


def test_no_such_file(tmp_path: Path):
    with pytest.raises(DataError, match="there is no such file"):
        read_snapshot(tmp_path / "no.pkl")
    with pytest.raises(DataError, match="it is a folder"):
        read_snapshot(tmp_path)
