import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for the module that tests share

GOLDEN = Path(__file__).parents[4] / "shared" / "golden" / "stylegan3" / "snapshots"


@pytest.fixture
def golden() -> Path:
    if not GOLDEN.is_dir():
        pytest.skip("the snapshots of the official programs are not here")
    return GOLDEN
