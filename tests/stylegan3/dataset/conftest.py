import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for the module that tests share


@pytest.fixture
def golden() -> Path:
    path = Path(__file__).parents[4] / "shared" / "golden" / "stylegan3"
    if not path.is_dir():
        pytest.skip("the sets made by the official programs are not here")
    return path


@pytest.fixture
def pack(tmp_path: Path) -> Callable[..., Path]:
    """Make a zip of files."""

    def make(files: Mapping[str, bytes | str], name: str = "set.zip") -> Path:
        with zipfile.ZipFile(tmp_path / name, "w") as file:
            for entry, data in files.items():
                file.writestr(entry, data)
        return tmp_path / name

    return make
