"""EfficientNet-Lite0: the weights of its package, and the numbers that they give."""

import pytest
import torch

from epoque.bench.errors import DataError, MissingExtraError
from epoque.stylegan3.measures import efficientnet as module
from epoque.stylegan3.measures.efficientnet import EfficientNetDetector, efficientnet


def _pictures(side):
    """Waves, as levels: the same on every machine."""
    along = torch.arange(side, dtype=torch.float64) / side
    waves = [torch.sin(6.28 * (k + 1) * along)[:, None] + along for k in range(3)]
    return (torch.stack(waves).clamp(-1, 1) * 120 + 127).to(torch.uint8)[None]


def test_the_features_are_those_of_the_whole_network():
    """The numbers were computed by another implementation, of the same file, cut after block 10."""
    features = EfficientNetDetector()(_pictures(64), range(1))
    assert features.shape == (1, module.WIDTH)
    assert features[0, :4].tolist() == pytest.approx(
        [-1.03661, 0.75337, 2.52538, -2.07888], abs=2e-4
    )


def test_images_are_shown_as_they_are_within_limits():
    network = efficientnet()
    small, large = (_pictures(side).float() / 127.5 - 1 for side in (16, 512))
    for image in (small, large, small[:, :1]):
        assert network(image).shape == (1, module.WIDTH)
    assert (network(small) - network(large)).abs().max() > 0.01


def test_what_is_not_there_or_damaged_is_told(monkeypatch):
    find = efficientnet.__wrapped__
    monkeypatch.setattr(module, "DIGEST", "0" * 64)
    with pytest.raises(DataError, match=r"efficientnet-lite0-57934424\.pth .* is damaged"):
        find()
    monkeypatch.setattr(module, "PACKAGE", "no_such_package")
    with pytest.raises(MissingExtraError, match=r"epoque\[features\]"):
        find()
