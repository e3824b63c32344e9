"""Record what each run and sweep of `epoque demo` takes, for its estimate of the time left.

python tools/demo_times.py RUNS    measures what the folder RUNS, empty at first, still lacks

What counts is the processor's time, of this process and of those that it starts: other work of the
machine does not change it, and the demo corrects by the pace that it sees.
"""

import json
import os
import sys
from pathlib import Path

from epoque.demo import measure
from epoque.report.needs import missing_needs

TIMES = Path(__file__).resolve().parent.parent / "src" / "epoque" / "demo_times.json"


def processor_seconds() -> float:
    """Return the processor's seconds of this process and of its children that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def main() -> None:
    """Write the seconds of each beside the code that reads them, as soon as it is measured."""
    runs = Path(sys.argv[1])
    for need in missing_needs(runs):
        before = processor_seconds()
        measure(need, runs, quiet=True)
        recorded = json.loads(TIMES.read_text("utf-8"))
        recorded[need.name] = round(processor_seconds() - before, 1)
        TIMES.write_text(json.dumps(recorded, indent=1, sort_keys=True) + "\n", "utf-8")


if __name__ == "__main__":
    main()
