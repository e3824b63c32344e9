"""Programs of generators: what they make, for batches of any size, and what is refused."""

import json
import sys

import numpy as np
import onnxruntime
import pytest
import torch
from small import small

from epoque.bench.errors import EpoqueError, MissingExtraError, UsageError
from epoque.stylegan3.commands import build_app
from epoque.stylegan3.conditioning import Conditioning
from epoque.stylegan3.export import write
from epoque.stylegan3.export.formats import EncodedProgram, encode_program, load_runner
from epoque.stylegan3.export.programs import GeneratorProgram, trace
from epoque.stylegan3.export.write import export_generator, export_paths
from epoque.stylegan3.latents import sample_latents
from epoque.stylegan3.networks.store import save_network

APP = build_app("")

FEW = {"num_layers": 2, "num_critical": 1}


def with_mean(opened):
    """Give a network a mean style, so that truncation does something."""
    opened.generator.mapping.w_avg.copy_(torch.linspace(-1, 1, 8))
    return opened


def test_onnx_of_a_network_with_classes(tmp_path):
    opened = with_mean(small("t", c_dim=3, img_channels=1, **FEW))
    opened.card["licence"] = "Apache-2.0"
    path = tmp_path / "new" / "faces.onnx"
    (written,) = export_generator(opened, export_paths(path), cutoff=2)
    assert written.check.by.startswith("ONNX Runtime")
    assert written.check.difference < 1e-5
    assert written.check.levels <= 1
    assert sorted(file.name for file in path.parent.iterdir()) == ["faces.onnx", "faces.onnx.json"]

    session = onnxruntime.InferenceSession(path.read_bytes())
    assert [value.name for value in session.get_inputs()] == ["z", "label", "truncation"]
    assert [value.shape for value in session.get_outputs()] == [["batch", 1, 16, 16]]
    z = sample_latents(range(5), 8).astype(np.float32)
    labels = np.array([2, 0, 1, 1, 2])
    strength = np.array(0.4, np.float32)
    (found,) = session.run(None, {"z": z, "label": labels, "truncation": strength})
    wanted = opened.generator(
        torch.from_numpy(z), torch.eye(3)[torch.from_numpy(labels)], psi=0.4, cutoff=2
    )
    np.testing.assert_allclose(found, wanted, atol=1e-5)
    assert b"/epoque/" not in path.read_bytes()  # no paths of the machine that wrote it

    card = json.loads(path.with_name("faces.onnx.json").read_text())
    assert card["licence"] == "Apache-2.0"
    assert card["cutoff"] == 2
    assert card["spec"] == opened.generator.spec.to_json()
    assert [signal["shape"] for signal in card["inputs"]] == [["batch", 8], ["batch"], []]
    assert card["output"]["name"] == "image"
    assert card["opset"] >= 18
    assert card["check"]["levels"] == written.check.levels


def test_programs_of_torch_export(tmp_path):
    opened = with_mean(small("r", **FEW))
    files = export_paths(tmp_path, ("mapping", "synthesis"), ("pt2",))
    assert [path.name for path in files] == ["mapping.pt2", "synthesis.pt2"]
    done = []
    written = export_generator(opened, files, images=1, progress=lambda *moved: done.append(moved))
    assert done == [
        (0, 2, "tracing the mapping"),
        (0, 2, "writing and checking mapping.pt2"),
        (1, 2),
        (1, 2, "tracing the synthesis"),
        (1, 2, "writing and checking synthesis.pt2"),
        (2, 2),
    ]
    assert written[0].check.levels is None
    mapping, synthesis = (torch.export.load(one.path).module() for one in written)
    z = torch.from_numpy(sample_latents(range(3), 8)).float()
    w = mapping(z=z, truncation=torch.tensor(0.6))
    assert w.shape == (3, opened.generator.num_ws, 8)
    with torch.no_grad():
        wanted = opened.generator(z, psi=0.6)
        images = synthesis(w=w)
    torch.testing.assert_close(images, wanted, atol=1e-5, rtol=0)


def test_a_program_takes_labels_of_many_numbers(tmp_path):
    opened = with_mean(small("t", c_dim=3, **FEW))
    labels = np.array([[0.5, 0, 2], [0, 1, 1]], np.float32)
    opened.generator.labels = Conditioning.from_labels(labels)
    (written,) = export_generator(opened, {tmp_path / "mapping.pt2": ("mapping", "pt2")})
    told = json.loads((tmp_path / "mapping.pt2.json").read_text())["inputs"][1]
    assert (told["name"], told["shape"], told["type"]) == ("label", ["batch", 3], "float32")
    mapping = torch.export.load(written.path).module()
    z = torch.from_numpy(sample_latents(range(2), 8)).float()
    w = mapping(z=z, label=torch.from_numpy(labels), truncation=torch.tensor(1.0))
    with torch.no_grad():
        torch.testing.assert_close(w, opened.generator.mapping(z, torch.from_numpy(labels)))


def test_stylegan2_keeps_its_own_noise():
    network = small("stylegan2", img_resolution=8).generator
    program = GeneratorProgram(network, "synthesis")
    _, run = load_runner(encode_program(trace(program), program, "pt2"), 8)
    ws = network.mapping(torch.from_numpy(sample_latents(range(3), 8)))
    np.testing.assert_allclose(run({"w": ws.numpy()}), network.synthesis(ws), atol=1e-5)
    assert not torch.allclose(network.synthesis(ws), network.synthesis(ws, noise="none"))


@pytest.mark.parametrize(
    ("to", "parts", "kinds", "told"),
    [
        ("a.onnx", ("mapping", "synthesis"), (), "part: a.onnx holds one part"),
        ("a.pt2", (), ("onnx",), "--format is for folders"),
        ("a.pth", (), (), "to: .*a.pth is not allowed; it ends in .onnx or .pt2"),
    ],
)
def test_files_that_are_not_possible_are_refused(tmp_path, to, parts, kinds, told):
    with pytest.raises(UsageError, match=told):
        export_paths(tmp_path / to, parts, kinds)


def test_a_folder_holds_all_parts_in_both_formats(tmp_path):
    files = export_paths(tmp_path / "all")
    assert len(files) == 6
    assert files[tmp_path / "all" / "synthesis.onnx"] == ("synthesis", "onnx")
    assert export_paths(tmp_path / "x.onnx", ("mapping",)) == {
        tmp_path / "x.onnx": ("mapping", "onnx")
    }


def test_onnx_without_its_extra_is_told_before_anything_is_computed(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(MissingExtraError, match=r"ONNX needs an extra: .*epoque\[export\]"):
        export_generator(small(), export_paths(tmp_path / "a.onnx"))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("told", "match"),
    [
        ({"images": 4}, "check: 4 is not allowed"),
        ({"cutoff": 99}, "cutoff: 99 is not allowed"),
    ],
)
def test_settings_that_are_not_possible_are_refused(tmp_path, told, match):
    with pytest.raises(UsageError, match=match):
        export_generator(small(), export_paths(tmp_path / "a.pt2"), **told)


def test_a_file_that_does_something_else_is_not_written(tmp_path, monkeypatch):
    opened, other = small("stylegan2"), small("stylegan2", seed=1)
    monkeypatch.setattr(
        write, "trace", lambda program: trace(GeneratorProgram(other.generator, program.part))
    )
    with pytest.raises(EpoqueError, match="would not do what the network does"):
        export_generator(opened, export_paths(tmp_path / "a.pt2", ("mapping",)))
    assert not list(tmp_path.iterdir())


def test_without_onnx_runtime_small_networks_are_run_all_the_same(monkeypatch):
    import onnx
    from onnx import helper

    shape = ["batch", 2]
    w, image = (helper.make_tensor_value_info(n, 1, shape) for n in ("w", "image"))
    graph = helper.make_graph([helper.make_node("Neg", ["w"], ["image"])], "g", [w], [image])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    made = EncodedProgram("onnx", model.SerializeToString(), 18)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    by, run = load_runner(made, 64)
    assert by == f"ONNX {onnx.__version__}"
    np.testing.assert_array_equal(run({"w": np.ones((3, 2), np.float32)}), -np.ones((3, 2)))
    assert load_runner(made, 128) is None


def test_the_command_tells_what_the_check_has_shown(tmp_path, capsys):
    save_network(small("stylegan2").generator, tmp_path / "net", {"licence": "CC0"})
    to = str(tmp_path / "m.pt2")
    asked = ["export", "--network", str(tmp_path / "net"), "--to", to, "--part", "mapping"]
    with pytest.raises(SystemExit) as ended:
        APP([*asked, "--json"], result_action="sys_exit")
    assert not ended.value.code
    (told,) = json.loads(capsys.readouterr().out)
    assert told["path"] == to
    assert told["check"]["batch"] == 2
    assert torch.export.load(to).module()(
        z=torch.zeros(1, 8), truncation=torch.tensor(1.0)
    ).shape == (1, small("stylegan2").generator.num_ws, 8)
