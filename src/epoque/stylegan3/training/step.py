"""One network's turn against the other on a part of a batch: forward, and back to the gradients."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..networks import Discriminator, Generator
from .augment import augment, sample_params
from .losses import blur, fake_loss, path_lengths, r1_penalty, real_loss

__all__ = ["Dice", "Game", "Part", "Seen"]

Dice = Callable[[str, torch.device], torch.Generator]
"""Gives what random numbers for one purpose are drawn from, on a device."""

CPU = torch.device("cpu")


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a batch.

    Attributes:
        images: [N, C, H, W] real ones, −1 to 1.
        labels: [N, c_dim] of these.
        asked: [N, c_dim] labels for which images are to be generated.
        share: of this part in the batch; gradients are scaled by it.
        dice: for its random numbers.
    """

    images: Tensor
    labels: Tensor
    asked: Tensor
    share: float
    dice: Dice

    def at(self, turn: str) -> "Part":
        """Return the part for a turn, which has random numbers of its own."""
        return replace(self, dice=lambda what, device: self.dice(f"{turn}, {what}", device))


Seen = Mapping[str, Tensor]
"""What was seen in a turn: name to a number for each image."""


@dataclass
class Game:
    """Two networks and the rules by which they are trained.

    Attributes:
        generator: makes images.
        discriminator: judges them.
        gamma: weight of the gradient penalty (R1).
        style_mixing: share of the parts in which later layers take another style.
        path_weight: of the path length regularisation.
        low: the type of the highest resolutions; None for that of the weights.
        augmentations: which of them the discriminator may see (`augment.pipeline_transforms`).
        p: their probability.
        sigma: of the blur before the discriminator, in pixels.
        path_mean: the running mean of path lengths, which each shall have.
    """

    generator: Generator
    discriminator: Discriminator
    gamma: float
    style_mixing: float = 0.0
    path_weight: float = 0.0
    low: torch.dtype | None = None
    augmentations: frozenset[str] = frozenset()
    p: float = 0.0
    sigma: float = 0.0
    path_mean: float = 0.0

    def generator_turn(self, part: Part) -> Seen:
        """Add the gradients of the generator's loss."""
        part = part.at("generator")
        with _learning(self.generator, self.discriminator):
            images, _ = self._generated(part, len(part.images))
            logits = self._judged(images, part.asked, part, "generated")
            loss = real_loss(logits)
            _back(loss, part.share)
        return _told(loss_g=loss)

    def path_turn(self, part: Part, gain: float) -> Seen:
        """Add those of the path length regularisation, times a gain; half a part is enough."""
        part = part.at("paths")
        with _learning(self.generator, self.discriminator):
            images, ws = self._generated(part, max(1, len(part.images) // 2))
            device = images.device
            lengths = path_lengths(images, ws, part.dice("directions", device))
            penalty = (lengths - self.path_mean).square()
            _back(penalty * self.path_weight, part.share * gain)
        return _told(path_length=lengths, path_penalty=penalty)

    def discriminator_turn(self, part: Part) -> Seen:
        """Add the gradients of the discriminator's loss; the generator's running means follow."""
        part = part.at("discriminator")
        with _learning(self.discriminator, self.generator):
            images, _ = self._generated(part, len(part.images), update_emas=True)
            fake = self._judged(images, part.asked, part, "generated")
            loss_fake = fake_loss(fake)
            _back(loss_fake, part.share)
            real = self._judged(part.images, part.labels, part, "real")
            loss_real = real_loss(real)
            _back(loss_real, part.share)
        return _told(
            loss_d=loss_fake + loss_real, score_fake=fake, score_real=real, sign_real=real.sign()
        )

    def penalty_turn(self, part: Part, gain: float) -> Seen:
        """Add those of the gradient penalty (R1), times a gain."""
        part = part.at("penalty")
        with _learning(self.discriminator, self.generator):
            images = part.images.detach().requires_grad_()
            logits = self._judged(images, part.labels, part, "real")
            penalty = r1_penalty(logits, images)
            _back(penalty * (self.gamma / 2), part.share * gain)
        return _told(r1_penalty=penalty)

    def _generated(
        self, part: Part, count: int, update_emas: bool = False
    ) -> tuple[Tensor, Tensor]:
        """Return images [count, C, H, W] and their styles."""
        labels = part.asked[:count]
        ws = self._styles(labels, part, "styles", update_emas)
        if self.style_mixing:
            ws = self._mixed(ws, labels, part)
        noise = part.dice("noise", ws.device)
        images: Tensor = self.generator.synthesis(
            ws, noise="random", rng=noise, update_emas=update_emas, low=self.low
        )
        return images, ws

    def _styles(self, labels: Tensor, part: Part, what: str, update_emas: bool = False) -> Tensor:
        z_dim = self.generator.spec.z_dim
        z = torch.randn(len(labels), z_dim, generator=part.dice(what, CPU)).to(labels.device)
        ws: Tensor = self.generator.mapping(z, labels, update_emas=update_emas)
        return ws

    def _mixed(self, ws: Tensor, labels: Tensor, part: Part) -> Tensor:
        """Let the layers from a random one on take other styles (Karras et al. 2019)."""
        rng = part.dice("mixing", CPU)
        if float(torch.rand((), generator=rng)) >= self.style_mixing:
            return ws
        first = int(torch.randint(1, ws.shape[1], (), generator=rng))
        others = self._styles(labels, part, "other styles")
        return torch.cat((ws[:, :first], others[:, first:]), 1)

    def _judged(self, images: Tensor, labels: Tensor, part: Part, what: str) -> Tensor:
        """Return the discriminator's answers to what it is shown of images, [N, 1]."""
        images = blur(images, self.sigma)
        if self.augmentations and self.p > 0:
            rng = part.dice(f"augmentation, {what}", CPU)
            drawn = sample_params(self.augmentations, self.p, len(images), rng)
            images = augment(images, drawn, part.dice(f"corruption, {what}", images.device))
        logits: Tensor = self.discriminator(images, labels, low=self.low)
        return logits


@contextmanager
def _learning(one: torch.nn.Module, other: torch.nn.Module) -> Iterator[None]:
    """Compute gradients of one network's weights only."""
    one.requires_grad_(True)
    other.requires_grad_(False)
    yield
    one.requires_grad_(False)


def _back(loss: Tensor, factor: float) -> None:
    (loss.mean() * factor).backward()  # type: ignore[no-untyped-call]


def _told(**seen: Tensor) -> Seen:
    return {name: value.detach().flatten() for name, value in seen.items()}
