"""How much memory is free: the least of what machine, control groups and process allow."""

import resource
import subprocess
import sys

import pytest

from epoque.bench.errors import UsageError
from epoque.bench.system.memory import explain_out_of_memory, free_memory

GIB = 2**30
MACHINE = {"proc/meminfo": "MemTotal: 16777216 kB\nMemAvailable:    8388608 kB\nHugePages: 0\n"}


@pytest.fixture
def system(tmp_path, monkeypatch):
    """Write files of a system into a folder, and return what is free there."""
    monkeypatch.setattr(resource, "getrlimit", lambda _what: (resource.RLIM_INFINITY,) * 2)

    def write(*many):
        for path, text in (MACHINE | dict(pair for one in many for pair in one.items())).items():
            file = tmp_path / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return free_memory(tmp_path)

    return write


def group(folder, most, now, **parts):
    """The files of a control group of version 2."""
    stat = "".join(f"{name} {value}\n" for name, value in parts.items())
    files = {"memory.max": f"{most}\n", "memory.current": f"{now}\n", "memory.stat": stat}
    return {f"sys/fs/cgroup/{folder}{name}": text for name, text in files.items()}


def test_of_a_machine_without_limits_what_it_has_available(system):
    assert system() == 8 * GIB
    assert system({"proc/self/cgroup": "0::/user\n"}, group("user/", "max", GIB)) == 8 * GIB


def test_of_no_system_nothing_is_known(tmp_path, monkeypatch):
    monkeypatch.setattr(resource, "getrlimit", lambda _what: (resource.RLIM_INFINITY,) * 2)
    assert free_memory(tmp_path) is None
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/meminfo").write_text("nothing\nMemAvailable: much kB\n")
    assert free_memory(tmp_path) is None


def test_the_limit_of_a_container_counts(system):
    own = {"proc/self/cgroup": "0::/\n"}
    assert system(own, group("", 2 * GIB, GIB)) == GIB
    # Copies of files are given up when memory is wanted.
    copies = group("", 2 * GIB, 2 * GIB, anon=GIB, inactive_file=GIB // 2, active_file=GIB // 4)
    assert system(copies) == 3 * GIB // 4
    assert system(group("", GIB, 2 * GIB)) == 0


def test_the_groups_above_count_too(system):
    files = {"proc/self/cgroup": "0::/slice/job\n"}
    free = system(files, group("slice/job/", 3 * GIB, 0), group("slice/", 2 * GIB, GIB // 2))
    assert free == 3 * GIB // 2


@pytest.mark.parametrize("folder", ["docker/abc/", ""])
def test_groups_of_the_first_version_count(system, folder):
    """In a container the path is the one outside; the files lie at the top."""
    start = f"sys/fs/cgroup/memory/{folder}memory."
    files = {
        "proc/self/cgroup": "9:cpu:/\n4:hugetlb,memory:/docker/abc\n0::/\nno line\n",
        f"{start}limit_in_bytes": f"{4 * GIB}\n",
        f"{start}usage_in_bytes": f"{3 * GIB}\n",
        f"{start}stat": f"inactive_file 7\ntotal_inactive_file {GIB}\n",
    }
    assert system(files) == 2 * GIB


def test_the_limit_of_the_address_space_counts(system, monkeypatch):
    monkeypatch.setattr(resource, "getrlimit", lambda _what: (3 * GIB, resource.RLIM_INFINITY))
    pages = 2 * GIB // resource.getpagesize()
    assert system({"proc/self/statm": f"{pages} 7 7 7 0 7 0\n"}) == GIB


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the address space in use")
def test_a_real_limit_is_seen():
    code = (
        "import resource as r; from pathlib import Path; from epoque.bench.system.memory import *;"
        "used = int(Path('/proc/self/statm').read_text().split()[0]) * r.getpagesize();"
        "r.setrlimit(r.RLIMIT_AS, (used + 2**28, used + 2**28)); print(free_memory());"
        "held = bytearray(2**27); print(free_memory())"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    before, after = map(int, out.stdout.split())
    assert before <= 2**28
    assert after <= 2**27


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory"),
        RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB."),
    ],
)
def test_running_out_is_told(error):
    with pytest.raises(UsageError, match="less of it"), explain_out_of_memory("Take less of it."):
        raise error


def test_other_errors_are_not_taken_for_it():
    with pytest.raises(RuntimeError, match="shapes"), explain_out_of_memory("Take less of it."):
        raise RuntimeError("shapes differ")
