"""Runs: a run is a folder; writing, reading, finding, resuming and checking it."""
