"""The notebooks run in a kernel of IPython, and show cards, progress and figures."""

import importlib.util
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from waiting import PATIENCE

NOTEBOOKS = Path(__file__).parents[1] / "docs" / "notebooks"
NEEDED = {"language": "transformers", "stylegan3": "numba"}
SHOWN = {
    "gan2d": ("gan2d/ganlab-ring", "<svg", "data:image/webp"),
    "language": ("language/tiny-clm", "<svg", "To be, or", "<th>probability</th>"),
    "neuron": ("neuron/and", "<svg", "data:image/webp", "learning_rate"),
    "stylegan3": ("data:image/png", "data:image/webp"),
}
"""What the outputs of each must hold."""

if any(importlib.util.find_spec(name) is None for name in ("nbclient", "ipykernel")):
    pytest.skip(
        "nbclient or ipykernel is not installed: pip install -e '.[dev]'", allow_module_level=True
    )

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", sorted(SHOWN))
def test_a_notebook_runs_and_shows(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if (package := NEEDED.get(name)) and importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed")
    import nbformat
    from nbclient import NotebookClient

    bars: list[str] = []

    class Client(NotebookClient):
        """Also keeps the bars, which are taken away once what they show is done."""

        def process_message(self, msg: dict[str, Any], cell: Any, cell_index: int) -> Any:
            html = msg["content"].get("data", {}).get("text/html", "")
            bars.extend([html] if "<progress" in html else [])
            return super().process_message(msg, cell, cell_index)

    monkeypatch.delenv("EPOQUE_RUNS", raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    for variable in ("JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR"):
        monkeypatch.setenv(variable, str(tmp_path / variable.lower()))
    notebook = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    client = Client(
        notebook, timeout=int(PATIENCE), startup_timeout=int(PATIENCE), kernel_name="python3",
        resources={"metadata": {"path": str(tmp_path)}},
    )  # fmt: skip
    # By files, since another process could take a port between its choice and its use; in a
    # folder of its own, since the path of such a file must be short.
    with TemporaryDirectory() as folder:
        manager = client.create_kernel_manager()
        manager.transport, manager.ip = "ipc", f"{folder}/kernel"
        client.execute()
    nbformat.validate(notebook)
    outputs = [o for cell in notebook.cells if cell.cell_type == "code" for o in cell.outputs]
    said = json.dumps(outputs, ensure_ascii=False)
    assert all(text in said for text in SHOWN[name])
    assert not [o for o in outputs if o.output_type == "error"]
    remarks = [o.text for o in outputs if o.get("name") == "stderr"]
    assert not [text for text in remarks if "IProgress not found" not in text]  # tqdm's, of widgets
    assert bars
    assert not any("<progress" in o.get("data", {}).get("text/html", "") for o in outputs)
    kinds = {kind for o in outputs for kind in o.get("data", {})}
    assert "text/html" in kinds
