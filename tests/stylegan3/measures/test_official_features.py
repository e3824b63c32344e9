"""Files of weights read without executing anything in them, and brought into our networks."""

import io
import pickle
import warnings
import zipfile
from collections import OrderedDict
from contextlib import suppress

import numpy as np
import pytest
import torch
from torch import nn

from epoque.bench.errors import DataError
from epoque.stylegan3.measures.official_features import load_inception, load_vgg
from epoque.stylegan3.measures.path_length import PathDistance
from epoque.stylegan3.official import archive, inception, vgg
from epoque.stylegan3.official.archive import read_tensors
from epoque.stylegan3.official.weight_matching import Layer, load_matching_weights


class Block(nn.Module):
    """A block as an official file may have it: the vectors beside the convolution."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, bias=False)
        self.beta = nn.Parameter(torch.randn(outputs))
        self.register_buffer("mean", torch.randn(outputs))
        self.register_buffer("var", torch.rand(outputs))
        self.sizes = [1, 2]

    def forward(self, x):
        return self.conv(x) + self.beta[:, None, None]


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(Block(3, 4), Block(4, 4), Block(4, 4))
        self.output = nn.Linear(4, 2)

    def forward(self, x):
        return self.output(self.layers(x).mean((2, 3)))


@pytest.fixture(scope="module")
def scripted():
    """A TorchScript archive, and the tensors in it."""
    net = Net()
    file = io.BytesIO()
    with warnings.catch_warnings(action="ignore"):  # it is deprecated; the files are not
        torch.jit.save(torch.jit.trace(net, torch.zeros(1, 3, 12, 12)), file)
    return file.getvalue(), {name: of.numpy(force=True) for name, of in net.state_dict().items()}


def _equal(found, wanted):
    assert set(found) == set(wanted)
    for name, of in wanted.items():
        np.testing.assert_array_equal(found[name], of)


def test_a_torchscript_archive_is_read(scripted, tmp_path):
    data, wanted = scripted
    (tmp_path / "net.pt").write_bytes(data)
    _equal(read_tensors(tmp_path / "net.pt"), wanted)


def test_a_state_dict_is_read(tmp_path):
    state = Net().state_dict()
    torch.save(state, tmp_path / "net.pth")
    _equal(read_tensors(tmp_path / "net.pth"), {n: of.numpy() for n, of in state.items()})


def test_safetensors_are_read(tmp_path):
    from safetensors.torch import save_file

    state = Net().state_dict()
    save_file(dict(state), tmp_path / "net.safetensors")
    _equal(read_tensors(tmp_path / "net.safetensors"), {n: of.numpy() for n, of in state.items()})
    (tmp_path / "net.safetensors").write_bytes(b"\x08" + bytes(40))
    with pytest.raises(DataError, match="no safetensors"):
        read_tensors(tmp_path / "net.safetensors")


class _Stub:
    """Pickled as the official files' modules are: a name that is not here, and plain data."""

    def __init__(self, told):
        self.told = told

    def __reduce__(self):
        return _Named("torch_utils.persistence", "_reconstruct_persistent_obj"), (self.told,)


class _Named:
    def __init__(self, module, name):
        self.__module__, self.__qualname__, self.__name__ = module, name, name


class _Pickler(pickle._Pickler):
    """Writes names of modules that are not installed."""

    def save(self, obj, save_persistent_id=True):
        if isinstance(obj, _Named):
            self.write(pickle.GLOBAL + f"{obj.__module__}\n{obj.__name__}\n".encode())
        else:
            super().save(obj, save_persistent_id)

    def save_reduce(self, func, args, *rest, **told):
        self.save(func)
        self.save(args)
        self.write(pickle.REDUCE)


def _pickle(value):
    file = io.BytesIO()
    _Pickler(file, 4).dump(value)
    return file.getvalue()


def test_an_archive_inside_an_official_pickle_is_read(scripted, tmp_path):
    data, wanted = scripted
    state = {"_modules": {}, "_parameters": {}, "blob": data, "name": "x"}
    told = {"type": "class", "class_name": "Detector", "module_src": "x = 1", "state": state}
    (tmp_path / "net.pkl").write_bytes(_pickle(_Stub(told)))
    found = read_tensors(tmp_path / "net.pkl")
    _equal({name.removeprefix("blob."): of for name, of in found.items()}, wanted)


MODULE = b"ctorch_utils.persistence\n_reconstruct_persistent_obj\n}(X\x0a\x00\x00\x00class_name"
REST = b"X\x05\x00\x00\x00state}u\x85R"
DEEP = MODULE + b")" + b"\x85" * 100_000 + REST
"""A module whose class is a tuple within tuples."""
WIDE = MODULE + b")" + b"q\x00h\x00\x86" * 60 + REST
"""And one whose name would have 2^60 parts, if anybody wrote it out."""


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"cos\nsystem\n(S'true'\ntR.", "neither an archive of PyTorch nor a pickle"),
        (b"\x80\x02cos\nsystem\nX\x04\x00\x00\x00true\x85R.", "asks for os.system"),
        (b"\x80\x02c__builtin__\neval\nX\x01\x00\x00\x001\x85R.", "asks for __builtin__.eval"),
        (b"\x80\x02c__torch__.A\nB\nK\x01\x85\x81.", "made in an unknown way"),
        (b"\x80\x02}.", "holds no tensors"),
        (b"", "it is empty"),
        (b"PK\x03\x04" + bytes(50), "cannot be read as a zip"),
        (b"\x80\x02" + DEEP + b".", "not described as an official file describes it"),
        (b"\x80\x02" + WIDE + b".", "not described as an official file describes it"),
    ],
)
def test_what_is_no_data_is_refused(data, told, tmp_path):
    (tmp_path / "net.pkl").write_bytes(data)
    with pytest.raises(DataError, match=told):
        read_tensors(tmp_path / "net.pkl")


def test_lists_within_lists_do_not_make_it_hang(tmp_path):
    deep = b"\x80\x02]q\x00" + b"".join(
        b"]q" + bytes([i]) + (b"(h" + bytes([i - 1])) + b"h" + bytes([i - 1]) + b"e"
        for i in range(1, 23)
    )
    (tmp_path / "net.pkl").write_bytes(deep + b".")
    with pytest.raises(DataError, match="nested too deeply"):
        read_tensors(tmp_path / "net.pkl")


def _pack(entries, compression=zipfile.ZIP_STORED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archived:
        for name, data in entries.items():
            archived.writestr(name, data)
    return file.getvalue()


def _entries(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archived:
        return {name: archived.read(name) for name in archived.namelist()}


def test_damaged_archives_are_refused(scripted, tmp_path):
    path, (data, _) = tmp_path / "net.pt", scripted
    entries = _entries(data)
    (first,) = (name for name in entries if name.endswith("/data/0"))
    for changed, told in (
        (_pack(entries | {first: entries[first][:-4]}), "cut short or damaged"),
        (_pack(entries, zipfile.ZIP_DEFLATED), "compressed, as PyTorch never does"),
        (_pack({n: of for n, of in entries.items() if n != first}), "missing"),
        (_pack({"a/b/data.pkl": b""}), "none of PyTorch"),
        (_pack(entries | {first.replace("data/0", "byteorder"): b"big"}), "byte order"),
        (data[: len(data) // 2], "cannot be read as a zip"),
    ):
        path.write_bytes(changed)
        with pytest.raises(DataError, match=told):
            read_tensors(path)
    rng = np.random.default_rng(0)
    for _ in range(60):  # flipped bits: read or refused, never anything else
        flipped = bytearray(data)
        for place in rng.integers(len(data), size=3):
            flipped[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(bytes(flipped))
        with suppress(DataError):
            read_tensors(path)


class Ours(nn.Module):
    """A network of ours with the usual names."""

    def __init__(self):
        super().__init__()
        self.a, self.a_bn = nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4)
        self.b, self.b_bn = nn.Conv2d(4, 4, 3, bias=False), nn.BatchNorm2d(4)
        self.c, self.c_bn = nn.Conv2d(4, 4, 3, bias=False), nn.BatchNorm2d(4)
        self.fc = nn.Linear(4, 2)

    def layers(self):
        roles = {"bias": "bias", "gain": "weight", "mean": "running_mean", "var": "running_var"}
        found = [
            Layer(f"{n}.weight", {role: f"{n}_bn.{own}" for role, own in roles.items()})
            for n in "abc"
        ]
        return [*found, Layer("fc.weight", {"bias": "fc.bias"})]


def test_weights_are_wired_by_shapes_and_order(scripted, tmp_path):
    (tmp_path / "net.pt").write_bytes(scripted[0])
    ours, theirs = Ours(), scripted[1]
    assert (
        load_matching_weights(ours, read_tensors(tmp_path / "net.pt"), ours.layers(), "test")
        == "shapes"
    )
    state = ours.state_dict()
    for number, name in enumerate("abc"):
        np.testing.assert_array_equal(state[f"{name}.weight"],
                                      theirs[f"layers.{number}.conv.weight"])  # fmt: skip
        np.testing.assert_array_equal(state[f"{name}_bn.bias"], theirs[f"layers.{number}.beta"])
        np.testing.assert_array_equal(state[f"{name}_bn.running_var"],
                                      theirs[f"layers.{number}.var"])  # fmt: skip
        assert (state[f"{name}_bn.weight"] == 1).all()  # no gain in the file
    np.testing.assert_array_equal(state["fc.bias"], theirs["output.bias"])


def test_weights_with_the_usual_names_are_taken_by_them():
    theirs, ours = Ours(), Ours()
    arrays = {f"module.{n}": of.numpy() for n, of in reversed(theirs.state_dict().items())}
    assert (
        load_matching_weights(ours, arrays | {"more": np.zeros(3)}, ours.layers(), "test")
        == "names"
    )
    _equal({n: of.numpy() for n, of in ours.state_dict().items()},
           {n: of.numpy() for n, of in theirs.state_dict().items()})  # fmt: skip


def test_another_network_is_refused():
    ours = Ours()
    arrays = {"x.weight": np.zeros((4, 3, 3, 3), np.float32)}
    with pytest.raises(DataError, match="no test: a layer's bias is missing"):
        load_matching_weights(ours, arrays, ours.layers(), "test")
    with pytest.raises(DataError, match="a weight of 4×3×3×3 is missing"):
        load_matching_weights(
            ours, {"x.weight": np.zeros((2, 4), np.float32)}, ours.layers(), "test"
        )


def test_inception_has_the_paper_s_form(tmp_path):
    """All sizes follow the paper: 94 convolutions, 2048 features, 1008 classes."""
    network = inception.Inception()
    assert len(network.layers()) == 95
    assert sum(p.numel() for p in network.parameters()) == 23_850_960
    renamed = OrderedDict()  # as the official file may be: its own names, the same order
    for number, layer in enumerate(network.layers()):
        state = network.state_dict()
        renamed[f"l{number}.w"] = state[layer.weight]
        for role, name in layer.vectors.items():
            own = {"bias": "beta", "mean": "moving_mean", "var": "moving_variance"}.get(role)
            if own is not None:
                renamed[f"l{number}.{own}"] = state[name]
    torch.save(renamed, tmp_path / "inception.pkl")
    detector = load_inception(str(tmp_path / "inception.pkl"))
    assert detector.how == "shapes"
    assert "not checked" in detector.name
    levels = torch.randint(0, 256, (2, 1, 20, 20), dtype=torch.uint8)
    features = detector(levels, range(2))
    assert features.shape == (2, 2048)
    network.eval()
    with torch.no_grad():
        np.testing.assert_allclose(features, network.features(levels), rtol=1e-5)
    chances = detector.probabilities()(levels, range(2))
    assert chances.shape == (2, 1008)
    np.testing.assert_allclose(chances.sum(1), 1, rtol=1e-5)


def test_images_are_resized_as_tensorflow_1_did():
    x = torch.tensor([[[[0.0, 2.0], [4.0, 6.0]]]])
    found = inception._resize(x, 4)
    torch.testing.assert_close(found[0, 0, 0], torch.tensor([0.0, 1, 2, 2]))
    torch.testing.assert_close(found[0, 0, :, 0], torch.tensor([0.0, 2, 4, 4]))


@pytest.fixture
def slim(monkeypatch):
    """A VGG whose dense layers are narrow."""
    monkeypatch.setattr(vgg, "WIDTH", 6)
    return vgg.Vgg()


def test_vgg_and_the_perceptual_distance(slim, tmp_path):
    state = dict(slim.state_dict())
    torch.save(state, tmp_path / "vgg.pth")
    lins = {f"lin{i}.model.1.weight": torch.rand(1, c, 1, 1) for i, c in enumerate(vgg.LPIPS)}
    torch.save(lins, tmp_path / "lin.pth")
    plain = load_vgg(str(tmp_path / "vgg.pth"))
    assert plain.how == "names"
    assert not plain.lpips
    whole = load_vgg(str(tmp_path / "vgg.pth"), lpips=tmp_path / "lin.pth")
    assert whole.lpips
    levels = torch.rand(2, 3, 32, 32) * 255
    assert whole(levels.to(torch.uint8), range(2)).shape == (2, 6)
    with torch.no_grad():
        one, other = whole.network.perceptual(levels)
        wanted = _lpips(slim, levels, [of.reshape(-1) for of in lins.values()])
    assert (one - other).square().sum() == pytest.approx(wanted, rel=1e-4)
    with pytest.raises(DataError, match="name their file with --lpips"):
        PathDistance(plain)
    others = {name: of + 0.5 for name, of in lins.items()}
    torch.save(others, tmp_path / "others.pth")
    other = load_vgg(str(tmp_path / "vgg.pth"), lpips=tmp_path / "others.pth")
    assert other.digest == whole.digest
    assert (
        PathDistance(other).key != PathDistance(whole).key
    )  # or distances of the first would be used again
    with pytest.raises(DataError, match="no weights of LPIPS"):
        load_vgg(str(tmp_path / "vgg.pth"), lpips=tmp_path / "vgg.pth")
    with pytest.raises(DataError, match="no Inception"):
        load_inception(str(tmp_path / "vgg.pth"))


def _lpips(network, levels, weights):
    """The perceptual distance as the paper's equation 1 writes it."""
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    x = (levels / 255 - mean[:, None, None]) / std[:, None, None]
    total, stage = 0.0, 0
    for module in network.features:
        if isinstance(module, nn.MaxPool2d):
            unit = x / (x.norm(dim=1, keepdim=True) + 1e-10)
            apart = (unit[0] - unit[1]).square() * weights[stage][:, None, None]
            total, stage = total + float(apart.sum(0).mean()), stage + 1
        x = module(x)
    return total


def test_archives_within_a_file_share_one_budget(scripted, tmp_path):
    data, _ = scripted
    few = {"class_name": "A", "state": {"blobs": [data] * 8}}
    (tmp_path / "net.pkl").write_bytes(_pickle(_Stub(few)))
    assert len(read_tensors(tmp_path / "net.pkl")) == 8 * 14
    many = {"class_name": "A", "state": {"blobs": [data] * 20_000}}  # one, noted 20,000 times
    (tmp_path / "net.pkl").write_bytes(_pickle(_Stub(many)))
    with pytest.raises(DataError, match="far more archives than a network's file needs"):
        read_tensors(tmp_path / "net.pkl")


def test_names_that_grow_with_the_parts_they_are_in(tmp_path):
    state = {str(i): 0 for i in range(9)}
    for _ in range(20):
        state = {"long" * 100: state}
    (tmp_path / "net.pkl").write_bytes(_pickle(_Stub({"class_name": "A", "state": state})))
    with pytest.raises(DataError, match="nested too deeply"):
        read_tensors(tmp_path / "net.pkl")


def test_brain_floats_and_truth_values_are_read(tmp_path):
    numbers = torch.randn(3, 4).bfloat16()
    torch.save({"a": numbers, "b": numbers.T, "c": numbers[:1] > 0}, tmp_path / "net.pt")
    found = read_tensors(tmp_path / "net.pt")
    _equal(found, {"a": numbers.float(), "b": numbers.T.float(), "c": (numbers[:1] > 0).numpy()})
    assert found["a"].dtype == np.float32


def test_other_weights_may_come_first(scripted):
    ours, theirs = Ours(), scripted[1]
    first = {"first.weight": np.zeros((1, 2, 3, 3)), "second.weight": np.zeros((7, 9))}
    assert load_matching_weights(ours, first | theirs, ours.layers(), "test") == "shapes"
    np.testing.assert_array_equal(ours.a.weight.detach(), theirs["layers.0.conv.weight"])


def test_thousands_of_tensors_are_wired_at_once():
    many = {f"{'a.' * (i % 90)}{i}.weight": np.zeros((2, 2)) for i in range(20_000)}
    with pytest.raises(DataError, match="The file holds no test: a weight of 4×3×3×3 is missing"):
        load_matching_weights(Ours(), many, Ours().layers(), "test")


def test_the_largest_file_is_limited(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MAX_WEIGHTS_BYTES", 10)
    (tmp_path / "net.pt").write_bytes(bytes(11))
    with pytest.raises(DataError, match="far larger"):
        read_tensors(tmp_path / "net.pt")
