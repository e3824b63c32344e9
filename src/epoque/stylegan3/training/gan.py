"""A generator and a discriminator, and the losses by which each learns from the other.

A loss is computed on a microbatch: a part of the batch that fits into memory. Each method yields
its losses one after another, so that the graph of one is gone before the next is built;
`trainer.Trainer` takes them backward and steps the optimizers.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor

from ..networks import Discriminator, Generator
from .augment import augment, sample_params
from .diffaugment import diff_augment
from .losses import (
    blur,
    fake_loss,
    hinge_fake_loss,
    hinge_generator_loss,
    hinge_real_loss,
    path_lengths,
    r1_penalty,
    real_loss,
    relativistic_loss,
)

__all__ = [
    "NETWORKS",
    "Gan",
    "LossFunction",
    "LossName",
    "Losses",
    "Microbatch",
    "NetworkName",
    "RngFactory",
    "train_only",
]

RngFactory = Callable[[str, torch.device], torch.Generator]
"""Makes the random generator for a purpose, on a device."""

Losses = Iterator[tuple[Tensor, Mapping[str, Tensor]]]
"""Losses [N], each with metrics by name, a number for each image."""

LossName = Literal["logistic", "hinge", "r3gan"]
NetworkName = Literal["generator", "discriminator"]
NETWORKS: tuple[NetworkName, ...] = ("generator", "discriminator")

CPU = torch.device("cpu")


@dataclass(frozen=True, slots=True)
class Microbatch:
    """A part of a batch.

    Attributes:
        images: [N, C, H, W] real ones, −1 to 1.
        labels: [N, c_dim] of these.
        gen_labels: [N, c_dim] labels for which images are to be generated.
        weight: of this part in the batch; its mean loss counts so much.
        make_rng: for its random numbers.
    """

    images: Tensor
    labels: Tensor
    gen_labels: Tensor
    weight: float
    make_rng: RngFactory

    def for_loss(self, loss: str) -> "Microbatch":
        """Return it with random numbers that belong to one loss."""
        make_rng = self.make_rng
        return replace(self, make_rng=lambda what, device: make_rng(f"{loss}, {what}", device))


LossFunction = Callable[[Microbatch], Losses]


@dataclass
class Gan:
    """Two networks and what their losses depend on.

    Attributes:
        generator: makes images.
        discriminator: judges them.
        r1_gamma: weight of the gradient penalty R1, and of R2 with loss r3gan.
        loss: of both networks: logistic, hinge, or relativistic pairs.
        style_mixing_prob: share of the microbatches in which later layers take another style.
        pl_weight: of the path length regularization.
        low_precision_dtype: the type of the highest resolutions; None for that of the weights.
        augmentations: which of them the discriminator may see (`augment.pipeline_transforms`).
        augment_p: the probability of each.
        uses_diff_augment: whether it sees images through DiffAugment instead.
        blur_sigma: of the blur before the discriminator, in pixels.
        pl_mean: the running mean of path lengths, which each shall have.
    """

    generator: Generator
    discriminator: Discriminator
    r1_gamma: float
    loss: LossName = "logistic"
    style_mixing_prob: float = 0.0
    pl_weight: float = 0.0
    low_precision_dtype: torch.dtype | None = None
    augmentations: frozenset[str] = frozenset()
    augment_p: float = 0.0
    uses_diff_augment: bool = False
    blur_sigma: float = 0.0
    pl_mean: float = 0.0

    def network(self, name: NetworkName) -> Generator | Discriminator:
        """Return one of the two by its name."""
        return self.generator if name == "generator" else self.discriminator

    def generator_loss(self, batch: Microbatch) -> Losses:
        """Yield the generator's loss: the discriminator shall hold its images to be real."""
        batch = batch.for_loss("generator")
        fakes, _ = self._generate(batch, len(batch.images))
        logits = self._discriminate(fakes, batch.gen_labels, batch, "generated")
        if self.loss == "r3gan":
            with torch.no_grad():
                real_logits = self._discriminate(batch.images, batch.labels, batch, "real")
            loss = relativistic_loss(logits, real_logits)
        else:
            loss = real_loss(logits) if self.loss == "logistic" else hinge_generator_loss(logits)
        yield loss, _detach(loss_g=loss)

    def path_length_penalty(self, batch: Microbatch) -> Losses:
        """Yield the path length regularization; half a microbatch is enough for it."""
        batch = batch.for_loss("paths")
        fakes, ws = self._generate(batch, max(1, len(batch.images) // 2))
        lengths = path_lengths(fakes, ws, batch.make_rng("directions", fakes.device))
        penalty = (lengths - self.pl_mean).square()
        yield penalty * self.pl_weight, _detach(path_length=lengths, path_penalty=penalty)

    def discriminator_losses(self, batch: Microbatch) -> Losses:
        """Yield the discriminator's losses of generated images, then of real ones.

        The generator's running means follow what it generates here.
        """
        batch = batch.for_loss("discriminator")
        fakes, _ = self._generate(batch, len(batch.images), update_emas=True)
        fake_logits = self._discriminate(fakes, batch.gen_labels, batch, "generated")
        if self.loss == "r3gan":
            real_logits = self._discriminate(batch.images, batch.labels, batch, "real")
            loss = relativistic_loss(real_logits, fake_logits)
            yield (
                loss,
                _detach(
                    loss_d=loss,
                    score_fake=fake_logits,
                    score_real=real_logits,
                    sign_real=(real_logits - fake_logits).sign(),  # of a pair: a sum is free
                ),
            )
            return
        loss_fake = (fake_loss if self.loss == "logistic" else hinge_fake_loss)(fake_logits)
        yield loss_fake, {}
        real_logits = self._discriminate(batch.images, batch.labels, batch, "real")
        loss_real = (real_loss if self.loss == "logistic" else hinge_real_loss)(real_logits)
        yield (
            loss_real,
            _detach(
                loss_d=loss_fake + loss_real,
                score_fake=fake_logits,
                score_real=real_logits,
                sign_real=real_logits.sign(),
            ),
        )

    def gradient_penalties(self, batch: Microbatch) -> Losses:
        """Yield the gradient penalty R1 on real images; with loss r3gan, R2 on generated ones."""
        batch = batch.for_loss("penalty")
        images = batch.images.detach().requires_grad_()
        logits = self._discriminate(images, batch.labels, batch, "real")
        penalty = r1_penalty(logits, images)
        yield penalty * (self.r1_gamma / 2), _detach(r1_penalty=penalty)
        if self.loss == "r3gan":
            with torch.no_grad():
                fakes, _ = self._generate(batch, len(batch.images))
            fakes = fakes.requires_grad_()
            penalty = r1_penalty(
                self._discriminate(fakes, batch.gen_labels, batch, "generated"), fakes
            )
            yield penalty * (self.r1_gamma / 2), _detach(r2_penalty=penalty)

    def _generate(
        self, batch: Microbatch, count: int, update_emas: bool = False
    ) -> tuple[Tensor, Tensor]:
        """Return images [count, C, H, W] and their styles."""
        labels = batch.gen_labels[:count]
        ws = self._map_latents(labels, batch, "styles", update_emas)
        if self.style_mixing_prob:
            ws = self._mix_styles(ws, labels, batch)
        noise_rng = batch.make_rng("noise", ws.device)
        images: Tensor = self.generator.synthesis(
            ws,
            noise="random",
            rng=noise_rng,
            update_emas=update_emas,
            low_precision_dtype=self.low_precision_dtype,
        )
        return images, ws

    def _map_latents(
        self, labels: Tensor, batch: Microbatch, what: str, update_emas: bool = False
    ) -> Tensor:
        # Drawn on the CPU whatever the device is: a seed means the same images everywhere.
        z_dim = self.generator.spec.z_dim
        z = torch.randn(len(labels), z_dim, generator=batch.make_rng(what, CPU)).to(labels.device)
        ws: Tensor = self.generator.mapping(z, labels, update_emas=update_emas)
        return ws

    def _mix_styles(self, ws: Tensor, labels: Tensor, batch: Microbatch) -> Tensor:
        """Let the layers from a random one on take other styles (Karras et al. 2019)."""
        rng = batch.make_rng("mixing", CPU)
        if float(torch.rand((), generator=rng)) >= self.style_mixing_prob:
            return ws
        first = int(torch.randint(1, ws.shape[1], (), generator=rng))
        others = self._map_latents(labels, batch, "other styles")
        return torch.cat((ws[:, :first], others[:, first:]), 1)

    def _discriminate(self, images: Tensor, labels: Tensor, batch: Microbatch, what: str) -> Tensor:
        """Return the discriminator's logits of blurred and augmented images, [N, 1]."""
        images = blur(images, self.blur_sigma)
        if self.uses_diff_augment:
            images = diff_augment(images, batch.make_rng(f"augmentation, {what}", CPU))
        if self.augmentations and self.augment_p > 0:
            rng = batch.make_rng(f"augmentation, {what}", CPU)
            params = sample_params(self.augmentations, self.augment_p, len(images), rng)
            images = augment(images, params, batch.make_rng(f"corruption, {what}", images.device))
        logits: Tensor = self.discriminator(
            images, labels, low_precision_dtype=self.low_precision_dtype
        )
        return logits


@contextmanager
def train_only(network: torch.nn.Module, gan: Gan) -> Iterator[None]:
    """Compute gradients of one network's weights only; the other's would be thrown away."""
    gan.generator.requires_grad_(network is gan.generator)
    gan.discriminator.requires_grad_(network is gan.discriminator)
    yield
    network.requires_grad_(False)


def _detach(**metrics: Tensor) -> Mapping[str, Tensor]:
    return {name: value.detach().flatten() for name, value in metrics.items()}
