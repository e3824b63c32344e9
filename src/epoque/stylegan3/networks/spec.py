"""What a network is made of: everything its modules are built from, and nothing else.

The fields bear the names of the official constructors' arguments, so that a network file, a
paper's table and this description can be laid side by side.
"""

from collections.abc import Mapping
from math import log2
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from epoque.bench.errors import DataError

__all__ = [
    "Architecture",
    "DiscriminatorSpec",
    "GeneratorSpec",
    "NetworkSpec",
    "StyleGan2Spec",
    "StyleGan3Spec",
    "parse_generator_spec",
    "parse_official_generator",
]

Architecture = Literal["orig", "skip", "resnet"]

_Width = Annotated[int, Field(ge=1, le=16_384)]
_Layers = Annotated[int, Field(ge=1, le=64)]
_Positive = Annotated[float, Field(gt=0)]
_Share = Annotated[float, Field(ge=0, le=1)]
_Taps = Annotated[tuple[float, ...], Field(min_length=1, max_length=64)]


class _NetworkSpec(BaseModel):
    """Base of the descriptions: frozen, unknown names refused, read from JSON and written to it."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    c_dim: int = Field(0, ge=0, le=100_000)
    """Length of a class label; 0 for none."""
    img_resolution: int = Field(ge=4, le=8192)
    """Height and width of the images."""
    img_channels: int = Field(3, ge=1, le=64)
    """3 for colour, 1 for grey."""
    channel_base: int = Field(32_768, ge=1, le=2**24)
    """Channels times resolution."""
    channel_max: _Width = 512
    """Channels of a layer at most."""
    num_fp16_res: int = Field(4, ge=0, le=16)
    """How many of the highest resolutions may be computed in half precision."""
    conv_clamp: _Positive | None = 256.0
    """Largest magnitude of an activation; none lets every one through."""

    @classmethod
    def from_json(cls, value: Mapping[str, Any], source: str = "The network") -> Self:
        """Read what `to_json` returned.

        Args:
            value: the object.
            source: what it is called in an error.

        Raises:
            DataError: if a name is unknown or missing, or a value makes no network.
        """
        try:
            return cls.model_validate(value)
        except ValidationError as error:
            raise DataError(f"{source}: {_first_error(error)}") from None

    def to_json(self) -> dict[str, Any]:
        """Return the description as a JSON object."""
        return self.model_dump(mode="json")


class _GeneratorSpec(_NetworkSpec):
    z_dim: _Width = 512
    """Random numbers that make an image."""
    w_dim: _Width = 512
    """Numbers of a style."""
    mapping_layers: _Layers = 2
    """Layers between the two."""
    mapping_lr_multiplier: _Positive = 0.01
    """How much slower they learn than the rest."""
    w_avg_beta: _Share = 0.998
    """Decay of the running mean of styles."""


class StyleGan3Spec(_GeneratorSpec):
    """An alias-free generator (Karras et al. 2021); the defaults are config T."""

    network: Literal["stylegan3"] = "stylegan3"
    num_layers: _Layers = 14
    """Layers between the input and the last one, which makes the image."""
    num_critical: int = Field(2, ge=0, le=64)
    """Last layers that use the whole band of their sampling rate."""
    first_cutoff: _Positive = 2.0
    """Frequency up to which the first layer's signal reaches, in cycles over the image."""
    first_stopband: _Positive = 2**2.1
    """Frequency from which its filter lets next to nothing through."""
    last_stopband_rel: float = Field(2**0.3, gt=1)
    """The last layer's stopband over its cutoff."""
    margin_size: int = Field(10, ge=0, le=1024)
    """Samples beyond each edge of the image, at each layer's rate."""
    output_scale: _Positive = 0.25
    """Factor of the image."""
    conv_kernel: int = Field(3, ge=1, le=15)
    """Size of the convolutions: 3 for config T, 1 for config R."""
    filter_size: int = Field(6, ge=1, le=64)
    """Taps of a filter, for each sample of the lower rate."""
    lrelu_upsampling: int = Field(2, ge=1, le=8)
    """How much higher than the higher of its rates a layer's activation is sampled."""
    use_radial_filters: bool = False
    """Whether the filters treat all directions alike, as in config R."""
    magnitude_ema_beta: _Share = 0.999
    """Decay of the running mean square of each layer's input."""

    @model_validator(mode="after")
    def _bands(self) -> Self:
        if self.num_critical >= self.num_layers:
            raise ValueError("num_critical must be less than num_layers")
        if not self.first_cutoff < self.img_resolution / 2:
            raise ValueError("first_cutoff must be less than half of img_resolution")
        if self.first_stopband <= self.first_cutoff:
            raise ValueError("first_stopband must be greater than first_cutoff")
        if self.first_stopband < 0.5:  # one sample over the image carries no less
            raise ValueError("first_stopband must be at least 0.5")
        return self


class StyleGan2Spec(_GeneratorSpec):
    """A generator of StyleGAN2 (Karras et al. 2020)."""

    network: Literal["stylegan2"] = "stylegan2"
    mapping_layers: _Layers = 8
    architecture: Architecture = "skip"
    """How an image is gathered from the resolutions."""
    resample_filter: _Taps = (1.0, 3.0, 3.0, 1.0)
    """Taps of the filter for changes of resolution."""
    use_noise: bool = True
    """Whether each layer adds noise."""
    fourier_input: bool = False
    """Whether it begins with Fourier features instead of a learned constant, as config B of
    StyleGAN3's paper: what it begins with can then be moved, as in an alias-free generator."""

    @model_validator(mode="after")
    def _power(self) -> Self:
        _check_power(self.img_resolution)
        return self


class DiscriminatorSpec(_NetworkSpec):
    """A discriminator of StyleGAN2, the one of all configs (Karras et al. 2020)."""

    architecture: Architecture = "resnet"
    resample_filter: _Taps = (1.0, 3.0, 3.0, 1.0)
    """Taps of the filter for changes of resolution."""
    freeze_layers: int = Field(0, ge=0, le=1024)
    """First layers that are not trained (Freeze-D, Mo et al. 2020)."""
    cmap_dim: _Width | None = None
    """Length of a mapped label; none is as many as the last resolution has channels."""
    mapping_layers: _Layers = 8
    """Layers that map a label."""
    mapping_lr_multiplier: _Positive = 0.01
    """How much slower they learn than the rest."""
    mbstd_group_size: int | None = Field(4, ge=1)
    """Images that are compared with one another; none is the whole batch."""
    mbstd_num_channels: int = Field(1, ge=0, le=1024)
    """Channels that say how much the images of a group differ."""

    @model_validator(mode="after")
    def _power(self) -> Self:
        _check_power(self.img_resolution)
        return self

    @classmethod
    def from_official(cls, arguments: Mapping[str, Any], source: str = "The network") -> Self:
        """Return what the official constructor's arguments describe.

        Args:
            arguments: by name; those not told have the official defaults.
            source: what the network is called in an error.

        Raises:
            DataError: if an argument is unknown or asks for a part that ours do not have.
        """
        flat = _flatten(arguments, ("block_kwargs", "epilogue_kwargs"), source)
        return cls.from_json(_drop_hints(flat, source), source)


GeneratorSpec = StyleGan3Spec | StyleGan2Spec
NetworkSpec = GeneratorSpec | DiscriminatorSpec


def parse_official_generator(
    network: Literal["stylegan3", "stylegan2"],
    arguments: Mapping[str, Any],
    source: str = "The network",
) -> GeneratorSpec:
    """Return what the official constructor's arguments describe.

    Args:
        network: which of the two generators.
        arguments: by name; those not told have the official defaults.
        source: what the network is called in an error.

    Raises:
        DataError: if an argument is unknown or asks for a part that ours do not have.
    """
    flat = _flatten(arguments, ("synthesis_kwargs", "block_kwargs", "layer_kwargs"), source)
    flat = _drop_hints(flat, source)
    spec = StyleGan3Spec if network == "stylegan3" else StyleGan2Spec
    return spec.from_json({**flat, "network": network}, source)


def parse_generator_spec(value: Mapping[str, Any], source: str = "The network") -> GeneratorSpec:
    """Read what a generator's `to_json` returned.

    Raises:
        DataError: if a name is unknown or missing, or a value makes no network.
    """
    kinds: dict[Any, type[StyleGan3Spec] | type[StyleGan2Spec]] = {
        "stylegan3": StyleGan3Spec,
        "stylegan2": StyleGan2Spec,
    }
    kind = value.get("network")
    if not isinstance(kind, str) or kind not in kinds:
        raise DataError(f"{source}: network is {kind!r}; it is stylegan3 or stylegan2.")
    return kinds[kind].from_json(value, source)


_FIXED: dict[str, Any] = {"activation": "lrelu", "kernel_size": 3}
_HINTS = ("fused_modconv_default", "fp16_channels_last", "use_fp16")
_MAPPING = {
    "num_layers": "mapping_layers",
    "lr_multiplier": "mapping_lr_multiplier",
    "w_avg_beta": "w_avg_beta",
    "activation": "activation",
}


def _flatten(arguments: Mapping[str, Any], groups: tuple[str, ...], source: str) -> dict[str, Any]:
    """The arguments of the parts, beside those of the whole."""
    flat = dict(arguments)
    for name, value in _pop_group(flat, "mapping_kwargs", source).items():
        if name not in _MAPPING:
            raise DataError(f"{source}: mapping_kwargs has {name!r}, which is not known here.")
        flat[_MAPPING[name]] = value
    for group in groups:
        flat |= _pop_group(flat, group, source)
    return flat


def _pop_group(flat: dict[str, Any], name: str, source: str) -> dict[str, Any]:
    """Take a group of arguments out."""
    group = flat.pop(name, {})
    if not isinstance(group, dict):
        raise DataError(f"{source}: {name} is {group!r:.60}; arguments by name were expected.")
    return group


def _drop_hints(flat: Mapping[str, Any], source: str) -> dict[str, Any]:
    """Leave out how to compute; refuse what our modules compute otherwise."""
    for name, ours in _FIXED.items():
        if flat.get(name, ours) != ours:
            raise DataError(f"{source}: {name} is {flat[name]!r}; only {ours!r} is known here.")
    return {name: v for name, v in flat.items() if name not in _FIXED and name not in _HINTS}


def _check_power(resolution: int) -> None:
    if not log2(resolution).is_integer():
        raise ValueError("img_resolution must be a power of two")


def _first_error(error: ValidationError) -> str:
    item = error.errors()[0]
    name = ".".join(map(str, item["loc"]))
    message = item["msg"].removeprefix("Value error, ")
    return f"{name} is wrong: {message}." if name else f"{message}."
