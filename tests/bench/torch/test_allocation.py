"""Freed memory is kept, told, and used again without asking the system."""

import subprocess
import sys

import pytest

from epoque.bench.torch.allocation import keep_freed_memory, reserved_memory

SIZE = 64 * 2**20

PROGRAM = f"""
import resource, sys
import numpy as np
from epoque.bench.torch.allocation import keep_freed_memory, reserved_memory

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    np.ones({SIZE}, np.uint8)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

if sys.argv[1] == "keep" and not keep_freed_memory():
    sys.exit()
faults(), faults()
print(faults(), reserved_memory())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's settings")
def test_a_block_that_was_freed_is_used_again():
    told = {}
    for manner in ("keep", "plain"):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, manner], capture_output=True, text=True, check=True
        )
        told[manner] = [int(word) for word in done.stdout.split()]
    if not told["keep"]:
        pytest.skip("this C library cannot be told")
    # With transparent huge pages the system gives 2 MiB a fault, else 4 kiB.
    assert told["keep"][0] < SIZE >> 22 < told["plain"][0]
    assert told["keep"][1] >= SIZE > told["plain"][1]


def test_another_c_library_keeps_nothing(monkeypatch):
    monkeypatch.setattr("epoque.bench.torch.allocation._of_library", lambda name: None)
    assert not keep_freed_memory()
    assert reserved_memory() == 0
