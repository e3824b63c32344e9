"""Record what each run and sweep of `epoque demo` took, for its estimate of the time left.

python tools/demo_times.py RUNS    after `epoque demo --runs RUNS` on two cores
"""

import json
import sys
from pathlib import Path

TIMES = Path(__file__).resolve().parent.parent / "src" / "epoque" / "demo_times.json"


def main() -> None:
    """Write the seconds of a folder's demo.json beside the code that reads them."""
    efforts = json.loads((Path(sys.argv[1]) / "demo.json").read_text("utf-8"))["efforts"]
    seconds = {name: round(effort["seconds"], 1) for name, effort in sorted(efforts.items())}
    TIMES.write_text(json.dumps(seconds, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
