"""The cases of the reference numbers of the operations."""

import pytest
from golden import FOLDER, golden

RESAMPLING = ("upfirdn2d", "upsample2d", "downsample2d", "filter2d")


def cases(kind):
    """The cases of one kind, to make a test of each; none where there are no reference numbers."""
    if not FOLDER.is_dir():
        return []
    meta = golden("ops").meta
    if kind in meta:
        return [pytest.param(case, id=f"{kind}-{case['i']}") for case in meta[kind]]
    wanted = ("filtered_lrelu",) if kind == "filtered_lrelu" else RESAMPLING
    found = [case for case in meta["cases"] if case["op"] in wanted]
    return [pytest.param(case, id=f"{case['op']}-{case['i']}") for case in found]
