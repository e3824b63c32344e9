r"""Events as JSON lines on standard output, for other programs.

```
{"event": "run", "id": "20261122T101500.123-neuron-and", "path": "runs/…", "lab": "neuron", …}
{"event":"metrics","step":1,"error":0.43,…}
{"event": "checkpoint", "step": 1000}
{"event": "timings", "step": 1000, "seconds": 12.1}
{"event": "artifact", "name": "weights.csv", "bytes": 41234}
{"event": "status", "state": "finished", "reason": ""}
```

Arrays stay in the run folder: checkpoints and snapshots are short notices. An undefined number is
null.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import TextIO

from ..events import Artifact, Checkpoint, Event, Metrics, Snapshot, Timings
from ..files.atomic import encode_json_line, explain_write_errors
from ..runs.run import Run
from ..runs.status import State

__all__ = ["JsonLinesSink"]

FLUSH_SECONDS = 0.1


class JsonLinesSink:
    """Prints one JSON object a line.

    A reader that goes away (`epoque run … --json | head`) ends the printing, not the training.
    """

    def __init__(self, run: Run, stream: TextIO | None = None) -> None:
        self._stream: TextIO | None = stream or sys.stdout
        self._flushed = 0.0
        line = {"id": run.id, "path": str(run.path), "lab": run.lab_name, "recipe": run.recipe}
        self._print(json.dumps({"event": "run", **line}), flush=True)

    def log(self, event: Event) -> None:
        """Print one event.

        Raises:
            RunWriteError: if standard output is a file on a full disk.
        """
        if self._stream is not None:
            self._print(_notice(event))

    def close(self, state: State, reason: str = "") -> None:
        """Print how the run stands."""
        line = {"event": "status", "state": state, "reason": reason}
        self._print(json.dumps(line), flush=True)

    def _print(self, line: str, flush: bool = False) -> None:
        if self._stream is None:
            return
        with explain_write_errors(Path("standard output")):
            try:
                self._stream.write(line + "\n")
                now = time.monotonic()
                if flush or now - self._flushed > FLUSH_SECONDS:
                    self._flushed = now
                    self._stream.flush()
            except BrokenPipeError:
                _forget(self._stream)
                self._stream = None


def _notice(event: Event) -> str:
    match event:
        case Metrics(step, values):
            numbers = encode_json_line({"step": step, **values}).decode()
            return f'{{"event":"metrics",{numbers[1:]}'
        case Checkpoint(step):
            return json.dumps({"event": "checkpoint", "step": step})
        case Snapshot(step):
            return json.dumps({"event": "snapshot", "step": step})
        case Artifact(name, data):
            return json.dumps({"event": "artifact", "name": name, "bytes": len(data)})
        case Timings(step, seconds, measured):
            times = {"step": step, "seconds": seconds, **measured}
            return json.dumps({"event": "timings", **times})


def _forget(stream: TextIO) -> None:
    """Point a stream nobody reads at nothing: Python would fail to flush it when it exits."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, stream.fileno())
    os.close(nothing)
