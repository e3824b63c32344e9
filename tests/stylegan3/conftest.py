import sys
from pathlib import Path

import pytest
import torch

from epoque.stylegan3.ops.dispatch import use_backend

sys.path.insert(0, str(Path(__file__).parent))  # for the modules that tests share


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Compute on one thread: two gain nothing with networks this small."""
    torch.set_num_threads(1)


@pytest.fixture(params=["auto", "reference"])
def path(request):
    """Compute on each path in turn."""
    with use_backend(request.param):
        yield
