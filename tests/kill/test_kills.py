"""Whatever is killed, whenever, and however often: the same command ends with the same bytes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
KILLS = os.environ.get("EPOQUE_TEST_KILLS", "25")


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked here")
@pytest.mark.parametrize("jobs", sorted(path.stem for path in HERE.glob("*_jobs.py")))
def test_killed_again_and_again(jobs: str) -> None:
    one = {"OMP_NUM_THREADS": "1", "RAYON_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    done = subprocess.run(
        [sys.executable, HERE / "killing.py", jobs, KILLS],
        env={**os.environ, **one}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
