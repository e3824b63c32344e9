"""Processes that live for this one."""

import subprocess
import sys

import psutil
from waiting import ended, wait_for

from epoque.bench.system.child_process import start_child

PARENT = """
import sys, time
from epoque.bench.system.child_process import start_child
from test_child_process_serve import serve
process, pipe = start_child(serve, 3)
print(process.pid, pipe.recv(), flush=True)
time.sleep(3600)
"""

CHILD = """
import time
from epoque.bench.system.child_process import end_with_parent
def serve(pipe, number):
    end_with_parent()
    pipe.send(number + 1)
    time.sleep(3600)
"""


def test_a_child_ends_with_a_parent_that_is_killed_and_reads_no_program(tmp_path) -> None:
    (tmp_path / "test_child_process_serve.py").write_text(CHILD)
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n{PARENT}"  # no guard, no file
    parent = subprocess.Popen([sys.executable, "-"], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True)  # fmt: skip
    assert parent.stdin is not None
    assert parent.stdout is not None
    parent.stdin.write(code)
    parent.stdin.close()
    pid, answer = map(int, parent.stdout.readline().split())
    assert answer == 4
    assert psutil.pid_exists(pid)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    wait_for(lambda: ended(pid), "the end of the child")


def test_the_pipe_ends_when_the_process_does() -> None:
    process, pipe = start_child(print)
    process.kill()
    process.join()
    try:
        pipe.recv()
    except (EOFError, OSError):
        pipe.close()
    else:
        raise AssertionError("the pipe goes on")
