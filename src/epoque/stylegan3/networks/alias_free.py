"""The alias-free generator, configs T and R (Karras et al. 2021)."""

from math import sqrt

import torch
from torch import Tensor, nn

from epoque.stylegan3 import ops

from .bands import LayerPlan, layer_plans
from .dense import Dense, InitModule
from .fourier import FourierInput
from .generator import Generator, Noise, Synthesis
from .spec import StyleGan3Spec

__all__ = ["AliasFreeGenerator", "AliasFreeLayer", "AliasFreeSynthesis"]


class AliasFreeLayer(InitModule):
    """One layer: a modulated convolution, then an activation that makes no aliases.

    Args:
        plan: its signals and filters.
        w_dim: numbers of a style.
        clamp: largest magnitude of an activation.
        magnitude_beta: decay of the running mean square of the input.

    Attributes:
        magnitude_ema: [] that mean square; the input is divided by its root.
        up_filter: before the activation, None where nothing is filtered.
        down_filter: after it, likewise.
    """

    magnitude_ema: Tensor
    up_filter: Tensor | None
    down_filter: Tensor | None

    def __init__(
        self, plan: LayerPlan, w_dim: int, clamp: float | None, magnitude_beta: float
    ) -> None:
        super().__init__()
        self.plan, self.clamp, self.magnitude_beta = plan, clamp, magnitude_beta
        before, after = plan.before, plan.after
        self.affine = Dense(w_dim, before.channels, bias=1.0)
        shape = (after.channels, before.channels, plan.kernel, plan.kernel)
        self.weight = nn.Parameter(torch.empty(shape))
        self.bias = nn.Parameter(torch.empty(after.channels))
        self.register_buffer("magnitude_ema", torch.empty(()))
        up = ops.lowpass(plan.up_taps, before.cutoff, 2 * before.half_width, plan.rate)
        down = ops.lowpass(
            plan.down_taps, after.cutoff, 2 * after.half_width, plan.rate, radial=plan.radial
        )
        self.register_buffer("up_filter", up)
        self.register_buffer("down_filter", down)

    def reset_parameters(self, rng: torch.Generator) -> None:
        """Draw the weights."""
        self.weight.normal_(generator=rng)
        self.bias.zero_()
        self.magnitude_ema.fill_(1.0)

    def forward(
        self,
        x: Tensor,
        w: Tensor,
        *,
        update_emas: bool = False,
        low_precision_dtype: torch.dtype | None = None,
    ) -> Tensor:
        """Map a signal [N, C, H, W] with styles [N, w_dim] to the next, [N, C', H', W']."""
        plan = self.plan
        if update_emas:
            self._update_magnitude_ema(x)
        styles = self.affine(w)
        if plan.to_image:  # not demodulated: the scale of the weights stands in the styles
            styles = styles / sqrt(self.weight[0].numel())
        x = ops.modulated_conv2d(
            x.to((low_precision_dtype if plan.reducible else None) or self.weight.dtype),
            self.weight,
            styles,
            demodulate=not plan.to_image,
            padding=plan.kernel - 1,
            input_gain=self.magnitude_ema.rsqrt(),
        )
        return ops.filtered_lrelu(
            x,
            self.up_filter,
            self.down_filter,
            self.bias,
            up=plan.up,
            down=plan.down,
            padding=plan.padding,
            gain=1.0 if plan.to_image else sqrt(2),
            slope=1.0 if plan.to_image else 0.2,
            clamp=self.clamp,
        )

    @torch.no_grad()
    def _update_magnitude_ema(self, x: Tensor) -> None:
        power = x.to(self.magnitude_ema.dtype).square().mean()
        self.magnitude_ema.copy_(power.lerp(self.magnitude_ema, self.magnitude_beta))


class AliasFreeSynthesis(Synthesis):
    """From styles to an image: the field of waves, then the layers, named as in official files.

    Args:
        spec: what it is made of.

    Attributes:
        input: the field of waves.
        layer_names: of the modules, first to last.
    """

    def __init__(self, spec: StyleGan3Spec) -> None:
        super().__init__()
        self.output_scale = spec.output_scale
        plans = layer_plans(spec)
        self.num_ws = len(plans) + 1
        self.layer_names = [plan.name for plan in plans]
        self.input = FourierInput(spec.w_dim, plans[0].before)
        for plan in plans:
            layer = AliasFreeLayer(plan, spec.w_dim, spec.conv_clamp, spec.magnitude_ema_beta)
            self.add_module(plan.name, layer)

    def forward(
        self,
        ws: Tensor,
        *,
        noise: Noise = "const",
        rng: torch.Generator | None = None,
        update_emas: bool = False,
        low_precision_dtype: torch.dtype | None = None,
    ) -> Tensor:
        """Return images [N, C, H, W] of styles [N, num_ws, w_dim]; see `Synthesis`."""
        ws = ws.to(self.input.weight.dtype)
        x: Tensor = self.input(ws[:, 0])
        for name, w in zip(self.layer_names, ws.unbind(1)[1:], strict=True):
            x = getattr(self, name)(
                x, w, update_emas=update_emas, low_precision_dtype=low_precision_dtype
            )
        return x.to(ws.dtype) * self.output_scale


class AliasFreeGenerator(Generator):
    """The alias-free generator.

    Args:
        spec: what it is made of.
    """

    def __init__(self, spec: StyleGan3Spec) -> None:
        super().__init__(spec, AliasFreeSynthesis(spec))
