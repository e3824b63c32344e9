"""Networks small enough to use by the dozen."""

import torch

from epoque.stylegan3 import networks
from epoque.stylegan3.loading import LoadedGenerator

_SIZES = {"z_dim": 8, "w_dim": 8, "img_resolution": 16, "channel_base": 64, "channel_max": 6}


def small(kind="t", seed=0, **changes):
    """A generator of 16 × 16 pixels with random weights, opened."""
    if kind == "stylegan2":
        spec = networks.StyleGan2Spec(**_SIZES | {"mapping_layers": 2} | changes)
    else:
        own = {"num_layers": 4, "margin_size": 4}
        own |= {"conv_kernel": 1, "use_radial_filters": True} if kind == "r" else {}
        spec = networks.StyleGan3Spec(**_SIZES | own | changes)
    generator = networks.init_generator(spec, seed).eval().requires_grad_(False)
    with torch.no_grad():
        for module in generator.modules():
            if hasattr(module, "noise_strength"):
                module.noise_strength.fill_(0.5)
    return LoadedGenerator(generator, kind, torch.device("cpu"))
