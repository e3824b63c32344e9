"""Trains a run of each lab: what `test_same_bytes` starts in processes that have little in common.

    python train_each_lab.py RUNS CORES < CONFIGS

In the current folder; CONFIGS is JSON, name of the run to lab and settings.
"""

import json
import os
import sys
from pathlib import Path

if int(sys.argv[2]) and hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: int(sys.argv[2])])

from epoque.bench.lab import find_lab
from epoque.bench.runs.execute import execute
from epoque.bench.runs.run_writer import create_run

for name, (lab, settings) in json.load(sys.stdin).items():
    config = find_lab(lab).config_class.parse(settings)
    execute(create_run(Path(sys.argv[1]), lab, f"{lab}/tiny", config, name))
