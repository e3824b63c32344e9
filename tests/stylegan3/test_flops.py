"""How much there is to compute, and with how many threads."""

import math

import pytest

pytest.importorskip("torch")

from epoque.bench.events import Checkpoint
from epoque.bench.torch import threads
from epoque.stylegan3 import flops as work
from epoque.stylegan3.config import StyleGan3Config
from epoque.stylegan3.networks import StyleGan2Spec, StyleGan3Spec
from epoque.stylegan3.training.specs import ImageShape, choose_training_threads


def test_the_operations_are_those_of_the_convolutions() -> None:
    size = {"img_resolution": 64, "img_channels": 3, "c_dim": 0}
    small = StyleGan2Spec(**size, channel_base=1024, channel_max=16)
    # 16 channels at 4 to 64 pixels: two 3 × 3 convolutions at each, two operations a product
    assert work.generator_flops(small) == 36 * 16**2 * (16 + 64 + 256 + 1024 + 4096)
    alias_free = StyleGan3Spec(**size, channel_base=1024, channel_max=16)
    assert work.generator_flops(alias_free) > work.generator_flops(small)  # on finer grids


def test_small_networks_take_one_thread_and_a_run_keeps_its_own() -> None:
    most = threads.choose_thread_count(None, math.inf)
    small = StyleGan3Config(cbase=64, cmax=8, batch=4, layers=4)
    usual = StyleGan3Config(cbase=16384, cmax=512, batch=16)
    shape = ImageShape(16, 3, 0)
    assert choose_training_threads(small, shape) == 1
    assert choose_training_threads(usual, ImageShape(64, 3, 0)) == most
    assert choose_training_threads(small.replace(threads=3), shape) == 3
    assert choose_training_threads(small, shape, Checkpoint(1, {}, {"threads": 2})) == 2
