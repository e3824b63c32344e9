from pathlib import Path

import numpy as np
import pytest

from epoque.bench.errors import DataError
from epoque.neuron.config import NeuronConfig
from epoque.neuron.data import load, pattern_names


def draw(shape: str, noise: float = 0.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    data = load(NeuronConfig.parse({"data": shape, "noise": noise, "seed": seed}))
    assert data.x.shape == data.x_test.shape == (250, 2)
    assert data.names == ("x1", "x2")
    return np.vstack([data.x, data.x_test]), np.concatenate([data.d, data.d_test])


def test_a_truth_table_counts_up() -> None:
    data = load(NeuronConfig(truth_table="implication"))
    assert data.x.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert data.d.tolist() == [1, 1, 0, 1]
    assert data.names == ("x1", "x2")
    assert data.x_test.shape == (0, 2)
    assert data.d_test.shape == (0,)


def test_ten_inputs() -> None:
    table = "".join(str(n % 3 % 2) for n in range(1024))
    data = load(NeuronConfig(truth_table=table))
    numbers = data.x @ 2.0 ** np.arange(9, -1, -1)
    assert numbers.tolist() == list(range(1024))
    assert data.d.tolist() == [float(c) for c in table]
    assert pattern_names(10)[5] == "0000000101"


def test_the_circle_has_a_gap() -> None:
    x, d = draw("circle")
    r = np.hypot(*x.T)
    assert (r[d == 1] < 2.5).all()
    assert ((r[d == 0] >= 3.5) & (r[d == 0] <= 5)).all()
    assert d.mean() == 0.5


def test_exclusive_or_has_a_gap_along_the_axes() -> None:
    x, d = draw("exclusive_or")
    assert (abs(x) >= 0.3).all()
    assert (abs(x) <= 5.3).all()
    assert ((x.prod(axis=1) > 0) == (d == 1)).all()


@pytest.mark.parametrize(("noise", "variance"), [(0.0, 0.5), (0.5, 4.0)])
def test_gaussians_stand_at_two_and_minus_two(noise: float, variance: float) -> None:
    x, d = draw("gaussian", noise)
    for label, center in ((1, 2.0), (0, -2.0)):
        cloud = x[d == label]
        assert np.allclose(cloud.mean(axis=0), center, atol=4 * (variance / 250) ** 0.5)
        assert np.allclose(cloud.var(axis=0), variance, rtol=0.4)


def test_a_spiral_winds_one_and_three_quarters_half_a_turn_apart() -> None:
    x, d = draw("spiral")
    for label, start in ((1, 0.0), (0, np.pi)):
        arm = x[d == label]
        r = np.hypot(*arm.T)
        angle = 1.75 * 2 * np.pi * r / 5 + start
        assert np.allclose(arm, r[:, None] * np.stack([np.sin(angle), np.cos(angle)], 1))
        assert r.max() == pytest.approx(5 * 249 / 250)


@pytest.mark.parametrize("shape", ["circle", "exclusive_or", "gaussian", "spiral"])
def test_noise_and_seed_matter_and_repeat(shape: str) -> None:
    assert np.array_equal(draw(shape, 0.2)[0], draw(shape, 0.2)[0])
    assert not np.array_equal(draw(shape, 0.2)[0], draw(shape, 0.2, seed=1)[0])
    calm, noisy = draw(shape), draw(shape, 0.2)
    assert not (np.array_equal(calm[0], noisy[0]) and np.array_equal(calm[1], noisy[1]))


@pytest.mark.parametrize(("share", "kept"), [(0.9, 9), (0.001, 1), (0.999, 9)])
def test_the_split_leaves_no_side_empty(share: float, kept: int) -> None:
    data = load(NeuronConfig(data="circle", samples=10, train_share=share))
    assert (len(data.d), len(data.d_test)) == (kept, 10 - kept)


def csv(folder: Path, content: bytes) -> NeuronConfig:
    path = folder / "points.csv"
    path.write_bytes(content)
    return NeuronConfig(data="csv", csv=str(path))


@pytest.mark.parametrize(
    "content",
    [
        b"height,weight,class\n1.5,2,0\n-3,4e2,1\n",
        b"\xef\xbb\xbfheight, weight, class\r\n\r\n1.5, 2, 0\r\n-3, 4e2, 1\r\n",
        b"height;weight;class\n1,5;2;0\n-3;4e2;1\n",
    ],
)
def test_a_csv_of_ones_own(tmp_path: Path, content: bytes) -> None:
    data = load(csv(tmp_path, content))
    assert data.x.tolist() == [[1.5, 2], [-3, 400]]
    assert data.d.tolist() == [0, 1]
    assert data.names == ("height", "weight")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", " is empty"),
        (b"\n \n", " is empty"),
        (b"a,b,d\n", " has no rows below its header"),
        (b"a,b,d\n1,2,0\n1,3,0\n", " has only class 0; both classes, 0 and 1, must occur."),
        (b"a,b,d\n1,2,0\n1,1\n", ", line 3: 2 values; the header has 3."),
        (b"a,b,d\n1,2,0\n1,x,1\n", ", line 3: 'x' is not a finite number."),
        (b"a,b,d\n1,,0\n", ", line 2: '' is not a finite number: a missing value"),
        (b"a,b,d\n1,nan,0\n", ", line 2: 'nan' is not a finite number: a missing value"),
        (b"a,b,d\n1,1e400,0\n", ", line 2: '1e400' is not a finite number."),
        (b"a,b,d\n1,2,2\n", ", line 2: the class is '2'; it must be 0 or 1."),
        (b"1,2,0\n3,4,1\n", ", line 1: numbers; the first line must name the columns."),
        (b"a\n1\n", ", line 1: one column"),
        (b",".join([b"a"] * 1026), ", line 1: 1,025 inputs; at most 1,024"),
        (b"a,d\n1,0\n\xff,1\n", ", line 3: it is not UTF-8 text."),
    ],
)
def test_a_bad_csv_is_one_sentence_with_its_line(tmp_path: Path, content: bytes, told: str) -> None:
    config = csv(tmp_path, content)
    with pytest.raises(DataError) as caught:
        load(config)
    message = str(caught.value)
    assert message.startswith(f"{config.csv}{told}")
    assert "\n" not in message
    assert message.endswith(".")


def test_a_csv_that_is_not_there_or_too_large(tmp_path: Path) -> None:
    missing = str(tmp_path / "nothing.csv")
    with pytest.raises(DataError, match="there is no such file"):
        load(NeuronConfig(data="csv", csv=missing))
    with pytest.raises(DataError, match="cannot be read"):
        load(NeuronConfig(data="csv", csv=str(tmp_path)))
    config = csv(tmp_path, b"a,d\n")
    with (tmp_path / "points.csv").open("r+b") as file:
        file.truncate(60_000_000)
    with pytest.raises(DataError, match="has 60,000,000 bytes; at most 50,000,000 are read"):
        load(config)
