"""metrics as a Python function."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import epoque
from epoque import stylegan3


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    for i in range(16):
        levels = np.random.default_rng(i).integers(0, 256, (16, 16, 3), np.uint8)
        (tmp_path / "set").mkdir(exist_ok=True)
        Image.fromarray(levels).save(tmp_path / "set" / f"{i}.png")
    return tmp_path / "set"


def test_a_metric_is_returned(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EPOQUE_CACHE", str(tmp_path / "cache"))
    results = stylegan3.metrics(pictures=pictures, data=pictures, metrics="swd")
    assert results["swd"].value == pytest.approx(0, abs=1e-9)
    assert results.image_count == results.real_count == 16
    assert results.to_json()["metrics"][0]["name"] == "swd"


def test_what_is_wrong_is_told_by_python_names(pictures: Path) -> None:
    with pytest.raises(epoque.ConfigError, match=r"^network: name what to measure"):
        stylegan3.metrics()
    with pytest.raises(epoque.ConfigError) as caught:
        stylegan3.metrics(pictures=pictures, metrics="swd,ppl", truncation=0.5)
    assert [problem.field for problem in caught.value.problems] == ["metrics", "truncation"]
